package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"neo4j-agent/agent/restore"
)

// smallDisk is a restore over an old store on a file system of its own, which a child that is this very binary makes the
// only one of its mount namespace, so that nothing is left of it.
type smallDisk struct {
	Address, Dir, Snapshot string
	Meanwhile              bool // somebody else fills the disk while the snapshot is fetched
}

// filled is what the child found.
type filled struct {
	Kind restore.Kind
	Said string
	Read int64 // requests for data
	Left []string
}

const smallDiskChild = "NEO4J_AGENT_TEST_SMALL_DISK"

func init() {
	text := os.Getenv(smallDiskChild)
	if text == "" {
		return
	}
	var d smallDisk
	err := json.Unmarshal([]byte(text), &d)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(d.restore())
	}
	if err != nil {
		panic(err)
	}
	os.Exit(0)
}

func (d smallDisk) path(name string) string { return filepath.Join(d.Dir, name) }

// restore restores onto the disk and looks at what is there afterwards.
func (d smallDisk) restore() filled {
	bucket := &crowded{S3: s3At(d.Address), ballast: d.path("ballast"), fill: d.Meanwhile}
	options, _ := restoringTo(d.Dir, bucket, d.Snapshot)
	options.EachNew = true
	_, err := restore.Run(context.Background(), options)
	found := filled{Read: bucket.reads.Load()}
	var known *restore.Error
	if errors.As(err, &known) {
		found.Kind, found.Said = known.Kind, err.Error()
	}
	_ = filepath.WalkDir(d.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(d.Dir, path)
			found.Left = append(found.Left, name)
		}
		return nil
	})
	return found
}

// crowded is an S3 whose first answer with data comes when somebody else has taken all but a little of the disk.
type crowded struct {
	restore.S3
	ballast string
	fill    bool
	reads   atomic.Int64
}

func (c *crowded) GetObject(ctx context.Context, in *s3.GetObjectInput, options ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	if !strings.HasSuffix(aws.ToString(in.Key), ".json") {
		if c.reads.Add(1) == 3 && c.fill {
			fillDisk(c.ballast)
		}
	}
	return c.S3.GetObject(ctx, in, options...)
}

// fillDisk writes until nothing fits any more.
func fillDisk(path string) {
	file, err := os.Create(path)
	for block := make([]byte, 64<<10); err == nil; {
		_, err = file.Write(block)
	}
	_ = file.Close()
}

// TestADiskThatIsOrBecomesTooSmallKeepsItsOldStore: root makes a real ext4 on a loop device, anybody else a tmpfs in a
// user namespace. Where neither can be had the test fails.
func TestADiskThatIsOrBecomesTooSmallKeepsItsOldStore(t *testing.T) {
	address, client := realS3(t)
	files := storeLike(t, 32<<20)
	uploadBackup(t, client, time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), files)
	var archive, packed bytes.Buffer
	zipped(t, &archive, files)
	upload(t, client, "old.zip", archive.Bytes())
	tarZstd(t, &packed, files)
	upload(t, client, "old.tar.zst", packed.Bytes())
	for _, c := range []struct {
		name, snapshot, says string
		megabytes            int
		meanwhile, unread    bool
	}{
		{"too small for what the manifest says", "latest", "more are needed", 24, false, true},
		{"too small for what a zip's directory says", "backups/old.zip", "more are needed", 24, false, false},
		{"too small for a tar, which does not say it before", "backups/old.tar.zst", "more are needed", 24, false, false},
		{"too small for an archive even packed", "backups/old.tar.zst", "more are needed", 12, false, true},
		// Either the next look at the free space says it or the file system does, whichever comes first.
		{"filled by somebody else meanwhile", "latest", "more are needed|no space left on device", 80, true, false},
		{"filled by somebody else while a zip is fetched", "backups/old.zip", "more are needed|no space left on device", 80, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := smallDisk{address, t.TempDir(), c.snapshot, c.meanwhile}.run(t, c.megabytes)
			if found.Kind != restore.NoSpace || !regexp.MustCompile(c.says).MatchString(found.Said) {
				t.Errorf("kind %d, said %q, want kind %d and %q", found.Kind, found.Said, restore.NoSpace, c.says)
			}
			if c.unread && found.Read > 0 {
				t.Errorf("%d requests for data before anybody looked at the disk", found.Read)
			}
			left := strings.Join(found.Left, " ")
			if left = strings.TrimPrefix(left, "ballast "); left != "data/databases/graph.db/neostore restored_backups/old.done" {
				t.Errorf("on the disk: %s", left)
			}
		})
	}
}

// run has the child restore onto a disk of so many megabytes that holds an old store.
func (d smallDisk) run(t *testing.T, megabytes int) filled {
	t.Helper()
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	mount := fmt.Sprintf("mount -t tmpfs -o size=%dm tmpfs %s", megabytes, d.Dir)
	argv := []string{"unshare", "--user", "--map-root-user", "--mount"}
	if root() {
		image := filepath.Join(t.TempDir(), "image")
		mount = fmt.Sprintf("truncate -s %dM %s && mkfs.ext4 -q -m 0 %s && mount -o loop %s %s && rmdir %s/lost+found", megabytes, image, image, image, d.Dir, d.Dir)
		argv = []string{"unshare", "--mount"}
	}
	script := mount + ` && cd "$1" && mkdir -p data/databases/graph.db restored_backups && echo old > data/databases/graph.db/neostore && touch restored_backups/old.done && exec "$2"`
	argv = append(argv, "sh", "-e", "-c", script, "sh", d.Dir, os.Args[0])
	command := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	command.Env = append(os.Environ(), smallDiskChild+"="+string(text))
	var out, trouble bytes.Buffer
	command.Stdout, command.Stderr = &out, &trouble
	if err := command.Run(); err != nil {
		t.Fatalf("cannot play a small disk: %v\n%s", err, trouble.String())
	}
	var found filled
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return found
}

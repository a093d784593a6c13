package integration

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/klauspost/compress/zstd"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/restore"
	"neo4j-agent/agent/snapshot"
)

// The real S3 server and the proxy that spoils connections, built once into the folder of the parts.
const (
	versitygw = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
	toxiproxy = "github.com/Shopify/toxiproxy/v2/cmd/server@v2.5.0"
)

// builtTool builds a Go program into the folder of the parts, unless it is there.
func builtTool(t testing.TB, module, folder, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("../.build/parts", folder))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	command := exec.CommandContext(t.Context(), "go", "install", module)
	command.Env = append(os.Environ(), "GOBIN="+dir)
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v\n%s", module, err, text)
	}
	return path
}

// launched starts a program that ends with the test, and waits until url answers.
func launched(t testing.TB, url string, env []string, argv ...string) {
	t.Helper()
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append(os.Environ(), env...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL); _ = command.Wait() })
	deadline := time.Now().Add(30 * time.Second)
	for {
		answer, err := http.Get(url)
		if err == nil {
			_ = answer.Body.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer: %v", argv[0], err)
		}
		<-time.After(50 * time.Millisecond)
	}
}

func somePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// realS3 is a real S3 server with one bucket, "backups".
func realS3(t testing.TB) (address string, client *s3.Client) {
	t.Helper()
	address = realS3In(t, t.TempDir())
	return address, s3At(address)
}

// realS3In is one whose objects are files in dir.
func realS3In(t testing.TB, dir string) (address string) {
	t.Helper()
	address = somePort(t)
	launched(t, "http://"+address+"/healthz", []string{"ROOT_ACCESS_KEY_ID=local", "ROOT_SECRET_ACCESS_KEY=locallocal"},
		builtTool(t, versitygw, "versitygw-v1.8.0", "versitygw"), "--port", address, "--region", "us-east-1", "--health", "/healthz", "--quiet", "posix", dir)
	if _, err := s3At(address).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("backups")}); err != nil {
		t.Fatal(err)
	}
	return address
}

func s3At(address string) *s3.Client {
	return s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://" + address), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("local", "locallocal", ""),
	})
}

// proxied puts a proxy before an address and gives its own, and a function that adds a toxic to it or takes it away.
func proxied(t testing.TB, upstream string) (address string, toxic func(add bool, text string)) {
	t.Helper()
	control := somePort(t)
	host, port, _ := net.SplitHostPort(control)
	launched(t, "http://"+control+"/version", nil, builtTool(t, toxiproxy, "toxiproxy-v2.5.0", "server"), "-host", host, "-port", port)
	address = somePort(t)
	ask := func(method, path, text string) {
		request, err := http.NewRequestWithContext(t.Context(), method, "http://"+control+path, bytes.NewReader([]byte(text)))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode/100 != 2 {
			t.Fatalf("toxiproxy: %s %s: %s", method, path, answer.Status)
		}
	}
	ask(http.MethodPost, "/proxies", fmt.Sprintf(`{"name":"s3","listen":%q,"upstream":%q,"enabled":true}`, address, upstream))
	return address, func(add bool, text string) {
		if add {
			ask(http.MethodPost, "/proxies/s3/toxics", text)
			return
		}
		ask(http.MethodDelete, "/proxies/s3/toxics/"+text, "")
	}
}

// storeLike writes a store of files that compress to about a half, and gives the sums of their content.
func storeLike(t testing.TB, size int) map[string][]byte {
	t.Helper()
	content := make([]byte, size)
	for at := 0; at < size; at += 4096 {
		_, _ = rand.Read(content[at:min(at+2048, size)])
	}
	files := map[string][]byte{"neostore": []byte("small")}
	const each = 8
	for i := range each {
		files[fmt.Sprintf("neostore.%d.db", i)] = content[i*size/each : (i+1)*size/each]
	}
	return files
}

// tarHeader is that of one file.
func tarHeader(t testing.TB, name string, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := tar.NewWriter(&out).WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o644, Format: tar.FormatPAX}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tarZstd(t testing.TB, w io.Writer, files map[string][]byte) {
	t.Helper()
	packed, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(packed)
	for name, content := range files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := firstError(archive.Close(), packed.Close()); err != nil {
		t.Fatal(err)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func zipped(t testing.TB, w io.Writer, files map[string][]byte) {
	t.Helper()
	archive := zip.NewWriter(w)
	for name, content := range files {
		part, err := archive.Create("neo4j-backup/" + name)
		if err == nil {
			_, err = part.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
}

// upload puts an object in parts of 8 MiB, with a CRC32 of each, as the SDK's transfer manager does.
func upload(t testing.TB, client *s3.Client, key string, content []byte) {
	t.Helper()
	const size = 8 << 20
	in := &s3.CreateMultipartUploadInput{Bucket: aws.String("backups"), Key: &key, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32}
	begun, err := client.CreateMultipartUpload(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for at := 0; at < len(content); at += size {
		number := aws.Int32(int32(len(parts) + 1))
		part, err := client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: in.Bucket, Key: &key, UploadId: begun.UploadId, PartNumber: number,
			Body: bytes.NewReader(content[at:min(at+size, len(content))]), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{ETag: part.ETag, PartNumber: number, ChecksumCRC32: part.ChecksumCRC32})
	}
	_, err = client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: in.Bucket, Key: &key, UploadId: begun.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}})
	if err != nil {
		t.Fatal(err)
	}
}

// uploadBackup uploads a verified backup of our own format.
func uploadBackup(t testing.TB, client *s3.Client, at time.Time, files map[string][]byte) {
	t.Helper()
	var object bytes.Buffer
	tarZstd(t, &object, files)
	sum := sha256.Sum256(object.Bytes())
	described := snapshot.Object{Database: "graph.db", Name: "graph.db.tar.zst", Form: snapshot.Store, Size: int64(object.Len()),
		SHA256: hex.EncodeToString(sum[:]), Files: len(files)}
	for _, content := range files {
		described.Content += int64(len(content))
	}
	m := snapshot.Manifest{Format: snapshot.FormatVersion, Cluster: "neo4j", Kind: snapshot.Hourly, Time: at, Neo4j: "3.5.0",
		Objects: []snapshot.Object{described}, Verification: &snapshot.Verification{How: "test", Time: at}}
	text, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	folder := snapshot.Layout{Cluster: "neo4j"}.Folder(snapshot.Hourly, at)
	upload(t, client, folder+described.Name, object.Bytes())
	_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("backups"), Key: aws.String(folder + snapshot.Verified), Body: bytes.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
}

// restoring are the options of a restore onto an empty volume.
func restoring(t testing.TB, client restore.S3, spec string) (options restore.Options, store string) {
	return restoringTo(t.TempDir(), client, spec)
}

func restoringTo(root string, client restore.S3, spec string) (options restore.Options, store string) {
	store = filepath.Join(root, "data", "databases", "graph.db")
	return restore.Options{
		Snapshot: spec, S3: client, Bucket: "backups", Layout: snapshot.Layout{Cluster: "neo4j"}, Pinned: true,
		Markers: filepath.Join(root, "restored_backups"), Staging: filepath.Join(root, "staging"),
		Store: func([]string) []string { return []string{filepath.Dir(store)} }, DefaultDatabase: "graph.db", Log: zerolog.Nop(),
		Build: func(_ context.Context, staged []restore.Staged) ([]restore.Move, error) {
			return []restore.Move{{From: staged[0].Path, To: store}}, nil
		},
	}, store
}

func sameFiles(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s is not what was backed up (%d bytes, %v)", name, len(got), err)
		}
	}
}

func TestABackupIsRestoredFromARealS3ServerThroughABadLine(t *testing.T) {
	upstream, client := realS3(t)
	files := storeLike(t, times(48, 512)<<20)
	uploadBackup(t, client, time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC), files)
	for name, toxic := range map[string]string{
		"a good line":                "",
		"latency":                    `{"name":"x","type":"latency","attributes":{"latency":300,"jitter":200}}`,
		"resets in the middle":       `{"name":"x","type":"reset_peer","toxicity":0.5,"attributes":{"timeout":200}}`,
		"connections cut after 3 MB": `{"name":"x","type":"limit_data","toxicity":0.5,"attributes":{"bytes":3000000}}`,
		"nothing moves for a while":  `{"name":"x","type":"bandwidth","attributes":{"rate":4000}}`,
	} {
		t.Run(name, func(t *testing.T) {
			address, set := proxied(t, upstream)
			options, store := restoring(t, s3At(address), "latest")
			told := 0
			options.Progress = func(p restore.Progress) { // once a second
				if name != "nothing moves for a while" || p.Step != "fetching" || p.Done == 0 {
					return
				}
				switch told++; told {
				case 1:
					set(false, "x")
					set(true, `{"name":"x","type":"bandwidth","attributes":{"rate":0}}`)
				case 3:
					set(false, "x")
				}
			}
			if toxic != "" {
				set(true, toxic)
			}
			if result, err := restore.Run(t.Context(), options); err != nil || result.Outcome != restore.Restored {
				t.Fatalf("%+v %v", result, err)
			}
			sameFiles(t, store, files)
		})
	}
}

func TestTheChecksumOfAnObjectUploadedInPartsIsVerified(t *testing.T) {
	_, client := realS3(t)
	content := append([]byte("BZV1"), storeLike(t, 20<<20)["neostore.0.db"]...)
	content = bytes.Repeat(content, 8) // three parts
	upload(t, client, "any.backup", content)
	options, store := restoring(t, client, "backups/any.backup")
	if _, err := restore.Run(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(store); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	var marker struct{ Checksum string }
	text, err := os.ReadFile(filepath.Join(options.Markers, "any.backup.done"))
	if err != nil || json.Unmarshal(text, &marker) != nil || marker.Checksum == "" {
		t.Errorf("no checksum in the marker: %s %v", text, err)
	}
}

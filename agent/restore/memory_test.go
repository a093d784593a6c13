package restore

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"neo4j-agent/agent/snapshot"
)

// measured is the variable that makes this test binary a process that restores and says how much memory it took;
// volume, S3's address and the snapshot are in it.
const measured = "RESTORE_TEST_MEASURED"

// mostMemory is what a restore may take, in bytes, whatever the size of the snapshot.
const mostMemory = 64 << 20

// nowhere is a disk that keeps no bytes.
type nowhere struct{ osDisk }

func (d nowhere) create(path string) (file, error) {
	f, err := d.osDisk.create(path)
	return forgetful{f}, err
}

type forgetful struct{ file }

func (forgetful) Write(p []byte) (int, error) { return len(p), nil }

func restoreToBeMeasured(where string) int {
	var root, endpoint, spec string
	if _, err := fmt.Sscan(where, &root, &endpoint, &spec); err != nil {
		panic(err)
	}
	debug.SetMemoryLimit(memoryLimit)
	r := inTest(volume{nil, root}.options(spec, client(endpoint)), nowhere{})
	r.part = partSize
	r.space = func(string) (room, error) { return room{free: 1 << 50}, nil }
	if _, err := r.run(context.Background()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	status, _ := os.ReadFile("/proc/self/status")
	_, peak, _ := bytes.Cut(status, []byte("VmHWM:"))
	peak, _, _ = bytes.Cut(peak, []byte("\n"))
	_, _ = fmt.Fprintf(os.Stdout, "%d %s", memory.Sys, bytes.TrimSpace(peak))
	return 0
}

// sparse answers as S3 does for one object of a given size, of which it keeps only the beginning, and zeros follow.
type sparse struct {
	start []byte
	size  int64
}

func (s sparse) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"sparse"`)
	from, to := int64(0), s.size-1
	if asked := r.Header.Get("Range"); asked != "" {
		if _, err := fmt.Sscanf(asked, "bytes=%d-%d", &from, &to); err != nil {
			panic(err)
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, s.size))
	}
	w.Header().Set("Content-Length", fmt.Sprint(to-from+1))
	if r.Method == http.MethodHead {
		return
	}
	w.WriteHeader(http.StatusPartialContent)
	if from < int64(len(s.start)) {
		n, _ := w.Write(s.start[from:min(to+1, int64(len(s.start)))])
		from += int64(n)
	}
	zeros := make([]byte, 1<<20)
	for from <= to {
		n, err := w.Write(zeros[:min(to-from+1, int64(len(zeros)))])
		if err != nil {
			return
		}
		from += int64(n)
	}
}

func TestMemoryIsBoundedWhateverTheSize(t *testing.T) {
	large := make([]byte, times(8<<20, 256<<20)) // four times what a restore may take
	random := rand.NewChaCha8([32]byte{1})
	for at := 0; at < len(large); at += 4096 { // half of each page compresses
		_, _ = random.Read(large[at : at+2048])
	}
	files := map[string][]byte{"neostore": large}
	sizes := int64(times(128<<20, 20<<30))
	for name, served := range map[string]func() sparse{ // made one at a time, since they are held in memory
		"sparse.backup": func() sparse { return sparse{[]byte("BZV1"), sizes} },
		"a.tar.zst":     func() sparse { return whole(zstdOf(tarOf(files, ""))) },
		"own.tar.zst":   func() sparse { return whole(framesOf(tarOf(files, ""), snapshot.FrameSize)) },
		"a.tar.gz":      func() sparse { return whole(gzipOf(tarOf(files, ""))) },
		"a.zip":         func() sparse { return whole(zipOf(files, "")) },
	} {
		t.Run(name, func(t *testing.T) {
			server := served()
			s3 := httptest.NewServer(server)
			defer s3.Close()
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(os.Environ(), strings.Join([]string{measured + "=" + filepath.Join(t.TempDir(), "v"), s3.URL, "backups/" + name}, " "))
			var said, trouble bytes.Buffer
			command.Stdout, command.Stderr = &said, &trouble
			if err := command.Run(); err != nil {
				t.Fatalf("%v: %s", err, trouble.String())
			}
			var sys int64
			if _, err := fmt.Sscan(said.String(), &sys); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes: %s of memory, resident at most %s", server.size, bytesText(sys), said.String()[strings.Index(said.String(), " "):])
			if sys > mostMemory {
				t.Errorf("it took %s of memory", bytesText(sys))
			}
		})
	}
}

func whole(content []byte) sparse { return sparse{content, int64(len(content))} }

package restore

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// fakeS3 answers as S3 does, with one bucket called "backups": it has what the restore needs, and refuses all else.
type fakeS3 struct {
	t  testing.TB
	mu sync.Mutex
	// content and ETag, by key
	objects map[string][]byte
	version map[string]string
	// fault may answer in place of the bucket, and says so.
	fault    func(http.ResponseWriter, *http.Request) bool
	requests int
	ranges   int
	checksum func([]byte) (name, sum string)
}

func newFakeS3(t testing.TB) (*fakeS3, *s3.Client) {
	f := &fakeS3{t: t, objects: map[string][]byte{}, version: map[string]string{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, client(server.URL)
}

func client(endpoint string) *s3.Client {
	return s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
}

func (f *fakeS3) put(key string, content []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.store(key, content)
}

func (f *fakeS3) store(key string, content []byte) {
	sum := md5.Sum(content)
	f.objects[key], f.version[key] = content, `"`+hex.EncodeToString(sum[:])+`"`
}

func (f *fakeS3) keys(prefix string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var keys []string
	for key := range f.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	fault := f.fault
	f.requests++
	f.mu.Unlock()
	if fault != nil && fault(w, r) {
		return
	}
	key, ok := strings.CutPrefix(r.URL.Path, "/backups")
	key = strings.TrimPrefix(key, "/")
	switch {
	case !ok:
		answer(w, http.StatusNotFound, "NoSuchBucket")
	case r.Method == http.MethodGet && key == "" && r.URL.Query().Get("list-type") == "2":
		f.list(w, r)
	case r.Method == http.MethodPut && key != "":
		f.create(w, r, key)
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && key != "":
		f.get(w, r, key)
	default:
		f.t.Errorf("the fake S3 does not know %s %s", r.Method, r.URL)
		answer(w, http.StatusNotImplemented, "NotImplemented")
	}
}

func answer(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>said the fake</Message></Error>", code)
}

func (f *fakeS3) list(w http.ResponseWriter, r *http.Request) {
	type item struct {
		Key  string
		Size int
	}
	var result struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		Contents    []item
	}
	prefix, delimiter := r.URL.Query().Get("prefix"), r.URL.Query().Get("delimiter")
	for _, key := range f.keys(prefix) {
		if delimiter == "" || !strings.Contains(strings.TrimPrefix(key, prefix), delimiter) {
			f.mu.Lock()
			result.Contents = append(result.Contents, item{key, len(f.objects[key])})
			f.mu.Unlock()
		}
	}
	text, _ := xml.Marshal(result)
	_, _ = w.Write(text)
}

func (f *fakeS3) create(w http.ResponseWriter, r *http.Request, key string) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("X-Amz-Trailer") != "" {
		answer(w, http.StatusBadRequest, "InvalidRequest")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.objects[key]; there && r.Header.Get("If-None-Match") == "*" {
		answer(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	f.store(key, body)
}

func (f *fakeS3) get(w http.ResponseWriter, r *http.Request, key string) {
	f.mu.Lock()
	content, there := f.objects[key]
	checksum, version := f.checksum, f.version[key]
	f.mu.Unlock()
	if !there {
		answer(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	if want := r.Header.Get("If-Match"); want != "" && want != version {
		answer(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}
	w.Header().Set("ETag", version)
	if checksum != nil && r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && r.Header.Get("Range") == "" {
		name, sum := checksum(content)
		w.Header().Set(name, sum)
	}
	from, to := 0, len(content)-1
	if asked := r.Header.Get("Range"); asked != "" {
		if _, err := fmt.Sscanf(asked, "bytes=%d-%d", &from, &to); err != nil || from > to || to >= len(content) {
			f.t.Errorf("range %q of %d bytes", asked, len(content))
			answer(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
			return
		}
		f.mu.Lock()
		f.ranges++
		f.mu.Unlock()
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(content)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(to-from+1))
	if r.Header.Get("Range") != "" {
		w.WriteHeader(http.StatusPartialContent)
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(content[from : to+1])
	}
}

// crc32Of is how S3 gives the checksum of an object uploaded in one piece.
func crc32Of(content []byte) (string, string) {
	sum := crc32.ChecksumIEEE(content)
	return "X-Amz-Checksum-Crc32", base64.StdEncoding.EncodeToString([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

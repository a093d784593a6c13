package backup

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// fakeS3 is one bucket that speaks S3's protocol to the real client, as strict as its API reference
// (https://docs.aws.amazon.com/AmazonS3/latest/API/): checksums of bodies, sizes, order and ETags of parts, conditions
// on writes, pages of lists.
type fakeS3 struct {
	// Fault, if set, is asked before each request; n counts those of an operation from 1.
	Fault func(operation, key string, n int) fault
	// After, if set, sees each request that was done.
	After func(operation, key string)

	mu      sync.Mutex
	objects map[string]fakeObject
	uploads map[string]*fakeUpload
	calls   map[string]int
	next    int
}

type fakeObject struct {
	data []byte
	etag string
	at   time.Time
	run  string // metadata of that name
}

type fakeUpload struct {
	key   string
	run   string
	began time.Time
	parts map[int]fakeObject
}

// fault is what happens instead of an answer, or after the work was done.
type fault struct {
	code   string // error code with status
	status int
	reset  bool // the connection breaks before anything was done
	lost   bool // the connection breaks after all was done
	hang   bool // nothing comes until the client gives up
}

// pageSize makes every list of some length have pages.
const pageSize = 2

func newFakeS3(t *testing.T) (*fakeS3, *s3.Client) {
	t.Helper()
	f := &fakeS3{objects: map[string]fakeObject{}, uploads: map[string]*fakeUpload{}, calls: map[string]int{}}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return f, s3.New(s3.Options{
		BaseEndpoint: aws.String(server.URL), Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
	})
}

func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := strings.TrimPrefix(r.URL.Path, "/bucket/")
	if r.URL.Path == "/bucket" {
		key = ""
	}
	operation := operationOf(r, key)
	f.mu.Lock()
	f.calls[operation]++
	n, hook := f.calls[operation], f.Fault
	f.mu.Unlock()
	var wrong fault
	if hook != nil {
		wrong = hook(operation, key, n)
	}
	switch {
	case wrong.hang:
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
		return
	case wrong.reset:
		panic(http.ErrAbortHandler)
	case wrong.code != "":
		refuse(w, wrong.status, wrong.code)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	answer := httptest.NewRecorder()
	f.mu.Lock()
	f.serve(answer, r, operation, key, body)
	after := f.After
	f.mu.Unlock()
	if after != nil {
		after(operation, key)
	}
	if wrong.lost {
		panic(http.ErrAbortHandler)
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func operationOf(r *http.Request, key string) string {
	query := r.URL.Query()
	switch {
	case key == "" && query.Has("uploads"):
		return "ListMultipartUploads"
	case key == "":
		return "ListObjectsV2"
	case r.Method == http.MethodPost && query.Has("uploads"):
		return "CreateMultipartUpload"
	case r.Method == http.MethodPost:
		return "CompleteMultipartUpload"
	case r.Method == http.MethodPut && query.Has("uploadId"):
		return "UploadPart"
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		return "AbortMultipartUpload"
	}
	return map[string]string{http.MethodPut: "PutObject", http.MethodGet: "GetObject", http.MethodHead: "HeadObject", http.MethodDelete: "DeleteObject"}[r.Method]
}

func (f *fakeS3) serve(w http.ResponseWriter, r *http.Request, operation, key string, body []byte) {
	switch operation {
	case "ListMultipartUploads":
		f.listUploads(w, r)
	case "ListObjectsV2":
		f.listObjects(w, r)
	case "PutObject":
		if f.allowed(w, r, key) && sound(w, r, body) {
			w.Header().Set("ETag", f.put(key, body, r.Header.Get("x-amz-meta-run")).etag)
		}
	case "GetObject", "HeadObject":
		object, ok := f.objects[key]
		if !ok {
			refuse(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		w.Header().Set("ETag", object.etag)
		w.Header().Set("Last-Modified", object.at.UTC().Format(http.TimeFormat))
		w.Header().Set("Content-Length", strconv.Itoa(len(object.data)))
		w.Header().Set("x-amz-meta-run", object.run)
		if operation == "GetObject" {
			_, _ = w.Write(object.data)
		}
	case "DeleteObject":
		delete(f.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		f.multipart(w, r, operation, key, body)
	}
}

func (f *fakeS3) put(key string, body []byte, run string) fakeObject {
	sum := md5.Sum(body)
	f.objects[key] = fakeObject{slices.Clone(body), `"` + hex.EncodeToString(sum[:]) + `"`, time.Now(), run}
	return f.objects[key]
}

// allowed holds the conditions of a write, https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (f *fakeS3) allowed(w http.ResponseWriter, r *http.Request, key string) bool {
	object, there := f.objects[key]
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	switch {
	case none != "" && none != "*" || none != "" && match != "":
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	case none == "*" && there:
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
	case match != "" && !there:
		refuse(w, http.StatusNotFound, "NoSuchKey")
	case match != "" && match != object.etag:
		refuse(w, http.StatusPreconditionFailed, "PreconditionFailed")
	default:
		return true
	}
	return false
}

// sound holds a body against its checksum, which must be there.
func sound(w http.ResponseWriter, r *http.Request, body []byte) bool {
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body))
	switch {
	case r.Header.Get("Content-Encoding") == "aws-chunked":
		refuse(w, http.StatusNotImplemented, "NotImplemented")
	case r.Header.Get("x-amz-checksum-crc32") != base64.StdEncoding.EncodeToString(sum):
		refuse(w, http.StatusBadRequest, "BadDigest")
	default:
		return true
	}
	return false
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>said the fake</Message></Error>", code)
}

func write(w http.ResponseWriter, answer any) {
	text, err := xml.Marshal(answer)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(text)
}

// number reads a number of the query, which the client must have written right.
func number(r *http.Request, name string) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		return -1
	}
	return n
}

func (f *fakeS3) keys() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var keys []string
	for key := range f.objects {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func (f *fakeS3) count(operation string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[operation]
}

func (f *fakeS3) text(key string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.objects[key].data
}

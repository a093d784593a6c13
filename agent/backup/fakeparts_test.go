package backup

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// fakeLeastPart is S3's least size of a part that is not the last, and fakeMostParts its most of them:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	fakeLeastPart = 5 << 20
	fakeMostParts = 10_000
)

// multipart serves the requests of a multipart upload.
func (f *fakeS3) multipart(w http.ResponseWriter, r *http.Request, operation, key string, body []byte) {
	id := r.URL.Query().Get("uploadId")
	upload := f.uploads[id]
	switch {
	case operation == "CreateMultipartUpload":
		f.next++
		id = fmt.Sprintf("upload-%d", f.next)
		f.uploads[id] = &fakeUpload{key: key, run: r.Header.Get("x-amz-meta-run"), began: time.Now(), parts: map[int]fakeObject{}}
		write(w, struct {
			XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
			UploadId string
		}{UploadId: id})
	case upload == nil || upload.key != key:
		refuse(w, http.StatusNotFound, "NoSuchUpload")
	case operation == "AbortMultipartUpload":
		delete(f.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case operation == "UploadPart":
		part := number(r, "partNumber")
		if part < 1 || part > fakeMostParts {
			refuse(w, http.StatusBadRequest, "InvalidArgument")
		} else if sound(w, r, body) {
			upload.parts[part] = fakeObject{data: body, etag: fmt.Sprintf(`"%s-%d-%d"`, id, part, len(body))}
			w.Header().Set("ETag", upload.parts[part].etag)
			w.Header().Set("x-amz-checksum-crc32", r.Header.Get("x-amz-checksum-crc32"))
		}
	default:
		f.complete(w, r, id, body)
	}
}

// complete makes the object of the parts that the client names.
func (f *fakeS3) complete(w http.ResponseWriter, r *http.Request, id string, body []byte) {
	upload := f.uploads[id]
	var named struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if xml.Unmarshal(body, &named) != nil || len(named.Part) == 0 {
		refuse(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	var data []byte
	for i, part := range named.Part {
		there, ok := upload.parts[part.PartNumber]
		switch {
		case i > 0 && part.PartNumber <= named.Part[i-1].PartNumber:
			refuse(w, http.StatusBadRequest, "InvalidPartOrder")
			return
		case !ok || part.ETag != there.etag:
			refuse(w, http.StatusBadRequest, "InvalidPart")
			return
		case i < len(named.Part)-1 && len(there.data) < fakeLeastPart:
			refuse(w, http.StatusBadRequest, "EntityTooSmall")
			return
		}
		data = append(data, there.data...)
	}
	if !f.allowed(w, r, upload.key) {
		return
	}
	delete(f.uploads, id)
	object := f.put(upload.key, data, upload.run)
	write(w, struct {
		XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
		ETag    string
	}{ETag: object.etag})
}

func (f *fakeS3) listObjects(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	type contents struct {
		Key          string
		Size         int
		LastModified string
	}
	answer := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Contents              []contents
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
	}{}
	for _, key := range slices.Sorted(maps.Keys(f.objects)) {
		rest, ok := strings.CutPrefix(key, query.Get("prefix"))
		delimiter := query.Get("delimiter")
		if !ok || key <= query.Get("continuation-token") || delimiter != "" && strings.Contains(rest, delimiter) {
			continue
		}
		if len(answer.Contents) == pageSize {
			answer.IsTruncated, answer.NextContinuationToken = true, answer.Contents[pageSize-1].Key
			break
		}
		answer.Contents = append(answer.Contents, contents{key, len(f.objects[key].data), f.objects[key].at.UTC().Format(time.RFC3339)})
	}
	write(w, answer)
}

func (f *fakeS3) listUploads(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	type upload struct{ Key, UploadId, Initiated string }
	answer := struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Upload             []upload
		IsTruncated        bool
		NextKeyMarker      string `xml:",omitempty"`
		NextUploadIdMarker string `xml:",omitempty"`
	}{}
	after := query.Get("key-marker") + "\x00" + query.Get("upload-id-marker")
	ids := slices.SortedFunc(maps.Keys(f.uploads), func(a, b string) int {
		return strings.Compare(f.uploads[a].key+"\x00"+a, f.uploads[b].key+"\x00"+b)
	})
	for _, id := range ids {
		u := f.uploads[id]
		if !strings.HasPrefix(u.key, query.Get("prefix")) || u.key+"\x00"+id <= after {
			continue
		}
		if len(answer.Upload) == pageSize {
			last := answer.Upload[pageSize-1]
			answer.IsTruncated, answer.NextKeyMarker, answer.NextUploadIdMarker = true, last.Key, last.UploadId
			break
		}
		answer.Upload = append(answer.Upload, upload{u.key, id, u.began.UTC().Format(time.RFC3339)})
	}
	write(w, answer)
}

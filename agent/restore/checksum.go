package restore

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// crc64NVME is the polynomial of S3's CRC64NVME, reversed
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html).
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// s3Checksum is what S3 says an object's bytes sum up to. The SDK leaves those of objects uploaded in parts unchecked.
type s3Checksum struct {
	algorithm string
	sum       string // in base64
	// An object uploaded in parts may have the sum of its parts' sums instead of one over its bytes.
	parts    int
	partSize int64
}

// String is how a marker keeps it.
func (c s3Checksum) String() string {
	if c.algorithm == "" {
		return ""
	}
	return c.algorithm + ":" + c.sum
}

func (c s3Checksum) new() hash.Hash {
	switch c.algorithm {
	case "crc64nvme":
		return crc64.New(crc64NVME)
	case "crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "crc32":
		return crc32.NewIEEE()
	case "sha256":
		return sha256.New()
	case "sha1":
		return sha1.New()
	}
	return nil
}

// checksumOf takes the checksum that S3 keeps of an object, if it keeps one that we know.
func checksumOf(head *s3.HeadObjectOutput) s3Checksum {
	for _, given := range []struct {
		algorithm string
		sum       *string
	}{
		{"crc64nvme", head.ChecksumCRC64NVME}, {"crc32c", head.ChecksumCRC32C}, {"crc32", head.ChecksumCRC32},
		{"sha256", head.ChecksumSHA256}, {"sha1", head.ChecksumSHA1},
	} {
		if given.sum == nil {
			continue
		}
		sum, parts, composite := strings.Cut(aws.ToString(given.sum), "-")
		c := s3Checksum{algorithm: given.algorithm, sum: sum}
		if n, err := strconv.Atoi(parts); composite && err == nil {
			c.parts = n
		}
		return c
	}
	return s3Checksum{}
}

// summer sums up an object as S3 did.
type summer struct {
	want  s3Checksum
	sum   hash.Hash // of the part, or of all
	left  int64     // of the part
	outer hash.Hash // of the parts' sums, nil without parts
	count int
}

// newSummer is nil where there is nothing to compare with: no checksum, or parts of a size we do not know.
func newSummer(want s3Checksum) *summer {
	s := &summer{want: want, sum: want.new()}
	if s.sum == nil || want.parts > 0 && want.partSize == 0 && want.parts != 1 {
		return nil
	}
	if want.parts > 0 {
		s.outer, s.left = want.new(), want.partSize
		if want.parts == 1 {
			s.left = 1<<63 - 1
		}
	}
	return s
}

func (s *summer) Write(p []byte) (int, error) {
	n := len(p)
	for s.outer != nil && int64(len(p)) > s.left {
		s.sum.Write(p[:s.left])
		p = p[s.left:]
		s.endPart()
	}
	s.sum.Write(p)
	s.left -= int64(len(p))
	return n, nil
}

func (s *summer) endPart() {
	s.outer.Write(s.sum.Sum(nil))
	s.sum.Reset()
	s.left = s.want.partSize
	s.count++
}

// check tells whether all bytes were written and sum up to what S3 has.
func (s *summer) check() error {
	sum := s.sum
	if s.outer != nil {
		s.endPart()
		if s.count != s.want.parts { // the parts are of different sizes: S3 does not say which
			return nil
		}
		sum = s.outer
	}
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != s.want.sum {
		return corrupt("trust the snapshot: its %s is %s, S3 keeps %s", s.want.algorithm, got, s.want.sum)
	}
	return nil
}

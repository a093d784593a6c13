package snapshot

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Lister is satisfied by *s3.Client.
type Lister interface {
	ListObjectsV2(context.Context, *s3.ListObjectsV2Input, ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
}

// Backup is one that lies in a bucket, complete or not.
type Backup struct {
	Kind     Kind
	Time     time.Time
	Key      string // the folder with a slash at its end, or the archive
	Size     int64  // bytes of all its data objects
	Verified bool
	Partial  bool // it passed its check, and lacks databases: it is not Verified
	// Old is one of the system replaced: a single archive, whose cluster is not known.
	Old bool
}

// oldName is how the system replaced called its archives, with the seconds since 1970 and ".zip". They were moved out
// of not-verified/ when their check had passed, so one that lies beside that is verified.
const oldName = "neo4j-backup-"

// List gives the backups of one cluster, newest first, and the archives of the system replaced, which lie at the
// bucket's root. It asks once per thousand objects, and reads none of them.
func List(ctx context.Context, api Lister, bucket string, layout Layout) ([]Backup, error) {
	var found []Backup
	for _, kind := range Kinds {
		folders := map[string]*Backup{}
		err := walk(ctx, api, bucket, layout.Of(kind), "", func(key string, size int64) {
			add(folders, kind, layout.Of(kind), key, size)
		})
		if err != nil {
			return nil, err
		}
		for _, backup := range folders {
			if backup.Size == 0 { // the lifecycle took the data, and has the manifest a day longer where a day began between them
				backup.Verified, backup.Partial = false, false
			}
			found = append(found, *backup)
		}
		err = walk(ctx, api, bucket, string(kind)+"/", "/", func(key string, size int64) {
			if at, ok := oldTime(strings.TrimPrefix(key, string(kind)+"/")); ok {
				found = append(found, Backup{Kind: kind, Time: at, Key: key, Size: size, Verified: true, Old: true})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b Backup) int {
		return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(a.Key, b.Key))
	})
	return found, nil
}

// add counts an object to the backup whose folder it lies in. What lies elsewhere is nobody's.
func add(folders map[string]*Backup, kind Kind, prefix, key string, size int64) {
	folder, name, ok := strings.Cut(strings.TrimPrefix(key, prefix), "/")
	at, isTime := TimeOf(folder)
	if !ok || !isTime || !isName(name) {
		return
	}
	backup := folders[folder]
	if backup == nil {
		backup = &Backup{Kind: kind, Time: at, Key: prefix + folder + "/"}
		folders[folder] = backup
	}
	switch name {
	case Verified:
		backup.Verified = true
	case Partial:
		backup.Partial = true
	case NotVerified:
	default:
		backup.Size += size
	}
}

func oldTime(name string) (time.Time, bool) {
	digits, isOld := strings.CutPrefix(strings.TrimSuffix(name, ".zip"), oldName)
	seconds, err := strconv.ParseInt(digits, 10, 64)
	return time.Unix(seconds, 0).UTC(), isOld && strings.HasSuffix(name, ".zip") && err == nil && seconds > 0
}

func walk(ctx context.Context, api Lister, bucket, prefix, delimiter string, visit func(key string, size int64)) error {
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	if delimiter != "" {
		in.Delimiter = &delimiter
	}
	for {
		page, err := api.ListObjectsV2(ctx, in)
		if err != nil {
			return err
		}
		for _, object := range page.Contents {
			visit(aws.ToString(object.Key), aws.ToInt64(object.Size))
		}
		if in.ContinuationToken = page.NextContinuationToken; !aws.ToBool(page.IsTruncated) || in.ContinuationToken == nil {
			return nil
		}
	}
}

package backup

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// UploadFile uploads one file as it is, as a backup's objects are uploaded, and gives where it lies. An object that
// exists is never replaced. moved gets how many bytes were read, at each read.
func UploadFile(ctx context.Context, api *s3.Client, name, key, path string, moved func(int64)) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("cannot upload %s: %v", path, err)
	}
	b := bucket{patient(api), name}
	_, err = b.upload(ctx, key, info.Size(), func(w io.Writer) error {
		return copyFile(w, path, info.Size(), moved)
	})
	return b.url(key), err
}

package main

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"neo4j-agent/agent/backup"
)

// diskFull is how Java, in whatever tool, words ENOSPC.
const diskFull = "No space left on device"

// backupErrors gives each way not to back up its exit code (contract.md, Exit codes).
func backupErrors(ctx context.Context, err error) error {
	var (
		coded  *exitError
		busy   *backup.BusyError
		source *backup.SourceError
	)
	switch {
	case err == nil, errors.As(err, &coded):
		return err
	case ctx.Err() != nil:
		return withCode(stopCode(ctx), errors.New("told to stop while backing up"))
	case errors.As(err, &busy), errors.Is(err, backup.ErrLeaseLost):
		return withCode(exitTryAgain, err)
	case errors.Is(err, backup.ErrInconsistent), errors.Is(err, backup.ErrUnproven):
		return withCode(exitBadData, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), strings.Contains(err.Error(), diskFull):
		return withCode(exitInputOutput, err)
	case errors.As(err, &source):
		return withCode(exitUnavailable, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return withCode(exitPermission, err)
	}
	return s3Errors(restoreErrors(err))
}

// s3Errors gives refusals of S3 their exit code. Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
func s3Errors(err error) error {
	var (
		coded  *exitError
		api    smithy.APIError
		answer *smithyhttp.ResponseError
	)
	switch {
	case errors.As(err, &coded):
		return err
	case errors.As(err, &api) && api.ErrorCode() == "NoSuchBucket":
		return withCode(exitConfig, err)
	case errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden:
		return withCode(exitPermission, err)
	case errors.As(err, &answer), errors.As(err, new(*smithy.OperationError)):
		return withCode(exitUnavailable, err)
	}
	return err
}

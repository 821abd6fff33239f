package s3store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/seed90475182/restspace/bus"
)

// status returns the status of the answer that an error is about; 0 is none.
func status(err error) int {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return answer.HTTPStatusCode()
	}
	return 0
}

// region returns where Amazon's server says that the bucket is, whose answer an
// error is about; "" is not said.
func region(err error) string {
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) && answer.Response != nil {
		return answer.Response.Header.Get("X-Amz-Bucket-Region")
	}
	return ""
}

// code returns what the server calls an error.
func code(err error) string {
	var named smithy.APIError
	if errors.As(err, &named) {
		return named.ErrorCode()
	}
	return ""
}

// failure returns what an error of a request means. That an object is missing
// is said only where the server says so.
func failure(ctx context.Context, err error) error {
	if gone := ctx.Err(); gone != nil {
		return gone
	}
	switch code(err) {
	case "NoSuchKey":
		return fs.ErrNotExist
	case "ExistingObjectIsDirectory", "ObjectParentIsFile": // a server that keeps objects as files
		return fs.ErrExist
	}
	var unsent *smithyhttp.RequestSendError
	n := status(err)
	if n == http.StatusInsufficientStorage {
		return fmt.Errorf("%w: %w", syscall.ENOSPC, err)
	}
	if errors.As(err, &unsent) || n == http.StatusConflict || n == http.StatusTooManyRequests || n >= 500 && n != http.StatusNotImplemented || throttled(err) {
		return busy(err)
	}
	return err
}

// throttled reports whether the server asks for fewer requests.
func throttled(err error) bool {
	switch c := code(err); c {
	case "SlowDown", "RequestLimitExceeded", "TooManyRequestsException":
		return true
	default:
		return strings.HasPrefix(c, "Throttl")
	}
}

// missing reports whether a request was refused since what it is about is not
// there.
func missing(err error) bool {
	return status(err) == http.StatusNotFound || errors.Is(err, fs.ErrNotExist)
}

// busy is an outage of the server that may pass.
func busy(err error) error {
	return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Err: err,
		Detail: "the storage of the documents does not answer as it should: try again later",
		Header: bus.Header{{Name: "Retry-After", Value: "2"}}}
}

// otherwise reports whether a request was refused since its condition does not
// hold.
func otherwise(err error) bool { return status(err) == http.StatusPreconditionFailed }

// conflict reports whether a request was refused since another one on the same
// object was under way.
func conflict(err error) bool {
	return status(err) == http.StatusConflict && !errors.Is(err, fs.ErrExist)
}

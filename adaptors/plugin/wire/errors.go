package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// meanings are the errors that have a code of their own. The first that an
// error is gives the code.
var meanings = [...]struct {
	code codes.Code
	err  error
}{
	{codes.NotFound, fs.ErrNotExist},
	{codes.AlreadyExists, fs.ErrExist},
	{codes.FailedPrecondition, adaptors.ErrCondition},
	{codes.InvalidArgument, adaptors.ErrKey},
	{codes.PermissionDenied, adaptors.ErrReadOnly},
	{codes.ResourceExhausted, syscall.ENOSPC},
	{codes.ResourceExhausted, syscall.EDQUOT},
	{codes.Unimplemented, errors.ErrUnsupported},
	{codes.Canceled, context.Canceled},
	{codes.DeadlineExceeded, context.DeadlineExceeded},
}

// Status returns an error of an adaptor as the one that its plugin gives the
// server. nil stays nil.
func Status(err error) error {
	if err == nil {
		return nil
	}
	code := codes.Unknown
	for _, m := range meanings {
		if errors.Is(err, m.err) {
			code = m.code
			break
		}
	}
	if e, ok := errors.AsType[*bus.Error](err); ok && code == codes.Unknown {
		code = codeOf(e.Status)
	}
	return status.Error(code, err.Error())
}

func codeOf(httpStatus int) codes.Code {
	switch httpStatus {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return codes.Aborted
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return codes.InvalidArgument
	case http.StatusNotImplemented:
		return codes.Unimplemented
	case http.StatusInsufficientStorage:
		return codes.ResourceExhausted
	case http.StatusGatewayTimeout:
		return codes.DeadlineExceeded
	}
	return codes.Unknown
}

// Error returns what the error of a call means to who called: Status undone. A
// code that the adaptor did not choose, such as that of a connection that broke,
// and what is no code at all, is a server that failed (502). nil stays nil.
func Error(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if gone := ctx.Err(); gone != nil {
		return gone
	}
	s, ok := status.FromError(err)
	if !ok {
		return broken(err) // seen on this side
	}
	text := Text(s.Message())
	said := errors.New(text)
	switch code := s.Code(); code {
	case codes.InvalidArgument:
		detail := strings.TrimSuffix(text, ": "+adaptors.ErrKey.Error()) // which the error says by itself
		return &bus.Error{Status: http.StatusBadRequest, Detail: detail, Err: adaptors.ErrKey}
	case codes.Aborted:
		return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Err: said,
			Detail: "the storage of the documents is busy: try again later",
			Header: bus.Header{{Name: "Retry-After", Value: "2"}}}
	case codes.Unimplemented:
		return &bus.Error{Status: http.StatusNotImplemented, Err: &told{errors.ErrUnsupported, text},
			Detail: "the storage of the documents can't do this"}
	case codes.Unavailable, codes.Canceled: // the connection; the caller is there
		return broken(said)
	case codes.ResourceExhausted:
		if strings.Contains(s.Message(), "message larger than max") { // of a library of gRPC: over MaxMessage
			return broken(said)
		}
		return &told{syscall.ENOSPC, text}
	case codes.Internal, codes.Unknown, codes.DataLoss:
		return said
	default:
		return meant(code, said)
	}
}

// meant returns the error that has a code.
func meant(code codes.Code, said error) error {
	for _, m := range meanings {
		if m.code == code {
			return &told{m.err, said.Error()}
		}
	}
	return broken(fmt.Errorf("%s: %w", code, said))
}

// told is an error that has a meaning, in the words of the plugin: those of a
// plugin in Go mostly have those of the meaning in them.
type told struct {
	meaning error
	said    string
}

func (t *told) Error() string {
	meaning := t.meaning.Error()
	switch {
	case strings.Contains(t.said, meaning):
		return t.said
	case t.said == "":
		return meaning
	}
	return meaning + ": " + t.said
}

func (t *told) Unwrap() error { return t.meaning }

// broken is the failure of a plugin rather than of what it keeps.
func broken(err error) error {
	return &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUpstream, Err: err,
		Detail: "the program that keeps the documents gave no whole answer"}
}

package documents

import (
	"errors"
	"io/fs"
	"net/http"
	"syscall"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// explain returns what an error of a Keep means to a client. An error that says
// so itself stays as it is.
func explain(err error) error {
	var known *bus.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return failed(http.StatusNotFound, "nothing is here: PUT makes a document, and GET of the directory lists what there is", err)
	case errors.Is(err, adaptors.ErrCondition):
		return failed(http.StatusPreconditionFailed, "the document is not in the state that the request's conditions ask for: read it again", err)
	case errors.Is(err, syscall.EROFS): // it was not so when the store was opened
		return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Err: err,
			Detail: "the storage has become read-only: what is kept can be read, not written"}
	case errors.Is(err, adaptors.ErrReadOnly):
		return failed(http.StatusForbidden, "what is kept here can only be read", err)
	case errors.Is(err, adaptors.ErrKey):
		return failed(http.StatusBadRequest, "the store can't keep a document of this name: choose another one", err)
	}
	return err
}

func failed(status int, detail string, err error) error {
	return &bus.Error{Status: status, Detail: detail, Err: err}
}

package edge

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// requestBody is the body of a request, which must keep moving: a piece in
// each window.
type requestBody struct {
	io.ReadCloser
	control *http.ResponseController

	until time.Time // the end of this window
	moved int       // bytes in this window
}

// Read is part of io.Reader. Its errors say what the client did wrong.
func (b *requestBody) Read(p []byte) (int, error) {
	now := time.Now()
	if b.until.IsZero() || b.moved >= slowPiece {
		b.until, b.moved = now.Add(slowWindow), 0
		if err := b.control.SetReadDeadline(b.until); err != nil {
			return 0, err
		}
	}
	n, err := b.ReadCloser.Read(p)
	b.moved += n
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = &bus.Error{Status: http.StatusRequestTimeout, Type: bus.TypeSlowBody, Err: err,
			Detail: "the body came too slowly: at least 16 KiB are due in each 10 seconds"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = &bus.Error{Status: http.StatusBadRequest, Err: err, Detail: "the body ended early"}
	}
	return n, err
}

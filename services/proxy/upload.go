package proxy

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/seed90475182/restspace/bus"
)

// upload is the stream of a request's body as one try sends it. A try that has
// not begun to read leaves it to the next one.
type upload struct {
	body   *bus.Body      // of the request
	time   *bus.Allowance // of the try: it begins anew as long as the body moves
	state  atomic.Int32
	broken atomic.Pointer[error] // why the body could not be read to its end
	ended  atomic.Bool           // it was closed: that a read fails then is no wonder
}

// States of an upload.
const (
	untouched int32 = iota
	begun
	closed
)

func newUpload(body *bus.Body, time *bus.Allowance) (*bus.Body, *upload) {
	u := &upload{body: body, time: time}
	sent := bus.NewStream(u, body.Size(), body.MediaType())
	sent.SetTrailer(body.Trailer)
	return sent, u
}

// Read is part of io.Reader.
func (u *upload) Read(p []byte) (int, error) {
	if !u.state.CompareAndSwap(untouched, begun) && u.state.Load() == closed {
		return 0, errors.New("this try is over")
	}
	n, err := u.body.Stream().Read(p)
	u.time.Restart()
	if err != nil && err != io.EOF && !u.ended.Load() {
		u.broken.Store(&err)
	}
	return n, err
}

// Close is part of io.Closer. It closes a body that was begun, which wakes who
// still reads it.
func (u *upload) Close() error {
	if u.state.CompareAndSwap(untouched, closed) || u.state.Load() == closed {
		return nil
	}
	u.ended.Store(true)
	return u.body.Close()
}

// begun reports whether some of the body is gone. u may be nil.
func (u *upload) begun() bool { return u != nil && u.state.Load() == begun }

// failure returns why the body could not be read, nil if it could. u may be
// nil.
func (u *upload) failure() error {
	if u == nil {
		return nil
	}
	if why := u.broken.Load(); why != nil {
		return *why
	}
	return nil
}

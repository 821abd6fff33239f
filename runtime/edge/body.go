package edge

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// requestBody is the body of a request, which must keep moving: a piece in
// each window. As long as it does, the time for the answer has not begun. It is
// nil where the request has no body. It may be read by another goroutine than
// the one that closes it, also too late: so its memory is never used again.
type requestBody struct {
	stream  io.ReadCloser // net/http's
	control *http.ResponseController
	root    *bus.Root
	window  time.Duration
	shared  bool // the connection has other streams: this is HTTP/2

	came   atomic.Int64 // bytes that were read
	ended  atomic.Bool  // there is nothing more to read
	closed atomic.Bool

	reading sync.Mutex // held by Read; guards what follows
	until   time.Time  // the end of this window
	moved   int        // bytes in this window
}

var errBodyClosed = errors.New("the body of the request is closed")

// Read is part of io.Reader. Its errors say what the client did wrong.
func (b *requestBody) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	if b.closed.Load() {
		return 0, errBodyClosed
	}
	// A window that passed while nobody read is the service's doing.
	if now := time.Now(); b.moved >= slowPiece || now.After(b.until) {
		b.until, b.moved = now.Add(b.window), 0
		if err := b.control.SetReadDeadline(b.until); err != nil {
			return 0, err
		}
		b.root.Restart()
	} else if b.shared {
		_ = b.control.SetReadDeadline(b.until)
	}
	if b.closed.Load() { // now that no deadline of this Read can undo the one of Close
		return 0, errBodyClosed
	}
	n, err := b.stream.Read(p)
	b.moved += n
	b.came.Add(int64(n))
	if b.shared { // a deadline that passes while nobody reads would end the stream
		_ = b.control.SetReadDeadline(time.Time{})
	}
	if err == nil {
		return n, nil
	}
	b.ended.Store(true)
	b.root.Restart()
	return n, b.explain(err)
}

// explain says what the client did wrong where the body can't be read.
func (b *requestBody) explain(err error) error {
	var network net.Error
	status, kind, detail := http.StatusBadRequest, "", ""
	switch {
	case err == io.EOF, errors.Is(err, http.ErrBodyReadAfterClose):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		status, kind, detail = http.StatusRequestTimeout, bus.TypeSlowBody, "the body came too slowly: at least 16 KiB are due in each 10 seconds"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network), b.shared:
		detail = "the body ended early"
	default:
		detail = "the chunks of the body can't be told apart: " + err.Error()
	}
	return &bus.Error{Status: status, Type: kind, Err: err, Detail: detail}
}

// Close leaves the rest of the body unread, and waits for whoever reads it. It
// does not close net/http's, which would wait for the rest.
func (b *requestBody) Close() error {
	if b == nil || b.closed.Swap(true) {
		return nil
	}
	if b.reading.TryLock() {
		b.reading.Unlock()
		return nil
	}
	err := b.control.SetReadDeadline(time.Unix(1, 0))
	b.reading.Lock()
	defer b.reading.Unlock()
	return err
}

// size returns how many bytes were read.
func (b *requestBody) size() int64 {
	if b == nil {
		return 0
	}
	return b.came.Load()
}

// unread reports whether there may be more of the body.
func (b *requestBody) unread() bool { return b != nil && !b.ended.Load() }

// abandon bounds the time for which net/http waits for what is unread, so that
// the client can read the answer before the connection ends.
func (b *requestBody) abandon() {
	if b.unread() {
		_ = b.control.SetReadDeadline(time.Now().Add(time.Second))
	}
}

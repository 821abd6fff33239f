package remote

import (
	"errors"
	"fmt"
	"io"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// stream is the body of an answer while it comes. Its end gives the connection
// back. It may be closed by another goroutine than the one that reads it: it may
// be the body of another request.
type stream struct {
	call    *call
	chunked bool
	keep    bool // the connection is good for another call afterwards

	reading sync.Mutex // guards what follows
	from    io.Reader
	left    int64 // of a body of known size
	trailer bus.Header
	err     error // once it has ended
}

func newStream(c *call, a *answer) *stream {
	s := &stream{call: c, from: c.conn.in, left: a.size, chunked: a.chunked, keep: !a.last}
	if a.chunked {
		s.from = httputil.NewChunkedReader(c.conn.in)
	}
	return s
}

// Read is part of io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	if s.left >= 0 && int64(len(p)) > s.left {
		p = p[:s.left]
	}
	n, err := s.from.Read(p)
	if s.left >= 0 {
		s.left -= int64(n)
	}
	switch {
	case s.left == 0:
		err = io.EOF
	case err == io.EOF && s.left > 0:
		err = fmt.Errorf("the body ended %d bytes early: %w", s.left, io.ErrUnexpectedEOF)
	case err == io.EOF && s.chunked:
		err = s.readTrailer()
	}
	if err != nil {
		s.end(err)
	}
	return n, s.err
}

// readTrailer reads what follows the last chunk (RFC 9112 section 7.1.2).
func (s *stream) readTrailer() error {
	lines, err := s.call.conn.readLines()
	if err != nil {
		return fmt.Errorf("after the last chunk: %w", err)
	}
	if s.trailer, err = parseFields(lines, &framing{size: -1}); err != nil {
		return fmt.Errorf("after the last chunk: %w", err)
	}
	return io.EOF
}

// end notes how the body ended. Only the first call does anything. The caller
// holds reading.
func (s *stream) end(err error) {
	if s.err != nil {
		return
	}
	whole := err == io.EOF
	s.err = err
	if !whole {
		s.err = failure(s.call.ctx, err)
	}
	s.call.end(whole && s.keep)
}

var errClosed = errors.New("the body of the answer is closed")

// Close gives up what has not been read, and waits for who reads.
func (s *stream) Close() error {
	if !s.reading.TryLock() {
		s.call.leave()
		s.reading.Lock()
	}
	defer s.reading.Unlock()
	s.end(errClosed)
	return nil
}

// Trailer returns what came after the body.
func (s *stream) Trailer() bus.Header { return s.trailer }

// upgraded is a connection that HTTP has left.
type upgraded struct {
	io.Reader
	call  *call
	close sync.Once
}

// Write is part of io.Writer. A server that takes nothing more ends the
// connection: while it is waited for, nobody reads what comes from the client.
func (u *upgraded) Write(p []byte) (int, error) {
	conn := u.call.conn
	if err := conn.SetWriteDeadline(time.Now().Add(conn.window)); err != nil {
		return 0, err
	}
	if over := u.call.over(); over != nil { // whose deadline may have come before ours
		return 0, over
	}
	return conn.TCPConn.Write(p)
}

// Close ends the connection. Any goroutine may call it.
func (u *upgraded) Close() error {
	u.close.Do(func() { u.call.end(false) })
	return nil
}

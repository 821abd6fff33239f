package wire

import (
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/bus"
)

// SendBody gives a body to send, in chunks that are sent when it returns. It
// does not close the body.
func SendBody(body *bus.Body, send func(chunk []byte) error) error {
	if body.Stream() == nil {
		data, err := body.Bytes(body.Size())
		for len(data) > 0 && err == nil {
			n := min(len(data), Chunk)
			err, data = send(data[:n]), data[n:]
		}
		return err
	}
	size := int64(Chunk)
	if body.Size() >= 0 {
		size = max(1, min(size, body.Size()))
	}
	from, left := body.Stream(), body.Size()
	for buffer := make([]byte, size); left != 0; {
		n, err := io.ReadFull(from, within(buffer, left))
		if n > 0 {
			if err := send(buffer[:n]); err != nil {
				return err
			}
			left -= int64(n) // below zero it is not known, and stays so
		}
		switch {
		case (err == io.EOF || err == io.ErrUnexpectedEOF) && left < 0:
			return nil
		case err == io.EOF:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
	return nil
}

// within shortens a buffer to what is left, where that is known.
func within(buffer []byte, left int64) []byte {
	if left >= 0 && left < int64(len(buffer)) {
		return buffer[:left]
	}
	return buffer
}

// A Reader reads the chunks of a body from the wire. Not safe for concurrent
// use, but for Close.
type Reader struct {
	next  func() (chunk []byte, end bool, err error)
	close func()
	rest  []byte
	err   error
}

// NewReader returns a Reader of the chunks that next gives; its last is none,
// with end. An io.EOF before that is a stream that broke. close is called by
// Close; nil does nothing.
func NewReader(next func() (chunk []byte, end bool, err error), close func()) *Reader {
	return &Reader{next: next, close: close}
}

// Read is part of io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 && r.err == nil {
		chunk, end, err := r.next()
		switch {
		case err == io.EOF:
			r.err = io.ErrUnexpectedEOF
		case err != nil:
			r.err = err
		case end:
			r.err = io.EOF
		default:
			r.rest = chunk
		}
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// Close is part of io.Closer.
func (r *Reader) Close() error {
	if r.close != nil {
		r.close()
	}
	return nil
}

// Misplaced is the error of a message that is not the one that has to come.
func Misplaced(wanted string) error {
	return status.Errorf(codes.Internal, "the stream does not have %s in its place", wanted)
}

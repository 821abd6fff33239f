package wire

import (
	"errors"
	"fmt"
	"io"

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
		n, err := fill(within(buffer, left), from)
		if err != nil && err != io.EOF {
			return err
		}
		if n > 0 {
			if err := send(buffer[:n]); err != nil {
				return err
			}
			left -= int64(n) // below zero it is not known, and stays so
		}
		switch {
		case err == io.EOF && left > 0:
			return io.ErrUnexpectedEOF
		case err == io.EOF:
			return nil
		}
	}
	return nil
}

// fill reads until the buffer is full. Unlike io.ReadFull it keeps the end of a
// stream, io.EOF, apart from one that broke, whose error is often
// io.ErrUnexpectedEOF.
func fill(buffer []byte, from io.Reader) (n int, err error) {
	for n < len(buffer) && err == nil {
		var m int
		m, err = from.Read(buffer[n:])
		n += m
	}
	return n, err
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
	left  int64 // below zero it is not known, and stays so
	rest  []byte
	err   error
}

// NewReader returns a Reader of the chunks that next gives; its last is none,
// with end. An io.EOF before that is a stream that broke, and so is one that has
// another size than it said: -1 is not known. close is called by Close; nil does
// nothing.
func NewReader(size int64, next func() (chunk []byte, end bool, err error), close func()) *Reader {
	return &Reader{next: next, close: close, left: size}
}

// The errors of bodies that have another size than was said before.
var (
	ErrShort = fmt.Errorf("fewer bytes than it said: %w", io.ErrUnexpectedEOF)
	ErrLong  = errors.New("more bytes than it said")
)

// Read is part of io.Reader. The last bytes of a size that is known are given
// once their end has come.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 && r.err == nil {
		r.rest, r.err = r.chunk()
		if r.left == 0 && r.err == nil {
			r.err = r.finish()
		}
		if r.err != nil && r.err != io.EOF {
			r.rest = nil
		}
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// chunk returns the next chunk, or io.EOF where the end comes in its place.
func (r *Reader) chunk() ([]byte, error) {
	chunk, end, err := r.next()
	switch {
	case err == io.EOF:
		return nil, broken(io.ErrUnexpectedEOF)
	case err != nil:
		return nil, err
	case end && r.left > 0:
		return nil, broken(ErrShort)
	case end:
		return nil, io.EOF
	case r.left >= 0 && int64(len(chunk)) > r.left:
		return nil, broken(ErrLong)
	}
	r.left -= int64(len(chunk))
	return chunk, nil
}

// finish waits for the end where all bytes have come.
func (r *Reader) finish() error {
	for {
		if _, err := r.chunk(); err != nil {
			return err
		}
	}
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
	return fmt.Errorf("the stream does not have %s in its place", wanted)
}

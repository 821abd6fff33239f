package bus

import (
	"io"
	"iter"
	"sync"
)

// pulled is what Pull returns.
type pulled struct {
	mu   sync.Mutex // next and stop are never called at one time
	next func() ([]byte, error, bool)
	stop func()
	rest []byte // of what was written last
	err  error  // once it is not nil there is no more
}

// Pull returns the stream of what a function writes. The function goes on as far
// as is read, in turns with the reader: nothing runs beside it. What it returns
// is the end of the stream; once the stream is closed its writes fail. The
// caller closes the stream, which waits for a Read that is under way.
func Pull(write func(to io.Writer) error) io.ReadCloser {
	next, stop := iter.Pull2(func(yield func([]byte, error) bool) {
		err := write(writerFunc(func(p []byte) (int, error) {
			if !yield(p, nil) {
				return 0, io.ErrClosedPipe
			}
			return len(p), nil
		}))
		if err == nil {
			err = io.EOF
		}
		yield(nil, err)
	})
	return &pulled{next: next, stop: stop}
}

// Read is part of io.Reader.
func (s *pulled) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.rest) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		s.rest, s.err, _ = s.next()
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Close is part of io.Closer. It waits for a Read that is under way.
func (s *pulled) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.rest, s.err = nil, io.ErrClosedPipe
	return nil
}

type writerFunc func(p []byte) (int, error)

// Write is part of io.Writer.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

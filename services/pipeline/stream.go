package pipeline

import (
	"io"
	"iter"
	"sync"
)

// streamed returns the stream of what write writes of the parts. The first part
// is waited for, so that its failure is an error yet.
func streamed(parts iter.Seq2[*message, error], write func(to io.Writer, parts iter.Seq2[*message, error]) error) (io.ReadCloser, error) {
	take, stop := iter.Pull2(parts)
	first, err, ok := take()
	if err != nil {
		stop()
		return nil, err
	}
	all := func(yield func(*message, error) bool) {
		for m, err := first, error(nil); ok; m, err, ok = take() {
			if !yield(m, err) {
				return
			}
		}
	}
	s := &pulled{}
	next, end := iter.Pull2(func(yield func([]byte, error) bool) {
		defer stop()
		err := write(writerFunc(func(p []byte) (int, error) {
			if !yield(p, nil) {
				return 0, io.ErrClosedPipe
			}
			return len(p), nil
		}), all)
		if err == nil {
			err = io.EOF
		}
		yield(nil, err)
	})
	s.next, s.stop = next, func() {
		end()
		stop()
		if first != nil {
			first.close()
		}
	}
	return s, nil
}

// pulled is the stream of what a function writes, which goes on as far as is
// read. What the function returns is the end of the stream.
type pulled struct {
	mu   sync.Mutex // next and stop are never called at one time
	next func() ([]byte, error, bool)
	stop func()
	rest []byte // of what was written last
	err  error  // once it is not nil there is no more
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

// Close is part of io.Closer. It waits for a Read that is under way, and for
// the work on the parts.
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

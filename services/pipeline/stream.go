package pipeline

import (
	"io"
	"iter"

	"github.com/seed90475182/restspace/bus"
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
	stream := bus.Pull(func(to io.Writer) error {
		defer stop()
		return write(to, all)
	})
	return &partStream{stream, func() {
		stop()
		if first != nil {
			first.close()
		}
	}}, nil
}

// partStream is a stream made of parts, which are given up with it.
type partStream struct {
	io.ReadCloser
	giveUp func()
}

// Close is part of io.Closer. It waits for a Read that is under way, and for
// the work on the parts.
func (s *partStream) Close() error {
	defer s.giveUp()
	return s.ReadCloser.Close()
}

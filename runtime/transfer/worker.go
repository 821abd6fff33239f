package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// bufferSize is how much of a document a worker has in memory at a time,
// beside what the stores do.
const bufferSize = 64 << 10

// A worker does with one document after the other.
type worker struct {
	*Copy
	buffers [2][bufferSize]byte
	hash    hash.Hash // of what is read from From; nil unless it is compared
}

// copy has a document of From be in To.
func (w *worker) copy(ctx context.Context, d document) Step {
	if d.inTo {
		same, err := w.same(ctx, d.key)
		if err != nil {
			return Step{Failed, d.key, err}
		}
		if same {
			return Step{Action: Equal, Key: d.key}
		}
	}
	if w.DryRun {
		return Step{Action: Copied, Key: d.key}
	}
	size, err := w.write(ctx, d.key)
	if err == nil && !w.NoVerify {
		err = w.verify(ctx, d.key)
	}
	if err != nil {
		w.read.Add(-size)
		return Step{Failed, d.key, err}
	}
	return Step{Action: Copied, Key: d.key}
}

// write copies a document, and leaves its hash in w.hash. size is how much of it
// was counted.
func (w *worker) write(ctx context.Context, key adaptors.Key) (size int64, err error) {
	body, _, err := w.From.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return 0, inFrom(err)
	}
	if w.hash = nil; !w.NoVerify {
		w.hash = sha256.New()
	}
	from := &source{worker: w, reader: body.Reader(), Closer: body}
	if body.Stream() != nil {
		body = bus.NewStream(from, body.Size(), body.MediaType())
	} else {
		_, _ = io.Copy(io.Discard, from) // bytes have no errors
	}
	_, err = w.To.Put(ctx, key, body, adaptors.Condition{})
	switch {
	case from.err != nil:
		err = inFrom(fmt.Errorf("get %s: %w", key, from.err))
	case errors.Is(err, fs.ErrExist):
		err = inTo(fmt.Errorf("%w: a document and a directory can't have one name there: remove the one that is in the way", err))
	case err != nil:
		err = inTo(err)
	}
	return from.size, err
}

// source is the content of a document of From. It is counted and hashed while
// it is read, and its own errors are kept apart from those of To.
type source struct {
	worker *worker
	reader io.Reader
	io.Closer
	size int64
	err  error
}

// Read is part of io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.reader.Read(p)
	if s.worker.hash != nil {
		s.worker.hash.Write(p[:n])
	}
	s.size += int64(n)
	s.worker.read.Add(int64(n))
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// verify reads back what was written.
func (w *worker) verify(ctx context.Context, key adaptors.Key) error {
	body, _, err := w.To.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return inTo(err)
	}
	defer body.Close() // it was read to its end, or the error is told
	stored := sha256.New()
	if _, err := io.CopyBuffer(stored, body.Reader(), w.buffers[0][:]); err != nil {
		return inTo(fmt.Errorf("get %s: %w", key, err))
	}
	if !bytes.Equal(stored.Sum(nil), w.hash.Sum(nil)) {
		return inTo(fmt.Errorf("get %s: what was written comes back with another hash (SHA-256): run the copy again", key))
	}
	return nil
}

// same reports whether a document is equal in both stores.
func (w *worker) same(ctx context.Context, key adaptors.Key) (bool, error) {
	a, infoA, err := w.From.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return false, inFrom(err)
	}
	defer a.Close()
	b, infoB, err := w.To.Get(ctx, key, adaptors.GetOptions{})
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // removed since it was listed
	}
	if err != nil {
		return false, inTo(err)
	}
	defer b.Close()
	if infoA.Size != infoB.Size {
		return false, nil
	}
	return w.equal(key, a.Reader(), b.Reader())
}

// equal compares two contents, up to the first difference. One that breaks off
// is not the whole one: copying it finds out what is wrong.
func (w *worker) equal(key adaptors.Key, a, b io.Reader) (bool, error) {
	for {
		n, errA := fill(a, w.buffers[0][:])
		m, errB := fill(b, w.buffers[1][:])
		switch {
		case failed(errA):
			return false, inFrom(fmt.Errorf("get %s: %w", key, errA))
		case failed(errB):
			return false, inTo(fmt.Errorf("get %s: %w", key, errB))
		case errA == io.ErrUnexpectedEOF || errB == io.ErrUnexpectedEOF || !bytes.Equal(w.buffers[0][:n], w.buffers[1][:m]):
			return false, nil
		case errA != nil && errB != nil:
			return true, nil
		}
	}
}

// fill reads until p is full. An error is that of r: unlike that of
// io.ReadFull it tells a content that ends from one that breaks off.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}

// failed reports whether an error of a reader is more than an end.
func failed(err error) bool {
	return err != nil && err != io.EOF && err != io.ErrUnexpectedEOF
}

// remove removes a document of To that From has not. From is asked again, so
// that nothing goes which only a listing left out.
func (w *worker) remove(ctx context.Context, d document) Step {
	_, _, err := w.From.Get(ctx, d.key, adaptors.GetOptions{Meta: true})
	switch {
	case err == nil:
		return Step{Failed, d.key, inFrom(fmt.Errorf("list: %s was left out, though it is there: it stays in TO", d.key))}
	case !errors.Is(err, fs.ErrNotExist):
		return Step{Failed, d.key, inFrom(err)}
	case w.DryRun:
		return Step{Action: Removed, Key: d.key}
	}
	if err := w.To.Delete(ctx, d.key, adaptors.Condition{}); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Step{Failed, d.key, inTo(err)}
	}
	return Step{Action: Removed, Key: d.key}
}

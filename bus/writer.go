package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
)

// A ReplyWriter writes replies to clients of net/http. It is safe for
// concurrent use; make one with [NewReplyWriter] and keep it.
type ReplyWriter struct {
	small sync.Pool // *[smallBody]byte
}

const (
	smallBody = 64 << 10 // what is read and written at once
	bulkCopy  = 1 << 20  // what is copied between two calls of moving
)

// NewReplyWriter returns a ReplyWriter.
func NewReplyWriter() *ReplyWriter {
	return &ReplyWriter{small: sync.Pool{New: func() any { return new([smallBody]byte) }}}
}

// Write writes reply as the answer to r, and closes its body. moving, which
// may be nil, is called before each piece of the body, so that the caller can
// move a deadline. Write returns the number of bytes of the body that went
// out, and an error when they were not all: the connection is broken then.
func (rw *ReplyWriter) Write(w http.ResponseWriter, r *http.Request, reply *Message, moving func()) (n int64, err error) {
	defer func() { err = errors.Join(err, reply.Close()) }()
	if reply.Status == http.StatusSwitchingProtocols {
		return rw.upgrade(w, r, reply)
	}
	h := w.Header()
	fillHTTP(h, reply.Header, reply.Body)
	size := reply.Body.Size()
	bodiless := r.Method == http.MethodHead || reply.Status == http.StatusNoContent || reply.Status == http.StatusNotModified
	if size >= 0 && reply.Status >= 200 && reply.Status != http.StatusNoContent && reply.Status != http.StatusNotModified {
		h["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	}
	if h["Content-Type"] == nil {
		h["Content-Type"] = nil // net/http is not to guess one
	}
	w.WriteHeader(reply.Status)
	if bodiless || size == 0 {
		return 0, nil
	}
	if moving == nil {
		moving = func() {}
	}
	return rw.body(w, reply.Body, moving)
}

func (rw *ReplyWriter) body(w http.ResponseWriter, b *Body, moving func()) (int64, error) {
	if b.stream == nil {
		moving()
		n, err := w.Write(b.data)
		return int64(n), err
	}
	if file, ok := b.stream.(*os.File); ok && b.size >= 0 {
		if b.size <= smallBody {
			moving()
			return rw.writeSmall(w, file, int(b.size))
		}
		return copyFile(w, file, b.size, moving)
	}
	return rw.copyStream(w, b, moving)
}

// writeSmall reads a small file and writes it, once each.
func (rw *ReplyWriter) writeSmall(w io.Writer, file *os.File, size int) (int64, error) {
	buffer := rw.small.Get().(*[smallBody]byte)
	defer rw.small.Put(buffer)
	if _, err := io.ReadFull(file, buffer[:size]); err != nil {
		return 0, fmt.Errorf("file ends early: %w", err)
	}
	n, err := w.Write(buffer[:size])
	return int64(n), err
}

// copyFile copies a file of known size in pieces that net/http can give to
// sendfile.
func copyFile(w io.Writer, file *os.File, size int64, moving func()) (n int64, err error) {
	for n < size && err == nil {
		moving()
		var m int64
		m, err = io.CopyN(w, file, min(bulkCopy, size-n))
		n += m
	}
	return n, err
}

// copyStream copies what is no file. What has no known size is sent on as it
// comes.
func (rw *ReplyWriter) copyStream(w http.ResponseWriter, b *Body, moving func()) (n int64, err error) {
	buffer := rw.small.Get().(*[smallBody]byte)
	defer rw.small.Put(buffer)
	flush := func() error { return nil }
	if b.size < 0 {
		flush = http.NewResponseController(w).Flush
	}
	for {
		m, readErr := b.stream.Read(buffer[:])
		if m > 0 {
			moving()
			written, err := w.Write(buffer[:m])
			n += int64(written)
			if err = errors.Join(err, flush()); err != nil {
				return n, err
			}
		}
		switch {
		case readErr == io.EOF && b.size >= 0 && n < b.size:
			return n, io.ErrUnexpectedEOF
		case readErr == io.EOF:
			return n, nil
		case readErr != nil:
			return n, readErr
		}
	}
}

// upgrade gives the connection of r to the two sides of an upgrade and waits
// until both have ended.
func (rw *ReplyWriter) upgrade(w http.ResponseWriter, r *http.Request, reply *Message) (int64, error) {
	inside, ok := reply.Body.Stream().(io.ReadWriteCloser)
	if !ok {
		return 0, errors.New("a reply of status 101 without a connection in its body")
	}
	fillHTTP(w.Header(), reply.Header, nil)
	w.WriteHeader(http.StatusSwitchingProtocols)
	outside, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return 0, fmt.Errorf("upgrade: %w", err)
	}
	stop := context.AfterFunc(r.Context(), func() { _ = outside.Close() })
	defer stop()
	return splice(outside, io.MultiReader(io.LimitReader(buffered, int64(buffered.Reader.Buffered())), outside), inside)
}

// splice copies both ways until one side ends, then closes both.
func splice(outside net.Conn, fromOutside io.Reader, inside io.ReadWriteCloser) (int64, error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(inside, fromOutside)
		_ = inside.Close()
	}()
	n, _ := io.Copy(outside, inside)
	_ = outside.Close()
	<-done
	return n, nil
}

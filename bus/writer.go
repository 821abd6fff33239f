package bus

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
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
	defer reply.Close() // that a stream was read to its end is what counts
	if reply.Status == http.StatusSwitchingProtocols {
		return rw.upgrade(w, r, reply)
	}
	h, size, length := w.Header(), reply.Body.Size(), ""
	if size >= 0 && BodyAllowed(reply.Status) {
		length = strconv.FormatInt(size, 10)
	}
	fillHTTP(h, reply.Header, reply.Body.MediaType(), length)
	if size != 0 && h["Content-Type"] == nil {
		h["Content-Type"] = nil // net/http is not to guess one
	}
	w.WriteHeader(reply.Status)
	if size == 0 || bodyless(r.Method, reply.Status) {
		return 0, nil
	}
	if moving == nil {
		moving = func() {}
	}
	return rw.body(w, reply.Body, moving)
}

func (rw *ReplyWriter) body(w http.ResponseWriter, b *Body, moving func()) (int64, error) {
	if b.stream == nil {
		return writeBytes(w, b.data, moving)
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

func writeBytes(w io.Writer, data []byte, moving func()) (n int64, err error) {
	for piece := range slices.Chunk(data, bulkCopy) {
		moving()
		m, err := w.Write(piece)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
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
	if err == io.EOF {
		err = fmt.Errorf("file ends after %d of %d bytes: %w", n, size, io.ErrUnexpectedEOF)
	}
	return n, err
}

// copyStream copies what is no file. What has no known size is sent on as it
// comes, the header at once: its client may wait for that.
func (rw *ReplyWriter) copyStream(w http.ResponseWriter, b *Body, moving func()) (n int64, err error) {
	buffer := rw.small.Get().(*[smallBody]byte)
	defer rw.small.Put(buffer)
	flush := func() error { return nil }
	if b.size < 0 {
		flush = http.NewResponseController(w).Flush
		if err := flush(); err != nil {
			return 0, err
		}
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
		if readErr == io.EOF {
			fillTrailer(w.Header(), http.TrailerPrefix, b.Trailer())
			return n, nil
		}
		if readErr != nil {
			return n, readErr
		}
	}
}

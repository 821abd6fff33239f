package bus

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// handlerWriter collects what a handler writes. The handler's goroutine has it
// until begun is closed. Then stream or conn is set, or the handler has ended,
// and what the reply is made of does not change any more.
type handlerWriter struct {
	header http.Header
	status int
	sent   http.Header // header as it was when status was written
	buffer bytes.Buffer
	stream io.ReadCloser  // set when the reply is longer than the buffer, or flushed
	pipe   *io.PipeWriter // the other end of stream
	conn   net.Conn       // set when the handler hijacked: its other end

	begun, ended chan struct{}
	ready        func() // closes begun
	panicked     error
}

func newHandlerWriter() *handlerWriter {
	begun := make(chan struct{})
	return &handlerWriter{
		header: make(http.Header), begun: begun, ended: make(chan struct{}),
		ready: sync.OnceFunc(func() { close(begun) }),
	}
}

// Header is part of http.ResponseWriter.
func (w *handlerWriter) Header() http.Header { return w.header }

// WriteHeader is part of http.ResponseWriter.
func (w *handlerWriter) WriteHeader(status int) {
	if w.status == 0 && w.conn == nil && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write is part of http.ResponseWriter.
func (w *handlerWriter) Write(p []byte) (int, error) {
	if w.conn != nil {
		return 0, http.ErrHijacked
	}
	w.WriteHeader(http.StatusOK)
	if !bodyAllowed(w.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if w.pipe == nil {
		w.guessType(p)
		if w.buffer.Len()+len(p) <= smallBody {
			return w.buffer.Write(p)
		}
		w.Flush()
	}
	return w.pipe.Write(p)
}

// guessType names the type of a reply that begins with p, as http.ResponseWriter
// promises to a handler that names none.
func (w *handlerWriter) guessType(p []byte) {
	_, typed := w.sent["Content-Type"]
	if typed || len(p) == 0 || w.sent["Content-Encoding"] != nil {
		return
	}
	w.sent["Content-Type"] = []string{http.DetectContentType(p)}
}

// Flush is part of http.Flusher: the reply begins now.
func (w *handlerWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	if w.stream != nil || w.conn != nil {
		return
	}
	reader, writer := io.Pipe()
	w.pipe = writer
	w.stream = readConn{io.MultiReader(bytes.NewReader(w.buffer.Bytes()), reader), reader}
	w.ready()
}

// Hijack is part of http.Hijacker.
func (w *handlerWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.conn != nil {
		return nil, nil, http.ErrHijacked
	}
	if w.status != 0 && w.status != http.StatusSwitchingProtocols {
		return nil, nil, errors.New("the reply has begun already: too late to hijack")
	}
	inside, outside := net.Pipe()
	w.conn = outside
	w.ready()
	return inside, bufio.NewReadWriter(bufio.NewReader(inside), bufio.NewWriter(inside)), nil
}

// buffered returns the body of a reply that is finished. One that is shorter
// than the handler declared is as short to its reader as to a client; a HEAD
// has its size alone.
func (w *handlerWriter) buffered() *Body {
	data, mediaType := w.buffer.Bytes(), w.sent.Get("Content-Type")
	if size := w.declared(); size > int64(len(data)) {
		return NewStream(io.NopCloser(bytes.NewReader(data)), size, mediaType)
	}
	return NewBody(data, mediaType)
}

// declared returns the size that the handler named, or -1.
func (w *handlerWriter) declared() int64 {
	size, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64)
	if err != nil || size < 0 {
		return -1
	}
	return size
}

// readConn reads from one thing and closes another.
type readConn struct {
	io.Reader
	io.Closer
}

// bufferedConn is a connection whose first bytes were read already.
type bufferedConn struct {
	net.Conn
	from *bufio.Reader
}

func newBufferedConn(conn net.Conn) bufferedConn {
	return bufferedConn{conn, bufio.NewReader(conn)}
}

// Read is part of io.Reader.
func (c bufferedConn) Read(p []byte) (int, error) { return c.from.Read(p) }

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
	header    http.Header
	status    int
	sent      Header // header as it was when status was written
	mediaType string // what it said of the body
	declared  int64  // the size that it named, or -1
	guess     bool   // it left the type open: the first bytes tell
	buffer    bytes.Buffer
	stream    io.ReadCloser  // set when the reply is longer than the buffer, or flushed
	pipe      *io.PipeWriter // the other end of stream
	conn      net.Conn       // set when the handler hijacked: its other end

	begun, ended chan struct{}
	begin        sync.Once
	panicked     error
}

func newHandlerWriter() *handlerWriter {
	return &handlerWriter{header: make(http.Header), begun: make(chan struct{}), ended: make(chan struct{})}
}

// ready says that the reply has begun.
func (w *handlerWriter) ready() { w.begin.Do(func() { close(w.begun) }) }

// Header is part of http.ResponseWriter.
func (w *handlerWriter) Header() http.Header { return w.header }

// WriteHeader is part of http.ResponseWriter.
func (w *handlerWriter) WriteHeader(status int) {
	if w.status == 0 && w.conn == nil && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status, w.sent = status, HeaderFrom(nil, w.header)
		w.mediaType, w.declared = w.header.Get("Content-Type"), declaredSize(w.header)
		_, typed := w.header["Content-Type"]
		w.guess = !typed && w.header["Content-Encoding"] == nil
	}
}

// declaredSize returns the size that a header names, or -1.
func declaredSize(h http.Header) int64 {
	text := h.Get("Content-Length")
	if text == "" {
		return -1
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil || size < 0 {
		return -1
	}
	return size
}

// Write is part of http.ResponseWriter.
func (w *handlerWriter) Write(p []byte) (int, error) {
	if w.conn != nil {
		return 0, http.ErrHijacked
	}
	w.WriteHeader(http.StatusOK)
	if !BodyAllowed(w.status) {
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
	if w.guess && len(p) > 0 {
		w.mediaType, w.guess = http.DetectContentType(p), false
	}
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
	data := w.buffer.Bytes()
	if w.declared > int64(len(data)) {
		return NewStream(io.NopCloser(bytes.NewReader(data)), w.declared, w.mediaType)
	}
	return NewBody(data, w.mediaType)
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

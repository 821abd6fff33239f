package bus

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// FromHandler shows h as a Service. A reply that h finishes within 64 KiB is
// bytes; a longer one, or one that h flushes, is a stream that h goes on
// writing while it is read. h can hijack: the reply is a 101 then, with the
// connection in its body. Closing the body ends h's context and waits for h.
func FromHandler(h http.Handler) Service {
	return ServiceFunc(func(ctx context.Context, m *Message) (*Message, error) {
		ctx, cancel := context.WithCancel(ctx)
		w := &handlerWriter{header: make(http.Header), ready: make(chan struct{}), ended: make(chan struct{})}
		r := httpRequest(ctx, m)
		go w.run(h, r)
		select {
		case <-w.ready:
		case <-ctx.Done():
			err := ctx.Err()
			cancel()
			<-w.ready // at the latest when h ends
			w.abandon()
			<-w.ended
			return nil, err
		}
		if w.stream == nil {
			cancel()
			<-w.ended
			if w.panicked != nil {
				return nil, w.panicked
			}
			return w.reply(NewBody(w.buffer.Bytes(), w.header.Get("Content-Type"))), nil
		}
		body := NewStream(w.stream, w.size(), w.header.Get("Content-Type"))
		body.OnClose(func() { cancel(); <-w.ended })
		return w.reply(body), nil
	})
}

// httpRequest returns m as net/http has it.
func httpRequest(ctx context.Context, m *Message) *http.Request {
	u := httpURL(m.URL)
	header := make(http.Header, len(m.Header)+1)
	fillHTTP(header, m.Header, m.Body)
	r := &http.Request{
		Method: m.Method, URL: u, RequestURI: u.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Host: m.URL.Host, Body: http.NoBody,
	}
	if m.Body != nil {
		r.Body, r.ContentLength = readBody{m.Body.Reader(), m.Body}, m.Body.Size()
	}
	return r.WithContext(ctx)
}

// handlerWriter collects what a handler writes. The handler's goroutine has it
// until ready is closed; then stream is set, or the handler has ended.
type handlerWriter struct {
	header http.Header
	status int
	buffer bytes.Buffer
	sent   http.Header   // header as it was when the reply began
	stream io.ReadCloser // set when the reply is longer than the buffer, flushed or hijacked
	pipe   *io.PipeWriter

	ready, ended chan struct{}
	begin        sync.Once
	panicked     error
}

func (w *handlerWriter) run(h http.Handler, r *http.Request) {
	defer close(w.ended)
	defer func() {
		if caught := recover(); caught != nil {
			w.panicked = panicError(caught)
		}
		if w.pipe != nil {
			_ = w.pipe.CloseWithError(w.panicked) // nil is io.EOF
		}
		w.WriteHeader(http.StatusOK)
		_ = r.Body.Close()
		w.begin.Do(func() { close(w.ready) })
	}()
	h.ServeHTTP(w, r)
}

// abandon closes what the handler would go on writing to.
func (w *handlerWriter) abandon() {
	if w.stream != nil {
		_ = w.stream.Close()
	}
}

// Header is part of http.ResponseWriter.
func (w *handlerWriter) Header() http.Header { return w.header }

// WriteHeader is part of http.ResponseWriter.
func (w *handlerWriter) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write is part of http.ResponseWriter.
func (w *handlerWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.pipe == nil {
		if w.buffer.Len()+len(p) <= smallBody {
			return w.buffer.Write(p)
		}
		w.Flush()
	}
	return w.pipe.Write(p)
}

// Flush is part of http.Flusher: the reply begins now.
func (w *handlerWriter) Flush() {
	w.WriteHeader(http.StatusOK)
	if w.pipe != nil || w.stream != nil {
		return
	}
	reader, writer := io.Pipe()
	w.pipe = writer
	w.stream = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(w.buffer.Bytes()), reader), reader}
	w.begin.Do(func() { close(w.ready) })
}

// Hijack is part of http.Hijacker: the reply becomes a 101 with the other end
// of the connection in its body.
func (w *handlerWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if w.stream != nil {
		return nil, nil, errors.New("the reply has begun already: too late to hijack")
	}
	w.WriteHeader(http.StatusSwitchingProtocols)
	w.status = http.StatusSwitchingProtocols
	inside, outside := net.Pipe()
	w.stream = outside
	w.begin.Do(func() { close(w.ready) })
	return inside, bufio.NewReadWriter(bufio.NewReader(inside), bufio.NewWriter(inside)), nil
}

func (w *handlerWriter) size() int64 {
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		return n
	}
	return -1
}

func (w *handlerWriter) reply(body *Body) *Message {
	reply := Reply(w.status, body)
	reply.Header = HeaderFrom(nil, w.sent)
	return reply
}

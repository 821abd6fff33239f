package bus

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
)

// FromHandler shows h as a Service. A reply that h finishes within 64 KiB is
// bytes; a longer one, or one that h flushes, is a stream that h goes on
// writing while it is read. h can hijack: the reply is then what it writes to
// the connection, or a 101 if it wrote that as a status before, with the
// connection in its body. Closing the body ends h's context and waits for h.
//
// h sees the host, the address and TLS of the client's request, as far as the
// [Root] of ctx knows them: the port of the address is 0, and of TLS it is known
// that there was a handshake.
func FromHandler(h http.Handler) Service {
	return ServiceFunc(func(ctx context.Context, m *Message) (*Message, error) {
		ctx, cancel := context.WithCancel(ctx)
		w := newHandlerWriter()
		r := httpRequest(ctx, m)
		if root := RootOf(ctx); root != nil {
			root.describe(r)
		}
		go w.run(h, r)
		reply, err := w.await(r)
		if err != nil || reply.Body.Stream() == nil {
			cancel()
			w.abandon()
			return reply, err
		}
		reply.Body.OnClose(func() { cancel(); <-w.ended })
		return reply, nil
	})
}

// httpRequest returns m as net/http has it.
func httpRequest(ctx context.Context, m *Message) *http.Request {
	u := httpURL(m.URL)
	header := make(http.Header, len(m.Header)+1)
	fillHTTP(header, m.Header, m.Body.MediaType(), "")
	r := new(http.Request).WithContext(ctx) // a copy of an empty one costs nothing
	r.Method, r.URL, r.RequestURI = m.Method, u, u.RequestURI()
	r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	r.Header, r.Host, r.Body = header, m.URL.Host, http.NoBody
	if m.Body != nil {
		r.ContentLength = m.Body.Size()
		r.Trailer, r.Body = trailerOf(m.Body, readBody{m.Body.Reader(), m.Body})
	}
	return r
}

// describe tells a handler of the client's connection.
func (r *Root) describe(request *http.Request) {
	if request.Host == "" {
		request.Host = r.Host
	}
	if r.Client != "" {
		request.RemoteAddr = net.JoinHostPort(r.Client, "0")
	}
	if r.Secure {
		request.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
}

// run has h answer r.
func (w *handlerWriter) run(h http.Handler, r *http.Request) {
	defer close(w.ended)
	defer func() {
		if caught := recover(); caught != nil {
			w.panicked = panicError(caught)
		}
		w.WriteHeader(http.StatusOK)
		if w.pipe != nil {
			_ = w.pipe.CloseWithError(w.panicked) // nil is io.EOF
		}
		_ = r.Body.Close()
		w.ready()
	}()
	h.ServeHTTP(w, r)
}

// await returns what the handler replies to r.
func (w *handlerWriter) await(r *http.Request) (*Message, error) {
	ctx := r.Context()
	select {
	case <-w.begun:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch {
	case w.conn != nil && w.status == 0:
		return w.readReply(r)
	case w.conn != nil:
		return w.reply(NewStream(w.conn, -1, "")), nil
	case w.stream != nil:
		return w.reply(NewStream(w.stream, w.declared, w.mediaType)), nil
	case w.panicked != nil:
		return nil, w.panicked
	}
	return w.reply(w.buffered()), nil
}

// abandon closes what the handler would go on writing to, and waits for it.
func (w *handlerWriter) abandon() {
	<-w.begun // at the latest when the handler ends
	if w.stream != nil {
		_ = w.stream.Close()
	}
	if w.conn != nil {
		_ = w.conn.Close()
	}
	<-w.ended
}

func (w *handlerWriter) reply(body *Body) *Message {
	return &Message{Status: w.status, Header: w.sent, Body: body}
}

// readReply reads the reply that the handler writes to the connection which it
// hijacked.
func (w *handlerWriter) readReply(r *http.Request) (*Message, error) {
	defer context.AfterFunc(r.Context(), func() { _ = w.conn.Close() })()
	conn := newBufferedConn(w.conn)
	answer, err := http.ReadResponse(conn.from, r)
	if err != nil {
		if ended := r.Context().Err(); ended != nil {
			return nil, ended
		}
		return nil, fmt.Errorf("reply on a hijacked connection: %w", err)
	}
	body := NewStream(conn, -1, "")
	if answer.StatusCode != http.StatusSwitchingProtocols {
		body = NewStream(readConn{answer.Body, conn}, answer.ContentLength, answer.Header.Get("Content-Type"))
	}
	return &Message{Status: answer.StatusCode, Header: HeaderFrom(nil, answer.Header), Body: body}, nil
}

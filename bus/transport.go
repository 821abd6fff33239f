package bus

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Transport lets an http.Client talk to s, whatever host it names. Errors of s
// come as problem documents, as a server would send them; where the request's
// context has ended, its error is the client's. It is safe for concurrent use.
func Transport(s Service) http.RoundTripper { return transport{s} }

type transport struct{ service Service }

// RoundTrip is part of http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var reply *Message
	var sent *Body
	m, err := requestOf(r, outgoingSize(r))
	if err == nil {
		if m.Method == "" {
			m.Method = http.MethodGet // what net/http takes it for
		}
		sent = m.Body
		reply, err = t.service.Serve(r.Context(), m)
	}
	if sent == nil && r.Body != nil {
		_ = r.Body.Close()
	}
	if err != nil {
		_ = sent.Close()
		if ended := r.Context().Err(); ended != nil {
			return nil, ended
		}
		reply = Problem(err, "", r.Header.Get("Accept"))
	}
	return response(r, reply, sent), nil
}

// outgoingSize returns the size of a client's body: 0 with a body is unknown.
func outgoingSize(r *http.Request) int64 {
	if r.ContentLength == 0 && r.Body != nil && r.Body != http.NoBody {
		return -1
	}
	return r.ContentLength
}

// response returns reply as net/http has it. Closing its body closes sent too.
func response(r *http.Request, reply *Message, sent *Body) *http.Response {
	size := reply.Body.Size()
	if !BodyAllowed(reply.Status) {
		size = 0
	}
	answer := &http.Response{
		Status:     fmt.Sprintf("%03d %s", reply.Status, http.StatusText(reply.Status)),
		StatusCode: reply.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        make(http.Header, len(reply.Header)+2),
		ContentLength: size,
		Request:       r,
		Body:          http.NoBody,
	}
	fillHTTP(answer.Header, reply.Header, reply.Body.MediaType(), "")
	if size >= 0 && BodyAllowed(reply.Status) {
		answer.Header["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	}
	if reply.Body == nil {
		_ = sent.Close()
		return answer
	}
	reply.Body.OnClose(func() { _ = sent.Close() })
	conn, _ := reply.Body.Stream().(io.ReadWriteCloser)
	switch {
	case reply.Status == http.StatusSwitchingProtocols && conn != nil:
		answer.Body = readWriteBody{conn, reply.Body}
	case bodyless(r.Method, reply.Status):
		_ = reply.Close()
	default:
		answer.Trailer, answer.Body = trailerOf(reply.Body, readBody{reply.Body.Reader(), reply.Body})
	}
	return answer
}

// readBody is a Body as net/http reads one.
type readBody struct {
	io.Reader
	body *Body
}

// Close closes the body.
func (b readBody) Close() error { return b.body.Close() }

// readWriteBody is the Body of an upgrade as net/http has one.
type readWriteBody struct {
	io.ReadWriter
	body *Body
}

// Close closes the body, and the connection in it.
func (b readWriteBody) Close() error { return b.body.Close() }

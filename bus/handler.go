package bus

import (
	"context"
	"io"
	"net/http"
)

// Handler shows s as an http.Handler, errors as problem documents. It is for
// tests and for programs that have a server of their own: it knows no limits,
// no users and no mounts.
func Handler(s Service) http.Handler {
	writer := NewReplyWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply := answer(r.Context(), s, r)
		if _, err := writer.Write(w, r, reply, nil); err != nil {
			panic(http.ErrAbortHandler) // half an answer is sent: the connection must not look whole
		}
	})
}

// Transport lets an http.Client talk to s, whatever host it names. Errors of s come as problem
// documents, as a server would send them. It is safe for concurrent use.
func Transport(s Service) http.RoundTripper { return transport{s} }

type transport struct{ service Service }

// RoundTrip is part of http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	reply := answer(r.Context(), t.service, r)
	if err := r.Context().Err(); err != nil && Classify(err).Status == reply.Status {
		_ = reply.Close()
		return nil, err
	}
	response := &http.Response{
		Status:     http.StatusText(reply.Status),
		StatusCode: reply.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        make(http.Header, len(reply.Header)+1),
		ContentLength: reply.Body.Size(),
		Request:       r,
		Body:          http.NoBody,
	}
	fillHTTP(response.Header, reply.Header, reply.Body)
	switch {
	case reply.Body == nil:
	case reply.Status == http.StatusSwitchingProtocols:
		response.Body = reply.Body.Stream()
	default:
		response.Body = readBody{reply.Body.Reader(), reply.Body}
	}
	return response, nil
}

// readBody is a Body as net/http reads one.
type readBody struct {
	io.Reader
	body *Body
}

// Close closes the body.
func (b readBody) Close() error { return b.body.Close() }

// answer calls s for r. It always returns a reply.
func answer(ctx context.Context, s Service, r *http.Request) *Message {
	m, err := requestOf(r)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return Problem(err, "", r.Header.Get("Accept"))
	}
	reply, err := s.Serve(ctx, m)
	if err != nil {
		return Problem(err, "", r.Header.Get("Accept"))
	}
	return reply
}

package bus

import (
	"context"
	"net/http"
	"slices"
)

// FromTransport shows t, which knows other servers, as a Service: what has a
// host in its URL goes there. A field Host in the header stands for the host
// in what is sent. A reply of status 101 has the connection in its body. Errors
// of t are returned as they are. A request is sent to the end of its body also
// while its reply is read; closing the reply's body ends both.
func FromTransport(t http.RoundTripper) Service {
	return ServiceFunc(func(ctx context.Context, m *Message) (*Message, error) {
		sent := m.Body
		if !asksUpgrade(m.Header) {
			m.Header = slices.DeleteFunc(m.Header, func(f Field) bool { return OfConnection(f.Name) })
		}
		ctx, cancel := context.WithCancel(ctx)
		r := httpRequest(ctx, m)
		if host := m.Header.Get("Host"); host != "" {
			r.Host = host
			r.Header.Del("Host")
		}
		if r.Header["User-Agent"] == nil {
			r.Header["User-Agent"] = []string{""} // net/http is not to name itself
		}
		answer, err := t.RoundTrip(r)
		if err != nil {
			cancel()
			_ = sent.Close()
			return nil, err
		}
		reply := Reply(answer.StatusCode, nil)
		if answer.StatusCode != http.StatusSwitchingProtocols {
			answer.Header.Del("Upgrade") // an offer to whoever has the connection
		}
		reply.Header = HeaderFrom(nil, answer.Header)
		if bodyless(m.Method, answer.StatusCode) && answer.StatusCode != http.StatusSwitchingProtocols {
			_ = answer.Body.Close()
			cancel()
			if m.Method == http.MethodHead {
				reply.Body = NewBody(nil, answer.Header.Get("Content-Type"))
			}
			return reply, sent.Close()
		}
		size := answer.ContentLength
		if answer.StatusCode == http.StatusSwitchingProtocols {
			size = -1 // net/http says 0
		}
		reply.Body = NewStream(answer.Body, size, answer.Header.Get("Content-Type"))
		reply.Body.SetTrailer(func() Header { return HeaderFrom(nil, answer.Trailer) }) // filled in at its end
		reply.Body.OnClose(func() { cancel(); _ = sent.Close() })
		return reply, nil
	})
}

// asksUpgrade reports whether a request asks to change the protocol.
func asksUpgrade(h Header) bool {
	return sameName(h.Get("Connection"), "Upgrade") && h.Has("Upgrade")
}

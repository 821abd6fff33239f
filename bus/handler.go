package bus

import "net/http"

// Handler shows s as an http.Handler, errors as problem documents. It is for
// tests and for programs that have a server of their own: it knows no limits,
// no users and no mounts.
func Handler(s Service) http.Handler {
	writer := NewReplyWriter()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var reply *Message
		m, err := requestOf(r, r.ContentLength)
		if err == nil {
			reply, err = s.Serve(r.Context(), m)
		}
		if err != nil {
			reply = Problem(err, "", r.Header.Get("Accept"))
		}
		if _, err := writer.Write(w, r, reply, nil); err != nil {
			panic(http.ErrAbortHandler) // half an answer is sent: the connection must not look whole
		}
	})
}

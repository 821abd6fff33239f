package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// upgrade gives the connection of r to the two sides of an upgrade and waits
// until both have ended.
func (rw *ReplyWriter) upgrade(w http.ResponseWriter, r *http.Request, reply *Message) (int64, error) {
	inside, ok := reply.Body.Stream().(io.ReadWriteCloser)
	if !ok {
		return 0, errors.New("a reply of status 101 without a connection in its body")
	}
	fillHTTP(w.Header(), reply.Header, "", "")
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

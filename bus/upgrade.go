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
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered()) // came together with the head
	return splice(outside, early, inside)
}

// splice copies both ways until one side ends, then closes both. early was read
// from outside already.
func splice(outside net.Conn, early []byte, inside io.ReadWriteCloser) (int64, error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer inside.Close()
		if len(early) > 0 {
			if _, err := inside.Write(early); err != nil {
				return
			}
		}
		pump(inside, outside)
	}()
	n := pump(outside, inside)
	_ = outside.Close()
	<-done
	return n, nil
}

// pump copies what comes, as it comes, and returns how much that was. Its
// buffer is small until something fills it: there may be many connections, and
// little to say on most of them.
func pump(to io.Writer, from io.Reader) (n int64) {
	const small, large = 4 << 10, 32 << 10
	buffer := make([]byte, small)
	for {
		m, readErr := from.Read(buffer)
		if m > 0 {
			written, err := to.Write(buffer[:m])
			n += int64(written)
			if err != nil {
				return n
			}
		}
		if readErr != nil {
			return n
		}
		if m == small && len(buffer) == small {
			buffer = make([]byte, large)
		}
	}
}

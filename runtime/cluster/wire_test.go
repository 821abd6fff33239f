package cluster

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A wire leads from one server to the storage. While it is cut nothing passes,
// and nobody is told: connections stand still. What was under way then is lost.
type wire struct {
	listener net.Listener
	target   string
	done     sync.WaitGroup

	mu    sync.Mutex
	whole chan struct{} // closed while the wire is whole
	conns map[net.Conn]bool
	ended bool
}

// newWire returns one to an address.
func newWire(t *testing.T, target string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{listener: listener, target: target, whole: make(chan struct{}), conns: make(map[net.Conn]bool)}
	close(w.whole)
	w.done.Go(w.accept)
	t.Cleanup(w.close)
	return w
}

// address is where the server finds the storage.
func (w *wire) address() string { return w.listener.Addr().String() }

// cut has nothing pass any more.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.whole = make(chan struct{})
}

// mend has new connections pass again. Those of before are closed.
func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop()
	close(w.whole)
}

func (w *wire) drop() {
	for conn := range w.conns {
		_ = conn.Close()
	}
	clear(w.conns)
}

func (w *wire) close() {
	_ = w.listener.Close()
	w.mu.Lock()
	w.ended = true
	w.drop()
	select {
	case <-w.whole:
	default:
		close(w.whole)
	}
	w.mu.Unlock()
	w.done.Wait()
}

func (w *wire) accept() {
	for {
		conn, err := w.listener.Accept()
		if err != nil {
			return
		}
		if w.keep(conn) {
			w.done.Go(func() { w.lead(conn) })
		}
	}
}

// keep notes a connection that is to end with the wire.
func (w *wire) keep(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		_ = conn.Close()
		return false
	}
	w.conns[conn] = true
	return true
}

// passes waits until the wire is whole.
func (w *wire) passes() {
	w.mu.Lock()
	whole := w.whole
	w.mu.Unlock()
	<-whole
}

// lead carries one connection.
func (w *wire) lead(near net.Conn) {
	defer near.Close()
	w.passes()
	far, err := net.Dial("tcp", w.target)
	if err != nil {
		return
	}
	defer far.Close()
	if !w.keep(far) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { w.carry(far, near) })
	both.Go(func() { w.carry(near, far) })
	both.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, near)
	delete(w.conns, far)
}

// carry copies one direction. What was read when the wire was cut waits, and
// finds its connection closed when it is mended.
func (w *wire) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		w.passes()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

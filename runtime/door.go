package runtime

import (
	"context"
	"errors"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/runtime/edge"
)

// door is an address that is listened on, and the edge that serves it.
type door struct {
	key     string // that names the address in the configuration
	address string
	socket  *net.TCPListener // accepts nothing itself: edges serve duplicates
	accepts net.Listener     // the duplicate
	edge    *edge.Server
	served  chan error // what Serve of the edge returned
}

// newDoor returns a door that nobody serves yet.
func newDoor(key, address string, socket *net.TCPListener) (*door, error) {
	duplicate, err := duplicateOf(socket)
	if err != nil {
		return nil, err
	}
	return &door{key: key, address: address, socket: socket, accepts: duplicate, served: make(chan error, 1)}, nil
}

// serve has e serve the door.
func (d *door) serve(e *edge.Server) {
	d.edge = e
	go func() { d.served <- d.edge.Serve(d.accepts) }()
}

// close takes no more connections, and waits for the requests until ctx ends.
func (d *door) close(ctx context.Context) error {
	err := errors.Join(d.socket.Close(), d.edge.Shutdown(ctx))
	return errors.Join(err, <-d.served)
}

// duplicateOf returns a second listener on a socket, to be closed on its own.
// The File of l would do that too, but have the socket block for a moment: an
// edge that accepts just then could not be stopped before the next connection.
func duplicateOf(l *net.TCPListener) (net.Listener, error) {
	raw, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var failed error
	err = raw.Control(func(own uintptr) { fd, failed = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) })
	if err == nil {
		err = os.NewSyscallError("fcntl", failed)
	}
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), l.Addr().String())
	defer file.Close()
	return net.FileListener(file)
}

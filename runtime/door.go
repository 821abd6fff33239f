package runtime

import (
	"net"

	"github.com/seed90475182/restspace/runtime/edge"
)

// door is an address that is listened on, and the edge that serves it.
type door struct {
	address string
	socket  *net.TCPListener // accepts nothing itself: edges serve duplicates
	edge    *edge.Server
	served  chan error // what Serve of the edge returned
}

// serve has e serve the door.
func (d *door) serve(e *edge.Server) {
	d.edge = e
	duplicate, err := duplicateOf(d.socket)
	if err != nil {
		duplicate = d.socket // rather without a way to change settings than not at all
	}
	go func() { d.served <- d.edge.Serve(duplicate) }()
}

// duplicateOf returns a second listener on a socket, to be closed on its own.
func duplicateOf(l *net.TCPListener) (net.Listener, error) {
	file, err := l.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return net.FileListener(file)
}

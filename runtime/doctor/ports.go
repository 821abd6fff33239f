package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/seed90475182/restspace/adaptors"
)

// ports looks whether the server can listen where it is to, at all addresses at
// once.
func ports(_ context.Context, p *Patient) (found []adaptors.Finding) {
	s := &p.Config.Server
	var sockets []net.Listener
	var own process
	for _, at := range []struct{ key, address string }{
		{"server.listen", s.Listen}, {"server.redirectHTTP", s.RedirectHTTP}, {"server.adminListen", s.AdminListen},
	} {
		if at.address == "" {
			continue
		}
		socket, err := net.Listen("tcp", at.address)
		if err == nil {
			sockets = append(sockets, socket)
		}
		found = append(found, p.port(at.key, at.address, err, sockets, &own)...)
	}
	for _, socket := range sockets {
		_ = socket.Close()
	}
	return found
}

// port tells of one address, where listening there has ended in err. The sockets
// are those of the addresses before it, and own is the process that has some of these.
func (p *Patient) port(key, address string, err error, sockets []net.Listener, own *process) (found []adaptors.Finding) {
	switch {
	case err == nil:
		found = append(found, good("%s %s is free", key, address))
	case errors.Is(err, syscall.EADDRINUSE) && slices.ContainsFunc(sockets, samePort(address)):
		found = append(found, problem("write another port", "%s %s is an address that the server has already by this configuration", key, address))
	case errors.Is(err, syscall.EADDRINUSE):
		found = append(found, p.taken(key, address, own))
	case errors.Is(err, syscall.EACCES):
		found = append(found, problem("write another port, or give the server the capability CAP_NET_BIND_SERVICE, such as by AmbientCapabilities in the unit",
			"%s %s is a port that only root may listen on", key, address))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		found = append(found, problem("write one of its addresses, or only the port, such as \":3100\"", "%s %s is no address of this machine", key, address))
	default:
		found = append(found, problem("write another address", "%s: %v", key, cause(err)))
	}
	host, _, _ := net.SplitHostPort(address)
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() && !ip.IsUnspecified() {
		found = append(found, warning("write only the port, such as \":3100\", to be reached by both", "%s %s is reached by IPv6 alone", key, address))
	}
	return found
}

// samePort returns what reports whether a socket has the port of an address.
func samePort(address string) func(net.Listener) bool {
	_, wanted, _ := net.SplitHostPort(address)
	return func(socket net.Listener) bool {
		_, port, _ := net.SplitHostPort(socket.Addr().String())
		return port == wanted
	}
}

// taken tells who has an address. own is the process that is known for the server of
// this configuration, which this may make known.
func (p *Patient) taken(key, address string, own *process) adaptors.Finding {
	holders := listeners(address)
	if len(holders) == 0 {
		return problem("end it, or write another address: ss -ltnp as root tells which it is", "%s %s is taken by a process of another user", key, address)
	}
	for _, h := range holders {
		switch {
		case !h.serves(p):
		case own.pid == 0 || own.pid == h.pid:
			*own = h
			return good("%s %s: the server of this configuration runs there, as process %d", key, address, h.pid)
		default:
			return problem("give each server an address of its own, such as by {\"$env\"}, and run restspace doctor with the environment of the one that is meant",
				"%s %s is taken by process %d, another server of this configuration than process %d", key, address, h.pid, own.pid)
		}
	}
	return problem("end it, or write another address", "%s %s is taken by process %d, %s", key, address, holders[0].pid, holders[0].name())
}

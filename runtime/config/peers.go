package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// Authority returns the host and the port that a URL of a scheme leads to.
func Authority(scheme, host string) string {
	name, port := splitHost(host)
	switch {
	case port != "":
	case scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(name, port)
}

// splitHost returns the parts of a host. port is "" where there is none.
func splitHost(host string) (name, port string) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	return strings.ToLower(strings.TrimSuffix(name, ".")), port
}

// IsPeer reports whether a host, as URLs have it, is another server of this
// installation. One that is listed without a port is so at the port of the scheme.
func (s *Server) IsPeer(scheme, host string) bool {
	if len(s.Peers) == 0 {
		return false
	}
	called := Authority(scheme, host)
	return slices.ContainsFunc(s.Peers, func(peer string) bool { return Authority(scheme, peer) == called })
}

// IsOwn reports whether an authority is a name of this server: its publicURL, or
// one of its hosts. One that is listed without a port is so at all ports.
func (s *Server) IsOwn(authority string) bool {
	if u, err := urlpattern.ParseURL(s.PublicURL); err == nil && u.Host != "" && Authority(u.Scheme, u.Host) == authority {
		return true
	}
	name, port := splitHost(authority)
	return slices.ContainsFunc(s.Hosts, func(host string) bool {
		ownName, ownPort := splitHost(host)
		return ownName == name && (ownPort == "" || ownPort == port)
	})
}

// checkPeers checks that a server with peers can know that it is meant itself.
func checkPeers(s *Server) error {
	if len(s.Peers) > 0 && len(s.Hosts) == 0 && s.PublicURL == "" {
		return errors.New(`nothing says by what host they call this server: write "hosts" beside it, such as ["a.example"], or "publicURL"`)
	}
	return nil
}

func isRemote(config any) bool {
	_, ok := config.(services.Remote)
	return ok
}

// peer holds a service that stands for one of another server to the peers.
func (r *reader) peer(b *block) {
	remote, ok := b.Config.(services.Remote)
	if !ok {
		return
	}
	url, at := remote.Remote()
	if url.Host == "" || r.isPeer(url.Scheme, url.Host) {
		return
	}
	if v := b.value.Find(at); v != nil && len(r.secretsIn(v)) > 0 {
		r.fault(v, b.at+pointer(at), `it leads to no other server of this installation: write its host into "peers" of "server"`)
		return
	}
	r.member(b.value, b.at, pointer(at), fmt.Errorf(
		`%s is no other server of this installation: add %s to server.peers, or use the Kind proxy where it is none`, quote(url.Host), quote(url.Host)))
}

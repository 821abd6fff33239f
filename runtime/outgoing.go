package runtime

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/remote"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/urlpattern"
)

// outgoing calls other servers. Connections to hosts that the configuration
// names are apart from those to hosts that came out of data, whose addresses
// have to be public ones: what was dialled for the one never serves the other.
// Both outlive a configuration.
type outgoing struct {
	named, guarded *remote.Caller
	own            *ownAddresses
	may            func(url urlpattern.URL) error // nil: all calls
	name           string                         // in the field Via: of this server alone, so that it knows what comes back
}

func newOutgoing(may func(url urlpattern.URL) error) outgoing {
	own := new(ownAddresses)
	return outgoing{
		named: remote.New(remote.Options{}),
		guarded: remote.New(remote.Options{Check: func(a netip.AddrPort) error {
			if own.has(a) {
				return errors.New("it is this server itself")
			}
			return remote.Public(a.Addr())
		}}),
		own:  own,
		may:  may,
		name: fmt.Sprintf("restspace-%016x", rand.Uint64()),
	}
}

// connections returns how many there are.
func (o outgoing) connections() int { return o.named.Connections() + o.guarded.Connections() }

func (o outgoing) close() error { return errors.Join(o.named.Close(), o.guarded.Close()) }

// serve has the host of m's URL answer m. hosts are those that the mount which
// calls has in its configuration.
func (o outgoing) serve(ctx context.Context, m *bus.Message, hosts []string, conf *config.Config) (*bus.Message, error) {
	if err := o.permit(m); err != nil {
		return nil, err
	}
	cookies := cookieNames(conf.Auth.Cookie.Name)
	withoutCookies(&m.Header, cookies)
	o.sign(ctx, &m.Header)
	caller := o.guarded
	if slices.Contains(hosts, m.URL.Host) || listed(conf.Server.AllowHosts, m.URL.Scheme, m.URL.Host) {
		caller = o.named
	}
	reply, err := caller.Serve(ctx, m)
	if err != nil {
		return nil, err
	}
	reply.Header = slices.DeleteFunc(reply.Header, func(f bus.Field) bool {
		return strings.EqualFold(f.Name, "Set-Cookie") && setsCookie(f.Value, cookies...)
	})
	return reply, nil
}

// permit asks whether m may go out. With an error m is closed.
func (o outgoing) permit(m *bus.Message) error {
	if o.may == nil {
		return nil
	}
	if err := o.may(m.URL); err != nil {
		return errors.Join(err, m.Close())
	}
	return nil
}

// sign adds this server to those that a request has come through (RFC 9110
// section 7.6.3). One that does not say so, as that of a pipeline, has come
// through those of the request that it is made for.
func (o outgoing) sign(ctx context.Context, h *bus.Header) {
	via := "1.1 " + o.name
	before := h.List("Via")
	if root := bus.RootOf(ctx); root != nil && before == "" {
		before = root.Via
	}
	if before != "" {
		via = before + ", " + via
	}
	h.Set("Via", via)
}

// cameBack refuses a request that this server has made itself, by way of
// another one: it would go round until something breaks.
func (o outgoing) cameBack(h bus.Header) error {
	for via := range h.Values("Via") {
		if strings.Contains(via, o.name) {
			return &bus.Error{Status: http.StatusLoopDetected, Type: bus.TypeDepth,
				Detail: "the request has been here before: look for a service whose URL leads back to this server"}
		}
	}
	return nil
}

// setsCookie reports whether a browser that is told to set a cookie sends one
// of those names afterwards. It leaves out spaces around the name, and sends a
// cookie that has none as its value alone.
func setsCookie(value string, names ...string) bool {
	pair, _, _ := strings.Cut(value, ";")
	pair = strings.TrimLeft(pair, " \t")
	pair = strings.TrimLeft(strings.TrimPrefix(pair, "="), " \t")
	key, _, _ := strings.Cut(pair, "=")
	return slices.Contains(names, strings.TrimRight(key, " \t"))
}

// withoutCookies takes those that sign users in here out of a header: they are
// for no other server.
func withoutCookies(h *bus.Header, names []string) {
	if !h.Has("Cookie") {
		return
	}
	kept := (*h)[:0]
	for _, f := range *h {
		if strings.EqualFold(f.Name, "Cookie") {
			var pairs []string
			for pair := range strings.SplitSeq(f.Value, ";") {
				pair = strings.Trim(pair, " \t")
				if key, _, _ := strings.Cut(pair, "="); !slices.Contains(names, strings.Trim(key, " \t")) && pair != "" {
					pairs = append(pairs, pair)
				}
			}
			if len(pairs) == 0 {
				continue
			}
			f.Value = strings.Join(pairs, "; ")
		}
		kept = append(kept, f)
	}
	*h = kept
}

// listed reports whether a list of hosts, with ports or for all ports, has the
// host of a URL.
func listed(hosts []string, scheme, host string) bool {
	called := parseHost(host)
	switch {
	case called.port != "":
	case scheme == "https":
		called.port = "443"
	default:
		called.port = "80"
	}
	return slices.ContainsFunc(hosts, func(h string) bool { return called.is(parseHost(h)) })
}

// ownAddresses is what this server listens on.
type ownAddresses struct {
	list atomic.Pointer[[]netip.AddrPort]
}

func (o *ownAddresses) set(list ...netip.AddrPort) { o.list.Store(&list) }

// has reports whether a leads to this server.
func (o *ownAddresses) has(a netip.AddrPort) bool {
	list := o.list.Load()
	if list == nil {
		return false
	}
	return slices.ContainsFunc(*list, func(own netip.AddrPort) bool {
		switch {
		case own.Port() != a.Port():
			return false
		case own.Addr().IsUnspecified():
			return isLocal(a.Addr())
		}
		return own.Addr().Unmap() == a.Addr().Unmap()
	})
}

// isLocal reports whether a is an address of this machine.
func isLocal(a netip.Addr) bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return true // rather one call too few
	}
	return slices.ContainsFunc(addresses, func(local net.Addr) bool {
		network, err := netip.ParsePrefix(local.String())
		return err == nil && network.Addr().Unmap() == a.Unmap()
	})
}

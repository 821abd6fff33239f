package edge

import (
	"net/http"
	"net/netip"
	"strings"
)

// trusts reports whether r comes from a trusted proxy.
func (o *Options) trusts(r *http.Request) bool {
	return len(o.TrustedProxies) > 0 && o.trusted(addressIn(r.RemoteAddr))
}

func (o *Options) trusted(address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, network := range o.TrustedProxies {
		if network.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// client returns the address that r comes from: that of the connection or,
// where trusted proxies stand between, the last one that they name and that is
// none of them.
func (o *Options) client(r *http.Request) string {
	client := addressIn(r.RemoteAddr)
	if len(o.TrustedProxies) == 0 {
		return client
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0 && o.trusted(client); i-- {
		hop := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(hop); err != nil {
			break
		}
		client = hop
	}
	return client
}

// origin returns the host that r asks for, and whether it does so over TLS: as
// the client did where a trusted proxy says that.
func (o *Options) origin(r *http.Request) (host string, secure bool) {
	host, secure = r.Host, r.TLS != nil
	if o.trusts(r) {
		if forwarded := r.Header.Get("X-Forwarded-Host"); forwarded != "" {
			host = forwarded
		}
		if proto := r.Header.Get("X-Forwarded-Proto"); proto != "" {
			secure = strings.EqualFold(proto, "https")
		}
	}
	return host, secure
}

// addressIn returns the address of an address with a port.
func addressIn(hostport string) string {
	return strings.Trim(hostport[:max(0, strings.LastIndexByte(hostport, ':'))], "[]")
}

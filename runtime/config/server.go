package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/urlpattern"
)

// Server is the block server, with its defaults where the file has nothing.
type Server struct {
	Listen         string         `json:"listen" doc:"the address: host:port"`
	PublicURL      string         `json:"publicURL" doc:"the own URL as others see it: scheme and host"`
	Hosts          []string       `json:"hosts" doc:"which Host fields are answered, with or without a port; by default names of loopback there, else the publicURL's"`
	TLS            *TLS           `json:"tls" doc:"the certificate that HTTPS is served with"` // nil: HTTP without TLS
	RedirectHTTP   string         `json:"redirectHTTP" doc:"another address, host:port, that sends its clients to HTTPS"`
	AdminListen    string         `json:"adminListen" doc:"an address of its own, host:port, for /healthz, /readyz and /metrics, without TLS and open to whoever reaches it"` // "": listen
	TrustedProxies []netip.Prefix `json:"trustedProxies" doc:"addresses and networks whose X-Forwarded-For and X-Request-Id count"`
	AllowHosts     []string       `json:"allowHosts" doc:"hosts that may be called though their addresses are private"`
	Peers          []string       `json:"peers" doc:"other servers of this installation, by the hosts that they are called by; all have the same auth.keyFile"`
	CORS           []Origin       `json:"cors" doc:"origins whose pages may read answers, of services that do not say it themselves; * is any"`
	Limits         Limits         `json:"limits" doc:"of all services together"`
	Drain          Duration       `json:"drain" doc:"how long requests may go on after a reload, and at the end"`
	ShutdownDelay  Duration       `json:"shutdownDelay" doc:"from the signal to end to the time when nobody is let in any more, for balancers to notice"`
	Log            Log            `json:"log" doc:"what is logged, and how"`
	Traces         Traces         `json:"traces" doc:"which traces of requests are collected, and where"`

	// AdminRoles are who may read and replace the configuration: roles alone.
	AdminRoles *access.Spec `json:"-"`
}

// Limits of a server. All are above zero, but for a Rate that is none.
type Limits struct {
	HeaderBytes      Size     `json:"headerBytes" doc:"of a request's header"`
	HeaderFields     int      `json:"headerFields" doc:"in a request's header"`
	HeaderTimeout    Duration `json:"headerTimeout" doc:"in which a request's header has to come"`
	IdleTimeout      Duration `json:"idleTimeout" doc:"between two requests of a connection"`
	Timeout          Duration `json:"timeout" doc:"to the first byte of an answer, after the request has come"`
	MaxBody          Size     `json:"maxBody" doc:"of a body that is held in memory"`
	MaxFile          Size     `json:"maxFile" doc:"of a body that is streamed to a store"`
	InFlight         int      `json:"inFlight" doc:"requests that are worked on at one time"`
	Queue            int      `json:"queue" doc:"requests that wait; more get 503"`
	Delay            Duration `json:"delay" doc:"that requests may wait for a core; more get 503"`
	Connections      int      `json:"connections" doc:"open at one time"`
	ConnectionsPerIP int      `json:"connectionsPerIP" doc:"open at one time from one address"`
	Rate             Rate     `json:"rate" doc:"of each caller, for all services together; none if it is missing"`
	Depth            int      `json:"depth" doc:"calls above a call"`
	SubRequests      int      `json:"subRequests" doc:"calls that one request leads to"`
	Buffered         Size     `json:"buffered" doc:"of one request, in memory at one time"`
	FanOut           int      `json:"fanOut" doc:"calls that one step of a pipeline makes"`
	Parallel         int      `json:"parallel" doc:"of those, at one time"`
}

// Log says what is logged, and how.
type Log struct {
	Level  slog.Level `json:"level" doc:"the least level that is logged"`
	Format string     `json:"format" enum:"json,text" doc:"of a line: text on a terminal and json elsewhere if it is missing"`
	Sample float64    `json:"sample" doc:"which part of the good requests is logged: 1 is all"`
}

func defaultServer() Server {
	return Server{
		Listen: "127.0.0.1:3100",
		Limits: Limits{
			HeaderBytes: 32 << 10, HeaderFields: 100, HeaderTimeout: Duration(5 * time.Second),
			IdleTimeout: Duration(60 * time.Second), Timeout: Duration(30 * time.Second),
			MaxBody: 1 << 20, MaxFile: 64 << 20,
			InFlight: 256, Queue: 128, Delay: Duration(500 * time.Millisecond), Connections: 10_000, ConnectionsPerIP: 256,
			Depth: 16, SubRequests: 10_000, Buffered: 64 << 20, FanOut: 1000, Parallel: 16,
		},
		Drain:      Duration(30 * time.Second),
		AdminRoles: new(access.Spec),
		Log:        Log{Level: slog.LevelInfo, Sample: 1},
	}
}

// serverKeys are the keys of the block as the file has them.
type serverKeys struct {
	Server
	AdminRoles string `json:"adminRoles" form:"roles" doc:"who may read and replace the configuration over HTTP, and so run programs; none if it is missing"`
}

// server reads the block, nil if there is none.
func (r *reader) server(v *hujson.Value) Server {
	const at = "/server"
	k := serverKeys{Server: defaultServer()}
	if v == nil || !r.object(v, at, fieldsOf(&k)) {
		return k.Server
	}
	r.positive(v, at, "/limits", fieldsOf(&k.Limits))
	r.member(v, at, "/listen", checkListen(k.Listen))
	r.member(v, at, "/publicURL", checkOrigin(k.PublicURL))
	r.member(v, at, "/redirectHTTP", checkRedirect(&k.Server))
	for i, host := range k.Hosts {
		r.member(v, at, pointer("/hosts").AppendToken(strconv.Itoa(i)), checkHost(host))
	}
	for i, host := range k.AllowHosts {
		r.member(v, at, pointer("/allowHosts").AppendToken(strconv.Itoa(i)), checkHost(host))
	}
	for i, host := range k.Peers {
		r.member(v, at, pointer("/peers").AppendToken(strconv.Itoa(i)), checkHost(host))
	}
	r.member(v, at, "/peers", checkPeers(&k.Server))
	if k.AdminListen == k.Listen && !strings.HasSuffix(k.Listen, ":0") {
		k.Server.AdminListen = ""
	} else if k.AdminListen != "" {
		r.member(v, at, "/adminListen", checkAdmin(&k.Server))
	}
	var err error
	k.Server.AdminRoles, err = adminRoles(k.AdminRoles)
	r.member(v, at, "/adminRoles", err)
	if !(k.Log.Sample >= 0 && k.Log.Sample <= 1) {
		r.member(v, at, "/log/sample", errors.New("not between 0 and 1: write the part of the good requests to log, such as 0.1"))
	}
	r.traces(v, at, &k.Traces)
	return k.Server
}

// checkRedirect checks the address that sends its clients to https.
func checkRedirect(s *Server) error {
	switch {
	case s.RedirectHTTP == "":
		return nil
	case s.TLS == nil:
		return errors.New(`there is no https to go to: write "tls" beside it, or leave it out`)
	case strings.HasPrefix(s.PublicURL, "http:"):
		return errors.New("publicURL is http, so that there is no https to go to: write https there, or leave this out")
	case s.RedirectHTTP == s.Listen && !strings.HasSuffix(s.Listen, ":0"):
		return errors.New(`the address of "listen", where https is: write another one, such as ":80"`)
	}
	return checkListen(s.RedirectHTTP)
}

// checkAdmin checks the address for operators.
func checkAdmin(s *Server) error {
	if s.AdminListen == s.RedirectHTTP && !strings.HasSuffix(s.AdminListen, ":0") {
		return errors.New(`the address of "redirectHTTP": write another one, such as "127.0.0.1:3101"`)
	}
	return checkListen(s.AdminListen)
}

// adminRoles reads roles that hold for the configuration as a whole.
func adminRoles(text string) (*access.Spec, error) {
	spec, err := access.Parse(text)
	if err == nil && (!spec.Uniform() || spec.Narrows() || spec.Admits(nil, nil)) {
		err = errors.New(`more than roles: write who may run programs on this server, such as "A"`)
	}
	return spec, err
}

// checkListen checks a host:port.
func checkListen(s string) error {
	host, port, err := net.SplitHostPort(s)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || !isListenHost(host) {
		return fmt.Errorf("%s is no address: write a host and a port, such as \"127.0.0.1:3100\", or \":3100\" for all networks", quote(s))
	}
	return nil
}

func isListenHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return true
	}
	u, err := urlpattern.ParseURL("http://" + host)
	return err == nil && strings.EqualFold(u.String(), "http://"+host+"/")
}

// checkOrigin checks an http or https URL of a host alone. None is "".
func checkOrigin(s string) error {
	if s == "" {
		return nil
	}
	u, err := urlpattern.ParseURL(s)
	if err != nil || u.Host == "" || !isAlone(u, s) {
		return fmt.Errorf("%s is no public URL: write http or https and the host, such as \"https://example.org\"", quote(s))
	}
	return nil
}

// checkHost checks a host, with or without a port.
func checkHost(s string) error {
	u, err := urlpattern.ParseURL("http://" + s)
	if err != nil || !isAlone(u, s) || strings.HasSuffix(s, "/") {
		return fmt.Errorf("%s is no host: write a name or an address, with a port where it counts, such as \"example.org\" or \"[::1]:8080\"", quote(s))
	}
	return nil
}

// isAlone reports whether u, which was parsed from s, is a host and nothing
// else.
func isAlone(u urlpattern.URL, s string) bool {
	return len(u.Path) == 0 && !strings.ContainsAny(s, "?#")
}

// parseLevel reads a level of the log.
func parseLevel(s string) (slog.Level, error) {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	level, ok := levels[s]
	if !ok {
		return 0, fmt.Errorf(`%s is no level: write "debug", "info", "warn" or "error"`, quote(s))
	}
	return level, nil
}

// parseNetwork reads a network, or an address as the network of itself.
func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf(`%s is no network: write an address or one with its prefix length, such as "10.0.0.0/8"`, quote(s))
	}
	return p.Masked(), nil
}

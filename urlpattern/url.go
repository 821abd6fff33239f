package urlpattern

import (
	"net/netip"
	"strconv"
	"strings"
)

// URL is the target of a message: where, which path in decoded segments, which
// query.
//
//	/auth/impersonate/bert/with-roles     Base 1, Sub 2
//	 base|main       |sub
//	     |service path
type URL struct {
	Scheme, Host string   // "http" or "https" and its host in lower case; both "" is this server
	Path         []string // decoded segments
	Dir          bool     // the path ends in a slash
	Query        string   // as it was written, without the '?'
	Base, Sub    int      // how many segments at the beginning of Path are the base path, and at its end the sub path
}

// ParseURL reads an absolute http or https URL, or a path with a query, which
// is on this server. A fragment is dropped. Base and Sub are 0. An error is a
// *PathError.
//
// Characters that can't stand in a query are percent-encoded; a control
// character in it is refused, like a user name before the host.
func ParseURL(s string) (URL, error) {
	var u URL
	text, _, _ := strings.Cut(s, "#")
	text, query, _ := strings.Cut(text, "?")
	at := 0
	if name, rest, found := strings.Cut(text, "://"); found && !strings.Contains(name, "/") {
		host, _, _ := strings.Cut(rest, "/")
		var err error
		if u.Scheme, u.Host, err = checkOrigin(name, host); err != nil {
			return URL{}, err
		}
		at = len(name) + len("://") + len(host)
	}
	p, err := ParsePath(text[at:])
	if err != nil {
		fault := err.(*PathError)
		return URL{}, pathFault(at+fault.Offset, fault.Reason)
	}
	u.Path, u.Dir = p.Segments, p.Dir
	for i := 0; i < len(query); i++ {
		if query[i] < ' ' || query[i] == 0x7f {
			return URL{}, pathFault(len(text)+1+i, "a control character in the query: percent-encode it")
		}
	}
	u.Query = legalQuery(query)
	return u, nil
}

// checkOrigin checks a scheme and a host with its port, and gives them in lower
// case.
func checkOrigin(scheme, host string) (string, string, error) {
	scheme = strings.ToLower(scheme)
	if scheme != "http" && scheme != "https" {
		return "", "", pathFault(0, "the scheme is neither http nor https: write one of them, or a path")
	}
	if at := strings.LastIndexByte(host, '@'); at >= 0 && isHost(host[at+1:]) {
		return "", "", pathFault(len(scheme)+len("://"), "a user name before the host: leave it out, and send credentials in a header field such as Authorization")
	}
	if !isHost(host) {
		return "", "", pathFault(len(scheme)+len("://"), "not a host: write a name or an address, then :port if it is not the scheme's own")
	}
	return scheme, strings.ToLower(host), nil
}

// isHost reports whether s is a name, an IPv4 address or an IPv6 address in
// brackets, with or without a port.
func isHost(s string) bool {
	if strings.HasPrefix(s, "[") {
		address, port, found := strings.Cut(s[1:], "]")
		a, err := netip.ParseAddr(address)
		return found && err == nil && a.Is6() && a.Zone() == "" && (port == "" || isPort(port))
	}
	name := s
	if colon := strings.IndexByte(s, ':'); colon >= 0 {
		if !isPort(s[colon:]) {
			return false
		}
		name = s[:colon]
	}
	for i := 0; i < len(name); i++ {
		if !isUnreserved(name[i]) || name[i] == '~' {
			return false
		}
	}
	return name != ""
}

// isPort reports whether s is a colon and a port number.
func isPort(s string) bool {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, ":"), 10, 16)
	return err == nil && n > 0 && s[0] == ':'
}

// String writes the URL out: a path with a query, with scheme and host before
// it if it has a host. ParseURL of it gives the URL again, but for Base and
// Sub.
func (u URL) String() string {
	var b []byte
	if u.Host != "" {
		b = append(append(append(b, u.Scheme...), "://"...), u.Host...)
	}
	b = appendSegments(b, u.Path, u.Dir)
	if u.Query != "" {
		b = append(append(b, '?'), legalQuery(u.Query)...)
	}
	return string(b)
}

// BasePath is the part of Path that a service is mounted at.
func (u URL) BasePath() []string { return u.Path[:u.base()] }

// ServicePath is the part of Path after the base path: the arguments of the
// service.
func (u URL) ServicePath() []string { return u.Path[u.base():] }

// MainPath is the service path without the sub path: the function, or in a
// store of definitions the path of the definition.
func (u URL) MainPath() []string { return u.Path[u.base():u.subAt()] }

// SubPath is what follows the main path.
func (u URL) SubPath() []string { return u.Path[u.subAt():] }

func (u *URL) base() int  { return min(max(u.Base, 0), len(u.Path)) }
func (u *URL) subAt() int { return max(u.base(), len(u.Path)-max(u.Sub, 0)) }

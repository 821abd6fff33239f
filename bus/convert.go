package bus

import (
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/seed90475182/restspace/urlpattern"
)

// HeaderFrom appends the fields of h to dst, without those that concern one
// connection only (RFC 9110 section 7.6.1) and those that a Body says itself.
// An upgrade (section 7.8) keeps Upgrade, and of Connection that option.
func HeaderFrom(dst Header, h http.Header) Header {
	named := h["Connection"]
	upgrade := h["Upgrade"] != nil && listed(named, "Upgrade")
	for name, values := range h {
		switch {
		case upgrade && name == "Connection":
			dst = append(dst, Field{name, "Upgrade"})
			continue
		case upgrade && name == "Upgrade":
		case OfConnection(name), listed(named, name):
			continue
		}
		for _, value := range values {
			dst = append(dst, Field{name, value})
		}
	}
	return dst
}

// OfConnection reports whether a field, in any spelling, is for the next hop
// alone (RFC 9110 section 7.6.1), or is what a Body says: no Message has it, but
// for Connection and Upgrade of one that asks for an upgrade.
func OfConnection(name string) bool {
	var other string
	switch len(name) {
	case 2:
		other = "Te"
	case 7:
		if sameName(name, "Upgrade") {
			return true
		}
		other = "Trailer"
	case 10:
		if sameName(name, "Connection") {
			return true
		}
		other = "Keep-Alive"
	case 12:
		other = "Content-Type"
	case 14:
		other = "Content-Length"
	case 16:
		other = "Proxy-Connection"
	case 17:
		other = "Transfer-Encoding"
	case 18:
		other = "Proxy-Authenticate"
	case 19:
		other = "Proxy-Authorization"
	default:
		return false
	}
	return sameName(name, other)
}

// listed reports whether a field that is a list of names holds name.
func listed(values []string, name string) bool {
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if sameName(strings.TrimSpace(part), name) {
				return true
			}
		}
	}
	return false
}

// fillHTTP adds the fields to h, and Content-Type and Content-Length unless
// they are "". All values share one array.
func fillHTTP(h http.Header, fields Header, mediaType, length string) {
	values := make([]string, 0, len(fields)+2)
	set := func(name, value string) {
		values = append(values, value)
		h[name] = values[len(values)-1 : len(values) : len(values)]
	}
	for _, f := range fields {
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		if old := h[name]; old != nil {
			h[name] = append(old, f.Value)
			continue
		}
		set(name, f.Value)
	}
	if mediaType != "" {
		set("Content-Type", mediaType)
	}
	if length != "" {
		set("Content-Length", length)
	}
}

// httpURL returns u as net/url has it.
func httpURL(u urlpattern.URL) *url.URL {
	escaped := urlpattern.Path{Segments: u.Path, Dir: u.Dir}.String()
	path, _ := url.PathUnescape(escaped) // the same string where nothing is escaped
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path, RawPath: escaped, RawQuery: u.Query}
}

// requestOf returns a message for r, with a body of size bytes (-1: unknown).
// Its strings and its body are r's.
func requestOf(r *http.Request, size int64) (*Message, error) {
	path, err := urlpattern.ParsePath(r.URL.EscapedPath())
	if err != nil {
		return nil, &Error{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	m := &Message{
		Method: r.Method,
		URL:    urlpattern.URL{Path: path.Segments, Dir: path.Dir, Query: r.URL.RawQuery},
		Header: HeaderFrom(make(Header, 0, len(r.Header)), r.Header),
	}
	if r.Body != nil && r.Body != http.NoBody && size != 0 {
		m.Body = NewStream(r.Body, size, r.Header.Get("Content-Type"))
		trailerFrom(m.Body, r.Trailer)
	}
	return m, nil
}

// bodyless reports whether an answer to method has a status that never comes
// with a body (RFC 9110 section 6.4.1).
func bodyless(method string, status int) bool {
	return method == http.MethodHead || !BodyAllowed(status)
}

// BodyAllowed reports whether an answer of that status may have a body.
func BodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

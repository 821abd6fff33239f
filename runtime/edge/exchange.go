package edge

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// exchange is the memory of one request, used again when its reply has been
// written.
type exchange struct {
	message  bus.Message
	body     *requestBody
	fields   [24]bus.Field
	segments [12]string
}

// request makes the message for r: a canonical path and the fields that a
// client may send.
func (x *exchange) request(w http.ResponseWriter, r *http.Request, root *bus.Root, o *Options) (*bus.Message, error) {
	if r.Body != http.NoBody && r.ContentLength != 0 {
		x.body = &requestBody{stream: r.Body, control: http.NewResponseController(w), root: root, window: o.window, shared: r.ProtoMajor == 2}
	}
	if err := acceptable(r, o); err != nil {
		return nil, err
	}
	target, query, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(target, "/") {
		target, query = r.URL.EscapedPath(), r.URL.RawQuery
	}
	path, dir, err := urlpattern.AppendPath(x.segments[:0], target)
	if err != nil {
		return nil, &bus.Error{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	x.message = bus.Message{
		Method: r.Method,
		URL:    urlpattern.URL{Path: path, Dir: dir, Query: query},
		Header: cleanHeader(bus.HeaderFrom(x.fields[:0], r.Header), o.trusts(r)),
	}
	if x.body != nil {
		x.message.Body = bus.NewStream(x.body, r.ContentLength, r.Header.Get("Content-Type"))
		if r.Trailer != nil {
			x.message.Body.SetTrailer(func() bus.Header { return cleanHeader(bus.HeaderFrom(nil, r.Trailer), o.trusts(r)) })
		}
	}
	root.ForeignPage = o.foreign(r)
	root.ForeignCookie = root.ForeignPage && r.Header["Cookie"] != nil
	return &x.message, nil
}

// foreign reports whether a page of another origin has a browser send r, and r
// may change something. What is said over a socket that a GET opens may.
func (o *Options) foreign(r *http.Request) bool {
	if r.Header["Upgrade"] != nil {
		r = &http.Request{Method: http.MethodPost, URL: r.URL, Host: r.Host, Header: r.Header}
	}
	return o.crossOrigin.Check(r) != nil
}

// acceptable refuses what no service is to see.
func acceptable(r *http.Request, o *Options) error {
	fields := 0
	for _, values := range r.Header {
		fields += len(values)
	}
	switch {
	case fields > o.Limits.HeaderFields:
		return &bus.Error{Status: http.StatusRequestHeaderFieldsTooLarge, Type: bus.TypeTooManyField,
			Detail: fmt.Sprintf("the header has %d fields, more than the limit of %d", fields, o.Limits.HeaderFields)}
	case o.Host != nil && (r.Host != "" || r.ProtoAtLeast(1, 1)) && !o.Host(r.Host):
		return Misdirected(r.Host)
	case slices.ContainsFunc(r.Header["Host"], func(h string) bool { return h != r.Host }): // of HTTP/2: RFC 9113 section 8.3.1
		return bus.Errorf(http.StatusBadRequest, "Host names another host than :authority: leave it out")
	case r.Method == http.MethodConnect, r.Method == http.MethodTrace:
		return bus.Errorf(http.StatusMethodNotAllowed, "%s is not possible here", r.Method)
	case strings.Contains(r.RequestURI, "#"):
		return bus.Errorf(http.StatusBadRequest, "a # in the target: a fragment stays with the client, and in a name it is %%23")
	case !knownOptions(r.Header["Connection"]):
		return bus.Errorf(http.StatusBadRequest, "Connection names a field that is not for one connection alone: leave it out")
	case r.RequestURI == "*" && r.Method != http.MethodOptions:
		return bus.Errorf(http.StatusBadRequest, "the target * goes with OPTIONS only: write a path")
	case len(r.Header["Authorization"]) > 1:
		return bus.Errorf(http.StatusBadRequest, "Authorization stands twice in the header: send one")
	}
	return nil
}

// knownOptions reports whether Connection has only options that mean something
// to a server (RFC 9110 section 7.6.1). A field that it named would be gone
// before anybody has looked at it.
func knownOptions(values []string) bool {
	for _, value := range values {
		for option := range strings.SplitSeq(value, ",") {
			switch strings.ToLower(strings.TrimSpace(option)) {
			case "", "close", "keep-alive", "upgrade", "te", "http2-settings", "proxy-connection":
			default:
				return false
			}
		}
	}
	return true
}

// cleanHeader removes the fields that only this system may set. What a client
// sends under such a name, or under one that some servers take for it, is a
// forgery. What only a proxy may say goes, unless one that is trusted says it.
func cleanHeader(h bus.Header, trusted bool) bus.Header {
	kept := h[:0]
	for _, f := range h {
		if !reserved(f.Name) && (trusted || !ofProxies(f.Name)) {
			kept = append(kept, f)
		}
	}
	return kept
}

func reserved(name string) bool {
	if strings.Contains(name, "_") {
		return true // some servers read X_A as X-A
	}
	if name == "Host" { // of HTTP/2; net/http has it in a place of its own
		return true
	}
	if len(name) < 5 || name[0] != 'X' || name[1] != '-' { // net/http gives canonical names
		return false
	}
	return strings.HasPrefix(name, "X-Restspace-") && name != "X-Restspace-Request-Mode" && name != "X-Restspace-Trace" ||
		strings.HasPrefix(name, "X-Rs-") || name == "X-Sc-Token" || name == "X-Request-Id"
}

func ofProxies(name string) bool {
	return name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-")
}

// Misdirected is the error for a request to a Host that is another server's.
func Misdirected(host string) error {
	return &bus.Error{Status: http.StatusMisdirectedRequest, Detail: fmt.Sprintf(
		"this server does not answer to the Host %q: use its own name, list this one in server.hosts, or have the proxy before it pass on the Host that it gets", clip(host, 255))}
}

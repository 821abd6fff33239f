package cli

import (
	"net"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/urlpattern"
)

// calling is what the arguments of the command call say.
type calling struct {
	method, url string
	data        string
	hasData     bool // data is given, be it empty
	fields      []string
	as, roles   string
	bodyOnly    bool
	trace       string // form of the record; "" is none
	bodies      bool   // in the record
	dryRun      bool
}

// request makes the message that c describes.
func (r *run) request(c calling, server *config.Server) (*bus.Message, error) {
	target, err := urlpattern.ParseURL(c.url)
	if err != nil {
		return nil, usagef("%s: %w", c.url, err)
	}
	if own := hostsOf(server); target.Host != "" && !slices.Contains(own, target.Host) {
		return nil, usagef("%s is not on this server: write the path alone, or one of the hosts %s", c.url, strings.Join(own, ", "))
	}
	target.Scheme, target.Host = "", ""
	m := &bus.Message{Method: strings.ToUpper(c.method), URL: target}
	if m.Header, err = headerOf(c.fields); err != nil {
		return nil, err
	}
	switch {
	case c.as != "":
		m.User = &bus.User{Email: c.as, Roles: strings.Fields(c.roles)}
	case c.roles != "":
		return nil, usagef("--roles without --as: write whose roles they are")
	}
	mediaType := m.Header.Get("Content-Type")
	m.Header.Del("Content-Type") // the body says it
	if c.hasData {
		m.Body, err = r.body(c.data, mediaType)
	}
	return m, err
}

// hostsOf returns the hosts that a URL of the server may have.
func hostsOf(server *config.Server) []string {
	hosts := []string{server.Listen}
	if _, port, err := net.SplitHostPort(server.Listen); err == nil {
		hosts = append(hosts, "localhost:"+port)
	}
	if u, err := url.Parse(server.PublicURL); err == nil && u.Host != "" {
		hosts = append(hosts, strings.ToLower(u.Host))
	}
	return append(hosts, server.Hosts...)
}

// headerOf reads fields of the form "Name: value".
func headerOf(fields []string) (bus.Header, error) {
	var h bus.Header
	for _, field := range fields {
		name, value, ok := strings.Cut(field, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t") {
			return nil, usagef("-H %q: write it as 'Name: value'", field)
		}
		h.Add(textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value))
	}
	return h, nil
}

// body returns the body that data names. mediaType is "" where it is to be
// found out.
func (r *run) body(data, mediaType string) (*bus.Body, error) {
	content := []byte(data)
	name, isFile := strings.CutPrefix(data, "@")
	if isFile {
		var err error
		if content, err = r.readFile(name); err != nil {
			return nil, err
		}
	}
	if mediaType == "" && isFile {
		mediaType = adaptors.MediaType(name)
	}
	if mediaType == "" || mediaType == unknownType {
		mediaType = detect(content)
	}
	return bus.NewBody(content, mediaType), nil
}

const unknownType = "application/octet-stream"

// detect returns the media type of what has none.
func detect(content []byte) string {
	switch {
	case jsontext.Value(content).IsValid():
		return "application/json"
	case utf8.Valid(content):
		return "text/plain; charset=utf-8"
	}
	return unknownType
}

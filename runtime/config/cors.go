package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/urlpattern"
)

// An Origin is whose pages may read answers: scheme, host and port as browsers
// write them in the field Origin, or AnyOrigin.
type Origin string

// AnyOrigin is every origin. It never has credentials.
const AnyOrigin Origin = "*"

// UnmarshalText reads an origin, which has to be written as browsers do: the
// two are compared byte by byte.
func (o *Origin) UnmarshalText(text []byte) error {
	s := string(text)
	canonical, ok := originOf(s)
	switch {
	case s == string(AnyOrigin), ok && canonical == s:
		*o = Origin(s)
		return nil
	case s == "null":
		return errors.New(`"null" is the origin of no page in particular, and every page can make a frame that has it: write the origin of a page`)
	case ok:
		return fmt.Errorf("%s is not how browsers write this origin: write %q", quote(s), canonical)
	case strings.Contains(s, "*"):
		return fmt.Errorf(`%s is a pattern, and origins are compared as they are: list each one, such as "https://app.example.org", or write "*" for all, without credentials`, quote(s))
	}
	return fmt.Errorf("%s is no origin: write the scheme, the host and the port if it is not the scheme's own, such as \"https://app.example.org\"", quote(s))
}

// Origin returns the origin of the public URL, "" if there is none.
func (s *Server) Origin() string {
	origin, _ := originOf(s.PublicURL)
	return origin
}

// originOf returns the origin of an http or https URL of a host alone, as
// browsers write it.
func originOf(s string) (origin string, ok bool) {
	u, err := urlpattern.ParseURL(s)
	if err != nil || u.Host == "" || !isAlone(u, s) {
		return "", false
	}
	name, port := u.Host, ""
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, ']') {
		number, _ := strconv.Atoi(name[colon+1:]) // ParseURL has seen that it is one
		name = name[:colon]
		if u.Scheme == "http" && number != 80 || u.Scheme == "https" && number != 443 {
			port = ":" + strconv.Itoa(number)
		}
	}
	if address, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil && address.Is6() {
		name = "[" + address.String() + "]"
	}
	return u.Scheme + "://" + name + port, true
}

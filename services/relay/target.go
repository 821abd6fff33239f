package relay

import (
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// A Target is a place on another server.
type Target struct {
	Scheme, Host string
	Path         []string
}

// URL returns the URL of what stands at rest below t, with the query of m. It ends
// in a slash where that of m does.
func (t *Target) URL(m *bus.Message, rest []string) urlpattern.URL {
	u := urlpattern.URL{Scheme: t.Scheme, Host: t.Host, Path: rest, Dir: m.URL.Dir, Query: m.URL.Query}
	if len(t.Path) > 0 {
		u.Path = slices.Concat(t.Path, rest)
	}
	return u
}

// Here returns the path here of what a reference of the other server names: the
// reference itself where that is not below t. base is where t is mounted here, and
// asked a further host that the server may take itself for, or "".
func (t *Target) Here(reference string, base []string, asked string) string {
	text, fragment, marked := strings.Cut(reference, "#")
	u, err := urlpattern.ParseURL(text)
	switch {
	case err != nil:
		return reference
	case u.Host == "" && !strings.HasPrefix(text, "/"):
		return reference // relative to where the client is
	case u.Host != "" && (u.Host != t.Host || u.Scheme != t.Scheme) && u.Host != asked:
		return reference
	case len(u.Path) < len(t.Path) || !slices.Equal(u.Path[:len(t.Path)], t.Path):
		return reference
	}
	u.Scheme, u.Host, u.Path = "", "", slices.Concat(base, u.Path[len(t.Path):])
	if marked {
		return u.String() + "#" + fragment
	}
	return u.String()
}

// Links returns the value of a field Link (RFC 8288 section 3) with each of its
// references as here has it.
func Links(value string, here func(reference string) string) string {
	var made strings.Builder
	quoted := false
	for i := 0; i < len(value); i++ {
		c := value[i]
		end := -1
		switch {
		case quoted && c == '\\' && i+1 < len(value):
			made.WriteByte(c)
			i++
			c = value[i]
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			end = strings.IndexByte(value[i:], '>')
		}
		if end < 0 {
			made.WriteByte(c)
			continue
		}
		made.WriteString("<" + here(value[i+1:i+end]) + ">")
		i += end
	}
	return made.String()
}

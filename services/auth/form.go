package auth

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents"
)

// credentials is what a client sends, as JSON or as a form.
type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Token    string `json:"token"`
	Roles    string `json:"roles"`
	Redirect string `json:"-"` // of a form: where to go from there

	form bool
}

// read reads the body of m. A page of another origin sends none: it would sign
// its visitor in as somebody else.
func (s *service) read(ctx context.Context, m *bus.Message) (c credentials, err error) {
	if err := fromHere(ctx); err != nil {
		return c, err
	}
	data, err := m.Body.Bytes(s.limit)
	if err != nil {
		return c, err
	}
	switch {
	case isForm(m.Body):
		fields, err := url.ParseQuery(string(data))
		if err != nil {
			return c, bus.Errorf(http.StatusBadRequest, "the body is no form")
		}
		return credentials{Email: fields.Get("email"), Password: fields.Get("password"), Token: fields.Get("token"),
			Redirect: fields.Get("redirect"), form: true}, nil
	case m.Body == nil || m.Body.Payload() != bus.Data:
		return c, bus.Errorf(http.StatusUnsupportedMediaType,
			"the body is application/json or application/x-www-form-urlencoded: send it with its Content-Type")
	}
	if err := documents.CheckJSON(data); err != nil {
		return c, err
	}
	if err := json.Unmarshal(data, &c); err != nil { // its text may hold some of the body
		return c, bus.Errorf(http.StatusBadRequest, "the members of the body are texts: email, password, token, roles")
	}
	return c, nil
}

// fromHere refuses what a page of another origin sends.
func fromHere(ctx context.Context) error {
	if root := bus.RootOf(ctx); root == nil || !root.ForeignPage {
		return nil
	}
	return bus.Errorf(http.StatusForbidden,
		"a page of another origin sends this: send it from a page of this server, or list the origin in cors")
}

// isForm reports whether a body is what the form of a page sends.
func isForm(b *bus.Body) bool {
	mediaType, _, err := mime.ParseMediaType(b.MediaType())
	return err == nil && mediaType == "application/x-www-form-urlencoded"
}

// isOwnPath reports whether every browser takes a text for a path on the server
// that it came from (WHATWG URL Standard section 4.4: a backslash is a slash
// there, and tabs and ends of lines are left out).
func isOwnPath(text string) bool {
	if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || len(text) > 2000 {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f || text[i] == '\\' {
			return false
		}
	}
	return true
}

// seeOther leads a browser to a page.
func seeOther(path string, query url.Values) *bus.Message {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	reply := bus.Reply(http.StatusSeeOther, nil)
	reply.Header.Add("Location", path)
	reply.Header.Add("Cache-Control", "no-store")
	return reply
}

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

	form            bool
	again, redirect string // of a form: the password once more, and where to go from there
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
		c = credentials{Email: fields.Get("email"), Password: fields.Get("password"), Token: fields.Get("token"),
			form: true, again: fields.Get("password"), redirect: fields.Get("redirect")}
		if fields.Has("again") {
			c.again = fields.Get("again")
		}
		return c, nil
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

// formFailed leads a browser back to the page with the form, with why it failed.
// What was filled in is not sent along: a browser keeps the URLs of pages. An
// error of the server stays one.
func formFailed(m *bus.Message, page string, query url.Values, err error) (*bus.Message, error) {
	known := bus.Classify(err)
	if known.Status >= 500 {
		return nil, err
	}
	query.Set("result", "fail")
	if known.Status == http.StatusTooManyRequests {
		query.Set("retry", known.Header.Get("Retry-After"))
		query.Del("reason")
	}
	return seeOther(page, query), m.Close()
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

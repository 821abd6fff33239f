package bus

import (
	"time"

	"github.com/seed90475182/restspace/urlpattern"
)

// A Message is a request on its way to a service, or the reply on its way
// back. It belongs to one goroutine at a time.
type Message struct {
	Method string
	URL    urlpattern.URL // host ("" is this server), decoded path, query; Base is set by the Table
	Header Header
	Status int    // of a reply; 0 in a request
	Body   *Body  // nil if there is none
	Name   string // how a pipeline calls it
	User   *User  // who asks; nil is nobody; set at the edge only
	From   string // of a reply: the mount that answered
	Depth  int    // calls above this one

	// Sees reports whether the user of a request from outside may read the
	// service path (a directory's ends in ""). nil: everything.
	Sees func(servicePath []string) bool

	// Writes says what the user of a request from outside that is a PUT or POST
	// to a directory may do to the document at a service path below it. nil:
	// everything.
	Writes func(servicePath []string) (creates, replaces bool)

	// Records narrows what the user of a request from outside may do by what is
	// in the JSON documents. nil: it does not.
	Records Records

	// Manages reports whether the user of a request from outside to a Kind of
	// Users has manageRoles at a service path. nil: they have.
	Manages func(servicePath []string) bool
}

// Records are rules over JSON documents, as they hold for one user. They change
// none of the bytes.
type Records interface {
	// Reads reports whether a document at a service path is there for the user.
	Reads(servicePath []string, document []byte) bool

	// Writes returns why the user may not have after take the place of before:
	// a *Error. before is nil where nothing is, after where it is deleted.
	Writes(servicePath []string, before, after []byte) error
}

// User is somebody whose identity was verified. It is shared between requests
// and never changed.
type User struct {
	Email   string
	Roles   []string
	Fields  map[string]string // further verified facts, by name: what {field} in a rule reads
	Actor   string            // email of who really acts, where somebody acts as this user (RFC 8693 section 4.1)
	Session *Session          // that a token of this installation belongs to; nil: it is of another issuer, or no token
	System  bool              // the server itself, which user records come whole to; no token says so
}

// Session is what begins with a login. Its tokens are renewed until it ends.
type Session struct {
	ID              string
	Began           time.Time
	Issued, Expires time.Time // of the token at hand
}

// Field returns the named fact about u: its email, or one of Fields. Nobody
// (nil) has none.
func (u *User) Field(name string) (value string, ok bool) {
	if u == nil {
		return "", false
	}
	if name == "email" {
		return u.Email, u.Email != ""
	}
	value, ok = u.Fields[name]
	return value, ok
}

// Reply returns a reply with the status and the body, which may be nil.
func Reply(status int, body *Body) *Message {
	return &Message{Status: status, Body: body}
}

// Call returns a request that m's service makes of another: same user, one
// call deeper. body may be nil.
func (m *Message) Call(method string, url urlpattern.URL, body *Body) *Message {
	return &Message{Method: method, URL: url, Body: body, User: m.User, Depth: m.Depth + 1}
}

// ServicePath returns what follows the base path, as decoded segments.
func (m *Message) ServicePath() []string { return m.URL.ServicePath() }

// Close closes the body, if there is one.
func (m *Message) Close() error {
	if m == nil {
		return nil
	}
	return m.Body.Close()
}

package access

import (
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// Rules are the specs of a mount. All are set.
type Rules struct {
	Read   *Spec // GET and HEAD, and POST of a Kind whose POST only reads
	Write  *Spec // every other method
	Create *Spec // instead of Write, for making a document
	Manage *Spec // instead of all others, for what the Kind says is management
}

// A Decision is that a request may go on, perhaps under a condition.
type Decision struct {
	// Condition is a field that the request has to carry, since its user may
	// make documents but not replace them, or the other way round. It is the
	// zero Field where there is none.
	Condition bus.Field

	user    *bus.User
	lacking *rule // does not admit user to what the condition rules out
}

// Decide says whether the user of m may do what m asks of a service of that
// kind. The base path of m's URL is set. An error is a *bus.Error: 401 for
// nobody, 403 for a user without the role.
func (r *Rules) Decide(kind *services.Kind, m *bus.Message) (Decision, error) {
	directory := m.URL.Dir || len(m.ServicePath()) == 0
	switch {
	case kind.Manages != nil && kind.Manages(m):
		return plain(r.Manage, m, "manage this")
	case m.Method == http.MethodGet, m.Method == http.MethodHead, m.Method == http.MethodPost && kind.PostReads:
		return plain(r.Read, m, "read this")
	case kind.Documents && m.Method == http.MethodPost && directory:
		return plain(r.Create, m, mayCreate)
	case kind.Documents && (m.Method == http.MethodPut || m.Method == http.MethodPost):
		return r.put(m)
	}
	return plain(r.Write, m, "write here")
}

// plain asks one spec.
func plain(s *Spec, m *bus.Message, what string) (Decision, error) {
	path := m.ServicePath()
	if at := s.at(path); !at.admits(m.User, path) {
		return Decision{}, at.refuse(m.User, what)
	}
	return Decision{}, nil
}

// put decides over a document that may or may not exist. Nobody looks whether
// it does, which would be another moment than the write's: who may do only one
// of both gets the condition for it.
func (r *Rules) put(m *bus.Message) (Decision, error) {
	path := m.ServicePath()
	creates, writes := r.Create.at(path), r.Write.at(path)
	create := creates.admits(m.User, path)
	write := create
	if writes != creates {
		write = writes.admits(m.User, path)
	}
	d := Decision{user: m.User}
	switch {
	case create && write:
		return Decision{}, nil
	case create:
		if asksForExisting(m.Header) {
			return Decision{}, writes.refuse(m.User, mayReplace)
		}
		d.lacking = writes
		if m.Header.Get("If-None-Match") != "*" {
			d.Condition = bus.Field{Name: "If-None-Match", Value: "*"}
		}
	case write:
		if asksForAbsent(m.Header) {
			return Decision{}, creates.refuse(m.User, mayCreate)
		}
		d.lacking = creates
		if !asksForExisting(m.Header) && !asksForOlder(m.Header) {
			d.Condition = bus.Field{Name: "If-Match", Value: "*"}
		}
	case writes.nobody():
		return Decision{}, creates.refuse(m.User, "write here")
	default:
		return Decision{}, writes.refuse(m.User, "write here")
	}
	return d, nil
}

// Writes says what the user of m, a PUT of a document, may do to the one at its
// service path. It decides nothing about conditions, as Decide does.
func (r *Rules) Writes(kind *services.Kind, m *bus.Message) (creates, replaces bool) {
	path := m.ServicePath()
	if kind.Manages != nil && kind.Manages(m) {
		manages := r.Manage.Admits(m.User, path)
		return manages, manages
	}
	return r.Create.Admits(m.User, path), r.Write.Admits(m.User, path)
}

const (
	mayCreate  = "create documents here"
	mayReplace = "replace documents here"
)

// asksForExisting reports whether h has an If-Match (RFC 9110 section 13.1.1)
// that no missing document meets.
func asksForExisting(h bus.Header) bool {
	value := h.Get("If-Match")
	return value == "*" || strings.Contains(value, `"`)
}

// asksForAbsent reports whether h has the If-None-Match (RFC 9110 section
// 13.1.2) that only a missing document meets.
func asksForAbsent(h bus.Header) bool {
	for value := range h.Values("If-None-Match") {
		if value == "*" {
			return true
		}
	}
	return false
}

// asksForOlder reports whether h has an If-Unmodified-Since (RFC 9110 section
// 13.1.4), which a missing document does not meet. An If-Match beside it would
// have it ignored.
func asksForOlder(h bus.Header) bool {
	_, err := http.ParseTime(h.Get("If-Unmodified-Since"))
	return err == nil
}

// Apply writes the condition into the header of m.
func (d Decision) Apply(m *bus.Message) {
	if d.Condition.Name != "" {
		m.Header.Set(d.Condition.Name, d.Condition.Value)
	}
}

// Explain returns what the error of an admitted request means to its user:
// where the condition that the decision added does not hold, that they may not
// do it.
func (d Decision) Explain(err error) error {
	if d.Condition.Name == "" || bus.Classify(err).Status != http.StatusPreconditionFailed {
		return err
	}
	if d.Condition.Name == "If-Match" {
		return d.lacking.refuse(d.user, mayCreate)
	}
	return d.lacking.refuse(d.user, mayReplace)
}

// Refuse returns the error for a user, nil being nobody, whom s does not admit
// at a service path: 401 or 403. what follows "may".
func (s *Spec) Refuse(u *bus.User, servicePath []string, what string) error {
	return s.at(servicePath).refuse(u, what)
}

func (r *rule) refuse(u *bus.User, what string) error {
	e := &bus.Error{Status: http.StatusForbidden, Detail: "none of your roles lets you " + what}
	if u == nil {
		e.Status, e.Detail = http.StatusUnauthorized, "only users with a role for it may "+what+": sign in"
		e.Header = bus.Header{{Name: "WWW-Authenticate", Value: "Bearer"}}
	}
	if r.nobody() {
		e.Detail = "nobody from outside may " + what
	}
	return e
}

package runtime

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/access"
)

// admit asks the rules of the mount whether the user of m may go on. tokenErr
// says why a token that came was not believed. The decision that may have been
// taken is written into m.
func admit(mount *mounted, m *bus.Message, tokenErr error) (access.Decision, error) {
	decision, err := mount.decide(m)
	if err != nil {
		return decision, challenge(err, tokenErr)
	}
	if err := unpacked(m.Header); err != nil {
		return decision, err
	}
	decision.Apply(m)
	m.Sees = mount.sees(m.User)
	m.Records = mount.conf.Rules.Records(m.User, mount.spelled)
	if mount.conf.Kind.Users {
		m.Manages = mount.manages(m.User)
	}
	if isDirectory(m) && (m.Method == http.MethodPut || m.Method == http.MethodPost) {
		m.Writes = mount.writes(m)
	}
	return decision, nil
}

// unpacked refuses a body that would have to be unpacked.
func unpacked(h bus.Header) error {
	if !h.Has("Content-Encoding") {
		return nil
	}
	return bus.Errorf(http.StatusUnsupportedMediaType,
		"a body with Content-Encoding %q is not unpacked here: send it as it is", h.Get("Content-Encoding"))
}

// decide asks the rules, which see the name of a document in one spelling.
func (s *mounted) decide(m *bus.Message) (access.Decision, error) {
	if isDirectory(m) {
		return s.conf.Rules.Decide(&s.conf.Kind, m)
	}
	path := m.ServicePath()
	name := &path[len(path)-1]
	written := *name
	*name = s.withoutExtension(written)
	defer func() { *name = written }()
	return s.conf.Rules.Decide(&s.conf.Kind, m)
}

func isDirectory(m *bus.Message) bool { return m.URL.Dir || len(m.ServicePath()) == 0 }

// withoutExtension returns the spelling of a document's name that rules see.
func (s *mounted) withoutExtension(name string) string {
	if name == s.conf.Kind.Extension {
		return name
	}
	return strings.TrimSuffix(name, s.conf.Kind.Extension)
}

// challenge says in a 401 how to sign in, and what was wrong with the token
// (RFC 6750 section 3). Who is signed in but asks from another origin gets 403,
// and 503 whose record can't be read.
func challenge(err, tokenErr error) error {
	var refused *bus.Error
	if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		return err
	}
	if told, ok := errors.AsType[*bus.Error](tokenErr); ok {
		return told
	}
	told, value := *refused, `Bearer realm="restspace"`
	if tokenErr != nil {
		value += fmt.Sprintf(`, error="invalid_token", error_description=%q`, tokenErr.Error())
		told.Detail += "; the token that came was not believed: " + tokenErr.Error()
	}
	told.Header = slices.Clone(told.Header)
	told.Header.Set("WWW-Authenticate", value)
	return &told
}

// explain returns what the error of an admitted request means to its client.
// Where the decision took part in it, it may be a refusal like that of admit. A
// 401 of a service that says nothing of how to sign in gets that, too.
func explain(decision access.Decision, err, tokenErr error) error {
	if decision.Condition.Name != "" {
		return challenge(decision.Explain(err), tokenErr)
	}
	if own, ok := errors.AsType[*bus.Error](err); ok && own.Header.Has("WWW-Authenticate") {
		return err
	}
	return challenge(err, tokenErr)
}

package access_test

import (
	"cmp"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// rules give each right to the role of its first letter.
func rules(t testing.TB) *access.Rules {
	return &access.Rules{Read: parse(t, "R"), Write: parse(t, "W"), Create: parse(t, "C"), Manage: parse(t, "M")}
}

func request(t testing.TB, method, path string, u *bus.User, header ...bus.Field) *bus.Message {
	t.Helper()
	at, err := urlpattern.ParseURL("/base" + path)
	require.NoError(t, err)
	at.Base = 1
	return &bus.Message{Method: method, URL: at, User: u, Header: header}
}

var (
	plain     = services.Kind{}
	reading   = services.Kind{PostReads: true}
	documents = services.Kind{Documents: true, Manages: func(m *bus.Message) bool { return m.URL.Query == "manage" }}
)

func TestWhichSpecCounts(t *testing.T) {
	for _, c := range []struct {
		kind         *services.Kind
		method, path string
		want         string // the role that suffices
	}{
		{&plain, "GET", "/x", "R"},
		{&plain, "HEAD", "/x", "R"},
		{&plain, "POST", "/x", "W"},
		{&plain, "PUT", "/x", "W"},
		{&plain, "PATCH", "/x", "W"},
		{&plain, "DELETE", "/x", "W"},
		{&plain, "OPTIONS", "/x", "W"},
		{&plain, "PURGE", "/x", "W"},
		{&plain, "get", "/x", "W"},
		{&reading, "POST", "/x", "R"},
		{&reading, "PUT", "/x", "W"},
		{&documents, "GET", "/x", "R"},
		{&documents, "PATCH", "/x", "W"},
		{&documents, "DELETE", "/x", "W"},
		{&documents, "PURGE", "/x", "W"},
		{&documents, "POST", "/x/", "C"},
		{&documents, "POST", "/", "C"},
		{&documents, "POST", "", "C"},
		{&documents, "GET", "/x?manage", "M"},
		{&documents, "DELETE", "/x?manage", "M"},
		{&documents, "PUT", "/x?manage", "M"},
	} {
		for _, role := range []string{"R", "W", "C", "M"} {
			name := fmt.Sprintf("%s %s %v with %s", c.method, c.path, c.kind, role)
			d, err := rules(t).Decide(c.kind, request(t, c.method, c.path, user("a@x.org", role)))
			if role == c.want {
				assert.NoError(t, err, name)
			} else if assert.Error(t, err, name) {
				assert.Equal(t, 403, bus.Classify(err).Status, name)
			}
			assert.Zero(t, d.Condition, name)
		}
	}
}

// TestPut is the whole table of who may create and write, and of what the
// request asks for by itself.
func TestPut(t *testing.T) {
	const forbidden, nothing = "403", ""
	match := func(v string) []bus.Field { return []bus.Field{{Name: "if-match", Value: v}} }
	noneMatch := func(v string) []bus.Field { return []bus.Field{{Name: "if-none-match", Value: v}} }
	unmodified := func(v string) []bus.Field { return []bus.Field{{Name: "If-Unmodified-Since", Value: v}} }
	const date = "Sat, 21 Nov 2026 00:00:00 GMT"
	for _, c := range []struct {
		name          string
		header        []bus.Field
		create, write string // what comes of it for who may do only the one
	}{
		{"no condition", nil, "If-None-Match: *", "If-Match: *"},
		{"If-Match: *", match("*"), forbidden, nothing},
		{"If-Match: tag", match(`"a"`), forbidden, nothing},
		{"If-Match: weak tag", match(`W/"a"`), forbidden, nothing},
		{"If-Match: empty", match(""), "If-None-Match: *", "If-Match: *"},
		{"If-None-Match: *", noneMatch("*"), nothing, forbidden},
		{"If-None-Match: tag", noneMatch(`"a"`), "If-None-Match: *", "If-Match: *"},
		{"If-None-Match: tag and *", append(noneMatch(`"a"`), noneMatch("*")...), "If-None-Match: *", forbidden},
		{"both *", append(match("*"), noneMatch("*")...), forbidden, forbidden},
		{"If-Unmodified-Since", unmodified(date), "If-None-Match: *", nothing},
		{"If-Unmodified-Since: no date", unmodified("yesterday"), "If-None-Match: *", "If-Match: *"},
		{"If-Modified-Since", []bus.Field{{Name: "If-Modified-Since", Value: date}}, "If-None-Match: *", "If-Match: *"},
	} {
		for _, method := range []string{"PUT", "POST"} {
			for _, who := range []struct {
				roles []string
				want  string
			}{
				{nil, forbidden},
				{[]string{"R", "M"}, forbidden},
				{[]string{"C"}, c.create},
				{[]string{"W"}, c.write},
				{[]string{"C", "W"}, nothing},
			} {
				name := fmt.Sprint(method, " ", c.name, " ", who.roles)
				m := request(t, method, "/x", user("a@x.org", who.roles...), c.header...)
				d, err := rules(t).Decide(&documents, m)
				switch who.want {
				case forbidden:
					assert.Equal(t, 403, bus.Classify(err).Status, name)
				case nothing:
					assert.NoError(t, err, name)
					assert.Zero(t, d.Condition, name)
				default:
					assert.NoError(t, err, name)
					assert.Equal(t, who.want, d.Condition.Name+": "+d.Condition.Value, name)
				}
			}
		}
	}
}

func TestCreateIsWriteWhereItIsNotSet(t *testing.T) {
	write := parse(t, "W")
	r := &access.Rules{Read: parse(t, "none"), Write: write, Create: write, Manage: parse(t, "none")}
	d, err := r.Decide(&documents, request(t, "PUT", "/x", user("a@x.org", "W")))
	require.NoError(t, err)
	assert.Zero(t, d.Condition)
	_, err = r.Decide(&documents, request(t, "PUT", "/x", user("a@x.org", "C")))
	assert.EqualError(t, err, "none of your roles lets you write here")
}

func TestPathsCount(t *testing.T) {
	r := rules(t)
	r.Create = parse(t, "none /inbox all")
	d, err := r.Decide(&documents, request(t, "PUT", "/inbox/x", nil))
	require.NoError(t, err)
	assert.Equal(t, bus.Field{Name: "If-None-Match", Value: "*"}, d.Condition)
	_, err = r.Decide(&documents, request(t, "PUT", "/other/x", nil))
	assert.Error(t, err)
}

func TestWrites(t *testing.T) {
	for _, c := range []struct {
		path, role        string
		creates, replaces bool
	}{
		{"/x", "C", true, false},
		{"/x", "W", false, true},
		{"/x", "M", false, false},
		{"/x?manage", "M", true, true},
		{"/x?manage", "W", false, false},
	} {
		creates, replaces := rules(t).Writes(&documents, request(t, "PUT", c.path, user("a@x.org", c.role)))
		assert.Equal(t, [2]bool{c.creates, c.replaces}, [2]bool{creates, replaces}, "%s with %s", c.path, c.role)
	}
}

func TestNobodyIsAskedToSignIn(t *testing.T) {
	for _, method := range []string{"GET", "PUT", "DELETE", "POST"} {
		_, err := rules(t).Decide(&documents, request(t, method, "/x", nil))
		refused := bus.Classify(err)
		assert.Equal(t, 401, refused.Status)
		assert.Equal(t, "Bearer", refused.Header.Get("WWW-Authenticate"))
	}
	_, err := rules(t).Decide(&documents, request(t, "GET", "/x", nil))
	assert.EqualError(t, err, "only users with a role for it may read this: sign in")
}

// TestNoneIsToldFromAMissingRole holds that nobody is sent to sign in where
// that would not help.
func TestNoneIsToldFromAMissingRole(t *testing.T) {
	none, some := parse(t, "none"), parse(t, "R /closed none")
	r := &access.Rules{Read: some, Write: none, Create: none, Manage: none}
	creators := &access.Rules{Read: some, Write: none, Create: parse(t, "C"), Manage: none}
	for _, c := range []struct {
		rules        *access.Rules
		method, path string
		want         string // of nobody; of a user where it is the same
		user         string
	}{
		{r, "GET", "/x", "only users with a role for it may read this: sign in", "none of your roles lets you read this"},
		{r, "GET", "/closed/x", "nobody from outside may read this", ""},
		{r, "PUT", "/x", "nobody from outside may write here", ""},
		{r, "DELETE", "/x", "nobody from outside may write here", ""},
		{creators, "PUT", "/x", "only users with a role for it may write here: sign in", "none of your roles lets you write here"},
	} {
		_, err := c.rules.Decide(&documents, request(t, c.method, c.path, nil))
		assert.EqualError(t, err, c.want)
		assert.Equal(t, 401, bus.Classify(err).Status)
		_, err = c.rules.Decide(&documents, request(t, c.method, c.path, user("a@x.org", "X")))
		assert.EqualError(t, err, cmp.Or(c.user, c.want))
		assert.Equal(t, 403, bus.Classify(err).Status)
	}
	d, err := creators.Decide(&documents, request(t, "PUT", "/x", user("a@x.org", "C")))
	require.NoError(t, err)
	assert.EqualError(t, d.Explain(bus.Errorf(412, "it is there")), "nobody from outside may replace documents here")
}

func TestDecisionAppliesAndExplains(t *testing.T) {
	failed := bus.Errorf(412, "the condition does not hold")
	for _, c := range []struct {
		role, field, want string
	}{
		{"C", "If-None-Match", "none of your roles lets you replace documents here"},
		{"W", "If-Match", "none of your roles lets you create documents here"},
	} {
		m := request(t, "PUT", "/x", user("a@x.org", c.role), bus.Field{Name: "If-None-Match", Value: `"a"`})
		d, err := rules(t).Decide(&documents, m)
		require.NoError(t, err)
		d.Apply(m)
		assert.Equal(t, "*", m.Header.Get(c.field))
		explained := d.Explain(fmt.Errorf("put: %w", failed))
		assert.EqualError(t, explained, c.want)
		assert.Equal(t, 403, bus.Classify(explained).Status)
		other := errors.New("other")
		assert.Equal(t, other, d.Explain(other))
	}

	m := request(t, "PUT", "/x", user("a@x.org", "C", "W"))
	d, err := rules(t).Decide(&documents, m)
	require.NoError(t, err)
	d.Apply(m)
	assert.Empty(t, m.Header)
	assert.Equal(t, failed, d.Explain(failed), "the client's own condition")

	anybody := rules(t)
	anybody.Create = parse(t, "all")
	d, err = anybody.Decide(&documents, request(t, "PUT", "/x", nil))
	require.NoError(t, err)
	assert.Equal(t, 401, bus.Classify(d.Explain(failed)).Status)
}

func BenchmarkDecide(b *testing.B) {
	r, m := rules(b), request(b, "GET", "/x/y", user("a@x.org", "R"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Decide(&documents, m); err != nil {
			b.Fatal(err)
		}
	}
}

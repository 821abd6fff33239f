package account_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

func TestParse(t *testing.T) {
	r, err := account.Parse([]byte(`{"email":"ann@example.com","roles":"U  E","password":"h","name":"Ann","age":41,"tags":[1],
		"auth":{"notBefore":1700000000.5,"ended":{"s":1800000000},"reset":{"hash":"x","until":1}}}`))
	require.NoError(t, err)
	assert.Equal(t, account.Roles{"U", "E"}, r.Roles)
	assert.Equal(t, "Ann", r.Member("name"))
	assert.Equal(t, "41", r.Member("age"))
	assert.Empty(t, r.Member("tags"))
	assert.Empty(t, r.Member("missing"))
	assert.Equal(t, int64(1700000000500), r.State.NotBefore.Time().UnixMilli())
	assert.True(t, r.State.Ends(1700000000.4, ""), "issued before")
	assert.True(t, r.State.Ends(1700000001, "s"), "a session that was ended")
	assert.False(t, r.State.Ends(1700000000.5, "other"))

	r, err = account.Parse([]byte(`{"email":"a@x","roles":["U"]}`))
	require.NoError(t, err)
	assert.Equal(t, account.Roles{"U"}, r.Roles)
	for _, bad := range []string{`[]`, `{}`, `{"email":1}`, `{"email":"a@x","roles":7}`, `{"email":"a@x","email":"b@x"}`} {
		_, err := account.Parse([]byte(bad))
		assert.Error(t, err, bad)
	}
}

func TestEndedSessions(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var s account.State
	s.EndSession("old", now.Add(-time.Second), now)
	s.EndSession("one", now.Add(time.Hour), now)
	assert.False(t, s.Ends(account.At(now), "old"), "is forgotten")
	assert.True(t, s.Ends(account.At(now), "one"))
	for i := range 50 {
		s.EndSession(strings.Repeat("x", i+1), now.Add(time.Hour), now)
	}
	assert.Empty(t, s.Ended, "too many to remember")
	s.Reset = &account.OneTime{Hash: "x", Until: account.At(now.Add(time.Hour))}
	s.EndAll(now)
	assert.Nil(t, s.Reset, "a mail from before sets no password")
	assert.True(t, s.Ends(account.At(now.Add(-time.Millisecond)), "any"), "so all end")
	assert.False(t, s.Ends(account.At(now), "any"))
}

func TestHide(t *testing.T) {
	for record, want := range map[string]string{
		`{"email":"a@x","password":"secret","auth":{"notBefore":1},"n":12345678901234567890}`: `{"email":"a@x","password":"<hidden>","n":12345678901234567890}`,
		`{ "auth" : {}, "email" : "a@x" }`: `{"email":"a@x"}`,
		`{"pass\u0077ord":"secret"}`:       `{"pass\u0077ord":"<hidden>"}`,
		`{"a":{"password":"other"}}`:       `{"a":{"password":"other"}}`,
		`{}`:                               `{}`,
	} {
		shown, err := account.Hide([]byte(record))
		require.NoError(t, err)
		assert.Equal(t, want, string(shown))
	}
	for _, bad := range []string{``, `[]`, `{"a"`, `{"a":1`, `"x"`} {
		_, err := account.Hide([]byte(bad))
		assert.Error(t, err, bad)
	}
}

func TestWrite(t *testing.T) {
	const record = `{"email":"a@x", "roles":["U"],"n":1.0,"auth":{"notBefore":5}}`
	r, err := account.Parse([]byte(record))
	require.NoError(t, err)
	same, err := account.Write([]byte(record), r)
	require.NoError(t, err)
	assert.Equal(t, `{"email":"a@x","roles":["U"],"n":1.0,"auth":{"notBefore":5}}`, string(same))
	r.Password, r.Roles, r.State = "h", account.Roles{"U", "E"}, account.State{Ended: map[string]account.Seconds{"b": 2, "a": 1.5}}
	next, err := account.Write([]byte(record), r)
	require.NoError(t, err)
	assert.Equal(t, `{"email":"a@x","roles":"U E","n":1.0,"auth":{"ended":{"a":1.5,"b":2}},"password":"h"}`, string(next))
	again, err := account.Parse(next)
	require.NoError(t, err)
	assert.Equal(t, r.State, again.State)
	_, err = account.Write([]byte(`{}`), r)
	assert.Error(t, err)
}

func TestFacts(t *testing.T) {
	r, err := account.Parse([]byte(`{"email":"a@x","org":"north","level":3,"tags":[1]}`))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"org": "north", "level": "3"}, r.Facts([]string{"org", "level", "tags", "missing"}))
	assert.Nil(t, r.Facts([]string{"missing"}))
}

func TestPasswords(t *testing.T) {
	h := account.NewHasher(account.InProcess(1))
	hash, err := h.Hash(t.Context(), "correct horse battery")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"), hash)
	for password, want := range map[string]bool{"correct horse battery": true, "correct horse batterx": false, "": false} {
		ok, err := h.Check(t.Context(), password, hash)
		require.NoError(t, err)
		assert.Equal(t, want, ok, password)
	}
	ok, err := h.Check(t.Context(), "", "")
	require.NoError(t, err)
	assert.False(t, ok, "nobody has no password")

	long := strings.Repeat("a", 72)
	hash, err = h.Hash(t.Context(), long+"b")
	require.NoError(t, err)
	ok, err = h.Check(t.Context(), long+"c", hash)
	require.NoError(t, err)
	assert.False(t, ok, "all bytes count")

	_, err = h.Hash(t.Context(), strings.Repeat("a", account.MaxPassword+1))
	assert.Equal(t, 400, bus.Classify(err).Status)
	for _, bad := range []string{"secret", "$2y$10$x", "$argon2id$v=19$m=4194304,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=64,t=0,p=1$AAAA$AAAA",
		"$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$", "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA"} {
		ok, err := h.Check(t.Context(), "x", bad)
		assert.False(t, ok, bad)
		assert.ErrorIs(t, err, account.ErrHash, bad)
		assert.NotContains(t, err.Error(), "secret")
	}
	var log bytes.Buffer
	ok, err = h.Admits(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), &account.Record{Email: "ann@example.com", Password: "secret"}, "secret")
	require.NoError(t, err)
	assert.False(t, ok, "a password that is kept as it is")
	assert.Contains(t, log.String(), "ann@example.com")
	assert.NotContains(t, log.String(), "secret")
	ok, err = h.Admits(t.Context(), nil, nil, "")
	require.NoError(t, err)
	assert.False(t, ok, "nobody")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = h.Hash(ended, "x")
	assert.ErrorIs(t, err, context.Canceled)
}

func TestPolicy(t *testing.T) {
	p := account.DefaultPolicy()
	for password, want := range map[string]string{
		"ansible pinwheel":         "",
		"short":                    "5 characters: choose one of 10 or more",
		"x7Kp2mQ9vL":               "",
		"correct horse battery":    "",
		"Tr0ub4dor&3x":             "",
		"password123":              "too easy to guess",
		"P@ssw0rd2024!":            "too easy to guess",
		"Summer2024!":              "too easy to guess",
		"football2024":             "too easy to guess",
		"iloveyou12":               "too easy to guess",
		"administrator":            "too easy to guess",
		"1234567890":               "too easy to guess",
		"1q2w3e4r5t":               "too easy to guess",
		"aaaaaaaaaaaa":             "too easy to guess",
		"abababababab":             "too easy to guess",
		"aaaaabbbbbccccc1":         "too easy to guess",
		"qwertyuiop":               "too easy to guess",
		"annexample1":              "too easy to guess",
		"Jo@Example.com":           "too easy to guess",
		"jo@example.com1":          "too easy to guess",
		"\xff\xff\xff\xff":         "not UTF-8",
		strings.Repeat("xK", 1000): "more than 1024 bytes",
	} {
		err := p.Admits(password, "ann", "example", "jo@example.com")
		if want == "" {
			assert.NoError(t, err, password)
			continue
		}
		assert.ErrorContains(t, err, want, password)
		assert.NotContains(t, err.Error(), password)
	}
	p.Classes = []string{"upper", "digit", "symbol"}
	assert.NoError(t, p.Admits("Ansible pinwheel 7"))
	assert.ErrorContains(t, p.Admits("ansible pinwheel 7"), "of the sort upper")
	assert.NoError(t, p.Check())
	assert.ErrorContains(t, (&account.Policy{MinLength: 10, Classes: []string{"Upper"}}).Check(), "no class")
	assert.ErrorContains(t, (&account.Policy{}).Check(), "minLength")
	common := account.Policy{MinLength: 4, Common: true}
	assert.NoError(t, common.Admits("password"))
}

func BenchmarkCheck(b *testing.B) {
	h := account.NewHasher(account.InProcess(1))
	hash, err := h.Hash(b.Context(), "correct horse battery")
	require.NoError(b, err)
	for b.Loop() {
		_, _ = h.Check(b.Context(), "wrong horse battery", hash)
	}
}

// busy is a Worker that has begun what it does not end before it is freed.
type busy struct{ begun, freed chan struct{} }

func (b *busy) Hash(context.Context, string) (string, error) {
	b.begun <- struct{}{}
	<-b.freed
	return "hashed", nil
}

func (b *busy) Check(context.Context, string, string) (bool, error) { return true, nil }

func TestTooManyPasswords(t *testing.T) {
	b := &busy{begun: make(chan struct{}), freed: make(chan struct{})}
	h := account.NewHasher(b)
	var waiting sync.WaitGroup
	for range 32 * account.AtOnce() {
		waiting.Go(func() {
			hash, err := h.Hash(t.Context(), "x")
			assert.NoError(t, err)
			assert.Equal(t, "hashed", hash)
		})
		<-b.begun
	}
	_, err := h.Check(t.Context(), "x", "")
	var full *bus.Error
	require.ErrorAs(t, err, &full)
	assert.Equal(t, 503, full.Status)
	assert.Equal(t, "2", full.Header.Get("Retry-After"))
	close(b.freed)
	waiting.Wait()
	ok, err := h.Check(t.Context(), "x", "")
	assert.NoError(t, err)
	assert.True(t, ok)
}

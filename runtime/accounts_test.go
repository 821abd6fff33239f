package runtime_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
)

// records is a Kind that keeps user records, and one of users that has the
// Identity of the server.
type records struct {
	mu       sync.Mutex
	byEmail  map[string]string
	version  int
	reads    int
	fails    error
	before   func() // called once, before the next write
	identity services.Identity
}

func (r *records) kinds() []services.Kind {
	return []services.Kind{
		services.Define(services.Kind{Name: "records"}, func(context.Context, services.Env, services.None, services.None) (bus.Service, error) {
			return bus.ServiceFunc(r.serve), nil
		}),
		services.Define(services.Kind{Name: "signs", Users: true}, func(_ context.Context, env services.Env, _ services.None, _ services.None) (bus.Service, error) {
			r.identity = env.Identity
			return bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
				token, err := env.Identity.Issue(&bus.User{Email: m.ServicePath()[0], Roles: []string{"U"}}, time.Now())
				reply := bus.Reply(200, bus.NewBody([]byte(token.Value), "text/plain"))
				reply.Header.Add("Set-Cookie", env.Identity.Cookie(ctx, token))
				return reply, err
			}), nil
		}),
	}
}

func (r *records) serve(_ context.Context, m *bus.Message) (*bus.Message, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fails != nil {
		return nil, r.fails
	}
	if m.User == nil || !m.User.System {
		return nil, bus.Errorf(http.StatusForbidden, "not the server itself")
	}
	email := m.ServicePath()[0]
	etag := fmt.Sprintf(`"%d"`, r.version)
	if m.Method == "PUT" {
		if before := r.before; before != nil {
			r.before = nil
			before()
			etag = fmt.Sprintf(`"%d"`, r.version)
		}
		if m.Header.Get("If-Match") != etag {
			return nil, &bus.Error{Status: http.StatusPreconditionFailed}
		}
		data, err := m.Body.Bytes(1000)
		r.byEmail[email] = string(data)
		r.version++
		return bus.Reply(204, nil), err
	}
	r.reads++
	record, ok := r.byEmail[email]
	if !ok {
		return nil, &bus.Error{Status: http.StatusNotFound}
	}
	reply := bus.Reply(200, bus.NewBody([]byte(record), "application/json"))
	reply.Header.Add("ETag", etag)
	return reply, nil
}

const accounts = `{
	"auth": {"userUrlPattern": "/user/${email}", "userProps": ["org"], "tokenLife": "1m"},
	"services": [
		{"name": "user", "basePath": "/user", "service": "records", "readRoles": "none"},
		{"name": "signs", "basePath": "/signs", "service": "signs", "readRoles": "all"},
		{"name": "open", "basePath": "/open", "service": "probe", "say": "open", "readRoles": "all"},
		{"name": "north", "basePath": "/north", "service": "probe", "say": "north", "readRoles": "{org}"},
		{"name": "a", "basePath": "/a", "service": "probe", "say": "hello", "readRoles": "U"}
	]}`

func startAccounts(t *testing.T) (*server, *records) {
	r := &records{byEmail: map[string]string{
		"ann@example.com":  `{"email":"ann@example.com","roles":"U E","org":"north"}`,
		"boss@example.com": `{"email":"boss@example.com","roles":"U A"}`,
	}}
	return start(t, newProbe(), accounts, r.kinds()...), r
}

func (s *server) status(t *testing.T, path, token string) int {
	t.Helper()
	response, _ := s.sent(t, "GET", path, "Authorization", "Bearer "+token)
	return response.StatusCode
}

func TestTokensHoldAsTheRecordSays(t *testing.T) {
	s, r := startAccounts(t)
	ann := &bus.User{Email: "ann@example.com", Roles: []string{"U"}}
	one, err := r.identity.Issue(ann, time.Now())
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(time.Minute), one.Expires, 5*time.Second)
	two, err := r.identity.Issue(ann, time.Now())
	require.NoError(t, err)
	for range 3 {
		assert.Equal(t, 200, s.status(t, "/a", one.Value))
		assert.Equal(t, 200, s.status(t, "/a", two.Value))
	}
	assert.Equal(t, 1, r.reads, "the record is read once in some seconds")

	require.NoError(t, r.identity.Change(t.Context(), "ann@example.com", func(r *account.Record) error {
		r.State.EndSession(sessionOf(t, one.Value), time.Now().Add(time.Hour), time.Now())
		return nil
	}))
	assert.Equal(t, 401, s.status(t, "/a", one.Value), "signed out of")
	assert.Equal(t, 200, s.status(t, "/a", two.Value), "another session")
	response, _ := s.sent(t, "GET", "/a", "Authorization", "Bearer "+one.Value)
	assert.Contains(t, response.Header.Get("WWW-Authenticate"), "invalid_token")

	require.NoError(t, r.identity.Change(t.Context(), "ann@example.com", func(r *account.Record) error {
		time.Sleep(2 * time.Millisecond) // times count in milliseconds
		r.State.EndAll(time.Now())
		return nil
	}))
	assert.Equal(t, 401, s.status(t, "/a", two.Value), "all are over")
	three, err := r.identity.Issue(ann, time.Now())
	require.NoError(t, err)
	assert.Equal(t, 200, s.status(t, "/a", three.Value))

	delete(r.byEmail, "ann@example.com")
	r.identity.Forget("ann@example.com")
	assert.Equal(t, 401, s.status(t, "/a", three.Value), "no record")
	_, err = r.identity.Record(t.Context(), "ann@example.com")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestRecordsThatCanNotBeRead(t *testing.T) {
	s, r := startAccounts(t)
	token, err := r.identity.Issue(&bus.User{Email: "ann@example.com", Roles: []string{"U"}}, time.Now())
	require.NoError(t, err)
	r.fails = errors.New("the disk is gone")
	response, body := s.sent(t, "GET", "/a", "Authorization", "Bearer "+token.Value)
	assert.Equal(t, 503, response.StatusCode)
	assert.NotContains(t, body, "disk")
	assert.NotEmpty(t, response.Header.Get("Retry-After"))
	assert.Equal(t, 200, s.status(t, "/open", token.Value), "nobody has to be known here")
	r.fails = nil
	assert.Equal(t, 200, s.status(t, "/a", token.Value))
	r.fails = errors.New("the disk is gone")
	r.identity.Forget("ann@example.com")
	assert.Equal(t, 200, s.status(t, "/a", token.Value), "what is known counts for a while")
	assert.Contains(t, s.log.String(), "what it said before counts")
	assert.Contains(t, s.log.String(), "the disk is gone")
}

func TestChangesOfARecordAreNotLost(t *testing.T) {
	_, r := startAccounts(t)
	r.before = func() {
		r.byEmail["ann@example.com"] = `{"email":"ann@example.com","roles":"U","name":"Ann"}`
		r.version++
	}
	times := 0
	require.NoError(t, r.identity.Change(t.Context(), "ann@example.com", func(r *account.Record) error {
		times++
		r.Password = "hash"
		return nil
	}))
	assert.Equal(t, 2, times)
	assert.Equal(t, `{"email":"ann@example.com","roles":"U","name":"Ann","password":"hash"}`, r.byEmail["ann@example.com"])
	why := errors.New("no")
	err := r.identity.Change(t.Context(), "ann@example.com", func(*account.Record) error { return why })
	assert.ErrorIs(t, err, why)
	r.byEmail["bob@example.com"] = r.byEmail["ann@example.com"]
	_, err = r.identity.Record(t.Context(), "bob@example.com")
	assert.ErrorContains(t, err, "somebody else's")
}

func TestCookiesAreRenewed(t *testing.T) {
	s, r := startAccounts(t)
	response, token := s.sent(t, "GET", "/signs/ann@example.com")
	made := response.Header.Get("Set-Cookie")
	assert.True(t, strings.HasPrefix(made, "rs-auth="+token+"; Path=/; Expires="), made)
	assert.True(t, strings.HasSuffix(made, "; HttpOnly; SameSite=Strict"), made)
	response, _ = s.sent(t, "GET", "/a", "Cookie", "rs-auth="+token)
	assert.Equal(t, 200, response.StatusCode)
	assert.Empty(t, response.Header.Get("Set-Cookie"), "it is new")
	assert.Equal(t, "private", response.Header.Get("Cache-Control"), "what is for who has the cookie")
	response, _ = s.sent(t, "GET", "/north/north", "Cookie", "rs-auth="+token)
	assert.Equal(t, 403, response.StatusCode)
	assert.Equal(t, "private", response.Header.Get("Cache-Control"), "also what is refused")
	response, _ = s.sent(t, "GET", "/open", "Cookie", "rs-auth=x")
	assert.Empty(t, response.Header.Get("Cache-Control"), "nobody")

	half := func(user *bus.User) string { // of its life is over
		token, err := s.Token(user, 20*time.Second)
		require.NoError(t, err)
		return token
	}
	session := &bus.Session{ID: "one", Began: time.Now().Add(-time.Hour)}
	old := half(&bus.User{Email: "ann@example.com", Roles: []string{"U"}, Session: session})
	response, _ = s.sent(t, "GET", "/a", "Authorization", "Bearer "+old)
	assert.Empty(t, response.Header.Get("Set-Cookie"), "of cookies only")
	response, _ = s.sent(t, "GET", "/a", "Cookie", "rs-auth="+old)
	renewed, _, _ := strings.Cut(response.Header.Get("Set-Cookie"), ";")
	require.True(t, strings.HasPrefix(renewed, "rs-auth="), renewed)
	assert.Equal(t, "private", response.Header.Get("Cache-Control"))
	claims := claimsOf(t, strings.TrimPrefix(renewed, "rs-auth="))
	assert.Equal(t, "one", claims["sid"], "the session goes on")
	assert.Equal(t, []any{"U", "E"}, claims["roles"], "as they are now")
	assert.Equal(t, "north", claims["org"])
	assert.InDelta(t, float64(session.Began.UnixMilli())/1000, claims["auth_time"], 0.01)
	response, _ = s.sent(t, "GET", "/north/north", "Cookie", renewed)
	assert.Equal(t, 200, response.StatusCode, "facts of the record are in the token")

	response, _ = s.sent(t, "GET", "/a", "Cookie", "rs-auth="+old, "X-Restspace-Trace", "0")
	assert.NotEmpty(t, response.Header.Get("Set-Cookie"), "also where a record is not asked for")

	session.Began = time.Now().Add(-721 * time.Hour)
	response, _ = s.sent(t, "GET", "/a", "Cookie", "rs-auth="+half(&bus.User{Email: "ann@example.com", Roles: []string{"U"}, Session: session}))
	assert.Equal(t, 200, response.StatusCode)
	assert.Empty(t, response.Header.Get("Set-Cookie"), "the session is too old")
	response, _ = s.sent(t, "GET", "/a", "Cookie", "rs-auth="+half(&bus.User{Email: "ann@example.com", Roles: []string{"U"}}))
	assert.Empty(t, response.Header.Get("Set-Cookie"), "no session")
	_ = r
}

func TestNoTokenOutlivesAChangeThatItMissed(t *testing.T) {
	s, r := startAccounts(t)
	ann := &bus.User{Email: "ann@example.com", Roles: []string{"U"}}
	change := func() {
		require.NoError(t, r.identity.Change(t.Context(), "ann@example.com", func(r *account.Record) error {
			r.State.EndAll(time.Now())
			return nil
		}))
	}
	record, err := r.identity.Record(t.Context(), "ann@example.com")
	require.NoError(t, err)
	change()
	late, err := r.identity.Issue(ann, record.Since())
	require.NoError(t, err)
	assert.Equal(t, 401, s.status(t, "/a", late.Value), "who signs in with a password that is changed meanwhile")
	record, err = r.identity.Record(t.Context(), "ann@example.com")
	require.NoError(t, err)
	next, err := r.identity.Issue(ann, record.Since())
	require.NoError(t, err)
	assert.Equal(t, 200, s.status(t, "/a", next.Value), "and at once with the new one")

	ann.Session = &bus.Session{ID: "one", Began: time.Now()}
	old, err := s.Token(ann, 20*time.Second)
	require.NoError(t, err)
	require.Equal(t, 200, s.status(t, "/a", old))
	time.Sleep(2 * time.Millisecond) // times count in milliseconds
	r.byEmail["ann@example.com"] = fmt.Sprintf(`{"email":"ann@example.com","roles":"U","auth":{"notBefore":%f}}`, account.At(time.Now()))
	response, _ := s.sent(t, "GET", "/a", "Cookie", "rs-auth="+old)
	assert.Equal(t, 200, response.StatusCode, "another process has changed it a moment ago")
	renewed, _, _ := strings.Cut(response.Header.Get("Set-Cookie"), ";")
	require.NotEmpty(t, renewed)
	r.identity.Forget("ann@example.com")
	assert.Equal(t, 401, s.status(t, "/a", old))
	response, _ = s.sent(t, "GET", "/a", "Cookie", renewed)
	assert.Equal(t, 401, response.StatusCode, "what was renewed meanwhile is over, too")
}

func TestWhoActsAsAnother(t *testing.T) {
	s, r := startAccounts(t)
	token, err := r.identity.Issue(&bus.User{Email: "ann@example.com", Roles: []string{"U"}, Actor: "boss@example.com"}, time.Now())
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"sub": "boss@example.com"}, claimsOf(t, token.Value)["act"])
	assert.Equal(t, 200, s.status(t, "/a", token.Value))
	require.Eventually(t, func() bool { return strings.Contains(s.log.String(), `"actor":"boss@example.com"`) }, time.Second, time.Millisecond)
	delete(r.byEmail, "boss@example.com")
	r.identity.Forget("boss@example.com")
	assert.Equal(t, 401, s.status(t, "/a", token.Value), "who acts has to be there")
}

func TestBearerBeatsTheCookie(t *testing.T) {
	s, r := startAccounts(t)
	token, err := r.identity.Issue(&bus.User{Email: "ann@example.com", Roles: []string{"U"}}, time.Now())
	require.NoError(t, err)
	response, _ := s.sent(t, "GET", "/a", "Authorization", "Bearer x", "Cookie", "rs-auth="+token.Value)
	assert.Equal(t, 401, response.StatusCode)
	response, _ = s.sent(t, "GET", "/a", "Authorization", "Bearer "+token.Value, "Cookie", "rs-auth=x")
	assert.Equal(t, 200, response.StatusCode)
	response, _ = s.sent(t, "GET", "/a", "Cookie", "__Host-rs-auth="+token.Value)
	assert.Equal(t, 401, response.StatusCode, "its name on TLS")
}

func TestPublicKeys(t *testing.T) {
	s, r := startAccounts(t)
	token, err := r.identity.Issue(&bus.User{Email: "ann@example.com", Roles: []string{"U"}}, time.Now())
	require.NoError(t, err)
	status, body, header := s.get(t, "/.well-known/jwks.json")
	assert.Equal(t, 200, status)
	assert.Equal(t, "application/jwk-set+json", header.Get("Content-Type"))
	assert.Equal(t, "public, max-age=300", header.Get("Cache-Control"))
	var keys jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal([]byte(body), &keys))
	signed, err := jose.ParseSignedCompact(token.Value, []jose.SignatureAlgorithm{jose.EdDSA})
	require.NoError(t, err)
	_, err = signed.Verify(keys)
	assert.NoError(t, err, "others can believe tokens of this server")
	response, _ := s.sent(t, "PUT", "/.well-known/jwks.json")
	assert.Equal(t, 405, response.StatusCode)
	response, _ = s.sent(t, "OPTIONS", "/.well-known/jwks.json")
	assert.Equal(t, "GET, HEAD, OPTIONS", response.Header.Get("Allow"))
}

func TestTokensOfAnotherServer(t *testing.T) {
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	var answers atomic.Int64
	keys := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers.Add(1)
		if r.URL.Path != "/keys" {
			http.Redirect(w, r, "/keys", http.StatusFound)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: "one"}}})
	}))
	defer keys.Close()
	conf := `{"auth": {"trust": [
			{"issuer": "other", "jwksUrl": "` + keys.URL + `/keys", "audience": "me", "rolesClaim": "/access/roles"},
			{"issuer": "moved", "jwksUrl": "` + keys.URL + `/old", "audience": "me"}]},
		"services": [{"name": "a", "basePath": "/a", "service": "probe", "say": "hello", "readRoles": "{email} U"}]}`
	s := start(t, newProbe(), conf)
	sign := func(issuer string) string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: "one"}}, nil)
		require.NoError(t, err)
		signed, err := signer.Sign(fmt.Appendf(nil, `{"iss":%q,"aud":["me"],"sub":"7","exp":%d,"email":"ann@example.com","access":{"roles":["U"]}}`,
			issuer, time.Now().Add(time.Minute).Unix()))
		require.NoError(t, err)
		token, err := signed.CompactSerialize()
		require.NoError(t, err)
		return token
	}
	for range 3 {
		assert.Equal(t, 200, s.status(t, "/a", sign("other")))
	}
	assert.EqualValues(t, 1, answers.Load())
	assert.Equal(t, 401, s.status(t, "/a", sign("third")))
	assert.Equal(t, 503, s.status(t, "/a", sign("moved")), "redirects are not followed")
	assert.Contains(t, s.log.String(), "answers 302")
	assert.EqualValues(t, 2, answers.Load())

	keys.Close()
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(strings.Replace(conf, "hello", "hi", 1))))
	assert.Equal(t, 200, s.status(t, "/a", sign("other")), "keys stay over a reload")
	require.NoError(t, s.Load(t.Context(), "services.json", []byte(strings.Replace(conf, "/keys", "/elsewhere", 1))))
	assert.Equal(t, 503, s.status(t, "/a", sign("other")), "but not those of another place")
}

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	var claims map[string]any
	decoder := json.NewDecoder(bytes.NewReader(payloadOf(t, token)))
	require.NoError(t, decoder.Decode(&claims))
	return claims
}

func sessionOf(t *testing.T, token string) string {
	t.Helper()
	id, _ := claimsOf(t, token)["sid"].(string)
	require.NotEmpty(t, id)
	return id
}

func payloadOf(t *testing.T, token string) []byte {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	return data
}

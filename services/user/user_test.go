package user_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
	"github.com/seed90475182/restspace/services/user"
	"github.com/seed90475182/restspace/urlpattern"
)

// fixture is a service over a store in memory.
type fixture struct {
	*testing.T
	service bus.Service
	store   *adaptors.Keep
	log     *bytes.Buffer
	known   *known
}

// known is what of an Identity the service uses.
type known struct {
	services.Identity
	hasher    *account.Hasher
	mu        sync.Mutex
	forgotten []string
}

func (k *known) Hasher() *account.Hasher                   { return k.hasher }
func (k *known) Facts(r *account.Record) map[string]string { return r.Facts([]string{"org"}) }
func (k *known) Forget(email string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forgotten = append(k.forgotten, email)
}

func newFixture(t *testing.T) *fixture {
	kind := user.Kind()
	f := &fixture{T: t, store: adaptors.NewKeep(memstore.New(), 0), log: new(bytes.Buffer), known: &known{hasher: account.NewHasher(account.InProcess(1))}}
	service, err := kind.New(t.Context(), services.Env{
		Config:   kind.Config(),
		Adaptors: map[string]any{"adaptor": f.store},
		Limits:   services.Limits{Body: 1 << 16, File: 1 << 20},
		Identity: f.known,
		Log:      slog.New(slog.NewTextHandler(f.log, nil)),
	})
	require.NoError(t, err)
	f.service = service
	return f
}

// as makes a request: as nobody (""), as "server", as "admin", or as who has an
// email.
func (f *fixture) as(who, method, path, body string, header ...string) (*bus.Message, error) {
	f.Helper()
	u, err := urlpattern.ParseURL("/user" + path)
	require.NoError(f, err)
	u.Base = 1
	m := &bus.Message{Method: method, URL: u, Manages: func([]string) bool { return who == "admin" }}
	if body != "" {
		m.Body = bus.NewBody([]byte(body), "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		m.Header.Set(header[i], header[i+1])
	}
	switch who {
	case "":
	case "server":
		m.User, m.Depth, m.Manages = &bus.User{System: true}, 1, nil
	case "admin":
		m.User = &bus.User{Email: "boss@example.com", Roles: []string{"A"}}
	default:
		m.User = &bus.User{Email: who}
	}
	return f.service.Serve(f.Context(), m)
}

func (f *fixture) ok(who, method, path, body string) *bus.Message {
	f.Helper()
	reply, err := f.as(who, method, path, body)
	require.NoError(f, err, "%s %s %s", who, method, path)
	return reply
}

func (f *fixture) refused(status int, who, method, path, body string) string {
	f.Helper()
	_, err := f.as(who, method, path, body)
	require.Error(f, err, "%s %s %s %s", who, method, path, body)
	assert.Equal(f, status, bus.Classify(err).Status, err)
	return bus.Classify(err).Detail
}

// stored returns a record as it is stored.
func (f *fixture) stored(email string) *account.Record {
	f.Helper()
	data, _ := f.bytes(email)
	r, err := account.Parse(data)
	require.NoError(f, err)
	return r
}

func (f *fixture) bytes(email string) ([]byte, adaptors.Info) {
	f.Helper()
	body, info, err := f.store.Get(f.Context(), adaptors.Key{email + ".json"}, adaptors.GetOptions{})
	require.NoError(f, err)
	data, err := body.Bytes(1 << 20)
	require.NoError(f, err)
	return data, info
}

func (f *fixture) has(password, email string) bool {
	f.Helper()
	ok, err := f.known.hasher.Check(f.Context(), password, f.stored(email).Password)
	require.NoError(f, err)
	return ok
}

const (
	ann    = "ann@example.com"
	first  = "ansible pinwheel"
	second = "another pinwheel"
	signUp = `{"email":"ann@example.com","password":"ansible pinwheel","currentPassword":"x","name":"Ann"}`
)

func TestWhatIsStored(t *testing.T) {
	f := newFixture(t)
	before := time.Now().Add(-time.Millisecond)
	f.ok("", "PUT", "/"+ann, signUp)
	data, _ := f.bytes(ann)
	assert.NotContains(t, string(data), "pinwheel")
	assert.NotContains(t, string(data), "currentPassword")
	r := f.stored(ann)
	assert.True(t, f.has(first, ann))
	assert.Equal(t, account.Roles{"U"}, r.Roles)
	made := r.State.NotBefore.Time()
	assert.True(t, made.After(before), "tokens of an earlier user of that name are over")

	f.ok(ann, "PATCH", "/"+ann, `{"name":"Ann B.","currentPassword":"wrong"}`)
	assert.Equal(t, made, f.stored(ann).State.NotBefore.Time(), "tokens hold")
	assert.Equal(t, "Ann B.", f.stored(ann).Member("name"))
	assert.NotContains(t, f.stored(ann).Members, "currentPassword")
	f.ok(ann, "PUT", "/"+ann, `{"email":"ann@example.com"}`)
	assert.True(t, f.has(first, ann), "what is left out stays")
	assert.Equal(t, account.Roles{"U"}, f.stored(ann).Roles)

	for _, change := range []string{`{"password":"another pinwheel"}`, `{"roles":"U E"}`, `{"org":"north"}`, `{"password":""}`} {
		earlier := f.stored(ann).State.NotBefore.Time()
		time.Sleep(2 * time.Millisecond)
		f.ok("admin", "PATCH", "/"+ann, change)
		assert.True(t, f.stored(ann).State.NotBefore.Time().After(earlier), "tokens end with %s", change)
	}
	assert.Empty(t, f.stored(ann).Password)
	f.ok(ann, "PATCH", "/"+ann, `{"password":"another pinwheel"}`)
	assert.True(t, f.has(second, ann), "who has no password proves none")
	assert.Contains(t, f.known.forgotten, ann)
}

func TestHashesAreHashedToo(t *testing.T) {
	f := newFixture(t)
	hash, err := f.known.hasher.Hash(t.Context(), first)
	require.NoError(t, err)
	f.ok("", "PUT", "/"+ann, fmt.Sprintf(`{"email":%q,"pass\u0077ord":%q}`, ann, hash))
	assert.False(t, f.has(first, ann), "nobody brings a hash of their own")
	assert.True(t, f.has(hash, ann))
}

func TestTheServerGetsAndWritesAllOfIt(t *testing.T) {
	f := newFixture(t)
	f.ok("", "PUT", "/"+ann, signUp)
	f.ok("admin", "PUT", "/.schema.json", `{"additionalProperties":{"type":"string"}}`)
	reply := f.ok("server", "GET", "/"+ann, "")
	data, err := reply.Body.Bytes(1 << 20)
	require.NoError(t, err)
	whole, info := f.bytes(ann)
	assert.Equal(t, string(whole), string(data))
	r, err := account.Parse(data)
	require.NoError(t, err)
	r.State.EndSession("s", time.Now().Add(time.Hour), time.Now())
	next, err := account.Write(data, r)
	require.NoError(t, err)
	_, err = f.as("server", "PUT", "/"+ann, string(next), "If-Match", `"other"`)
	assert.Equal(t, 412, bus.Classify(err).Status)
	_, err = f.as("server", "PUT", "/"+ann, string(next), "If-Match", `"`+info.ETag+`"`)
	require.NoError(t, err)
	assert.Contains(t, f.stored(ann).State.Ended, "s")
	f.refused(404, "server", "GET", "/bob@example.com", "")
}

func TestWhatIsRefused(t *testing.T) {
	f := newFixture(t)
	f.ok("", "PUT", "/"+ann, signUp)
	for _, row := range []struct {
		status            int
		who, method, body string
		want              string
	}{
		{400, ann, "PATCH", `{"password":"x"}`, "1 characters"},
		{400, ann, "PATCH", `{"password":7}`, `"password" is no text`},
		{400, ann, "PATCH", `{"password":"<hidden> pinwheel"}`, "send the one that you have"},
		{403, ann, "PATCH", `{"password":"another pinwheel","currentPassword":""}`, "not the password that you have"},
		{400, ann, "PUT", `{"email":"ann@example.com","ROLES":["A"]}`, `"ROLES" is not "roles"`},
		{400, "admin", "PATCH", `{"Auth":1}`, `"Auth" is not "auth"`},
		{400, ann, "PUT", `[]`, "is an object"},
		{400, ann, "PUT", `null`, "is an object"},
		{400, ann, "PUT", `{"name":"Ann"}`, `has no "email"`},
		{400, ann, "PUT", `{"email":"Ann@example.com"}`, `write "ann@example.com"`},
		{400, ann, "PUT", `{"email":"ann@example.com","roles":{"U":1}}`, "are no roles"},
		{403, ann, "PUT", `{"email":"ann@example.com","roles":["U A"]}`, "changes roles"},
		{403, ann, "PUT", `{"email":"ann@example.com","roles":[]}`, "changes roles"},
		{403, ann, "PUT", `{"email":"ann@example.com","org":"north"}`, `changes "org"`},
		{403, "admin", "PUT", `{"email":"ann@example.com","auth":null}`, "leave it out"},
		{403, "admin", "PATCH", `{"auth":{"notBefore":0}}`, "leave it out"},
		{401, "", "PUT", signUp, "sign in"},
		{401, "", "DELETE", "", "sign in"},
		{403, "bob@example.com", "PUT", signUp, "bob@example.com, but no other"},
		{403, "bob@example.com", "DELETE", "", "bob@example.com, but no other"},
	} {
		before, _ := f.bytes(ann)
		assert.Contains(t, f.refused(row.status, row.who, row.method, "/"+ann, row.body), row.want)
		after, _ := f.bytes(ann)
		assert.Equal(t, string(before), string(after), "nothing has changed")
	}
}

func TestNamesOfRecords(t *testing.T) {
	f := newFixture(t)
	for path, want := range map[string]int{
		"/ann": 400, "/a%2Fb@example.com": 400, "/a%2F..@example.com": 400, "/ann@example.com/x": 400, "/.hidden@example.com": 400,
		"/ann@x.json.json": 400, "/a%20b@example.com": 400, "/" + strings.Repeat("a", 243) + "@example.com": 400, "/ANN@example.com": 400,
	} {
		f.refused(want, "admin", "PUT", path, `{"email":"ann@example.com"}`)
		f.refused(404, "admin", "GET", path, "")
	}
	f.ok("admin", "PUT", "/ann@example.com.json", `{"email":"ann@example.com"}`)
	f.ok("admin", "GET", "/ann@example.com", "")
	assert.Contains(t, f.refused(400, "admin", "POST", "/", `{"email":"../x@y"}`), "the email of its user")
	assert.Contains(t, f.refused(400, "admin", "POST", "/", `{"name":"ann"}`), "is no record")
	f.refused(400, "admin", "POST", "/", `{"email":"ann@example.com","roles":"U","roles":"A"}`)
}

func TestWhatSomebodyElsePutThere(t *testing.T) {
	f := newFixture(t)
	for i, text := range []string{`not JSON $argon2id$`, `["$argon2id$"]`, `{"password":"$argon2id$"`, `{"password":"$argon2id$","password":"b"}`, ""} {
		email := fmt.Sprintf("u%d@example.com", i)
		_, err := f.store.Put(t.Context(), adaptors.Key{email + ".json"}, bus.NewBody([]byte(text), ""), adaptors.Condition{})
		require.NoError(t, err)
		data, err := f.ok("admin", "GET", "/"+email, "").Body.Bytes(1000)
		require.NoError(t, err)
		assert.Equal(t, "null", string(data), text)
		f.refused(403, "admin", "PATCH", "/"+email, `{"auth":{}}`)
		f.ok("admin", "PUT", "/"+email, fmt.Sprintf(`{"email":%q,"password":"<hidden>"}`, email))
		assert.Empty(t, f.stored(email).Password)
	}
}

func TestNoWriteIsLost(t *testing.T) {
	f := newFixture(t)
	f.ok("", "PUT", "/"+ann, signUp)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for errors.Is(patch(f, fmt.Sprintf(`{"m%d":1}`, i)), errBusy) {
				continue
			}
		})
	}
	for i := range 8 { // the server signs users out meanwhile
		all.Go(func() {
			for !endSession(f, fmt.Sprint("s", i)) {
				continue
			}
		})
	}
	all.Wait()
	r := f.stored(ann)
	assert.Len(t, r.State.Ended, 8)
	for i := range 8 {
		assert.Equal(t, "1", r.Member(fmt.Sprintf("m%d", i)))
	}
	assert.True(t, f.has(first, ann))
}

var errBusy = errors.New("busy")

func patch(f *fixture, body string) error {
	_, err := f.as(ann, "PATCH", "/"+ann, body)
	if err != nil && bus.Classify(err).Status == 409 {
		return errBusy
	}
	assert.NoError(f, err)
	return err
}

func endSession(f *fixture, id string) bool {
	data, info := f.bytes(ann)
	r, err := account.Parse(data)
	assert.NoError(f, err)
	r.State.EndSession(id, time.Now().Add(time.Hour), time.Now())
	next, err := account.Write(data, r)
	assert.NoError(f, err)
	_, err = f.as("server", "PUT", "/"+ann, string(next), "If-Match", `"`+info.ETag+`"`)
	return err == nil
}

func TestAudit(t *testing.T) {
	f := newFixture(t)
	f.ok("", "PUT", "/"+ann, signUp)
	f.refused(403, ann, "PATCH", "/"+ann, `{"password":"another pinwheel","currentPassword":"wrong pinwheel"}`)
	f.ok("admin", "PATCH", "/"+ann, `{"password":"another pinwheel","roles":"E"}`)
	f.ok("admin", "DELETE", "/?$recursive=true", "")
	var events []string
	for line := range strings.Lines(f.log.String()) {
		_, event, _ := strings.Cut(strings.TrimSpace(line), "msg=")
		events = append(events, event)
	}
	assert.Equal(t, []string{
		`audit event="user created" user=ann@example.com outcome=ok`,
		`audit event=password user=ann@example.com outcome="wrong password"`,
		`audit event=password user=ann@example.com outcome=ok by=boss@example.com`,
		`audit event=roles user=ann@example.com outcome=ok by=boss@example.com`,
		`audit event="user deleted" user=ann@example.com outcome=ok by=boss@example.com`,
	}, events)
}

func TestWhatIsWrongWithAConfig(t *testing.T) {
	kind := user.Kind()
	config := kind.Config().(*user.Config)
	require.NoError(t, config.Check())
	config.MinLength, config.Classes, config.Schema, config.Summary = 0, []string{"x"}, []byte(`{"type":1}`), []string{""}
	err := config.Check()
	for _, want := range []string{"minLength", "is of the type number", "a member or a value is missing"} {
		assert.ErrorContains(t, err, want)
	}
	config = &user.Config{Policy: account.Policy{MinLength: 10, Classes: []string{"x"}}}
	assert.ErrorContains(t, config.Check(), "no class")
	_, err = kind.New(context.Background(), services.Env{Config: &user.Config{Schema: []byte(`{"type":1}`)}, Adaptors: map[string]any{"adaptor": adaptors.NewKeep(memstore.New(), 0)}})
	assert.Error(t, err)
}

func TestWhoGuessesTheirOwnPasswordWaits(t *testing.T) {
	f := newFixture(t)
	f.ok("", "PUT", "/"+ann, signUp)
	const guess = `{"password":"another pinwheel","currentPassword":"wrong pinwheel"}`
	for range 10 {
		f.refused(403, ann, "PATCH", "/"+ann, guess)
	}
	f.refused(429, ann, "PATCH", "/"+ann, guess)
	f.refused(429, ann, "PATCH", "/"+ann, `{"password":"another pinwheel","currentPassword":"ansible pinwheel"}`)
	f.ok(ann, "PATCH", "/"+ann, `{"name":"Ann B."}`)
	assert.True(t, f.has(first, ann))
	assert.Contains(t, f.log.String(), "outcome=throttled")
	f.ok("admin", "PATCH", "/"+ann, `{"password":"another pinwheel"}`)
}

func TestWhoActsAsAnotherGivesThemNoPassword(t *testing.T) {
	f := newFixture(t)
	f.ok("admin", "PUT", "/"+ann, `{"email":"ann@example.com"}`)
	u, err := urlpattern.ParseURL("/user/" + ann)
	require.NoError(t, err)
	u.Base = 1
	m := &bus.Message{Method: "PATCH", URL: u, Manages: func([]string) bool { return false }, User: &bus.User{Email: ann, Actor: "boss@example.com"},
		Body: bus.NewBody([]byte(`{"password":"another pinwheel"}`), "application/json")}
	_, err = f.service.Serve(t.Context(), m)
	assert.Equal(t, 403, bus.Classify(err).Status)
	assert.Empty(t, f.stored(ann).Password)
}

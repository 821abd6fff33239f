package attacks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/account"
)

// passwords are those of the accounts of a login arena.
func passwords() map[string]string {
	return map[string]string{"user@x": "ansible pinwheel", "admin@x": "copper lantern vale"}
}

// newLoginArena has users with records, who sign in at /auth.
func newLoginArena(t *testing.T) *arena {
	t.Helper()
	p := newPlace(t)
	p.seed(t)
	p.configure(t, replaced(t, withMount(t, `{"name": "auth", "basePath": "/auth", "service": "auth", "readRoles": "all", "writeRoles": "all"}`),
		`"auth": {`, `"auth": { "userUrlPattern": "/auth/users/${email}",`))
	hasher := account.NewHasher(account.InProcess(1))
	require.NoError(t, os.MkdirAll(p.data("users"), 0o750))
	for email, roles := range map[string]string{"user@x": "U", "admin@x": "U E A"} {
		hash, err := hasher.Hash(t.Context(), passwords()[email])
		require.NoError(t, err)
		record := fmt.Appendf(nil, `{"email":%q,"roles":%q,"password":%q}`, email, roles, hash)
		require.NoError(t, os.WriteFile(p.data("users", email+".json"), record, 0o600))
	}
	return p.arena(t)
}

// assertNoPasswords is the rule that nothing of them is in the log.
func (a *arena) assertNoPasswords(t *testing.T) {
	t.Helper()
	for email, password := range passwords() {
		assert.NotContains(t, a.logged(), password, "the password of %s in the log", email)
	}
	assert.NotContains(t, a.logged(), "eyJ", "a token in the log")
}

// login signs in from a network of this machine.
func (a *arena) login(t *testing.T, network int, email, password string, fields ...string) *answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"email": email, "password": password})
	require.NoError(t, err)
	from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(network), 1)}}
	message := a.message("POST", "/auth/login", "", string(body), append(fields, "Content-Type: application/json")...)
	reply, err := sendFrom(from, a.address, []step{{data: message}}, patience)
	require.NoError(t, err)
	return reply
}

// loginRow sends a raw row to a server where users sign in.
func loginRow(t *testing.T, row attack) { newLoginArena(t).attack(t, row) }

// loginSame is LOGIN-002.
func loginSame(t *testing.T, row attack) {
	require.Equal(t, "wrong password for user@x", row.Expect.SameAs)
	a := newLoginArena(t)
	other := a.login(t, 0, "user@x", "x")
	row.Expect.SameAs = "" // which is no other request of the same sort
	a.attack(t, row)
	r := a.send(t, row)
	assert.Equal(t, other.status, r.status)
	assert.Equal(t, anonymous(other.body), anonymous(r.answer.body))
	assert.ElementsMatch(t, slices.Collect(maps.Keys(other.header)), slices.Collect(maps.Keys(r.header)), "header fields")
	a.assertNoPasswords(t)
}

// loginTiming is LOGIN-001. The times of a busy machine say little: they are
// printed, and what is asserted is that a hash is made for an unknown user as
// well, without which that takes a small part of the time.
func loginTiming(t *testing.T, row attack) {
	const tries, inNetwork = 200 / slowness, 5
	a := newLoginArena(t)
	before := a.tree(t)
	a.login(t, 250, "warm@x", "wrong")
	var body string
	var times [2][]time.Duration
	for i := range tries {
		for turn := range 2 {
			side := (turn + i) % 2 // so that neither is always the one after the other
			email := [2]string{"unknown@x", "user@x"}[side]
			reply := a.login(t, 1+i/inNetwork, email, "wrong")
			require.Contains(t, row.Expect.Status, reply.status, email)
			require.Equal(t, http.StatusUnauthorized, reply.status, "the networks have not failed too often")
			if body == "" {
				body = anonymous(reply.body)
			}
			assert.Equal(t, body, anonymous(reply.body), email)
			times[side] = append(times[side], reply.took)
		}
	}
	for side, name := range [2]string{"unknown user", "wrong password"} {
		slices.Sort(times[side])
		t.Logf("%-14s median %v, mean %v of %d", name, median(times[side]), mean(times[side]), tries)
	}
	t.Logf("Mann-Whitney: z = %.2f (|z| < 2.58 is p > 0.01)", mannWhitney(times[0], times[1]))
	assert.Greater(t, 3*median(times[0]), median(times[1]), "an unknown user is told sooner")
	assert.Greater(t, 3*median(times[1]), median(times[0]), "an unknown user is told later")
	a.assertUnchanged(t, before)
	a.assertNoPasswords(t)
}

// loginThrottled is LOGIN-003.
func loginThrottled(t *testing.T, row attack) {
	a := newLoginArena(t)
	before := a.tree(t)
	for i := range 10 {
		require.Equal(t, http.StatusUnauthorized, a.login(t, 0, "user@x", "wrong").status, "failure %d", i+1)
	}
	for _, password := range []string{"wrong", passwords()["user@x"]} {
		reply := a.login(t, 0, "user@x", password)
		assert.Equal(t, http.StatusTooManyRequests, reply.status)
		assert.Contains(t, row.Expect.Status, reply.status)
		seconds, err := strconv.Atoi(reply.header.Get("Retry-After"))
		assert.NoError(t, err)
		assert.InDelta(t, 30, seconds, 29, "Retry-After")
		assert.Empty(t, reply.header.Values("Set-Cookie"))
	}
	assert.Equal(t, http.StatusOK, a.login(t, 0, "admin@x", passwords()["admin@x"]).status, "another account")
	assert.Equal(t, http.StatusOK, a.login(t, 1, "user@x", passwords()["user@x"]).status, "the user, from another network")
	a.assertUnchanged(t, before)
	a.assertNoPasswords(t)
}

// loginLocksNobodyOut is LOGIN-004.
func loginLocksNobodyOut(t *testing.T, row attack) {
	a := newLoginArena(t)
	before := a.tree(t)
	statuses := make(map[int]int)
	for range 1000 {
		reply := a.login(t, 0, "admin@x", "wrong")
		statuses[reply.status]++
		if reply.status == http.StatusTooManyRequests {
			seconds, err := strconv.Atoi(reply.header.Get("Retry-After"))
			require.NoError(t, err)
			require.LessOrEqual(t, seconds, 15*60, "Retry-After")
		}
	}
	t.Logf("1,000 tries: %v", statuses)
	assert.Len(t, statuses, 2)
	assert.Less(t, statuses[http.StatusUnauthorized], 20, "tries that were looked at")
	reply := a.login(t, 1, "admin@x", passwords()["admin@x"])
	assert.Equal(t, http.StatusOK, reply.status, "the administrator, from another network")
	assert.Contains(t, row.Expect.Status, reply.status)
	a.assertUnchanged(t, before)
	a.assertNoPasswords(t)
}

// loginWholePassword is LOGIN-006.
func loginWholePassword(t *testing.T, row attack) {
	a := newLoginArena(t)
	common := strings.Repeat("a", 72)
	made := a.request(t, "PUT", "/auth/users/new@x", "", `{"email":"new@x","password":"`+common+`b"}`, "Content-Type: application/json")
	require.Equal(t, http.StatusCreated, made.status, made.body)
	before := a.tree(t)
	reply := a.login(t, 0, "new@x", common+"c")
	assert.Contains(t, row.Expect.Status, reply.status)
	assert.Equal(t, http.StatusUnauthorized, reply.status)
	assert.Equal(t, http.StatusUnauthorized, a.login(t, 0, "new@x", common).status)
	assert.Equal(t, http.StatusOK, a.login(t, 0, "new@x", common+"b").status)
	a.assertUnchanged(t, before)
	assert.NotContains(t, a.logged(), common)
}

// loginFixation is LOGIN-011. What comes in a cookie when somebody signs in stays
// what it was: the attacker's, or nobody's.
func loginFixation(t *testing.T, row attack) {
	a := newLoginArena(t)
	before := a.tree(t)
	attackers := tokenIn(a.login(t, 1, "admin@x", passwords()["admin@x"]))
	seen := []string{session(t, attackers)}
	for _, planted := range []string{attackers, "made-up", ""} {
		reply := a.login(t, 0, "user@x", passwords()["user@x"], "Cookie: rs-auth="+planted)
		require.Contains(t, row.Expect.Status, reply.status, planted)
		require.Len(t, reply.header.Values("Set-Cookie"), 1)
		token := tokenIn(reply)
		require.NotEmpty(t, token)
		assert.NotEqual(t, planted, token)
		assert.NotContains(t, seen, session(t, token), "the session is a new one")
		seen = append(seen, session(t, token))
		assert.Contains(t, a.request(t, "GET", "/auth/user", "", "", "Cookie: rs-auth="+token).body, `"email":"user@x"`)
	}
	assert.Contains(t, a.request(t, "GET", "/auth/user", "", "", "Cookie: rs-auth="+attackers).body, `"email":"admin@x"`)
	assert.Equal(t, http.StatusUnauthorized, a.request(t, "GET", "/auth/user", "", "", "Cookie: rs-auth=made-up").status)
	a.assertUnchanged(t, before)
	a.assertNoPasswords(t)
}

// tokenIn returns the token of the cookie that an answer sets.
func tokenIn(reply *answer) string {
	pair, _, _ := strings.Cut(reply.header.Get("Set-Cookie"), ";")
	return strings.TrimPrefix(pair, "rs-auth=")
}

// session returns the session that a token belongs to.
func session(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var c struct {
		SID string `json:"sid"`
	}
	require.NoError(t, json.Unmarshal(claims, &c))
	require.NotEmpty(t, c.SID)
	return c.SID
}

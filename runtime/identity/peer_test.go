package identity

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

const here = "b.example:443"

func own(hostport string) bool { return hostport == here }

// at returns a time in whole milliseconds.
func at(d time.Duration) time.Time { return time.Now().Add(d).Truncate(time.Millisecond) }

func TestAHopSaysWhatItWasGiven(t *testing.T) {
	issuer := newIssuer(t)
	for name, hop := range map[string]Hop{
		"nobody": {To: here},
		"somebody": {To: here, User: &bus.User{
			Email: "ann@example.com", Roles: []string{"U", "E"}, Fields: map[string]string{"org": "north"}, Actor: "root@example.com",
			Session: &bus.Session{ID: "s", Began: at(-time.Hour), Issued: at(-time.Minute), Expires: at(time.Minute)},
		}, Depth: 3, Left: 1234 * time.Millisecond, Client: "192.0.2.1", Host: "a.example", Secure: true, Foreign: true},
	} {
		t.Run(name, func(t *testing.T) {
			token, err := issuer.SignHop(&hop)
			require.NoError(t, err)
			got, err := issuer.Hop(token, own)
			require.NoError(t, err)
			assert.Equal(t, &hop, got)
			_, err = NewVerifier(issuer, nil, nil, slog.Default()).User(token)
			assert.ErrorContains(t, err, "of a server, and not of a user", "it signs nobody in")
		})
	}
}

func TestTheServerItselfIsNobodyElsewhere(t *testing.T) {
	issuer := newIssuer(t)
	token, err := issuer.SignHop(&Hop{To: here, User: &bus.User{Email: "ann@example.com", System: true}})
	require.NoError(t, err)
	got, err := issuer.Hop(token, own)
	require.NoError(t, err)
	assert.Nil(t, got.User)
}

func TestHopsThatAreNotBelieved(t *testing.T) {
	issuer, stranger := newIssuer(t), newIssuer(t)
	now := time.Now().Unix()
	peer := map[jose.HeaderKey]any{"typ": peerType}
	claims := func(more string) string {
		return fmt.Sprintf(`{"iss":"restspace","aud":%q,"iat":%d,"exp":%d%s}`, here, now, now+60, more)
	}
	good := sign(t, issuer, peer, claims(""))
	_, err := issuer.Hop(good, own)
	require.NoError(t, err)
	parts := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	user, err := issuer.Sign(&bus.User{Email: "ann@example.com", Roles: []string{"A"}}, time.Minute)
	require.NoError(t, err)
	for name, row := range map[string]struct{ token, want string }{
		"of a user":           {user, "none of a server"},
		"a user's claims too": {sign(t, issuer, peer, claims(`,"sub":"ann@example.com"`)), "form of ours"},
		"without a type":      {sign(t, issuer, nil, claims("")), "none of a server"},
		"of another type":     {sign(t, issuer, map[jose.HeaderKey]any{"typ": "JWT"}, claims("")), "none of a server"},
		"with other keys":     {sign(t, stranger, peer, claims("")), "auth.keyFile"},
		"for another server":  {sign(t, issuer, peer, strings.Replace(claims(""), here, "c.example:443", 1)), "it is for c.example:443, which is no name of this server"},
		"for several":         {sign(t, issuer, peer, strings.Replace(claims(""), `"`+here+`"`, `["`+here+`"]`, 1)), "form of ours"},
		"of another issuer":   {sign(t, issuer, peer, strings.Replace(claims(""), `"restspace"`, `"other"`, 1)), `auth.issuer here is "restspace"`},
		"expired":             {sign(t, issuer, peer, fmt.Sprintf(`{"iss":"restspace","aud":%q,"iat":%d,"exp":%d}`, here, now-61, now-1)), "clocks"},
		"of the future":       {sign(t, issuer, peer, fmt.Sprintf(`{"iss":"restspace","aud":%q,"iat":%d,"exp":%d}`, here, now+70, now+130)), "clocks"},
		"for longer":          {sign(t, issuer, peer, fmt.Sprintf(`{"iss":"restspace","aud":%q,"iat":%d,"exp":%d}`, here, now, now+3600)), "clocks"},
		"for ever":            {sign(t, issuer, peer, fmt.Sprintf(`{"iss":"restspace","aud":%q,"iat":%d,"exp":1e300}`, here, now)), "clocks"},
		"without an end":      {sign(t, issuer, peer, fmt.Sprintf(`{"iss":"restspace","aud":%q,"iat":%d}`, here, now)), "clocks"},
		"a negative depth":    {sign(t, issuer, peer, claims(`,"depth":-5`)), "not ours"},
		"a negative time":     {sign(t, issuer, peer, claims(`,"left_ms":-5`)), "not ours"},
		"a time without end":  {sign(t, issuer, peer, claims(`,"left_ms":9223372036854775807`)), "not ours"},
		"its own key":         {sign(t, issuer, map[jose.HeaderKey]any{"typ": peerType, "jku": "https://evil.example"}, claims("")), "jku"},
		"alg none":            {encode([]byte(`{"alg":"none","typ":"`+peerType+`"}`)) + "." + parts[1] + ".", "not a JWT"},
		"alg HS256":           {encode([]byte(`{"alg":"HS256","typ":"`+peerType+`"}`)) + "." + parts[1] + "." + parts[2], "not a JWT"},
		"another payload":     {parts[0] + "." + encode([]byte(claims(`,"user":{"sub":"root@example.com","roles":["A"]}`))) + "." + parts[2], "signature"},
		"too long":            {good + strings.Repeat("A", maxPeer), "longer"},
		"no token":            {"x", "not a JWT"},
	} {
		t.Run(name, func(t *testing.T) {
			hop, err := issuer.Hop(row.token, own)
			assert.Nil(t, hop)
			assert.ErrorContains(t, err, row.want)
		})
	}
}

// TestHopsWhileKeysRotate has the file of keys reach one server after the other.
func TestHopsWhileKeysRotate(t *testing.T) {
	first, second := newIssuer(t), newIssuer(t)
	first.Wait = Wait([]string{here})
	second.Wait = first.Wait
	copyKeys := func() { second.Keys.now = first.Keys.current(0) }
	copyKeys()
	believes := func(a, b Issuer) {
		t.Helper()
		token, err := a.SignHop(&Hop{To: here})
		require.NoError(t, err)
		_, err = b.Hop(token, own)
		assert.NoError(t, err)
	}
	_, err := Rotate(first.Keys.path, Times{}, true)
	require.NoError(t, err)
	first.Keys.looked = time.Time{}
	require.Len(t, first.Keys.current(0).set.Keys, 2)
	believes(first, second)
	believes(second, first)
	copyKeys()
	believes(first, second)
}

func BenchmarkHop(b *testing.B) {
	keys, err := NewKeys()
	require.NoError(b, err)
	issuer := Issuer{Keys: keys, Name: "restspace", Audience: "restspace"}
	hop := Hop{To: here, User: &bus.User{Email: "ann@example.com", Roles: []string{"U", "E"}}, Depth: 1, Left: time.Second, Client: "192.0.2.1", Host: "a.example"}
	token, err := issuer.SignHop(&hop)
	require.NoError(b, err)
	b.Run("sign", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = issuer.SignHop(&hop)
		}
	})
	b.Run("verify", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = issuer.Hop(token, own)
		}
	})
}

// FuzzHop signs whatever claims there are: those that are believed are for this
// server, and bound what is asked.
func FuzzHop(f *testing.F) {
	keys, err := NewKeys()
	require.NoError(f, err)
	issuer := Issuer{Keys: keys, Name: "restspace", Audience: "restspace"}
	now := time.Now().Unix()
	for _, more := range []string{``, `,"user":{"sub":"a","roles":["A"],"session":{"sid":"s","auth_time":1,"iat":2,"exp":1e300}}`, `,"depth":1e9,"left_ms":1`, `,"aud":"c.example:443"`} {
		f.Add(fmt.Sprintf(`{"iss":"restspace","aud":%q,"iat":%d,"exp":%d%s}`, here, now, now+60, more))
	}
	f.Fuzz(func(t *testing.T, payload string) {
		hop, err := issuer.Hop(sign(t, issuer, map[jose.HeaderKey]any{"typ": peerType}, payload), own)
		if err != nil {
			assert.Nil(t, hop)
			return
		}
		assert.Equal(t, here, hop.To)
		assert.GreaterOrEqual(t, hop.Depth, 0)
		assert.GreaterOrEqual(t, hop.Left, time.Duration(0))
		assert.True(t, hop.User == nil || !hop.User.System)
	})
}

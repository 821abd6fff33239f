package identity

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

// checked verifies a token of an issuer.
func checked(i Issuer, token string, now time.Time) (said, error) {
	signed, err := parse(token, jose.EdDSA)
	if err != nil {
		return said{}, err
	}
	return i.check(signed, now)
}

func newIssuer(t *testing.T) Issuer {
	t.Helper()
	keys, err := MakeKeys(filepath.Join(t.TempDir(), "sub", "auth.key"))
	require.NoError(t, err)
	return Issuer{Keys: keys, Name: "restspace", Audience: "restspace"}
}

func TestKeysAreMadeOnceAndStayPrivate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "auth.key")
	_, err := LoadKeys(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	first, err := MakeKeys(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	second, err := LoadKeys(path)
	require.NoError(t, err)
	assert.Equal(t, first.now.set.Keys[0].KeyID, second.now.set.Keys[0].KeyID)
	rest, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, rest, 1, "no temporary file stays")
}

func TestKeysMadeSideBySideAreTheSame(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.key")
	ids := make(chan string, 8)
	for range cap(ids) {
		go func() {
			k, err := MakeKeys(path)
			if err != nil {
				ids <- err.Error()
				return
			}
			ids <- k.now.set.Keys[0].KeyID
		}()
	}
	first := <-ids
	for range cap(ids) - 1 {
		assert.Equal(t, first, <-ids)
	}
}

func TestKeyFilesThatAreRefused(t *testing.T) {
	for name, file := range map[string]struct {
		text, want string
		mode       os.FileMode
	}{
		"readable by others": {`{"keys":[]}`, "others can read it (mode 0644): chmod 600 it", 0o644},
		"no JSON":            {`hello`, "not a JSON Web Key Set", 0o600},
		"empty":              {`{"keys":[]}`, "it holds no key", 0o600},
		"a secret":           {`{"keys":[{"kty":"oct","kid":"a","k":"AAAA"}]}`, "key 0 is not a private Ed25519 key", 0o600},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "auth.key")
			require.NoError(t, os.WriteFile(path, []byte(file.text), file.mode))
			_, err := LoadKeys(path)
			assert.ErrorContains(t, err, file.want)
		})
	}
}

func TestTokenOfOursIsBelieved(t *testing.T) {
	issuer := newIssuer(t)
	token, err := issuer.Sign(&bus.User{Email: "ann@example.com", Roles: []string{"U", "E"}}, time.Hour)
	require.NoError(t, err)
	v := NewVerifier(issuer, nil, nil, slog.Default())
	user, err := v.User(token)
	require.NoError(t, err)
	assert.Equal(t, &bus.User{Email: "ann@example.com", Roles: []string{"U", "E"}}, user)
	again, err := v.User(token)
	require.NoError(t, err)
	assert.Same(t, user, again, "a token is verified once")
}

// sign returns a token with any header and payload, rightly signed.
func sign(t *testing.T, i Issuer, header map[jose.HeaderKey]any, payload string) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: header}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: i.Keys.now.set.Keys[0]}, options)
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(payload))
	require.NoError(t, err)
	text, err := signed.CompactSerialize()
	require.NoError(t, err)
	return text
}

func TestTokensThatAreNot(t *testing.T) {
	issuer := newIssuer(t)
	now := time.Now().Unix()
	good := fmt.Sprintf(`{"iss":"restspace","aud":"restspace","sub":"a@b.c","roles":["A"],"iat":%d,"exp":%d}`, now, now+600)
	with := func(old, new string) string { return sign(t, issuer, nil, strings.Replace(good, old, new, 1)) }
	whole := sign(t, issuer, nil, good)
	_, err := checked(issuer, whole, time.Now())
	require.NoError(t, err)
	parts := strings.Split(whole, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	_, foreign, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	other := Issuer{Keys: &Keys{now: new(keySet)}, Name: issuer.Name, Audience: issuer.Audience}
	other.Keys.now.set.Keys = []jose.JSONWebKey{{Key: foreign, KeyID: issuer.Keys.now.set.Keys[0].KeyID, Algorithm: "EdDSA"}}
	unknown := newIssuer(t)
	for name, row := range map[string]struct{ token, want string }{
		"empty":             {"", "not a JWT"},
		"no algorithm":      {none, "not a JWT signed with EdDSA"},
		"signature cut":     {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString([]byte("short")), "the signature does not fit"},
		"another form":      {whole[:len(whole)-1] + "_", "base64url"},
		"another payload":   {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(good+" ")) + "." + parts[2], "the signature does not fit"},
		"another key":       {sign(t, other, nil, good), "the signature does not fit"},
		"an unknown key":    {sign(t, unknown, nil, good), "unknown key (kid)"},
		"key by URL":        {sign(t, issuer, map[jose.HeaderKey]any{"jku": "http://127.0.0.1/"}, good), "jku"},
		"certificates":      {sign(t, issuer, map[jose.HeaderKey]any{"x5u": "http://127.0.0.1/"}, good), "x5u"},
		"issuer":            {with(`"iss":"restspace"`, `"iss":"other"`), "(iss)"},
		"audience":          {with(`"aud":"restspace"`, `"aud":["x"]`), "(aud)"},
		"no subject":        {with(`"sub":"a@b.c",`, ``), "(sub)"},
		"expired":           {with(fmt.Sprint(now+600), fmt.Sprint(now-61)), "(exp)"},
		"no expiry":         {with(fmt.Sprintf(`,"exp":%d`, now+600), ``), "(exp)"},
		"in the future":     {with(fmt.Sprintf(`"iat":%d`, now), fmt.Sprintf(`"iat":%d`, now+600)), "(nbf, iat)"},
		"roles as a string": {with(`["A"]`, `"A"`), "claims"},
		"roles twice":       {with(`"roles":["A"]`, `"roles":["U"],"roles":["A"]`), "claims"},
		"too long":          {whole + strings.Repeat("A", maxToken), "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := checked(issuer, row.token, time.Now())
			require.Error(t, err)
			assert.Contains(t, err.Error(), row.want)
			assert.NotContains(t, err.Error(), "a@b.c")
		})
	}
}

func TestTokenHoldsWithinTheLeewayOnly(t *testing.T) {
	issuer := newIssuer(t)
	token, err := issuer.Sign(&bus.User{Email: "a@b.c"}, time.Minute)
	require.NoError(t, err)
	said, err := checked(issuer, token, time.Now().Add(119*time.Second-time.Second))
	require.NoError(t, err)
	_, err = checked(issuer, token, said.until)
	assert.ErrorContains(t, err, "(exp)")
}

func TestVerifierForgetsTheOldest(t *testing.T) {
	v := NewVerifier(newIssuer(t), nil, nil, slog.Default())
	token, err := v.issuer.Sign(&bus.User{Email: "a@b.c"}, time.Hour)
	require.NoError(t, err)
	for i := range cached {
		v.young[fmt.Sprint(i)] = new(verified)
	}
	_, err = v.User(token)
	require.NoError(t, err)
	assert.Len(t, v.young, 1)
	assert.Len(t, v.old, cached)
}

func BenchmarkUser(b *testing.B) {
	dir := b.TempDir()
	keys, err := MakeKeys(filepath.Join(dir, "auth.key"))
	require.NoError(b, err)
	issuer := Issuer{Keys: keys, Name: "restspace", Audience: "restspace"}
	token, err := issuer.Sign(&bus.User{Email: "ann@example.com", Roles: []string{"U", "E"}}, time.Hour)
	require.NoError(b, err)
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = checked(issuer, token, time.Now())
		}
	})
	b.Run("seen", func(b *testing.B) {
		v := NewVerifier(issuer, nil, func(context.Context, string) (*account.Record, error) {
			return &account.Record{Email: "ann@example.com"}, nil
		}, slog.Default())
		b.ReportAllocs()
		for b.Loop() {
			_, _ = v.User(token)
		}
	})
}

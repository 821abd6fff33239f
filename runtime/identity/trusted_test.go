package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

const secret = "0123456789abcdef0123456789abcdef"

// another is an issuer with a key of each sort.
type another struct {
	private map[jose.SignatureAlgorithm]any
	public  []byte // JSON Web Key Set
}

func newAnother(t *testing.T) *another {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	a := &another{private: map[jose.SignatureAlgorithm]any{jose.RS256: rsaKey, jose.ES256: ecKey, jose.EdDSA: edKey, jose.HS256: []byte(secret)}}
	a.public, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: rsaKey.Public(), KeyID: "RS256"}, {Key: ecKey.Public(), KeyID: "ES256", Algorithm: "ES256"}, {Key: edKey.Public(), KeyID: "EdDSA"},
	}})
	require.NoError(t, err)
	return a
}

// sign returns a token with these claims beside the usual ones.
func (a *another) sign(t *testing.T, algorithm jose.SignatureAlgorithm, id, claims string) string {
	t.Helper()
	options := new(jose.SignerOptions)
	if id != "" {
		options.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: a.private[algorithm]}, options)
	require.NoError(t, err)
	now := time.Now().Unix()
	signed, err := signer.Sign(fmt.Appendf(nil, `{"iss":"https://id.example.org","aud":"me","sub":"7","iat":%d,"exp":%d%s}`, now, now+600, claims))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

func believing(t *testing.T, trusted Trusted) *Verifier {
	t.Helper()
	trusted.Name, trusted.Audience = "https://id.example.org", "me"
	return NewVerifier(newIssuer(t), []Trusted{trusted}, func(context.Context, string) (*account.Record, error) {
		return nil, errors.New("others' users have no record")
	}, slog.Default())
}

func TestTokensOfTrustedIssuers(t *testing.T) {
	a := newAnother(t)
	keys, err := ParseKeySet(a.public, false)
	require.NoError(t, err)
	shared, err := Secret(secret)
	require.NoError(t, err)
	for algorithm, source := range map[jose.SignatureAlgorithm]KeySource{jose.RS256: keys, jose.ES256: keys, jose.EdDSA: keys, jose.HS256: shared} {
		v := believing(t, Trusted{Keys: source, Facts: []string{"org"}})
		id := string(algorithm)
		if algorithm == jose.HS256 {
			id = ""
		}
		u, err := v.User(a.sign(t, algorithm, id, `,"email":"Ann@Example.com","email_verified":true,"roles":["U","E"],"org":"north"`))
		require.NoError(t, err, algorithm)
		assert.Equal(t, &bus.User{Email: "ann@example.com", Roles: []string{"U", "E"}, Fields: map[string]string{"org": "north"}}, u)
	}
	own, err := believing(t, Trusted{Keys: keys}).issuer.Sign(&bus.User{Email: "a@b.c"}, time.Minute)
	require.NoError(t, err)
	_, err = believing(t, Trusted{Keys: keys}).User(own)
	assert.ErrorContains(t, err, "unknown key", "of another installation with the same name")
}

func TestClaimsOfTrustedIssuers(t *testing.T) {
	a := newAnother(t)
	keys, err := ParseKeySet(a.public, false)
	require.NoError(t, err)
	for name, row := range map[string]struct {
		trusted      Trusted
		claims, want string // "email: roles", or the error
	}{
		"sub":                {Trusted{}, ``, "7: []"},
		"email":              {Trusted{}, `,"email":"a@b.c","roles":"U E"`, "a@b.c: [U E]"},
		"another's":          {Trusted{}, `,"email":"\u212aen@b.c"`, "another's"},
		"not verified":       {Trusted{}, `,"email":"a@b.c","email_verified":false`, "not verified"},
		"not verified, text": {Trusted{}, `,"email":"a@b.c","email_verified":"false"`, "not verified"},
		"no text":            {Trusted{}, `,"email":{"$gt":""}`, "without a user"},
		"own claim":          {Trusted{User: "upn"}, `,"upn":"a@b.c","email":"x@y.z"`, "a@b.c: []"},
		"no such claim":      {Trusted{User: "upn"}, `,"email":"x@y.z"`, "without the claim upn"},
		"pointer":            {Trusted{Roles: "/realm_access/roles"}, `,"realm_access":{"roles":["A"]},"roles":["B"]`, "7: [A]"},
		"slash in the name":  {Trusted{Roles: "/https:~1~1x.org~1roles"}, `,"https://x.org/roles":["A"]`, "7: [A]"},
		"no object":          {Trusted{Roles: "/realm_access/roles"}, `,"realm_access":["roles"]`, "7: []"},
		"no roles":           {Trusted{}, `,"roles":{"A":true}`, "its claim roles holds no roles"},
		"sub twice":          {Trusted{}, `,"sub":"8"`, "the form"},
	} {
		t.Run(name, func(t *testing.T) {
			row.trusted.Keys = keys
			u, err := believing(t, row.trusted).User(a.sign(t, jose.ES256, "ES256", row.claims))
			if err != nil {
				assert.ErrorContains(t, err, row.want)
				return
			}
			assert.Equal(t, row.want, fmt.Sprintf("%s: %v", u.Email, u.Roles))
		})
	}
}

func TestTokensThatPretendToBeOfATrustedIssuer(t *testing.T) {
	a, b := newAnother(t), newAnother(t)
	keys, err := ParseKeySet(a.public, false)
	require.NoError(t, err)
	rsaPublic, err := json.Marshal(keys[0])
	require.NoError(t, err)
	b.private[jose.HS256] = rsaPublic // the public key taken for a secret
	v := believing(t, Trusted{Keys: keys})
	for name, row := range map[string]struct{ token, want string }{
		"public key as a secret": {b.sign(t, jose.HS256, "RS256", ""), "(alg)"},
		"key of another sort":    {b.sign(t, jose.ES256, "RS256", ""), "(alg)"},
		"another's key":          {b.sign(t, jose.RS256, "RS256", ""), "does not fit"},
		"unknown key":            {a.sign(t, jose.RS256, "x", ""), "unknown key"},
		"no key":                 {a.sign(t, jose.RS256, "", ""), "unknown key"},
		"another payload":        {otherPayload(a.sign(t, jose.RS256, "RS256", "")), "does not fit"},
	} {
		_, err := v.User(row.token)
		assert.ErrorContains(t, err, row.want, name)
	}
	v.trusted[0].Audience = "others"
	_, err = v.User(a.sign(t, jose.RS256, "RS256", ""))
	assert.ErrorContains(t, err, "(aud)")
}

// otherPayload is a token with claims that nobody signed.
func otherPayload(token string) string {
	parts := strings.Split(token, ".")
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://id.example.org"}`)) + "." + parts[2]
}

func TestKeySetsThatAreRefused(t *testing.T) {
	private, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: newAnother(t).private[jose.ES256], KeyID: "a"}}})
	require.NoError(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	weak, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: small.Public(), KeyID: "a"}}})
	require.NoError(t, err)
	for text, want := range map[string]string{
		`[]`:                                  "not a JSON Web Key Set",
		`{"keys":[]}`:                         "it holds no key",
		`{"keys":[{"kty":"oct","k":"AAAA"}]}`: "key 0: no public key",
		string(private):                       "without its private half",
		string(weak):                          "less than 2048 bits",
	} {
		_, err := ParseKeySet([]byte(text), false)
		assert.ErrorContains(t, err, want)
		_, err = ParseKeySet([]byte(text), true)
		assert.Error(t, err, "nothing is left of it")
	}
	_, err = Secret(secret[1:])
	assert.ErrorContains(t, err, "less than 32 bytes")
}

func TestRemoteKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := newAnother(t), newAnother(t)
		var times int
		var answer []byte
		failure := errors.New("away")
		var log strings.Builder
		r := &RemoteKeys{Name: "other", Log: slog.New(slog.NewTextHandler(&log, nil)), Fetch: func(context.Context) ([]byte, error) {
			times++
			return answer, failure
		}}
		key := func(id string, want string) {
			t.Helper()
			k, err := r.Key(id)
			if want != "" {
				assert.ErrorContains(t, err, want)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, id, k.KeyID)
		}
		key("ES256", "can't be had now")
		key("ES256", "can't be had now")
		assert.Equal(t, 1, times, "it is not asked again at once")
		assert.Equal(t, 503, bus.Classify(func() error { _, err := r.Key("x"); return err }()).Status)
		time.Sleep(askAgain)
		answer, failure = one.public, nil
		key("ES256", "")
		key("x", "unknown key")
		assert.Equal(t, 2, times)
		time.Sleep(askAgain)
		key("x", "unknown key")
		key("y", "unknown key")
		assert.Equal(t, 3, times, "for both")
		answer = two.public
		k, err := r.Key("ES256")
		require.NoError(t, err)
		assert.Equal(t, 3, times)
		time.Sleep(keysLast + time.Second)
		again, err := r.Key("ES256")
		require.NoError(t, err)
		assert.NotEqual(t, k, again, "asked for after an hour")
		failure = errors.New("away")
		time.Sleep(2 * keysLast)
		key("ES256", "")
		assert.Contains(t, log.String(), "away")
		failure, answer = nil, []byte("<html>")
		time.Sleep(askAgain)
		key("ES256", "")
		assert.Equal(t, 6, times)
	})
}

func TestTokenOfAKeyThatItsIssuerHasNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two := newAnother(t), newAnother(t)
		answer := one.public
		v := believing(t, Trusted{Keys: &RemoteKeys{Log: slog.Default(), Fetch: func(context.Context) ([]byte, error) { return answer, nil }}})
		token := one.sign(t, jose.ES256, "ES256", "")
		_, err := v.User(token)
		require.NoError(t, err)
		answer = two.public
		_, err = v.User(token)
		require.NoError(t, err, "nobody asks again so soon")
		time.Sleep(askAgain)
		_, err = v.User(two.sign(t, jose.ES256, "another", ""))
		require.ErrorContains(t, err, "unknown key")
		_, err = v.User(token)
		assert.ErrorContains(t, err, "does not fit", "though it was believed before")
	})
}

func FuzzToken(f *testing.F) {
	t := new(testing.T)
	a := newAnother(t)
	keys, err := ParseKeySet(a.public, false)
	require.NoError(f, err)
	v := NewVerifier(Issuer{Keys: &Keys{now: new(keySet), looked: time.Now().Add(time.Hour)}, Name: "i", Audience: "a"},
		[]Trusted{{Name: "https://id.example.org", Audience: "me", Keys: keys}}, nil, slog.Default())
	f.Add(a.sign(t, jose.ES256, "ES256", ""))
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		if u, err := v.User(token); err == nil {
			require.Equal(t, "7", u.Email, "nobody but the issuer can sign")
		}
	})
}

package attacks

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// tokenNames are the tokens that requests have.
func tokenNames() []string {
	return []string{"user", "editor", "admin", "roles-lower-a", "roles-string", "expired-admin", "forged-sc", "sc-other-aud",
		"none-alg", "none-mixed", "hs-with-pub", "empty-sig", "stripped-sig", "expired", "nbf-future", "iat-future", "no-exp",
		"wrong-aud", "wrong-iss", "kid-traversal", "kid-sql", "kid-url", "jku", "x5u", "crit-unknown", "b64-false", "dup-claims",
		"float-exp", "string-exp", "neg-exp", "huge-8k", "deep-claims", "jwe", "whitespace", "b64-noncanonical"}
}

// oddToken returns a token that this installation would not sign.
func (p *place) oddToken(t *testing.T, name string) string {
	t.Helper()
	if header, ok := p.oddHeaders()[name]; ok {
		return p.sign(t, claimsOf(name), jose.EdDSA, p.key(t), header)
	}
	if spoil, ok := spoilt()[name]; ok {
		return spoil(p.sign(t, claimsOf("user"), jose.EdDSA, p.key(t), nil))
	}
	claims, key := claimsOf(name), p.key(t)
	switch name {
	case "forged-sc":
		_, unknown, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		key.Key = unknown
	case "hs-with-pub":
		public := key.Key.(ed25519.PrivateKey).Public().(ed25519.PublicKey)
		return p.sign(t, claims, jose.HS256, jose.JSONWebKey{Key: []byte(public), KeyID: key.KeyID}, nil)
	case "jwe":
		to, err := jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.A128KW, Key: make([]byte, 16)}, nil)
		require.NoError(t, err)
		sealed, err := to.Encrypt([]byte(claims))
		require.NoError(t, err)
		token, err := sealed.CompactSerialize()
		require.NoError(t, err)
		return token
	}
	return p.sign(t, claims, jose.EdDSA, key, nil)
}

// claimsOf returns the claims of a token that is called so: those of a good one,
// but for what the name says.
func claimsOf(name string) string {
	now := time.Now().Unix()
	good := fmt.Sprintf(`{"iss":"restspace","aud":"restspace","sub":"%s@x","iat":%d,"exp":%d,"roles":["U","E","A"]}`, name, now, now+3600)
	exp, iat := fmt.Sprintf(`"exp":%d`, now+3600), fmt.Sprintf(`"iat":%d`, now)
	change := map[string][2]string{
		"expired":       {exp, fmt.Sprintf(`"exp":%d`, now-61)},
		"expired-admin": {exp, fmt.Sprintf(`"exp":%d`, now-3600)},
		"nbf-future":    {exp, exp + fmt.Sprintf(`,"nbf":%d`, now+3600)},
		"iat-future":    {iat, fmt.Sprintf(`"iat":%d`, now+86400)},
		"no-exp":        {exp + ",", ""},
		"float-exp":     {exp, `"exp":1e308`},
		"string-exp":    {exp, fmt.Sprintf(`"exp":"%d"`, now+3600)},
		"neg-exp":       {exp, `"exp":-1`},
		"wrong-aud":     {`"aud":"restspace"`, `"aud":"https://b.example"`},
		"sc-other-aud":  {`"aud":"restspace"`, `"aud":"another-service"`},
		"wrong-iss":     {`"iss":"restspace"`, `"iss":"https://id.example"`},
		"roles-string":  {`["U","E","A"]`, `"U A"`},
		"dup-claims":    {`"roles":["U","E","A"]`, `"roles":["U"],"sub":"admin@x","roles":["A"]`},
		"deep-claims":   {exp, exp + `,"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)},
		"huge-8k":       {exp, exp + `,"x":"` + strings.Repeat("x", 64<<10) + `"`},
	}[name]
	return strings.Replace(good, change[0], change[1], 1)
}

// oddHeaders are what the headers of tokens have beside the usual.
func (p *place) oddHeaders() map[string]map[jose.HeaderKey]any {
	return map[string]map[jose.HeaderKey]any{
		"kid-traversal": {"kid": "../../../../dev/null"},
		"kid-sql":       {"kid": "' UNION SELECT 'AAAA"},
		"kid-url":       {"kid": "http://" + p.canary + "/key"},
		"jku":           {"jku": "http://" + p.canary + "/jwks"},
		"x5u":           {"x5u": "http://" + p.canary + "/cert"},
		"crit-unknown":  {"crit": []string{"x"}, "x": 1},
		"b64-false":     {"crit": []string{"b64"}, "b64": false},
	}
}

// spoilt are what is done to good tokens.
func spoilt() map[string]func(string) string {
	encode := base64.RawURLEncoding.EncodeToString
	header := func(text string) func(string) string {
		return func(token string) string {
			parts := strings.Split(token, ".")
			return encode([]byte(text)) + "." + parts[1] + "."
		}
	}
	return map[string]func(string) string{
		"none-alg":     header(`{"alg":"none","typ":"JWT"}`),
		"none-mixed":   header(`{"alg":"nOnE","typ":"JWT"}`),
		"empty-sig":    func(token string) string { return token[:strings.LastIndexByte(token, '.')+1] },
		"stripped-sig": func(token string) string { return token[:strings.LastIndexByte(token, '.')] },
		"whitespace":   func(token string) string { return token[:40] + " " + token[40:80] + "\t" + token[80:] },
		"b64-noncanonical": func(token string) string { // the last letter has four bits that mean nothing
			const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			last := len(token) - 1
			return token[:last] + string(letters[strings.IndexByte(letters, token[last])+1])
		},
	}
}

// sign returns a signed token. A kid in the header takes the place of the key's.
func (p *place) sign(t *testing.T, claims string, algorithm jose.SignatureAlgorithm, key jose.JSONWebKey, header map[jose.HeaderKey]any) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"kid": key.KeyID}}
	maps.Copy(options.ExtraHeaders, header)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key.Key}, options)
	require.NoError(t, err)
	signed, err := signer.Sign([]byte(claims))
	require.NoError(t, err)
	token, err := signed.CompactSerialize()
	require.NoError(t, err)
	return token
}

// key returns the key with which this installation signs.
func (p *place) key(t *testing.T) jose.JSONWebKey {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(p.dir, "auth.key"))
	require.NoError(t, err)
	var set jose.JSONWebKeySet
	require.NoError(t, json.Unmarshal(data, &set))
	return set.Keys[0]
}

// clockSkew holds tokens to the leeway between two clocks.
func clockSkew(t *testing.T, _ attack) {
	p := newPlace(t)
	p.seed(t)
	s := p.start(t)
	now := time.Now().Unix()
	for _, row := range []struct{ iat, nbf, exp, status int64 }{
		{-600, -600, -50, 200}, // seconds from now
		{50, 50, 3600, 200},
		{-600, -600, -120, 401},
		{120, 0, 3600, 401},
		{0, 120, 3600, 401},
	} {
		claims := fmt.Sprintf(`{"iss":"restspace","aud":"restspace","sub":"user@x","iat":%d,"nbf":%d,"exp":%d,"roles":["U"]}`,
			now+row.iat, now+row.nbf, now+row.exp)
		token := p.sign(t, claims, jose.EdDSA, p.key(t), nil)
		assert.EqualValues(t, row.status, s.request(t, "GET", "/json/hello", token, "").status, "%+v", row)
	}
}

// revoked sends a token that was issued before its user signed out of all.
func revoked(t *testing.T, row attack) {
	p := newPlace(t)
	p.configure(t, replaced(t, fixtureConfig(t), `"auth": {`, `"auth": { "userUrlPattern": "/pub/users/${email}",`))
	token, err := p.issuer.Sign(&bus.User{Email: "user@x", Roles: []string{"U"}}, time.Hour)
	require.NoError(t, err)
	record := p.data("pub", "users", "user@x.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(record), 0o750))
	require.NoError(t, os.WriteFile(record, fmt.Appendf(nil, `{"email":"user@x","roles":"U","auth":{"notBefore":%d}}`, time.Now().Unix()+1), 0o600))
	s := p.start(t)
	answer := s.request(t, "GET", "/json/hello", token, "")
	assert.Contains(t, row.Expect.Status, answer.status)
	time.Sleep(time.Until(time.Unix(time.Now().Unix()+2, 0)))
	token, err = p.issuer.Sign(&bus.User{Email: "user@x", Roles: []string{"U"}}, time.Hour)
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, s.request(t, "GET", "/json/hello", token, "").status, "one that came later is believed")
}

package attacks

import (
	"crypto/ed25519"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

// oddToken returns a token that this installation would not sign.
func (p *place) oddToken(t *testing.T, name string) string {
	t.Helper()
	claims := map[string]any{
		"iss": "restspace", "aud": "restspace", "sub": name + "@x",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{"U", "E", "A"},
	}
	key := p.key(t)
	switch name {
	case "expired-admin":
		claims["exp"] = time.Now().Add(-time.Hour).Unix()
	case "roles-string":
		claims["roles"] = "U A"
	case "sc-other-aud":
		claims["aud"] = "another-service"
	case "forged-sc":
		_, unknown, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		key.Key = unknown
	default:
		t.Fatalf("there is no token %q", name)
	}
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, nil)
	require.NoError(t, err)
	signed, err := signer.Sign(payload)
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

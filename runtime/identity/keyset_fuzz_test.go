package identity

import (
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
)

// FuzzParseKeySet: of what another issuer sends, only public keys for the three
// algorithms count, each with one.
func FuzzParseKeySet(f *testing.F) {
	f.Add(newAnother(new(testing.T)).public)
	f.Add([]byte(`{"keys":[]}`))
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"HS256"},{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"a"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","use":"enc"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := ParseKeySet(data, true)
		if err != nil {
			return
		}
		assert.NotEmpty(t, set)
		for _, key := range set {
			assert.True(t, key.IsPublic())
			assert.Contains(t, []string{string(jose.RS256), string(jose.ES256), string(jose.EdDSA)}, key.Algorithm)
		}
	})
}

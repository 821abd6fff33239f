package account_test

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/account"
)

// FuzzRecord: what others may see of a record has neither its password nor its
// state, and is a record too.
func FuzzRecord(f *testing.F) {
	for _, seed := range []string{`{}`, `{"email":"a@b.c","roles":"U E","password":"$argon2id$x","auth":{"notBefore":1.5}}`, `{"email":"a","roles":["U"],"name":{"auth":1}}`, `{"auth":null,"email":"a","password":"secret","x":"secret"}`, `{"email":"a","p\u0061ssword":"hidden-one"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := account.Parse(data)
		if err != nil {
			return
		}
		shown, err := account.Hide(data)
		require.NoError(t, err)
		var seen map[string]any
		require.NoError(t, json.Unmarshal(shown, &seen))
		assert.NotContains(t, seen, "auth")
		if password, ok := seen["password"]; ok {
			assert.Equal(t, account.Hidden, password)
		}
		again, err := account.Parse(shown)
		require.NoError(t, err)
		assert.Equal(t, r.Email, again.Email)
		assert.Equal(t, strings.Join(r.Roles, " "), strings.Join(again.Roles, " "))
		kept, err := account.Write(data, r)
		require.NoError(t, err)
		assert.JSONEq(t, string(data), string(kept), "nothing of it has changed")
	})
}

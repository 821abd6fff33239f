package runtime

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
)

func TestCaller(t *testing.T) {
	for client, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "": "",
	} {
		root := bus.NewRoot(t.Context(), 0)
		root.Client = client
		assert.Equal(t, want, caller(root, new(bus.Message)))
		assert.Equal(t, "jo@example.com", caller(root, &bus.Message{User: &bus.User{Email: "jo@example.com"}}))
		root.End()
	}
}

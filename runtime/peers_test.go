package runtime

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/identity"
)

func TestWhatAnotherServerIsTold(t *testing.T) {
	root := bus.NewRoot(t.Context(), time.Minute)
	defer root.End()
	root.Client, root.Host, root.Secure, root.ForeignPage = "192.0.2.1", "a.example", true, true
	m := &bus.Message{User: &bus.User{Email: "ann@example.com"}, Depth: 3}
	m.URL.Scheme, m.URL.Host = "https", "b.example"
	hop := hopOf(root, m)
	assert.Greater(t, hop.Left, time.Duration(0))
	assert.LessOrEqual(t, hop.Left, time.Minute)
	hop.Left = 0
	assert.Equal(t, identity.Hop{To: "b.example:443", User: m.User, Depth: 3, Client: "192.0.2.1", Host: "a.example", Secure: true, Foreign: true}, hop)

	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	assert.Equal(t, time.Millisecond, hopOf(over, m).Left, "0 is no limit")
}

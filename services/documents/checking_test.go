package documents

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

func TestChecksWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		own, err := ParseSchema([]byte(`{"type":"number"}`), "/schema")
		require.NoError(t, err)
		const most = 1000
		d := New(Config{Keep: adaptors.NewKeep(memstore.New(), 0), JSON: true, Schema: own, MaxBody: most})
		put := func(ctx context.Context) <-chan error {
			done := make(chan error, 1)
			go func() {
				m := &bus.Message{Method: "PUT", URL: urlpattern.URL{Path: []string{"x"}}, Body: bus.NewBody([]byte(`12`), "")}
				_, err := d.Serve(ctx, m)
				done <- err
			}()
			synctest.Wait()
			return done
		}
		require.True(t, d.checking.TryAcquire(maxChecked*most-1), "others are checked")
		ctx, leave := context.WithCancel(t.Context())
		first, second := put(ctx), put(t.Context())
		assert.Empty(t, first)
		leave()
		assert.ErrorIs(t, <-first, context.Canceled, "who waits can leave")
		assert.Empty(t, second)
		d.checking.Release(1)
		assert.NoError(t, <-second)
		assert.NoError(t, <-put(t.Context()), "its turn is over")
	})
}

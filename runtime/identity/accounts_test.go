package identity

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/account"
)

func TestNobodyGoesOnWithARecordThatHasChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var record account.Record
		var slow chan struct{}
		issuer := newIssuer(t)
		v := NewVerifier(issuer, nil, func(context.Context, string) (*account.Record, error) {
			read := record
			if slow != nil {
				<-slow
			}
			return &read, nil
		}, slog.Default())
		token, err := issuer.Sign(&bus.User{Email: "ann@example.com"}, time.Hour)
		require.NoError(t, err)
		_, err = v.User(token)
		require.NoError(t, err)

		time.Sleep(fresh)
		slow = make(chan struct{})
		go func() { _, _ = v.User(token) }() // reads the record as it was
		synctest.Wait()
		record.State.EndAll(time.Now())
		v.Forget("ann@example.com")
		go close(slow)
		_, err = v.User(token)
		assert.ErrorContains(t, err, "signed out", "while another one reads")
		_, err = v.User(token)
		assert.ErrorContains(t, err, "signed out", "what was read before the change is not kept")
	})
}

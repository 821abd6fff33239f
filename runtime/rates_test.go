package runtime

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
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

func TestRatesSayHowLongToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRates(config.Rate{Count: 2, Per: time.Minute})
		ask := func() string {
			err := r.admit(t.Context(), &bus.Message{User: &bus.User{Email: "jo@example.com"}})
			if err == nil {
				return "in"
			}
			told := bus.Classify(err)
			assert.Equal(t, 429, told.Status)
			assert.Equal(t, bus.TypeRate, told.Type)
			return told.Header.Get("Retry-After")
		}
		assert.Equal(t, []string{"in", "in", "30"}, []string{ask(), ask(), ask()})
		time.Sleep(20500 * time.Millisecond)
		assert.Equal(t, "10", ask(), "what is left of it, in whole seconds")
		time.Sleep(10 * time.Second)
		assert.Equal(t, []string{"in", "30"}, []string{ask(), ask()})
		time.Sleep(time.Hour)
		assert.Equal(t, []string{"in", "in", "30"}, []string{ask(), ask(), ask()}, "what was not used is not saved up")
	})
}

func TestRatesRememberSomeCallers(t *testing.T) {
	r := newRates(config.Rate{Count: 1, Per: time.Hour})
	require.Zero(t, r.take("first"))
	for i := range 5 * maxCallers {
		require.Zero(t, r.take(fmt.Sprint(i)))
		require.LessOrEqual(t, len(r.young)+len(r.old), 2*maxCallers)
		if i < maxCallers {
			continue
		}
		require.Positive(t, r.take(fmt.Sprint(i-maxCallers/2)), "who came lately is known")
	}
	assert.Zero(t, r.take("first"))
	assert.Nil(t, newRates(config.Rate{}))
	assert.NoError(t, newRates(config.Rate{}).admit(t.Context(), new(bus.Message)))
}

package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/config"
)

// FuzzUnits: what is read is not less than nothing, and is the same when it is
// written and read again.
func FuzzUnits(f *testing.F) {
	for _, seed := range []string{"", "30s", "1m30s", "-1s", "1h0m", "9223372036854775807B", "1KiB", "8589934592GiB", "10/s", "0/m", "1e3/s", "+1B"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d config.Duration
		if d.UnmarshalText([]byte(text)) == nil {
			assert.GreaterOrEqual(t, d, config.Duration(0))
			var again config.Duration
			written, err := d.MarshalText()
			require.NoError(t, err)
			require.NoError(t, again.UnmarshalText(written))
			assert.Equal(t, d, again)
		}
		var s config.Size
		if s.UnmarshalText([]byte(text)) == nil {
			assert.GreaterOrEqual(t, s, config.Size(0))
			var again config.Size
			written, err := s.MarshalText()
			require.NoError(t, err)
			require.NoError(t, again.UnmarshalText(written))
			assert.Equal(t, s, again)
		}
		var r config.Rate
		if r.UnmarshalText([]byte(text)) == nil {
			assert.Positive(t, r.Count)
			assert.Contains(t, []time.Duration{time.Second, time.Minute}, r.Per)
		}
	})
}

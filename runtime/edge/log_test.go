package edge

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// An outage of others is no flood of errors of this server.
func TestLevelsOfTheLog(t *testing.T) {
	for status, want := range map[int]string{
		200: "INFO", 404: "INFO", 500: "ERROR", 502: "WARN", 503: "WARN", 504: "WARN", 507: "ERROR", 508: "ERROR",
	} {
		s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return bus.Reply(status, nil), nil }), nil)
		s.get(t, "/")
		assert.Contains(t, s.log.String(), `"level":"`+want+`"`, status)
	}
}

func TestTheLogNamesTheUpstream(t *testing.T) {
	for _, row := range []struct {
		upstream string
		tries    int
		want     map[string]any
	}{
		{"", 0, map[string]any{}},
		{"a:1", 1, map[string]any{"upstream": "a:1"}},
		{"b:2", 3, map[string]any{"upstream": "b:2", "tries": 3.0}},
	} {
		s := start(t, bus.ServiceFunc(func(ctx context.Context, _ *bus.Message) (*bus.Message, error) {
			seen := &bus.RootOf(ctx).Seen
			seen.Upstream, seen.Tries = row.upstream, row.tries
			return bus.Reply(200, nil), nil
		}), nil)
		s.get(t, "/")
		line := make(map[string]any)
		require.NoError(t, json.Unmarshal([]byte(s.log.String()), &line))
		for _, key := range []string{"upstream", "tries"} {
			assert.Equal(t, row.want[key], line[key], "%v: %s", row, key)
		}
	}
}

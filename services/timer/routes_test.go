package timer

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

func reported(t *testing.T, reply *bus.Message) *report {
	t.Helper()
	data, err := reply.Body.Bytes(1 << 10)
	require.NoError(t, err)
	r := new(report)
	require.NoError(t, json.Unmarshal(data, r))
	return r
}

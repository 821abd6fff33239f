package adaptors_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

func TestAddTakesOverFields(t *testing.T) {
	var c adaptors.Condition
	require.NoError(t, c.Add("If-Range", `"a"`))
	require.NoError(t, c.Add("If-Modified-Since", "yesterday"))
	assert.True(t, c.Unconditional(), "no conditions of a write")
	require.NoError(t, c.Add("if-match", `"a", W/"b"`))
	require.NoError(t, c.Add("IF-MATCH", `"c"`))
	require.NoError(t, c.Add("If-None-Match", "*"))
	require.NoError(t, c.Add("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"))
	assert.Equal(t, []string{"a", "c"}, c.Match)
	assert.True(t, c.Absent)
	assert.Equal(t, 1994, c.Unmodified.Year())
	err := c.Add("If-Match", "*")
	assert.Equal(t, http.StatusBadRequest, bus.Classify(err).Status, "beside ETags")
	assert.ErrorContains(t, c.Add("If-None-Match", "a"), "If-None-Match, byte 0: ")
}

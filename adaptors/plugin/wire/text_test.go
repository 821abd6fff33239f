package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
	"github.com/seed90475182/restspace/bus"
)

// What a plugin says commands no terminal, and fills no answer.
func TestText(t *testing.T) {
	for said, shown := range map[string]string{
		"":                             "",
		"the disk is full:\n\tnö":      "the disk is full:\n\tnö",
		"\x1b]0;mine\x07\x1b[2J\rwell": "?]0;mine??[2J?well",
		"\u009b31mred\x7f":             "?31mred?",
		"\xff\xfe":                     "?",
		strings.Repeat("x", 1<<20):     strings.Repeat("x", 4<<10) + "...",
	} {
		assert.Equal(t, shown, wire.Text(said))
	}
}

func TestErrorsAreShown(t *testing.T) {
	said := "\x1b[2J" + strings.Repeat("x", 1<<20)
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		err := wire.Error(t.Context(), status.Error(code, said))
		assert.NotContains(t, err.Error(), "\x1b", code)
		assert.Less(t, len(err.Error()), 10<<10, code)
		assert.Less(t, len(bus.Classify(err).Detail), 5<<10, code)
	}
}

package bus_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus"
)

func TestIsToken(t *testing.T) {
	for s, want := range map[string]bool{
		"GET": true, "X-A_b.1": true, "!#$%&'*+-.^_`|~": true,
		"": false, "a b": false, "a:": false, "a\r\n": false, "ä": false, "@": false, "[": false, "{": false, "(": false, "\x00": false, "\x7f": false,
	} {
		assert.Equal(t, want, bus.IsToken(s), "%q", s)
	}
}

func TestIsFieldValue(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "a b\tc": true, "ä\x80": true,
		"a\r": false, "a\nb": false, "\x00": false, "\x1f": false, "\x7f": false,
	} {
		assert.Equal(t, want, bus.IsFieldValue(s), "%q", s)
	}
}

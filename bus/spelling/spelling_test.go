package spelling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/bus/spelling"
)

func TestChoice(t *testing.T) {
	modes := []string{"serial", "parallel", "tee"}
	for name, want := range map[string]string{
		"paralel":                 `did you mean "parallel"?`,
		"Parallel":                `did you mean "parallel"?`,
		"seiral":                  `did you mean "serial"?`,
		"pxrxlel":                 `write one of serial, parallel, tee`, // three letters
		"tea":                     `did you mean "tee"?`,
		"ta":                      `write one of serial, parallel, tee`, // nearly all of a short one
		"":                        `write one of serial, parallel, tee`,
		strings.Repeat("x", 1000): `write one of serial, parallel, tee`,
	} {
		assert.Equal(t, want, spelling.Choice(name, modes), name)
	}
	assert.Equal(t, "write serial", spelling.Choice("x", modes[:1]))
	assert.Equal(t, "write none of them, this server has none", spelling.Choice("x", nil))
}

package script

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestNamesStandForTextsAsTheyAre(t *testing.T) {
	n := names{"one": "{{two}}", "two": "{{one}}"}
	assert.Equal(t, "{{two}} {{one}} {{three}}", n.fill("{{one}} {{two}} {{three}}"))
}

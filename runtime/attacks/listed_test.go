package attacks

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// listed are the rows that are not carried out here, and why.
func listed() map[string]string {
	const (
		headers  = "no pipeline sets the header fields of its calls"
		killed   = "TestKilled of runtime/crash does it"
		powerCut = "TestPowerCut of runtime/crash does it"
	)
	return map[string]string{
		"URLPAT-051": headers,
		"FS-018":     killed,
		"FS-019":     powerCut,
	}
}

// TestEveryRowIsRunOrListed holds the three lists to each other.
func TestEveryRowIsRunOrListed(t *testing.T) {
	rows := attacks(t)
	known := make(map[string]bool)
	functions, reasons := scripts(), listed()
	for _, row := range rows {
		assert.False(t, known[row.ID], "%s stands twice", row.ID)
		known[row.ID] = true
		_, isListed := reasons[row.ID]
		_, hasFunction := functions[row.ID]
		runs := hasFunction || row.Kind == "raw" && !isListed
		assert.True(t, runs != isListed, "%s is to be run or listed: run %t, listed %t", row.ID, runs, isListed)
	}
	for id := range reasons {
		assert.True(t, known[id], "%s is listed, but there is no such row", id)
	}
	for id := range functions {
		assert.True(t, known[id], "%s has a function, but there is no such row", id)
	}
	for id := range alsos() {
		assert.True(t, known[id], "%s has a check, but there is no such row", id)
	}
}

package main

import (
	"testing"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/adaptortest"
)

// TestStore puts the store to the contract, each clause with an empty one.
func TestStore(t *testing.T) {
	adaptortest.Store(t, func(*testing.T) adaptors.Store { return newStore(0) })
}

package adaptortest_test

import (
	"fmt"

	"github.com/seed90475182/restspace/adaptors/adaptortest"
	"github.com/seed90475182/restspace/adaptors/memstore"
)

// A program puts a store to the contract clause by clause, with a test of its
// own making.
func ExampleClauses() {
	kept := 0
	for _, clause := range adaptortest.Clauses() {
		if !fails(clause, memstore.New()) {
			kept++
		}
	}
	fmt.Println(kept == len(adaptortest.Clauses()))
	// Output: true
}

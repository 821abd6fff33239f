// Package layers holds the test of which package may import which: down only,
// and no sibling.
package layers

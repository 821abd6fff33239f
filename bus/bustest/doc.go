// Package bustest has services and wrappers for tests of things on the bus.
package bustest

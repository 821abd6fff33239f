// Package crash holds the tests that end a server in the middle of its writes
// and look for what it had acknowledged. The README says what they promise, and
// how to read a failure.
package crash

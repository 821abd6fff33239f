// Package attacks holds a test that runs hostile requests, configurations and
// file systems against a real server: this test binary again, as a process of
// its own. The README says how to read a failure.
package attacks

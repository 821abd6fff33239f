//go:build race

package main

// raceDetector says that the tests run with it: a process takes several times
// the memory then.
const raceDetector = true

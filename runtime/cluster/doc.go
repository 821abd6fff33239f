// Package cluster holds the test of several servers in front of one bucket: they
// are killed, restarted, cut off and given another configuration while clients
// write and read. The README says what it promises, and how to read a failure.
package cluster

// Package soak has a test that puts a load on a server for a long time, while its
// configuration changes and its plugin is killed again and again: nothing may grow
// in it, and no answer be wrong. make soak runs it.
package soak

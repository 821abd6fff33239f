// Package gateway tests the Kind proxy as its users have it: real clients, a
// real server, real upstreams, and some that mean harm.
package gateway

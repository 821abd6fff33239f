// Package peering tests several servers of one installation as their users have
// them: real servers that call each other, and some that mean harm.
package peering

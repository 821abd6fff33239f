// Package access decides who may do what at a mount.
//
// A [Spec] is the roles of a configuration as they are written there, such as
// "E A /restricted A": it says which users it admits at which service paths.
// The [Rules] of a mount are its specs for reading, writing, creating and
// managing; they decide over a whole request. Nothing here reads or writes
// anything: what depends on whether a document exists becomes a condition of
// the request, which the store checks together with the write.
package access

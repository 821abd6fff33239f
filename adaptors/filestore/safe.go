//go:build !unsafecontrol

package filestore

// What makes a write safe. The tests of crashes and faults show that they would
// find it missing: they run a server that was built with the tag unsafecontrol.
const (
	comparesConditions = true // under the lock of the key
	syncsDirectories   = true
	heedsFailedSyncs   = true
)

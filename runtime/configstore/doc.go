// Package configstore keeps the configuration of several servers in one place:
// a document of a store, such as an object of a bucket. Who changes it puts
// another one there, with any tool; the servers see that and take it over one
// after the other.
//
// # The record
//
// Beside the document, under its name with ".rollout" at the end, the servers
// keep a record of what they do about it. Each write of it is conditional on its
// ETag, so that of servers that go for something at the same time one gets it.
// No two writes are of the same bytes, since many a storage makes the ETag of these:
// a record that is as it was before would pass for one that nobody has written.
// It says
//
//   - which version of the document is being rolled out, and which servers took it over
//   - who has the turn: who may take the version over now
//   - why the version failed, if it did
//   - the last good content: what a server starts with
//
// A version is told by the ETag and the time of the document, so the same bytes
// that are put there again are another one.
//
// # A rollout
//
// A server that sees a version that it has not got takes the turn, if nobody has
// it. It takes the content over, and notes that it did and that the turn is free:
// then another server can take it. Where it could not, it notes that the version
// failed, and why: no other server tries it, and all keep what they have. Those that
// have the version do so too, and say that the servers are not alike: none goes back
// by itself, since the fault may be that of the one server that failed. The next
// version begins afresh.
//
// A version is good when it did not fail and no server has taken a turn for some
// time: all have it that were there. The first one of all is good at once. A
// server that starts takes the good one, and then its turns like any other, so
// what it starts with has been served before.
//
// # Servers that go away
//
// Who has the turn writes the record again and again, also while it waits for the
// document. A turn is stale when the record has stayed the same for some time, by
// the clock of who looks: no two clocks are compared. What a stale turn leads to
// depends. Where another server has the version already, the next one takes the
// turn. Where the server that is gone was the first to try the version, that may be
// why it went: the version failed. It is the only one that could; if it comes back
// from where it was cut off, it tries again, and takes that back.
//
// A server that can't write to the record for a while gives its turn up before
// it is stale for the others, and takes nothing over.
package configstore

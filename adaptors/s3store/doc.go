// Package s3store keeps documents as objects of a bucket: an [adaptors.Store]
// over the protocol of Amazon S3, which many other servers speak.
//
//	prefix/users/7.json the document of the key ["users", "7.json"]
//
// The name of an object is the prefix and the escaped segments with slashes
// between them. Names that begin with a "." are nobody's document.
//
// # Writes
//
// Each write has an id, which is in the object's metadata. The ETag that
// callers see is that of the server, which is the same for the same bytes, with
// the id behind it, which never is. The time of the write is in the id as well:
// Put knows it without asking the server, and Get says the same.
//
// A write looks at the object first, and compares the condition. What it found
// then becomes the condition of the request: If-Match with the server's ETag
// where there is an object, If-None-Match: * where there is none. One that only
// creates does not look, since the server does. If the server
// says that it is otherwise by now, all of that begins anew. So conditions that
// the protocol has no words for, such as a time, are atomic with the write too.
//
// The server's ETag is a hash of the bytes. So who stores the very bytes that
// are there has them cut into parts otherwise, which gives them another one.
// Out of reach is only what happens all between the look of a writer and its
// request: that others change the object and change it back, hash included.
//
// An answer may be lost when the write was done. Then the object has the id of
// the write, and Put says that it is stored.
//
// # Conditions
//
// There are servers that take a condition and ignore it. So before the first
// write of each sort the store tries one that must fail, on an object that it
// makes for that and removes. Where that does not fail, writes of the sort are
// refused: none is done without its condition.
//
// # Sizes
//
// What is in memory already is sent with one request, which can be repeated, and
// so is what has up to 8 MiB, which is read into memory. What is larger, or of unknown size and turns out to be larger,
// is sent in parts of 5 to 8 MiB, two at a time; the condition is compared when the
// parts become an object. An upload that fails is aborted.
package s3store

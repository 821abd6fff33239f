// Package filestore keeps documents as files of a directory: an
// [adaptors.Store] that survives a crash of the machine, and that people may
// look into with the tools they know.
//
//	root/.lock        held by the server that has the directory
//	root/.tmp/        bodies on their way in
//	root/users/7.json the document of the key ["users", "7.json"]
//
// # What a path can do
//
// Each system call names one element in a directory that is already open, and
// follows no link: no name leads out of the root, nor to another name in it,
// whoever renames what meanwhile. That is how os.Root works inside, which this
// package does not use since it follows links that stay in the root, walks the
// path anew in each call, and can't rename between two directories that it has
// open. Names are escaped segments, so ".." is none. What is not a regular file
// is not there: it is neither listed, nor opened, nor replaced.
//
// A file with several hard links is a document like any other. Put replaces
// the one name and leaves the others their old content.
//
// # What is on disk when
//
// Put writes and syncs a temporary file, then takes the lock of the key,
// compares the condition, renames the file to its place and lets the lock go;
// then it syncs the directory, and returns. No lock is held around a sync, so
// the file system's journal writes the changes of many writers at once.
//
// So others see a document a little before it is certain to survive a power
// cut, and nobody is told that it is stored before it is. Where one writer builds on
// what another has just written (with a condition on its ETag, or in a
// directory that it has just made), the journal has the changes in their order:
// when the later writer is answered, the earlier write is on disk as well. Ext4,
// XFS and Btrfs keep that order.
//
// A listing may show a directory with nothing in it for the moment in which a
// Put has made it, or a Delete is about to remove it.
//
// A power cut in the middle of a Put or Delete, one that nobody was told to
// have succeeded, may leave an empty directory. Temporary files are removed at
// the next start. The tests in runtime/crash kill servers, and cut the power of
// their disk, to hold this package to all that.
//
// A sync that failed has lost what it had to write, and the next one would
// say nothing of it. So it is never tried again: the Put fails, and Health
// reports it from then on. Was it the directory's sync, the document is in its
// place all the same.
//
// # ETags
//
// An ETag is made of the inode, the size and the modification time of a file.
// Put sets that time itself, before the sync: to now, or to one nanosecond
// after the last one of this root, whichever is later. So no two writes of a
// root have the same time, also when they fall in one tick of the kernel's
// clock or when the clock goes back. The last time survives a restart as the
// modification time of the lock file, which is ahead of it by at most a second.
// A listing, a HEAD or a 304 reads no file for the ETag, and a file that
// somebody edits by hand has another one.
//
// # What is in memory
//
// Content of up to 16 KiB is kept for the next Get, up to 4 MiB of a root. Each
// Get looks at the file all the same: it has to be the one that was read, with
// the time of its last change, which nobody can set back. What changed in the
// last second is read anew, since two changes in one tick of the kernel's clock
// have one time.
package filestore

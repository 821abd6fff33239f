// Package hashing has passwords hashed in a process of their own. A thread that
// hashes has others of its process wait for a core, for a tick of the kernel at a
// time; one of another process, of lower priority, does not.
//
// [New] is the side of the server: an account.Worker that starts the process when
// there is the first password, and ends it when there was none for a while.
// [Serve] is what the process does. Between them are its standard input and
// output, with an object of JSON in a line for each question and each answer.
// Passwords and hashes go through these pipes and nowhere else: not to arguments,
// the environment or the log.
package hashing

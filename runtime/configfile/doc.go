// Package configfile keeps a configuration in a file: it reads and replaces
// it, and tells when it may have changed.
//
// A name may lead to its file over links, as where a directory of secrets is
// swapped as a whole: a link on the way that leads elsewhere is a change like
// any other, and replacing the file replaces what the links lead to.
package configfile

// Package config reads services.json: from bytes to a checked configuration,
// or to all that is wrong with it at once.
//
// [Parse] goes through the file in four steps. The text becomes a syntax tree
// (JSON with comments and trailing commas), in which each value knows where it
// stands. Values from outside the file, {"$env"} and {"$file"}, are put in
// their places. Each member is decoded by itself into the Go value that stands
// for it: the structs here, and those of the Kinds for the keys that are
// theirs. Last comes what only the whole can tell: two mounts at one base path,
// two stores in one directory.
//
// Nothing is opened or made here: that is for those who use the result.
package config

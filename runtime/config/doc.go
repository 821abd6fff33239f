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
// What the structs say of their keys in tags is in the JSON Schema that [Schema]
// makes of them:
//
//	Root  string `json:"root" required:"true" doc:"the directory of the documents"`
//	Sync  string `json:"sync" enum:"full,none" doc:"what of a write is on disk before it is answered"`
//	Users string `json:"users" form:"pattern" doc:"where users are read"`
//	Tags  []string `json:"tags" example:"[\"new\"]" doc:"what each document has"`
//
// Each key has a doc: a few words for who writes the file, without the default,
// which is the value that a new config has there. required keys must be there;
// required:"or other" is one that must be there where the key other is not. enum
// has the values that a string may have; form says what it looks like where its
// type does not: pattern, for the pattern of a URL, roles, pipeline, schema, for a JSON
// Schema, or json, for whatever JSON there is. The example of an object or a list is what somebody who wrote anything
// else is told to write. That a required key is there, and that a string has its
// form, is for a Check to say.
//
// Nothing is opened or made here: that is for those who use the result.
package config

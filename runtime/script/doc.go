// Package script tests a configuration by a script: requests and the replies
// that are expected, over real HTTP. Doc returns what its users read.
//
// Parse reads a script, Start starts what it is about, and Session.Play has one
// exchange. Where a reply is another one, the error is a [*Difference], which can
// be shown; an [Update] writes it into the script in the place of what was expected.
package script

import _ "embed"

//go:embed README.md
var doc string

// Doc returns the README of scripts, Markdown.
func Doc() string { return doc }

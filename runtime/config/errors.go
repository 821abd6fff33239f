package config

import (
	"fmt"
	"strings"
)

// shown is how many errors are told.
const shown = 20

// Errors is all that is wrong with a configuration, in the order of the file.
type Errors []Error

// An Error is one thing that is wrong.
type Error struct {
	File         string // as it was given to Parse
	Line, Column int    // from 1, in characters
	Pointer      string // RFC 6901; where the file itself is wrong, and for its root, ""
	Message      string // what is wrong, and what to write instead
}

// Error returns one line for each, and how many there are above twenty.
func (e Errors) Error() string {
	var b strings.Builder
	for i, one := range e {
		if i == shown {
			fmt.Fprintf(&b, "\nand %d more", len(e)-shown)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
	}
	return b.String()
}

// Error returns "file:line:column: pointer: message".
func (e Error) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", e.File, e.Line, e.Column, e.Pointer, e.Message)
}

package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// samePlace reports whether what is written to a and to b goes to one file, pipe or
// terminal.
func samePlace(a, b io.Writer) bool {
	one, ok := a.(*os.File)
	other, too := b.(*os.File)
	if !ok || !too {
		return false
	}
	info, err := one.Stat()
	if err != nil {
		return false
	}
	second, err := other.Stat()
	return err == nil && os.SameFile(info, second)
}

// paint is how text is set off on a terminal. The zero value leaves it plain.
type paint struct{ on bool }

// paintFor returns the paint for w: none where w is no terminal or its user
// wants none.
func (r *run) paintFor(w io.Writer) paint {
	return paint{isTerminal(w) && r.env["NO_COLOR"] == "" && r.env["TERM"] != "dumb"}
}

func (p paint) bold(s string) string  { return p.set("1", s) }
func (p paint) red(s string) string   { return p.set("31", s) }
func (p paint) green(s string) string { return p.set("32", s) }
func (p paint) faint(s string) string { return p.set("2", s) }

// set puts s between the escape sequences of a style (ECMA-48 section 8.3.117).
func (p paint) set(style, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

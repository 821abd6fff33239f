package adaptortest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// notes is a T that writes down what went wrong, each time in a line.
type notes struct {
	mu    sync.Mutex
	lines []string
	more  int // that were left out
}

const (
	maxNotes = 5   // of one clause
	maxNote  = 400 // bytes
)

// Errorf is part of T.
func (n *notes) Errorf(format string, args ...any) {
	line := inOneLine(fmt.Sprintf(format, args...))
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case slices.Contains(n.lines, line):
	case len(n.lines) == maxNotes:
		n.more++
	default:
		n.lines = append(n.lines, line)
	}
}

// FailNow is part of T.
func (n *notes) FailNow() { runtime.Goexit() }

// Helper is part of T.
func (n *notes) Helper() {}

// recovered notes the panic that ends a clause, such as one over a body that is
// not there.
func (n *notes) recovered() {
	if cause := recover(); cause != nil {
		n.Errorf("what came back is nothing to go on with: %v", cause)
	}
}

// taken returns what was noted up to now.
func (n *notes) taken() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	lines := slices.Clone(n.lines)
	if n.more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", n.more))
	}
	return lines
}

// inOneLine returns what testify says without the places in source files, which
// are nobody's who does not have them, and without its drawing of differences.
func inOneLine(text string) string {
	var label, failure, message string
	for line := range strings.Lines(text) {
		if head, rest, ok := strings.Cut(strings.TrimPrefix(line, "\t"), ":"); ok && slices.Contains([]string{"Error Trace", "Error", "Messages"}, head) {
			label, line = head, rest
		}
		line = strings.TrimSpace(line)
		switch {
		case line == "Diff:":
			label = "Diff"
		case line == "":
		case label == "Error":
			failure += " " + line
		case label == "Messages":
			message += " " + line
		case label == "":
			failure += " " + line // said by somebody else
		}
	}
	failure, message = strings.TrimSpace(failure), strings.TrimSpace(message)
	for _, word := range [][2]string{
		{"Not equal: expected:", "expected"}, {" actual  :", ", actual"}, {"Target error should be in err chain: expected:", "expected the error"},
		{" in chain:", ", got"}, {"Received unexpected error:", "unexpected error:"},
	} {
		failure = strings.Replace(failure, word[0], word[1], 1)
	}
	switch {
	case message != "" && (failure == "Should be true" || failure == "Should be false"):
		failure = message
	case message != "":
		failure = shorten(message, maxNote/2) + ": " + failure
	}
	return shorten(failure, maxNote)
}

// shorten cuts the middle out of a text.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	half := most / 2
	return strings.ToValidUTF8(text[:half], "") + " [...] " + strings.ToValidUTF8(text[len(text)-half:], "")
}

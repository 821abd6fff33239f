package bus

import "strings"

// Trace is the place of a request in a distributed trace (W3C Trace Context):
// what a call to another server sends on. The zero value is no trace.
type Trace struct {
	ID    string // 32 lower-case hex digits
	Span  string // 16: the caller's span
	Flags string // 2
	State string // tracestate, as it came
}

// ParseTrace reads the fields traceparent and tracestate (W3C Trace Context
// section 3.2). ok is false, and the trace a new one to be, for anything that
// is not valid.
func ParseTrace(parent, state string) (t Trace, ok bool) {
	// version "-" trace-id "-" parent-id "-" flags; later versions may append
	if len(parent) < 55 || parent[2] != '-' || parent[35] != '-' || parent[52] != '-' {
		return Trace{}, false
	}
	version := parent[:2]
	t = Trace{ID: parent[3:35], Span: parent[36:52], Flags: parent[53:55], State: state}
	whole := len(parent) == 55 || version != "00" && parent[55] == '-'
	if !whole || version == "ff" || !hex(version) || !t.valid() {
		return Trace{}, false
	}
	return t, true
}

// valid reports whether the ids and flags are what they can be.
func (t Trace) valid() bool {
	return hex(t.ID) && hex(t.Span) && hex(t.Flags) && strings.Trim(t.ID, "0") != "" && strings.Trim(t.Span, "0") != ""
}

// Parent returns the value of traceparent for a call, or "" if t is no trace.
// Of the flags it passes on the one that version 00 knows, whether the trace is
// sampled, and sets the others to zero as section 3.2.2.5 says.
func (t Trace) Parent() string {
	if t.ID == "" {
		return ""
	}
	flags := "-00"
	if t.Sampled() {
		flags = "-01"
	}
	return "00-" + t.ID + "-" + t.Span + flags
}

// Sampled reports whether whoever has made t has its trace collected.
func (t Trace) Sampled() bool {
	return len(t.Flags) == 2 && strings.IndexByte("13579bdf", t.Flags[1]) >= 0
}

func hex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

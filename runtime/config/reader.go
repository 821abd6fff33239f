package config

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"
)

// pointer is where a value stands (RFC 6901).
type pointer = jsontext.Pointer

// reader is what is known of a file while it is read. Values are known by the
// offset at which they begin: no two begin at one.
type reader struct {
	file    string
	data    []byte
	kinds   Kinds
	lookup  Lookup
	lines   []int // where each line begins
	faults  []problem
	secrets []secret         // in the order of the file
	lost    []int            // values that could not be put in their places, in the order of the file
	broken  map[int]bool     // values that an error was told of already
	meant   map[pointer]bool // keys that are there under a name that is nearly theirs
	options json.Options

	isPeer     func(scheme, host string) bool // of the block server
	userFields []string                       // that roles may ask for
	noUsers    bool                           // nothing says where their records are
}

// problem is an error at an offset.
type problem struct {
	offset  int
	at      pointer
	message string
}

func newReader(file string, data []byte, kinds Kinds, lookup Lookup) *reader {
	r := &reader{file: file, data: data, kinds: kinds, lookup: lookup, lines: []int{0}, broken: make(map[int]bool), meant: make(map[pointer]bool), options: decoding(),
		userFields: []string{"email"}}
	for i, c := range data {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	return r
}

// fault notes what is wrong with a value. The format's arguments may hold
// nothing that came from outside the file: see [reader.faultAbout].
func (r *reader) fault(v *hujson.Value, at pointer, format string, args ...any) {
	r.faultAt(v.StartOffset, at, format, args...)
	r.broken[v.StartOffset] = true
}

func (r *reader) faultAt(offset int, at pointer, format string, args ...any) {
	r.faults = append(r.faults, problem{offset, at, fmt.Sprintf(format, args...)})
}

// faultAbout is fault with a message that may quote what stands in scope, of
// which v is a part. Values from outside the file are taken out of it.
func (r *reader) faultAbout(scope, v *hujson.Value, at pointer, message string) {
	for _, s := range r.secretsIn(scope) {
		if s.offset == v.StartOffset {
			message = "what comes from " + s.source + " can't stand here, and is not shown: give it another value"
			break
		}
		quoted := strconv.Quote(s.value)
		encoded := hujson.String(s.value)
		message = strings.NewReplacer(s.value, hidden, quoted[1:len(quoted)-1], hidden, string(encoded[1:len(encoded)-1]), hidden).Replace(message)
	}
	r.fault(v, at, "%s", message)
}

// hidden stands for a value from outside the file.
const hidden = "<hidden>"

// errors returns the faults in the order of the file.
func (r *reader) errors() Errors {
	slices.SortStableFunc(r.faults, func(a, b problem) int { return cmp.Compare(a.offset, b.offset) })
	list := make(Errors, 0, len(r.faults))
	from, column := 0, 1 // where the last one was: a line may be long, and have many
	for _, p := range slices.Compact(r.faults) {
		line := r.line(p.offset)
		if begin := r.lines[line-1]; from < begin {
			from, column = begin, 1
		}
		column += utf8.RuneCount(r.data[from:p.offset])
		from = p.offset
		list = append(list, Error{r.file, line, column, string(p.at), p.message})
	}
	return list
}

// line returns the line of an offset, counted from 1.
func (r *reader) line(offset int) int { return sort.SearchInts(r.lines, offset+1) }

// position returns the line and column of an offset.
func (r *reader) position(offset int) (line, column int) {
	line = r.line(offset)
	return line, 1 + utf8.RuneCount(r.data[r.lines[line-1]:offset])
}

// place names a position in a message.
func (r *reader) place(v *hujson.Value) string {
	line, column := r.position(v.StartOffset)
	return fmt.Sprintf("line %d, column %d", line, column)
}

// quote quotes what stands in the file, the beginning of it if it is long.
func quote(s string) string {
	const most = 64
	if runes := []rune(s[:min(len(s), 4*most)]); len(runes) > most {
		s = string(runes[:most]) + "..."
	}
	return strconv.Quote(s)
}

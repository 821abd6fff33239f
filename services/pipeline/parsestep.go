package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services/expr"
	"github.com/seed90475182/restspace/services/requestspec"
	"github.com/seed90475182/restspace/urlpattern"
)

// step reads a step. What follows a try in its list is conditional.
func (b *builder) step(at jsontext.Pointer, text string) {
	b.count(at)
	s := &step{at: at, source: text}
	r := &stepReader{step: s, text: text}
	if err := r.read(); err != nil {
		b.faults = append(b.faults, err)
		return
	}
	b.pipeline.steps = append(b.pipeline.steps, s)
	b.pipeline.fans = b.pipeline.fans || s.reads.list
	b.add(s)
	if s.tries {
		b.tried(s)
		b.level.tries = true
		if b.stage.mode == serial {
			b.begin(conditional, "", "")
		}
	}
}

// tried tells of a try whose list has no rest that could stand in for it.
func (b *builder) tried(s *step) {
	switch {
	case s.variable != "": // it takes the error
	case b.stage.mode == parallel:
		b.fault(s.at, 0, `try changes nothing in a parallel list, where no element stands in for another: write "serial" at the beginning of the list`)
	case b.stage.mode == tee, b.stage.mode == teeWait:
		b.fault(s.at, 0, `try in a %[1]s, whose elements all run: write it in a list inside, such as ["%[1]s", ["serial", "try GET /contacts/$>0", "GET /texts/none"]]`, b.stage.mode)
	}
}

// stepReader goes through the text of a step.
type stepReader struct {
	*step
	text string
	from int // what is before it has been read
}

func (r *stepReader) rest() string { return r.text[r.from:] }

func (r *stepReader) fault(offset int, message string) error { return &Fault{r.at, offset, message} }

// skip moves over a prefix and the spaces after it.
func (r *stepReader) skip(n int) {
	r.from += n
	r.from = len(r.text) - len(strings.TrimLeft(r.rest(), " "))
}

func (r *stepReader) read() error {
	r.skip(0)
	if r.rest() == "" {
		return r.fault(0, `an empty step: write a call, such as "GET /contacts/$>0"`)
	}
	if r.tries = strings.HasPrefix(r.rest()+" ", "try "); r.tries {
		r.skip(len("try"))
	}
	if err := r.readCondition(); err != nil {
		return err
	}
	if err := r.readName(); err != nil {
		return err
	}
	if strings.TrimSpace(r.rest()) == "" {
		if r.tries {
			return r.fault(0, `nothing to try: write a call after it, such as "try GET /contacts/$>0"`)
		}
		return nil
	}
	return r.readRequest()
}

// readCondition reads what stands in if (...).
func (r *stepReader) readCondition() error {
	rest, ok := strings.CutPrefix(r.rest(), "if")
	open := strings.TrimLeft(rest, " ")
	if !ok || !strings.HasPrefix(open, "(") {
		return nil
	}
	start := len(r.text) - len(open) + 1
	length := closing(r.text[start:])
	if length < 0 {
		return r.fault(start-1, "a condition that is not finished: write ) at its end")
	}
	source := r.text[start : start+length]
	condition, err := expr.Compile(withoutCalls(source))
	if err != nil {
		return faultOf(r.at, start, err)
	}
	r.condition, r.tested = condition, source
	r.from = start + length
	r.skip(1)
	return nil
}

// closing returns where the bracket that was opened before source is closed, -1
// if nowhere.
func closing(source string) int {
	depth, quote := 1, byte(0)
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case quote != 0 && c == '\\':
			i++
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '"', c == '\'', c == '`':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// withoutCalls makes body() the same as body, with every byte in its place.
func withoutCalls(source string) string { return strings.ReplaceAll(source, "body()", "body  ") }

// readName cuts the name off the end.
func (r *stepReader) readName() error {
	text := " " + r.rest()
	at := strings.LastIndex(text, " :")
	if at < 0 {
		return nil
	}
	name := text[at+len(" :"):]
	offset := r.from + at + 1
	r.text = r.text[:max(r.from, offset-2)]
	return r.setName(strings.TrimRight(name, " "), offset)
}

// setName reads a name, which begins at an offset.
func (r *stepReader) setName(name string, offset int) error {
	if name == "" {
		return r.fault(offset, "a name is missing: write one after the colon, such as :contact")
	}
	r.names = true
	if name == "$this" {
		r.merges = true
		return nil
	}
	if v, ok := strings.CutPrefix(name, "$"); ok && isIdentifier(v) {
		r.variable = v
		return nil
	}
	if strings.HasPrefix(name, ".") {
		r.appends = true
		name = name[1:]
		offset++
	}
	pattern, err := urlpattern.ParseText(name)
	if err != nil {
		return faultOf(r.at, offset, err)
	}
	if r.name = name; len(pattern.Args()) > 0 {
		r.pattern = pattern
	}
	return nil
}

func isIdentifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// readRequest reads the call.
func (r *stepReader) readRequest() error {
	text := strings.TrimRight(r.rest(), " ")
	if word, rest, _ := strings.Cut(text, " "); strings.HasPrefix(strings.TrimLeft(rest, " "), "http") && !slices.Contains(requestspec.Methods(), word) {
		return r.fault(r.from, noURL(text, 0))
	}
	spec, err := requestspec.Parse(text, "POST")
	if err != nil {
		return faultOf(r.at, r.from, err)
	}
	url := spec.URL.String()
	at := len(text) - len(url)
	if !isURL(spec.URL) {
		return r.fault(r.from+at, noURL(text, at))
	}
	if space := spaceInPath(spec.URL); space >= 0 {
		return r.fault(r.from+at+space, fmt.Sprintf("%q follows the URL: write a name as :name, a further call as a step of its own, and a space in a path as %%20",
			strings.TrimSpace(url[space:])))
	}
	r.request, r.reads, r.urlAt = spec, readsOf(spec.URL), r.from+at
	return nil
}

// isURL reports whether a pattern begins as the URL of a call does: with a slash,
// a code, or another server.
func isURL(p *urlpattern.Pattern) bool {
	text, codes := p.String(), p.Args()
	return strings.HasPrefix(text, "/") || p.Literal().Host != "" || len(codes) > 0 && strings.HasPrefix(text, codes[0].Code)
}

// spaceInPath returns where the first space of the path is that is in no code, -1
// if there is none. The query may have some.
func spaceInPath(p *urlpattern.Pattern) int {
	text, at := p.String(), 0
	for _, arg := range p.Args() {
		literal, _, _ := strings.Cut(text[at:], arg.Code)
		if end := strings.IndexAny(literal, " ?"); end >= 0 {
			return spaceAt(text, at+end)
		}
		at += len(literal) + len(arg.Code)
	}
	return spaceAt(text, at+strings.IndexAny(text[at:]+"?", " ?"))
}

func spaceAt(text string, at int) int {
	if at < len(text) && text[at] == ' ' {
		return at
	}
	return -1
}

// readsOf looks at the codes of a pattern.
func readsOf(p *urlpattern.Pattern) reads {
	var r reads
	for _, arg := range p.Args() {
		switch arg.Source {
		case urlpattern.FromBody:
			r.body = true
		case urlpattern.FromVariable:
			r.variables = true
		default:
			continue
		}
		r.list = r.list || makesList(arg.Key)
	}
	return r
}

// makesList reports whether a path into a document gives a list whatever the
// document is: it has [] or a condition.
func makesList(path string) bool {
	for {
		_, after, found := strings.Cut(path, "[")
		if !found {
			return false
		}
		inside, rest, _ := strings.Cut(after, "]")
		if strings.Trim(inside, "0123456789") != "" && !strings.HasPrefix(inside, "last()") || inside == "" {
			return true
		}
		path = rest
	}
}

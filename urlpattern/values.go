package urlpattern

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/tidwall/gjson"
)

const defaultLimit = 1000

// Values is what the codes of a pattern read. What an expansion gives holds
// views of it.
type Values struct {
	URL   *URL                     // of the request, with Base and Sub; nil has no elements
	Body  []byte                   // valid JSON; nil if the current body is none
	Name  string                   // of the pipeline message, with '/' between its elements
	Var   func(name string) []byte // the JSON of a pipeline variable, named without its '$'; nil is absent
	Limit int                      // how many URLs one expansion may make; 0 is 1,000
}

// source is the list that a letter of a pattern stands for.
func (v *Values) source(letter byte) []string {
	if letter == 'N' {
		if v.Name == "" {
			return nil
		}
		return strings.Split(v.Name, "/")
	}
	if v.URL == nil {
		return nil
	}
	switch letter {
	case 'B':
		return v.URL.BasePath()
	case 'S':
		return v.URL.SubPath()
	case 'P':
		return v.URL.Path
	}
	return v.URL.ServicePath()
}

// query is the raw query of the request.
func (v *Values) query() string {
	if v.URL == nil {
		return ""
	}
	return legalQuery(v.URL.Query)
}

// document is the JSON that a body code reads.
func (v *Values) document(c *code) []byte {
	switch {
	case c.variable == "":
		return v.Body
	case v.Var == nil:
		return nil
	}
	return v.Var(c.variable)
}

// ExpandError says which code of a pattern could not be expanded, and why. Error
// tells a client nothing of the body; Detail does, for those who may see it.
type ExpandError struct {
	Pattern string
	Code    string // the pattern again if no one code is to blame
	Reason  string
	Keys    []string // of the body, near to where the value was missed
}

// Error gives the code and the reason.
func (e *ExpandError) Error() string { return e.Code + ": " + e.Reason }

// Detail adds the pattern and the keys of the body, for a log.
func (e *ExpandError) Detail() string {
	s := fmt.Sprintf("pattern %q: %s", e.Pattern, e.Error())
	if len(e.Keys) > 0 {
		s += fmt.Sprintf(" (there are the keys %q)", e.Keys)
	}
	return s
}

// expandError blames a code, or with nil the pattern as a whole.
func (p *Pattern) expandError(c *code, reason string, args ...any) error {
	e := &ExpandError{Pattern: p.text, Code: p.text, Reason: fmt.Sprintf(reason, args...)}
	if c != nil {
		e.Code = c.text
	}
	return e
}

func (p *Pattern) absent(c *code) error {
	return p.expandError(c, "the pattern %s needs %s", p.text, c.needs())
}

// insertion is what one code inserts. It is resolved once for an expansion,
// but for the choice among the values of a list.
type insertion struct {
	segments []string // of an element, a range or a whole
	dir      bool     // a whole that ends in a slash
	query    string   // of a whole; raw, like that of $?*
	text     string   // of all others
	absent   bool
	fallback *fallback // a literal default takes its place
	list     []string  // the values of a list, of which text is the one whose turn it is; nil: no list
	turn     int
}

// resolve reads what every code inserts, into room if that is large enough. Count is how many
// combinations the lists among them have.
func (p *Pattern) resolve(v *Values, room []insertion) (insertions []insertion, count int, err error) {
	limit := v.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	count = 1
	if len(p.codes) > cap(room) {
		room = make([]insertion, len(p.codes))
	}
	insertions = room[:len(p.codes)]
	for i, c := range p.codes {
		in := &insertions[i]
		if c.kind != bodyValue && c.kind != bodyPath {
			c.resolve(v, in)
			continue
		}
		if in.text, in.list, err = p.bodyText(c, v, limit); err != nil {
			return nil, 0, err
		}
		if in.list != nil {
			count = min(count*len(in.list), limit+1)
			if count > 0 {
				in.text = in.list[0]
			}
		}
	}
	if count > limit {
		return nil, 0, p.expandError(nil, "more than %d combinations: write a condition that chooses fewer, or raise the limit", limit)
	}
	return insertions, count, nil
}

// resolve reads a code that reads no body.
func (c *code) resolve(v *Values, in *insertion) {
	switch c.kind {
	case element:
		in.segments = c.elements(v)
		in.absent = len(in.segments) == 0
	case whole:
		in.segments = v.source(c.source)
		if c.source != 'N' && v.URL != nil {
			in.dir, in.query = v.URL.Dir, v.query()
		}
	case requestURL:
		if v.URL != nil {
			in.text = v.URL.String()
		}
	case queryAll:
		in.query = v.query()
	case queryValue:
		in.text, in.absent = joinedValues(v.query(), c.key)
	}
	if f := c.fallback; in.absent && f != nil {
		if f.element != nil {
			in.segments = f.element.elements(v)
			in.absent = len(in.segments) == 0
		} else {
			in.fallback = f
		}
	}
}

// joinedValues joins the values of a query key with commas.
func joinedValues(query, key string) (text string, absent bool) {
	var values []string
	absent = true
	for k, v := range QueryPairs(query) {
		switch {
		case k != key:
		case absent:
			text, absent = v, false
		default:
			values = append(values, v)
		}
	}
	if values != nil {
		text += "," + strings.Join(values, ",")
	}
	return text, absent
}

// bodyText reads the value or the values of a body code; list is nil if it is
// one. (What it finds it returns: a loop over a list would move what it writes
// to onto the heap.)
func (p *Pattern) bodyText(c *code, v *Values, limit int) (one string, list []string, err error) {
	document := text(v.document(c))
	found := c.selector.find(document)
	if elements := found.elements(); elements != nil {
		list, err = scalars(elements, limit)
	} else {
		one, err = scalar(found.one)
	}
	if err != nil {
		err = &ExpandError{Pattern: p.text, Code: c.text, Reason: err.Error(), Keys: c.selector.keysNear(document)}
	}
	return one, list, err
}

// scalars are the texts of the elements of a list; never nil without an error.
func scalars(elements iter.Seq[gjson.Result], limit int) ([]string, error) {
	list := []string{}
	for element := range elements {
		if len(list) == limit {
			return nil, fmt.Errorf("more than %d values: write a condition that chooses fewer, or raise the limit", limit)
		}
		s, err := scalar(element)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// scalar is the text of a value that can be inserted.
func scalar(r gjson.Result) (string, error) {
	switch r.Type {
	case gjson.String:
		if r.Str == "" {
			return "", errors.New("an empty string")
		}
		return r.Str, nil
	case gjson.Number:
		return r.Raw, nil
	case gjson.True:
		return "true", nil
	case gjson.False:
		return "false", nil
	case gjson.JSON:
		return "", errors.New("an object or a list where a value is needed")
	}
	if r.Exists() {
		return "", errors.New("null where a value is needed")
	}
	return "", errors.New("there is no such value")
}

// advance moves on to the next combination of the values of lists; the leftmost
// list is the slowest.
func advance(insertions []insertion) {
	for i := len(insertions) - 1; i >= 0; i-- {
		in := &insertions[i]
		if in.list == nil {
			continue
		}
		in.turn = (in.turn + 1) % len(in.list)
		in.text = in.list[in.turn]
		if in.turn > 0 {
			return
		}
	}
}

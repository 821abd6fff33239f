package gotemplate

import (
	"errors"
	"fmt"
	"html"
	"maps"
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"

	texttemplate "text/template"
)

// shown is the function that all that is printed goes through. Templates don't
// call it.
const shown = "_shown"

// functions returns what templates call, bound to a run. Go's own functions that
// read or make text are replaced by ones that are counted; there is no call,
// since data has no functions.
func (r *run) functions(isHTML bool) map[string]any {
	all := map[string]any{
		"eq": r.equal, "ne": r.unequal,
		"lt": r.ordered(func(o int) bool { return o < 0 }), "le": r.ordered(func(o int) bool { return o <= 0 }),
		"gt": r.ordered(func(o int) bool { return o > 0 }), "ge": r.ordered(func(o int) bool { return o >= 0 }),

		"add": arithmetic(new(big.Int).Add, func(a, b float64) float64 { return a + b }),
		"sub": arithmetic(new(big.Int).Sub, func(a, b float64) float64 { return a - b }),
		"mul": arithmetic(new(big.Int).Mul, func(a, b float64) float64 { return a * b }),
		"div": arithmetic(quotient, func(a, b float64) float64 { return a / b }),

		"print": r.print, "println": r.println, "printf": r.printf,
		"html": r.escaped(html.EscapeString), "urlquery": r.escaped(url.QueryEscape), "js": r.escaped(texttemplate.JSEscapeString),
		"json": r.json,

		"upper": r.changed(strings.ToUpper), "lower": r.changed(strings.ToLower), "trim": r.changed(strings.TrimSpace),
		"replace": r.replace, "contains": r.contains, "split": r.split, "join": r.join,

		"date": r.date, "number": r.number, "default": fallback, "dict": r.dict, "list": r.list,
		shown: r.show,
	}
	if !isHTML {
		all[shown] = r.showText
	}
	return all
}

// known returns the names that a template may call: those of functions, and
// those of Go's own that are not replaced.
func known() map[string]any {
	names := map[string]any{"and": 0, "or": 0, "not": 0, "len": 0, "index": 0, "slice": 0}
	maps.Copy(names, new(run).functions(false))
	delete(names, shown)
	return names
}

// show returns what is printed for a value. Inside of <script> html/template
// writes it as JSON.
func (r *run) show(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, int, int64, uint64:
		return v, nil
	case string:
		return v, r.spend(len(v))
	case map[string]any:
		if v == nil {
			return nil, nil
		}
	}
	text, err := r.text(v)
	return written(text), err
}

// showText returns the text that is printed for a value.
func (r *run) showText(v any) (string, error) { return r.text(v) }

func (r *run) print(values ...any) (string, error) { return r.joined(values, "") }

func (r *run) println(values ...any) (string, error) {
	text, err := r.joined(values, " ")
	return text + "\n", err
}

// joined returns the texts of values with sep between them.
func (r *run) joined(values []any, sep string) (string, error) {
	var b strings.Builder
	for i, v := range values {
		text, err := r.text(v)
		if err == nil {
			err = r.spend(len(text) + len(sep))
		}
		if err != nil {
			return "", err
		}
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// escaped returns a function of the texts of its arguments, one after another.
// Its result is no longer than 6 times its input.
func (r *run) escaped(f func(string) string) func(...any) (string, error) {
	return func(values ...any) (string, error) {
		text, err := r.print(values...)
		if err == nil {
			err = r.spend(6 * len(text))
		}
		if err != nil {
			return "", err
		}
		return f(text), nil
	}
}

// changed returns a function of one text, whose result is not much longer.
func (r *run) changed(f func(string) string) func(any) (string, error) {
	return func(v any) (string, error) {
		text, err := r.text(v)
		if err == nil {
			err = r.spend(2 * len(text))
		}
		if err != nil {
			return "", err
		}
		return f(text), nil
	}
}

func (r *run) replace(old, new string, v any) (string, error) {
	text, err := r.text(v)
	if err != nil {
		return "", err
	}
	if err := r.spend(len(text) + strings.Count(text, old)*len(new)); err != nil {
		return "", err
	}
	return strings.ReplaceAll(text, old, new), nil
}

func (r *run) contains(part string, v any) (bool, error) {
	text, err := r.text(v)
	return strings.Contains(text, part), err
}

// pointer is about what an element of a list takes beside its value.
const pointer = 32

func (r *run) split(sep string, v any) ([]any, error) {
	text, err := r.text(v)
	if err == nil {
		err = r.spend((strings.Count(text, sep) + 1) * pointer)
	}
	if err != nil || text == "" {
		return []any{}, err
	}
	var list []any
	for part := range strings.SplitSeq(text, sep) {
		list = append(list, part)
	}
	return list, nil
}

func (r *run) join(sep string, v any) (string, error) {
	list, ok := v.([]any)
	if !ok && !empty(v) {
		return "", fmt.Errorf("%s is no list", sort(v))
	}
	return r.joined(list, sep)
}

func (r *run) list(values ...any) ([]any, error) {
	return values, r.spend(len(values) * pointer)
}

func (r *run) dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, limit(`it takes names and values: write dict "name" .value`)
	}
	if err := r.spend(len(pairs) * 2 * pointer); err != nil {
		return nil, err
	}
	members := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("the name of member %d is %s: write a text", i/2+1, sort(pairs[i]))
		}
		members[name] = pairs[i+1]
	}
	return members, nil
}

// fallback is the function default: v, or instead if v is empty.
func fallback(instead, v any) any {
	if full, _ := texttemplate.IsTrue(v); full {
		return v
	}
	return instead
}

// number writes a number with so many decimals, and commas between thousands.
func (r *run) number(decimals int, v any) (string, error) {
	if decimals < 0 || decimals > 20 {
		return "", limit("the decimals are from 0 to 20")
	}
	if !isNumber(v) {
		return "", fmt.Errorf("%s is no number", sort(v))
	}
	f, err := bigOf(v)
	if err != nil {
		return "", err
	}
	if f.MantExp(nil) > 1000 {
		return "", limit("a number is too large")
	}
	text := f.Text('f', decimals)
	point := strings.IndexByte(text+".", '.')
	begin := len(text) - len(strings.TrimPrefix(text, "-"))
	for at := point - 3; at > begin; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text, r.spend(len(text))
}

// date writes a time by a layout of Go.
func (r *run) date(layout string, v any) (string, error) {
	if empty(v) || v == "" {
		return "", nil
	}
	t, err := timeOf(v)
	if err != nil {
		return "", err
	}
	if err := r.spend(12 * len(layout)); err != nil {
		return "", err
	}
	return t.Format(layout), nil
}

// timeOf reads a date, a time of RFC 3339, or milliseconds since 1970.
func timeOf(v any) (time.Time, error) {
	if ms, ok := whole(v); ok {
		return time.UnixMilli(ms).UTC(), nil
	}
	text, _ := plain(v)
	if isText(v) {
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
			if t, err := time.Parse(layout, text); err == nil {
				return t, nil
			}
		}
	}
	if len(text) > 40 {
		text = text[:40] + "..."
	}
	return time.Time{}, errors.New(strconv.Quote(text) + " is no time: give 2006-01-02, 2006-01-02T15:04:05Z, or milliseconds since 1970")
}

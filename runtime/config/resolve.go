package config

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"
)

// secret is a value that came from outside the file.
type secret struct {
	offset int    // of the value whose place it took
	source string // how the file names it
	value  string
	shown  bool // once it is known to be right: see isShown
}

const halfSurrogate = `half of a surrogate pair (\uD800 to \uDFFF) alone: write both halves, or the character itself`

// resolve puts the values from outside the file in their places, everywhere
// below v, and takes out the second of two members of one name.
func (r *reader) resolve(v *hujson.Value, at pointer) {
	switch value := v.Value.(type) {
	case *hujson.Object:
		r.unique(v, value, at)
		if isReference(value) {
			r.refer(v, value, at)
			return
		}
		for i := range value.Members {
			m := &value.Members[i]
			r.resolve(&m.Value, at.AppendToken(nameOf(m)))
		}
	case *hujson.Array:
		for i := range value.Elements {
			r.resolve(&value.Elements[i], at.AppendToken(strconv.Itoa(i)))
		}
	case hujson.Literal:
		if value.Kind() == '"' && !jsontext.Value(value).IsValid() {
			r.broke(v, at, "%s", halfSurrogate)
		}
	}
}

// unique keeps the first of the members of one name, and tells of the others.
func (r *reader) unique(v *hujson.Value, object *hujson.Object, at pointer) {
	first := make(map[string]*hujson.Value, len(object.Members))
	kept := object.Members[:0]
	for _, m := range object.Members {
		name := nameOf(&m)
		if !jsontext.Value(m.Name.Value.(hujson.Literal)).IsValid() {
			r.fault(&m.Name, at, "%s", halfSurrogate)
			continue
		}
		if before, ok := first[name]; ok {
			r.fault(&m.Name, at.AppendToken(name), "%s is already at %s: write it once", quote(name), r.place(before))
			continue
		}
		kept = append(kept, m)
		first[name] = &kept[len(kept)-1].Name
	}
	object.Members = kept
}

// nameOf returns the name of a member. Few have escapes.
func nameOf(m *hujson.ObjectMember) string {
	literal := m.Name.Value.(hujson.Literal)
	if bytes.IndexByte(literal, '\\') < 0 {
		return string(literal[1 : len(literal)-1])
	}
	return literal.String()
}

func isReference(object *hujson.Object) bool {
	return slices.ContainsFunc(object.Members, func(m hujson.ObjectMember) bool {
		name := nameOf(&m)
		return name == "$env" || name == "$file"
	})
}

// refer replaces v, a {"$env"} or {"$file"}, by the string that it stands for.
func (r *reader) refer(v *hujson.Value, object *hujson.Object, at pointer) {
	var keys struct {
		Env     *string `json:"$env"`
		File    *string `json:"$file"`
		Default *string `json:"default"`
	}
	known := len(r.faults)
	r.object(v, at, fieldsOf(&keys))
	if (keys.Env == nil) == (keys.File == nil) && known == len(r.faults) {
		r.fault(v, at, `both "$env" and "$file": write one of them`)
	}
	if known != len(r.faults) {
		r.broke(v, "", "")
		return
	}
	var found outside
	if keys.Env != nil {
		found = fromEnv(*keys.Env, r.lookup)
	} else {
		found = r.fromFile(*keys.File)
	}
	switch {
	case found.absent && keys.Default != nil:
		v.Value = hujson.String(*keys.Default)
		return
	case found.reason != "":
		r.broke(v, at, `%s %s, or write a "default" beside it`, found.source, found.reason)
		return
	case !utf8.ValidString(found.value):
		r.broke(v, at, "%s is not UTF-8: give it a text", found.source)
		return
	case found.value != "":
		r.secrets = append(r.secrets, secret{v.StartOffset, found.source, found.value, isShown(at)})
	}
	v.Value = hujson.String(found.value)
}

// outside is a value that was looked for outside the file.
type outside struct {
	source string // in words
	value  string
	absent bool   // there is none
	reason string // why there is no value, and what to do about it; "" if there is
}

func fromEnv(name string, lookup Lookup) outside {
	o := outside{source: "the environment variable " + quote(name), absent: true, reason: "is not set: set it"}
	if lookup.Env != nil {
		if value, ok := lookup.Env(name); ok {
			o.value, o.absent, o.reason = value, false, ""
		}
	}
	return o
}

// fromFile returns the content of a file without the newline at its end.
func (r *reader) fromFile(path string) outside {
	o := outside{source: "the file " + quote(path)}
	data, err := r.readFile(path)
	if err != nil {
		o.absent = errors.Is(err, fs.ErrNotExist)
		o.reason = "can't be read (" + err.Error() + "): make it readable"
		return o
	}
	o.value = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	return o
}

// readFile returns the content of a file that the configuration names. The
// error says nothing of the name.
func (r *reader) readFile(path string) ([]byte, error) {
	if r.lookup.ReadFile == nil {
		return nil, fs.ErrNotExist
	}
	data, err := r.lookup.ReadFile(path)
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		err = inner.Err
	}
	return data, err
}

// broke tells what is wrong with v, unless it was told already, and keeps
// others from telling more.
func (r *reader) broke(v *hujson.Value, at pointer, format string, args ...any) {
	if format != "" {
		r.fault(v, at, format, args...)
	}
	v.Value = hujson.Literal("null")
	r.lost = append(r.lost, v.StartOffset)
	r.broken[v.StartOffset] = true
}

// complete reports whether no value is missing in v, so that what is in it can
// be checked.
func (r *reader) complete(v *hujson.Value) bool {
	i, _ := slices.BinarySearch(r.lost, v.StartOffset)
	return i == len(r.lost) || r.lost[i] >= v.EndOffset
}

// secretsIn returns the values from outside that stand in v.
func (r *reader) secretsIn(v *hujson.Value) []secret {
	from, _ := slices.BinarySearchFunc(r.secrets, v.StartOffset, func(s secret, offset int) int { return cmp.Compare(s.offset, offset) })
	to := from
	for to < len(r.secrets) && r.secrets[to].offset < v.EndOffset {
		to++
	}
	return r.secrets[from:to]
}

// isShown reports whether a value from outside is no secret where it stands: an
// address or a host of servers.
// What is no address is not taken there, and not shown either.
func isShown(at pointer) bool {
	switch strings.TrimRight(string(at), "0123456789") {
	case "/server/listen", "/server/adminListen", "/server/redirectHTTP",
		"/server/hosts/", "/server/allowHosts/", "/server/peers/", "/server/trustedProxies/":
		return true
	}
	return false
}

// secretValues returns the values from outside that are never shown, each once, the
// longest first.
func (r *reader) secretValues() []string {
	list := make([]string, 0, len(r.secrets))
	for _, s := range r.secrets {
		if !s.shown {
			list = append(list, s.value)
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	return slices.Compact(list)
}

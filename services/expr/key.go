package expr

import (
	"fmt"
	"strings"
)

// step is one part of a key on the left side of a transform.
type step struct {
	kind stepKind
	name string // of the member, or of what a loop calls its place
}

type stepKind byte

const (
	toMember    stepKind = iota // name, and [n]
	overList                    // [name]
	overMembers                 // {name}
)

// parseKey parses what a key of a transform sets: names with points between
// them, [n], [name] and {name}.
func parseKey(key string) ([]step, error) {
	var steps []step
	for at := 0; at < len(key); {
		switch key[at] {
		case '.':
			at++
			if at == len(key) || key[at] == '.' {
				return nil, fault(at, "a name is missing")
			}
		case '[', '{':
			s, end, err := bracket(key, at)
			if err != nil {
				return nil, err
			}
			steps = append(steps, s)
			at = end
		case ']', '}':
			return nil, fault(at, `%q closes nothing: a name with other characters is written ["name"]`, key[at])
		default:
			end := at + strings.IndexAny(key[at:]+".", ".[]{}")
			steps = append(steps, step{name: strings.TrimSpace(key[at:end])})
			at = end
		}
	}
	if len(steps) == 0 {
		return nil, fault(0, `an empty key: write [""] for a member without a name`)
	}
	return steps, nil
}

// bracket parses [n], ["name"], [name] or {name}.
func bracket(key string, at int) (step, int, error) {
	closing, kind := byte(']'), overList
	if key[at] == '{' {
		closing, kind = '}', overMembers
	}
	if quoted, ok := strings.CutPrefix(key[at+1:], `"`); ok && kind == overList {
		name, rest, found := strings.Cut(quoted, `"]`)
		if !found {
			return step{}, 0, fault(at, `a name in quotes ends with "]`)
		}
		return step{name: name}, len(key) - len(rest), nil
	}
	end := strings.IndexByte(key[at:], closing)
	if end < 0 {
		return step{}, 0, fault(at, "%q is not closed by %q", key[at], closing)
	}
	name := strings.TrimSpace(key[at+1 : at+end])
	if _, ok := index(name); ok && kind == overList {
		return step{name: name}, at + end + 1, nil
	}
	if !isPlain(name) {
		return step{}, 0, fault(at, "%s: write the name of a loop, such as %citem%c", fmt.Sprintf("%q", key[at:at+end+1]), key[at], closing)
	}
	return step{kind: kind, name: name}, at + end + 1, nil
}

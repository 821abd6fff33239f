package schema

import (
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	// maxPlain is the most schemas in a schema that is plain: how often the
	// values of a document are looked at for it needs not be counted.
	maxPlain = 1_000

	// What a document may take, in times that a value is looked at, beside
	// loadOfByte for each of its bytes. To say what is wrong takes so much
	// longer that only explainedPart of it is allowed for that.
	baseLoad      = 1_000_000
	loadOfByte    = 8
	explainedPart = 16
)

// isPlain reports whether there are few ways through s, and none leads back to
// where it was.
func isPlain(s *jsonschema.Schema) bool {
	left := maxPlain
	var walk func(s *jsonschema.Schema)
	walk = func(s *jsonschema.Schema) {
		if left--; left < 0 {
			return
		}
		for _, sub := range slices.Concat(inPlace(s), below(s)) {
			walk(sub)
		}
	}
	walk(s)
	return left >= 0
}

// load counts how often the values of a document are looked at, at most, until
// it is more than most. Where alternatives lead to the same values below, each
// of them looks at all of these: every level multiplies their number.
type load struct{ count, most int }

// ways are schemas that look at a value, with how often.
type ways map[*jsonschema.Schema]int

// value counts the looks at a value and those below it.
func (l *load) value(v any, by ways) {
	all := make(ways)
	for s, n := range by {
		l.add(s, v, n, all, 0)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			l.child(name, all, ofName)
			l.child(value, all, func(s *jsonschema.Schema) []*jsonschema.Schema { return ofMember(s, name) })
		}
	case []any:
		for i, value := range v {
			l.child(value, all, func(s *jsonschema.Schema) []*jsonschema.Schema { return ofElement(s, i) })
		}
	}
}

// child counts the looks at a value in another one, which all look at. of
// returns the schemas that one of these has for it.
func (l *load) child(v any, all ways, of func(*jsonschema.Schema) []*jsonschema.Schema) {
	by := make(ways)
	for s, n := range all {
		for _, sub := range of(s) {
			by[sub] += n
		}
	}
	if l.count <= l.most && len(by) > 0 {
		l.value(v, by)
	}
}

// add counts n looks of s at a value, and those of the schemas that s applies to
// the same value. depth bounds those that lead back to s, which the library
// refuses.
func (l *load) add(s *jsonschema.Schema, v any, n int, all ways, depth int) {
	const maxDepth = 1_000
	if l.count += n; l.count > l.most || depth > maxDepth || !takes(s, v) {
		return
	}
	all[s] += n
	for _, sub := range inPlace(s) {
		l.add(sub, v, n, all, depth+1)
	}
}

// takes reports whether s looks further than at the type of a value.
func takes(s *jsonschema.Schema, v any) bool {
	if s.Types == nil || s.Types.IsEmpty() {
		return true
	}
	switch v.(type) {
	case map[string]any:
		return slices.Contains(s.Types.ToStrings(), "object")
	case []any:
		return slices.Contains(s.Types.ToStrings(), "array")
	}
	return true
}

// inPlace returns the schemas that s applies to the value that it looks at.
func inPlace(s *jsonschema.Schema) []*jsonschema.Schema {
	list := slices.Concat(s.AllOf, s.AnyOf, s.OneOf)
	list = appendSchemas(list, s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else)
	if s.DynamicRef != nil {
		list = appendSchemas(list, s.DynamicRef.Ref)
	}
	for _, sub := range s.DependentSchemas {
		list = append(list, sub)
	}
	for _, sub := range s.Dependencies {
		list = appendAny(list, sub)
	}
	return list
}

// below returns the schemas that s applies to members and elements.
func below(s *jsonschema.Schema) []*jsonschema.Schema {
	list := slices.Clone(s.PrefixItems)
	if items, ok := s.Items.([]*jsonschema.Schema); ok {
		list = append(list, items...)
	}
	for _, sub := range s.Properties {
		list = append(list, sub)
	}
	for _, sub := range s.PatternProperties {
		list = append(list, sub)
	}
	list = appendAny(list, s.AdditionalProperties, s.Items, s.AdditionalItems)
	return appendSchemas(list, s.PropertyNames, s.UnevaluatedProperties, s.Items2020, s.Contains, s.UnevaluatedItems)
}

// ofName returns the schemas that s applies to the names of members.
func ofName(s *jsonschema.Schema) []*jsonschema.Schema { return appendSchemas(nil, s.PropertyNames) }

// ofMember returns the schemas that s applies to the member of that name.
func ofMember(s *jsonschema.Schema, name string) (list []*jsonschema.Schema) {
	if sub, ok := s.Properties[name]; ok {
		list = append(list, sub)
	}
	for pattern, sub := range s.PatternProperties {
		if pattern.MatchString(name) {
			list = append(list, sub)
		}
	}
	if len(list) == 0 {
		list = appendAny(list, s.AdditionalProperties)
	}
	return appendSchemas(list, s.UnevaluatedProperties)
}

// ofElement returns the schemas that s applies to the element at an index.
func ofElement(s *jsonschema.Schema, i int) (list []*jsonschema.Schema) {
	first, ok := s.Items.([]*jsonschema.Schema)
	if !ok {
		first = s.PrefixItems
	}
	if i < len(first) {
		list = append(list, first[i])
	} else {
		list = appendSchemas(appendAny(list, s.Items, s.AdditionalItems), s.Items2020)
	}
	return appendSchemas(list, s.Contains, s.UnevaluatedItems)
}

// appendSchemas adds those that are there.
func appendSchemas(list []*jsonschema.Schema, more ...*jsonschema.Schema) []*jsonschema.Schema {
	for _, s := range more {
		if s != nil {
			list = append(list, s)
		}
	}
	return list
}

// appendAny adds those that are schemas.
func appendAny(list []*jsonschema.Schema, more ...any) []*jsonschema.Schema {
	for _, value := range more {
		if s, ok := value.(*jsonschema.Schema); ok {
			list = appendSchemas(list, s)
		}
	}
	return list
}

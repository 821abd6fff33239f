package schema

import (
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// maxErrors bounds what is said of a document that is wrong everywhere.
const maxErrors = 10_000

// errorsOf returns what is wrong according to the library.
func errorsOf(e *jsonschema.ValidationError) Errors {
	return appendErrors(nil, e).sorted()
}

func appendErrors(list Errors, e *jsonschema.ValidationError) Errors {
	if len(list) >= maxErrors {
		return list
	}
	at := pointerOf(e.InstanceLocation)
	say := func(pointer, format string, args ...any) {
		if len(list) >= maxErrors {
			return
		}
		list = append(list, Error{pointer, fmt.Sprintf(format, args...)})
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			say(at, "has no member %s, which has to be there", quote(name))
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			say(at+"/"+escape(name), "may not be there")
		}
	case *kind.DependentRequired:
		for _, name := range k.Missing {
			say(at, "has no member %s, which has to be there beside %s", quote(name), quote(k.Prop))
		}
	case *kind.FalseSchema:
		say(at, "may not be there")
	case *kind.PropertyNames:
		say(at, "has a member %s, whose name does not fit: %s", quote(k.Property), alternatives(e.Causes))
	case *kind.AnyOf:
		say(at, "fits none of the alternatives: %s", alternatives(e.Causes))
	case *kind.OneOf:
		if k.Subschemas == nil {
			say(at, "fits none of the alternatives: %s", alternatives(e.Causes))
		} else {
			say(at, "fits the alternatives %d and %d, counted from 0: only one may fit", k.Subschemas[0], k.Subschemas[1])
		}
	default:
		if len(e.Causes) == 0 {
			say(at, "%s", words(e.ErrorKind))
		}
		for _, cause := range e.Causes {
			list = appendErrors(list, cause)
		}
	}
	return list
}

// alternatives says why each of several schemas does not fit.
func alternatives(causes []*jsonschema.ValidationError) string {
	var text []string
	for _, cause := range causes {
		text = append(text, errorsOf(cause).Error())
	}
	return shorten(strings.Join(text, "; or "))
}

// words says of a value what is wrong with it.
func words(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Type:
		return fmt.Sprintf("is of the type %s: write %s", k.Got, strings.Join(k.Want, " or "))
	case *kind.Not:
		return "is what may not be there"
	case *kind.Format:
		return fmt.Sprintf("is no %s: %v", k.Want, k.Err)
	case *kind.Pattern:
		return fmt.Sprintf("does not match the pattern %s", shorten(k.Want))
	case *kind.MinLength:
		return fmt.Sprintf("has %s: write at least %d", count(k.Got, "character"), k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("has %s: write at most %d", count(k.Got, "character"), k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("has %s: write at least %d", count(k.Got, "element"), k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("has %s: write at most %d", count(k.Got, "element"), k.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("has %s: write at least %d", count(k.Got, "member"), k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("has %s: write at most %d", count(k.Got, "member"), k.Want)
	case *kind.Minimum:
		return "is too small: write at least " + digits(k.Want)
	case *kind.Maximum:
		return "is too large: write at most " + digits(k.Want)
	case *kind.ExclusiveMinimum:
		return "is too small: write more than " + digits(k.Want)
	case *kind.ExclusiveMaximum:
		return "is too large: write less than " + digits(k.Want)
	case *kind.MultipleOf:
		return "is no multiple of " + digits(k.Want)
	case *kind.UniqueItems:
		return fmt.Sprintf("has the same element at %d and at %d", k.Duplicates[0], k.Duplicates[1])
	case *kind.RefCycle:
		return "can't be checked, since a $ref of the schema leads back to itself"
	case nil:
		return "does not fit"
	}
	return shorten(k.LocalizedString(message.NewPrinter(language.English)))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// digits returns a number as a person would write it.
func digits(r *big.Rat) string {
	if r.IsInt() {
		return shorten(r.Num().String())
	}
	if n, exact := r.FloatPrec(); exact {
		return shorten(r.FloatString(n))
	}
	return shorten(r.RatString())
}

// pointerOf returns the JSON Pointer of names and indices.
func pointerOf(path []string) string {
	var text strings.Builder
	for _, name := range path {
		text.WriteString("/" + escape(name))
	}
	return text.String()
}

func escape(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func quote(name string) string { return fmt.Sprintf("%q", shorten(name)) }

// shorten cuts what may be as long as its author likes.
func shorten(s string) string {
	const most = 400
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}

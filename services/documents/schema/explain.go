package schema

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// explain says why the text of which value was decoded is no schema.
func explain(err error, value any) Errors {
	if invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		if why, ok := errors.AsType[*jsonschema.ValidationError](invalid.Err); ok {
			return errorsOf(why)
		}
	}
	if regex, ok := errors.AsType[*jsonschema.InvalidRegexError](err); ok {
		return Errors{{Pointer: fragment(regex.URL), Detail: fmt.Sprintf("is no pattern that works here: %v", regex.Err)}}
	}
	if lost, ok := errors.AsType[*jsonschema.LoadURLError](err); ok {
		reference := strings.TrimPrefix(lost.URL, base)
		if pointer, ok := findDraft(value, reference); ok {
			return Errors{{Pointer: pointer, Detail: quote(reference) + " is no draft of JSON Schema that is known: write one of " + drafts + ", or leave it out for the first"}}
		}
		return Errors{{Pointer: find(value, reference),
			Detail: fmt.Sprintf("%s leads out of this schema, where nothing is read: put what it stands for into $defs", quote(reference))}}
	}
	if target, ok := target(err); ok {
		return Errors{{Pointer: find(value, target), Detail: fmt.Sprintf("%s leads to nothing in this schema", quote(target))}}
	}
	return Errors{{Detail: strings.ReplaceAll(err.Error(), base, "")}}
}

// drafts are what $schema may be.
const drafts = "https://json-schema.org/draft/2020-12/schema, https://json-schema.org/draft/2019-09/schema, " +
	"http://json-schema.org/draft-07/schema#, http://json-schema.org/draft-06/schema#, http://json-schema.org/draft-04/schema#"

// findDraft returns the pointer of the $schema of value itself, if that is
// reference.
func findDraft(value any, reference string) (pointer string, ok bool) {
	object, _ := value.(map[string]any)
	draft, _ := object["$schema"].(string)
	return "/$schema", draft != "" && strings.TrimSuffix(draft, "#") == strings.TrimSuffix(reference, "#")
}

// target returns what a reference was to lead to, where it leads to nothing.
func target(err error) (string, bool) {
	var reference string
	if lost, ok := errors.AsType[*jsonschema.JSONPointerNotFoundError](err); ok {
		reference = lost.URL
	} else if lost, ok := errors.AsType[*jsonschema.InvalidJsonPointerError](err); ok {
		reference = lost.URL
	} else if lost, ok := errors.AsType[*jsonschema.AnchorNotFoundError](err); ok {
		reference = lost.Reference
	} else {
		return "", false
	}
	return strings.TrimPrefix(reference, base), true
}

// fragment returns the JSON Pointer that is the fragment of a URL.
func fragment(text string) string {
	_, pointer, _ := strings.Cut(text, "#")
	if plain, err := url.PathUnescape(pointer); err == nil {
		return plain
	}
	return pointer
}

// find returns the JSON Pointer of the first reference in value that is written
// so, with or without its fragment; "" if there is none.
func find(value any, reference string) string {
	var found string
	walk(value, nil, func(path []string, text string) bool {
		last := len(path) - 1
		if last < 0 || !slices.Contains([]string{"$ref", "$dynamicRef", "$schema"}, path[last]) {
			return true
		}
		text = strings.TrimPrefix(text, "/") // as it is resolved
		if plain, _, _ := strings.Cut(text, "#"); text == reference || plain == reference {
			found = pointerOf(path)
		}
		return found == ""
	})
	return found
}

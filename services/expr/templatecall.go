package expr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// calledName is the function that a list calls: ["fn()", ...]; "" if none.
func calledName(parts []gjson.Result) string {
	if len(parts) == 0 || parts[0].Type != gjson.String {
		return ""
	}
	name, ok := strings.CutSuffix(parts[0].Str, "()")
	if !ok || !functions[name] {
		return ""
	}
	return name
}

// call compiles a call as the expression that it stands for. Errors quote the
// list, not that.
func (c *compiler) call(v gjson.Result, pointer string, depth int) (template, error) {
	parts := v.Array()
	if calledName(parts) == "literal" && len(parts) == 2 {
		return constant{leafOf(raw(parts[1]))}, nil
	}
	var given []*Transform
	source, wrong := c.callSource(parts, &given, pointer, depth)
	if wrong != nil {
		return nil, wrong
	}
	e, err := compile(source, given)
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		return nil, &TransformError{pointer, v.Raw, 0, syntax.Message}
	}
	if err != nil {
		return nil, within(err, v.Raw, pointer)
	}
	e.list = v.Raw
	return computed{e, pointer}, nil
}

// callSource is the source of a call. Each argument is compiled by itself, so
// that what is wrong is told where it stands; transforms are given to the
// whole.
func (c *compiler) callSource(parts []gjson.Result, given *[]*Transform, pointer string, depth int) (string, error) {
	name, sources := calledName(parts), make([]string, len(parts)-1)
	var wrong error
	for i, arg := range parts[1:] {
		at := fmt.Sprintf("%s/%d", pointer, i+1)
		var err error
		switch {
		case name == "literal":
			sources[i] = arg.Raw
		case name == "transformMap" && i == quotedArgument(name):
			var t template
			t, err = c.template(arg, "", depth+1)
			for _, one := range faultsOf(err) {
				one.Pointer = at + one.Pointer
			}
			sources[i] = strconv.Itoa(len(*given)) + "n" // which no expression may say
			*given = append(*given, &Transform{whole: t})
		case i == quotedArgument(name) && arg.Type == gjson.String:
			sources[i] = arg.Raw
			_, err = c.expression(arg.Str, at)
		default:
			sources[i], err = c.argument(arg, given, at, depth+1)
		}
		wrong = both(wrong, err)
	}
	return name + "(" + strings.Join(sources, ", ") + ")", wrong
}

// argument is the source of what is given to a call.
func (c *compiler) argument(v gjson.Result, given *[]*Transform, pointer string, depth int) (string, error) {
	switch {
	case depth > maxNesting:
		return "", &TransformError{pointer, v.Raw, 0, "nested too deep"}
	case v.IsObject():
		return "", &TransformError{pointer, v.Raw, 0, `an object is given to a call as ["literal()", {...}], or by a variable`}
	case v.IsArray():
		parts := v.Array()
		if calledName(parts) != "" {
			return c.callSource(parts, given, pointer, depth)
		}
		sources := make([]string, len(parts))
		var wrong error
		for i, part := range parts {
			source, err := c.argument(part, given, fmt.Sprintf("%s/%d", pointer, i), depth+1)
			wrong = both(wrong, err)
			sources[i] = source
		}
		return "[" + strings.Join(sources, ", ") + "]", wrong
	case v.Type == gjson.String:
		_, err := c.expression(v.Str, pointer)
		return "(" + v.Str + "\n)", err
	}
	return v.Raw, nil
}

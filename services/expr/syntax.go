package expr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
)

const (
	maxSource   = 8 << 10 // bytes of an expression
	maxNesting  = 200     // of an expression, and of what it makes
	maxDefaults = 4       // of parameters, in one another
)

// A SyntaxError says what is wrong in an expression, and where.
type SyntaxError struct {
	Offset  int // in bytes in the source
	Message string
}

// Error is part of error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Message) }

func fault(at int, format string, args ...any) *SyntaxError {
	return &SyntaxError{Offset: at, Message: fmt.Sprintf(format, args...)}
}

// parse returns the one expression that source is.
func parse(source string) (ast.Expression, error) {
	if len(source) > maxSource {
		return nil, fault(maxSource, "an expression over 8 KiB: divide it")
	}
	if err := balanced(source); err != nil {
		return nil, err
	}
	// What closes the parenthesis of one of these does not close the other's.
	if _, err := parseIn(source, '[', ']'); err != nil {
		return nil, err
	}
	return parseIn(source, '(', ')')
}

func parseIn(source string, opening, closing byte) (ast.Expression, error) {
	text := string(opening) + source + "\n" + string(closing)
	program, err := parser.ParseFile(nil, "", text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, parserFault(source, err)
	}
	if len(program.Body) == 1 {
		if s, ok := program.Body[0].(*ast.ExpressionStatement); ok {
			return s.Expression, nil
		}
	}
	return nil, fault(0, "write one expression, without statements")
}

// balanced keeps from the parser what is nested so deep that it is an attack:
// its time doubles with each default of a parameter inside another. What is in
// strings counts too: nobody writes that much.
func balanced(source string) error {
	var open []bool // for each bracket, whether it has a default
	defaults := 0
	for i := range len(source) {
		switch source[i] {
		case '(', '[', '{':
			open = append(open, false)
		case ')', ']', '}':
			if n := len(open); n > 0 {
				if open[n-1] {
					defaults--
				}
				open = open[:n-1]
			}
		case '=':
			if n := len(open); n > 0 && !open[n-1] && isDefault(source, i) {
				open[n-1] = true
				defaults++
			}
		}
		if len(open) > maxNesting || defaults > maxDefaults {
			return fault(i, "nested too deep: divide it")
		}
	}
	return nil
}

// isDefault reports whether an equals sign stands alone.
func isDefault(source string, at int) bool {
	before, after := byte(0), byte(0)
	if at > 0 {
		before = source[at-1]
	}
	if at+1 < len(source) {
		after = source[at+1]
	}
	return strings.IndexByte("=!<>", before) < 0 && after != '=' && after != '>'
}

// parserFault is the first complaint of the parser, in the offsets of source.
func parserFault(source string, err error) *SyntaxError {
	var list parser.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return fault(0, "%s", err)
	}
	first := list[0]
	at := offsetAt(source, first.Position.Line, first.Position.Column)
	message := strings.TrimPrefix(first.Message, "SyntaxError: ")
	if at >= len(source) {
		return fault(len(source), "it ends too soon, or does not end as an expression: write one whole expression")
	}
	return fault(at, "%s%s: write one JavaScript expression", strings.ToLower(message[:1]), message[1:])
}

// offset is where a node stands in the source: the parser counts from 1, and
// the parenthesis before the source.
func offset(at file.Idx) int { return max(int(at)-2, 0) }

// offsetAt is the offset of a line and column of the text that the parser had.
func offsetAt(source string, line, column int) int {
	if line <= 1 {
		return max(column-2, 0)
	}
	at := 0
	for i := 1; i < line && at < len(source); i++ {
		at += strings.IndexByte(source[at:]+"\n", '\n') + 1
	}
	return at + column - 1
}

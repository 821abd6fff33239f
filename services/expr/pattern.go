package expr

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"

	"github.com/dop251/goja/parser"
)

const (
	maxPattern = 1 << 10  // bytes of a regular expression
	maxProgram = 2000     // instructions that it may be compiled to
	maxSearch  = 20 << 20 // instructions times the length of the text
)

// checkPattern refuses what does not run in linear time, and what is too large.
func checkPattern(pattern, flags string) error {
	for i, flag := range flags {
		if !strings.ContainsRune("gimsuy", flag) || strings.IndexRune(flags, flag) < i {
			return fmt.Errorf("a regular expression has no flag %q there: write some of g, i, m, s, u and y", flag)
		}
	}
	if len(pattern) > maxPattern {
		return errors.New("a regular expression over 1 KiB: write a shorter one")
	}
	_, err := parser.TransformRegExp(pattern, strings.Contains(flags, "s"), strings.Contains(flags, "u"))
	var incompatible parser.RegexpErrorIncompatible
	switch {
	case errors.As(err, &incompatible):
		return errors.New("a regular expression with a lookaround or a backreference: these may take for ever, write one without")
	case err != nil:
		return fmt.Errorf("the regular expression is wrong: %w", err)
	case patternSize(pattern) > maxProgram:
		return errors.New("a regular expression that becomes too large: repeat less")
	}
	return nil
}

// patternSize is how many instructions a pattern becomes; a large number for
// one that does not compile.
func patternSize(pattern string) int {
	transformed, err := parser.TransformRegExp(pattern, false, false)
	if err != nil {
		transformed, err = parser.TransformRegExp(pattern, false, true)
	}
	if err != nil {
		return maxProgram + 1
	}
	parsed, err := syntax.Parse(transformed, syntax.Perl)
	if err != nil {
		return maxProgram + 1
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return maxProgram + 1
	}
	return len(program.Inst)
}

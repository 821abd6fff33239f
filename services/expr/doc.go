// Package expr evaluates JavaScript expressions, and transforms of JSON whose
// strings are such expressions.
//
// [Compile] parses one expression and [CompileTransform] one transform; what
// they return does not change and may be shared. A [Scope] gives names to an
// evaluation. An [Engine] keeps the virtual machines of github.com/dop251/goja
// between evaluations: only this package imports it.
//
// # What an expression is
//
// One JavaScript expression: no statement, class, assignment, new, or function
// with a body. Arrow functions with an expression are welcome. A name is a
// member of the input, and $ is the input. A member that is missing is
// undefined, and so is a member of undefined. A member that is read is never a
// method: those of lists, strings, numbers, dates and regular expressions are
// called by their names. What an expression does to its input is lost: its
// value alone counts.
//
// A name or a member that is only read, and a literal, never enter goja: they
// are read in place with github.com/tidwall/gjson, numbers with all their
// digits.
//
// # How it is bounded
//
// The source is checked, and written anew, before it is compiled: a free name
// becomes a parameter, so that no global of the machine has a name that an
// expression can say; members are read through ?., computed ones through a
// function that finds own properties only; each + that could join strings, and
// each spread, is counted. Then the machine itself: of each intrinsic only what
// is listed stays, constructors go, and all is frozen. Methods that could make
// more than they are given are replaced by some that charge a [budget] before
// they allocate. One watchdog interrupts what runs for more than 50 ms, and a
// machine that was interrupted is thrown away. goja does not look for
// interrupts inside its own methods, so that each of these is bounded too:
// regular expressions are those that Go's regexp runs in linear time, and it is
// Go's regexp that runs them.
package expr

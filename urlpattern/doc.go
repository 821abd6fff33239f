// Package urlpattern reads and writes URL paths, and expands URL patterns: URLs
// with codes that carry parts of one request into the URL of the next.
//
// A path is a list of decoded segments, never a string. [ParsePath] splits it on
// '/' first and decodes each segment once; [Path.String] gives its one escaped
// form. So a%2Fb is one segment that holds a slash, here and wherever the
// segment goes next. [URL] adds where the path is, its query, and which of its
// segments are the base path that a service is mounted at and the sub path that
// the service doesn't use.
//
// # Patterns
//
//	pattern = { literal | code }
//	code    = "$*"                           the whole service path, its slash and its query
//	        | "$P*" | "$N*"                  the full path, the same way; the whole message name
//	        | "$$"                           the whole request URL as one component
//	        | "$" [letter] pos [pos] [":" default]
//	        | "$?(" key ")" [":" default]    the values of a query key, joined by ','
//	        | "$?*"                          the whole query
//	        | "${" ["*"] ["$" name] path "}" from the JSON body or from a variable; '*': split on '/'
//	letter  = "B" | "S" | "N" | "P"          base path, sub path, name, full path; none: service path
//	pos     = ( ">" | "<" ) digits           n-th from the left or the right, from 0; two are a range
//	default = "(" text ")" | "$" [letter] pos [pos]
//
// A '$' that begins no code is a literal, and so is a ':' that begins no
// default. The first literal '?' begins the query. Scheme and host are literals,
// unless the pattern is a single value and was parsed by [ParseWholeURL].
//
// A pattern is parsed once and expanded often. What a code inserts is data: it
// is never looked at again, it is one segment in the path (or a part of one,
// beside literals) and one component in the query. $*, $P*, $N*, ranges and
// ${*path} insert several segments. [Pattern.Expand] never makes the text of a
// URL; it holds each segment that data went into to the rules of ParsePath. The
// query that $* or $P* brings from the path is put before that of the pattern.
//
// # Selectors
//
// The path of ${path} is a language of its own, which [ParseSelector] parses.
//
//	path     = [sep] [ step { sep name | bracket } ]
//	step     = name | bracket
//	sep      = "." | "/"
//	name     = characters but ./[]{}" and spaces | '"' any '"'
//	bracket  = "[" ( "" | digits | "last()" [ "-" digits ] | condition ) "]"
//
// The empty path is the whole document. [] gives every element and flattens one
// level of lists in a list; a name over a list reads the name of each object in
// it, and flattens one level. A condition chooses the elements for which it is
// true: $this is the element, a name its member, a.b a member of a member. It
// has numbers, strings in either quotes, true, false, null, parentheses and
// JavaScript's operators || && == === != !== < <= > >= + - * / % and !, in
// JavaScript's order. Nothing is converted: == is ===, an absent member is null,
// order is between two numbers or two strings, arithmetic between numbers, and
// all else is false or null. A list or an object equals nothing.
//
// Patterns and selectors are bounded in size and in nesting, so that an
// expansion takes time in proportion to the document.
package urlpattern

// Package odata reads the options $filter, $orderby and $select of a query, a
// part of those of OData 4.01 (URL conventions, section 5.1), and applies them
// to JSON documents as they are stored.
//
//	filter    = or
//	or        = and *( "or" and )
//	and       = term *( "and" term )
//	term      = "not" operand | operand [ operator operand | "in" "(" literal *( "," literal ) ")" ]
//	operator  = "eq" | "ne" | "gt" | "ge" | "lt" | "le"
//	operand   = "(" or ")" | function "(" or *( "," or ) ")" | member | literal
//	function  = "startswith" | "endswith" | "contains" | "tolower" | "length"
//	member    = name *( "/" name )
//	name      = letters, digits, "_" and "-", not a digit or "-" first | '"' any '"', in which "" is a quote
//	literal   = number | date | "true" | "false" | "null" | "'" any "'", in which '' is a quote
//	orderby   = key *( "," key ), of which each is: or [ "asc" | "desc" ]
//	select    = member *( "," member )
//
// A member whose name is in double quotes does not stand on the right of an
// operator, nor as the second argument of a function: there it would be taken for
// a text.
//
// A member that a document has not is null; so is one of something that is no
// object. What is null equals null only, and is neither less nor greater than
// anything; and, or and not know three values, as in SQL, and a filter that is
// null is not met. Values of two types are not equal, and neither is the
// greater. Lists and objects equal nothing. Numbers are compared by what they
// are worth, texts by their bytes; a date of the query with texts that are one
// (RFC 3339), as moments, where a day is its first moment in UTC.
//
// Functions of what is no text are null. Length counts characters.
//
// An order puts null first, then false, true, numbers, texts, and lists and
// objects last, which are all the same to it.
package odata

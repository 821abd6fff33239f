package expr

import (
	"slices"
	"strings"
)

// words lists the names in a text, with spaces between them.
func words(text string) map[string]bool {
	set := make(map[string]bool)
	for name := range strings.FieldsSeq(text) {
		set[name] = true
	}
	return set
}

// methodNames are the methods that an expression may call: what stays of the
// prototypes in a machine, by the constructor whose prototype it is.
var methodNames = map[string]map[string]bool{
	"Object": words("hasOwnProperty toString valueOf"),
	"Array": words(`at concat entries every fill filter find findIndex findLast findLastIndex flat flatMap forEach
		includes indexOf join keys lastIndexOf map pop push reduce reduceRight reverse shift slice some sort splice
		toReversed toSorted toSpliced toString unshift values with`),
	"String": words(`at charAt charCodeAt codePointAt concat endsWith includes indexOf lastIndexOf localeCompare
		match matchAll normalize padEnd padStart repeat replace replaceAll search slice split startsWith substr
		substring toLowerCase toString toUpperCase trim trimEnd trimStart valueOf`),
	"Number":  words("toExponential toFixed toPrecision toString valueOf"),
	"Boolean": words("toString valueOf"),
	"Date": words(`getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime
		getTimezoneOffset getUTCDate getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes
		getUTCMonth getUTCSeconds toDateString toISOString toJSON toString toTimeString toUTCString valueOf`),
	"RegExp": words("exec test toString source flags global ignoreCase multiline dotAll unicode sticky"),
}

// methods are all of them.
var methods = func() map[string]bool {
	all := make(map[string]bool)
	for _, names := range methodNames {
		for name := range names {
			all[name] = true
		}
	}
	return all
}()

// functions may be called by their names: JavaScript's own and those of
// package expr. Such a name that is not called is a member.
var functions = words(`decodeURI decodeURIComponent encodeURI encodeURIComponent isFinite isNaN parseFloat parseInt
	Array Boolean Number String
	canonicalise entityChange expressionFilter expressionFind expressionGroup expressionMap expressionMax
	expressionMin expressionReduce expressionSort formatDate literal merge newDate parseJson path pathCombine
	pathPattern propsToList regexp stripHtml transformMap unique uuid`)

// constants are global names with a value.
var constants = words("undefined NaN Infinity")

// values may be given to a function, as in list.filter(Boolean).
var values = words("Boolean Number String")

// hostFunctions are functions if the scope has them.
var hostFunctions = words("header query")

// statics are the members of the global objects.
var statics = map[string]map[string]bool{
	"Math": words(`E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos acosh asin asinh atan atan2 atanh cbrt ceil
		clz32 cos cosh exp expm1 floor fround hypot imul log log10 log1p log2 max min pow random round sign sin sinh
		sqrt tan tanh trunc`),
	"JSON":   words("parse stringify"),
	"Object": words("entries fromEntries hasOwn keys values"),
	"Array":  words("from isArray of"),
	"Number": words(`EPSILON MAX_SAFE_INTEGER MAX_VALUE MIN_SAFE_INTEGER MIN_VALUE NEGATIVE_INFINITY NaN
		POSITIVE_INFINITY isFinite isInteger isNaN isSafeInteger parseFloat parseInt`),
	"String": words("fromCharCode fromCodePoint"),
	"Date":   words("UTC now parse"),
}

// forbidden are names that stand for a way out, or for what other machines
// have: an expression that says one was not meant for this one.
var forbidden = words(`AsyncFunction Atomics BigInt Buffer Deno Function GeneratorFunction Iterator Map Promise Proxy
	Reflect RegExp Set SharedArrayBuffer Symbol WeakMap WeakRef WeakSet WebAssembly arguments console eval fetch global
	globalThis module process require self window`)

// inherited are the names that a value may have from a prototype: they are
// read with care. length is everybody's own.
var inherited = func() map[string]bool {
	all := words(`constructor __proto__ prototype toLocaleString isPrototypeOf propertyIsEnumerable __defineGetter__
		__defineSetter__ __lookupGetter__ __lookupSetter__ apply bind call caller arguments name`)
	for name := range methods {
		all[name] = true
	}
	return all
}()

// nearest is the name of a set that is most like name: "" if none is.
func nearest(name string, set map[string]bool) string {
	var like []string
	for other := range set {
		if strings.EqualFold(other, name) || len(name) > 2 && (strings.HasPrefix(other, name) || strings.HasPrefix(name, other)) {
			like = append(like, other)
		}
	}
	slices.Sort(like)
	if len(like) == 0 {
		return ""
	}
	return ": did you mean " + like[0] + "?"
}

package urlpattern

import (
	"iter"
	"strings"
)

// QueryPairs reads a raw query: split on '&', each piece on its first '='. A
// '+' is a space and %XX a byte; a percent sign without two hex digits stands
// for itself. A piece without '=' has the empty value; an empty piece is none.
// Keys and values without escapes are views of raw.
func QueryPairs(raw string) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for rest := raw; rest != ""; {
			var piece string
			piece, rest, _ = strings.Cut(rest, "&")
			if piece == "" {
				continue
			}
			key, value, _ := strings.Cut(piece, "=")
			if !yield(decodeQuery(key), decodeQuery(value)) {
				return
			}
		}
	}
}

// QueryValue is the first value of key in a raw query, as QueryPairs reads it.
// Ok is false when the key is absent.
func QueryValue(raw, key string) (value string, ok bool) {
	for k, v := range QueryPairs(raw) {
		if k == key {
			return v, true
		}
	}
	return "", false
}

func decodeQuery(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		} else if b, ok := hexPair(s, i+1); ok && c == '%' {
			c = b
			i += 2
		}
		decoded = append(decoded, c)
	}
	return string(decoded)
}

// appendComponent adds one key or value of a query, percent-encoded but for the
// unreserved characters.
func appendComponent(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if isUnreserved(s[i]) {
			dst = append(dst, s[i])
		} else {
			dst = appendHex(dst, s[i])
		}
	}
	return dst
}

// legalQuery percent-encodes what browsers do in a raw query (WHATWG URL Standard
// section 1.3, the query percent-encode set): RFC 3986 section 3.4 would have it of
// \ ^ ` { | } too, which others send as they are. It gives s itself when there is
// nothing of the sort.
func legalQuery(s string) string {
	at := strings.IndexFunc(s, isIllegalInQuery)
	if at < 0 {
		return s
	}
	return string(appendLegalQuery(make([]byte, 0, len(s)+16), s))
}

// appendLegalQuery is legalQuery into dst.
func appendLegalQuery(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if isIllegalInQuery(rune(s[i])) {
			dst = appendHex(dst, s[i])
		} else {
			dst = append(dst, s[i])
		}
	}
	return dst
}

func isIllegalInQuery(r rune) bool {
	return r <= ' ' || r >= 0x7f || r == '"' || r == '#' || r == '<' || r == '>'
}

package documents

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
)

// The limits of a JSON document beside its size.
const (
	maxDepth  = 64    // arrays and objects in one another
	maxNumber = 1_000 // characters of a number
)

// CheckJSON returns nil if data is one JSON value that every reader takes alike
// (RFC 7493): UTF-8 without a byte order mark, no two members of one name,
// nothing after the value; and not nested more than 64 levels deep, with no
// number of more than 1,000 characters. Else the error is a *bus.Error of
// status 400 that says where.
func CheckJSON(data []byte) error {
	if !jsontext.Value(data).IsValid() {
		return notJSON(data)
	}
	if offset, reason := findExcess(data); reason != "" {
		return invalid(data, offset, pointerAt(data, offset), reason)
	}
	return nil
}

// notJSON finds what is wrong with data, which is not valid.
func notJSON(data []byte) error {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(data))
	_, err := decoder.ReadValue()
	if err == nil {
		return invalid(data, nextByte(data, int(decoder.InputOffset())), "", "something follows the end of the JSON value")
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		reason := strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
		return invalid(data, int(syntax.ByteOffset), string(syntax.JSONPointer), reason)
	}
	if errors.Is(err, io.EOF) {
		return invalid(data, len(data), "", "there is no JSON value")
	}
	return invalid(data, int(decoder.InputOffset()), "", err.Error())
}

// nextByte returns the offset of the first byte from offset on that is not
// white space.
func nextByte(data []byte, offset int) int {
	return len(data) - len(bytes.TrimLeft(data[offset:], " \t\r\n"))
}

// findExcess looks for what is nested too deeply, or a number that is too long,
// in valid JSON. The reason is empty if there is none.
func findExcess(data []byte) (offset int, reason string) {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '"':
			i = endOfString(data, i)
		case '{', '[':
			if depth++; depth > maxDepth {
				return i, fmt.Sprintf("it is nested more than %d levels deep", maxDepth)
			}
		case '}', ']':
			depth--
		default:
			if c != '-' && (c < '0' || c > '9') {
				continue
			}
			end := endOfNumber(data, i)
			if end-i > maxNumber {
				return i, fmt.Sprintf("a number of more than %d characters: write it as a string", maxNumber)
			}
			i = end - 1
		}
	}
	return 0, ""
}

// endOfString returns the offset of the quote that ends the string at start: the
// first one with an even number of backslashes before it.
func endOfString(data []byte, start int) int {
	for i := start + 1; ; i++ {
		i += bytes.IndexByte(data[i:], '"')
		escapes := 0
		for data[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}

func endOfNumber(data []byte, i int) int {
	for i < len(data) {
		switch c := data[i]; {
		case '0' <= c && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
			i++
		default:
			return i
		}
	}
	return i
}

// pointerAt returns the JSON pointer (RFC 6901) of what is at an offset of
// valid JSON.
func pointerAt(data []byte, offset int) string {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(data))
	for decoder.InputOffset() <= int64(offset) {
		if _, err := decoder.ReadToken(); err != nil {
			break
		}
	}
	return string(decoder.StackPointer())
}

// invalid returns the error for what is wrong at an offset of data.
func invalid(data []byte, offset int, pointer, reason string) error {
	before := data[:min(max(offset, 0), len(data))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	column := len(before) - bytes.LastIndexByte(before, '\n')
	pointer, reason = shorten(pointer), shorten(reason)
	at := ""
	if pointer != "" {
		at = " in " + pointer
	}
	return &bus.Error{
		Status: http.StatusBadRequest,
		Type:   bus.TypeInvalidJSON,
		Title:  "Invalid JSON",
		Detail: fmt.Sprintf("byte %d (line %d, column %d)%s: %s", len(before), line, column, at, reason),
		Members: map[string]any{
			"offset": len(before), "line": line, "column": column, "pointer": pointer,
		},
	}
}

// shorten cuts what repeats a client's own text.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}

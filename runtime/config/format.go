package config

import (
	"bytes"
	"strings"
)

// Format lays out a file: line breaks are its author's, spaces are not. An object
// with a line break inside has its braces on lines of their own, and so has a
// list with one between its elements; what is inside is indented by two spaces.
// Comments, trailing commas and the spelling of values stay, and what Format
// returned once it returns again.
//
// name is the file, for messages. An error is an [Errors]: the text is no JSON,
// comments and trailing commas apart.
func Format(name string, data []byte) ([]byte, error) {
	r := newReader(name, data, Kinds{}, Lookup{})
	if r.syntax(data) == nil {
		return nil, r.errors()
	}
	l := layout{tokens: tidy(tokensOf(data))}
	l.measure()
	return l.print(), nil
}

// token is a bracket, a comma, a colon, a literal or a comment.
type token struct {
	text   []byte
	breaks int  // line breaks before it
	broken bool // of an opening bracket: its parts are on lines of their own
}

func (t *token) is(characters string) bool {
	return strings.IndexByte(characters, t.text[0]) >= 0
}

func (t *token) isComment() bool { return t.text[0] == '/' }

func (t *token) isLineComment() bool { return bytes.HasPrefix(t.text, []byte("//")) }

// tokensOf splits a text that the parser took.
func tokensOf(data []byte) []token {
	var list []token
	breaks := 0
	for i := 0; i < len(data); {
		switch data[i] {
		case '\n':
			breaks++
			fallthrough
		case ' ', '\t', '\r':
			i++
			continue
		}
		end := endOfToken(data, i)
		text := data[i:end]
		if text[0] == '/' {
			text = bytes.ReplaceAll(bytes.TrimRight(text, " \t\r"), []byte("\r\n"), []byte("\n"))
		}
		list = append(list, token{text: text, breaks: breaks})
		breaks, i = 0, end
	}
	return list
}

// endOfToken returns where the token that begins at data[from] ends. The
// newline after a comment is not a part of it.
func endOfToken(data []byte, from int) int {
	switch data[from] {
	case '{', '}', '[', ']', ':', ',':
		return from + 1
	case '"':
		return endOfString(data, from) + 1
	case '/':
		end := endOfComment(data, from)
		if data[from+1] == '*' {
			end++
		}
		return end
	}
	if n := bytes.IndexAny(data[from:], " \t\r\n{}[]:,\"/"); n >= 0 {
		return from + n
	}
	return len(data)
}

// tidy has each comma follow its value: on the same line, and before a comment
// that goes to the end of it.
func tidy(tokens []token) []token {
	for i := range tokens {
		if !tokens[i].is(",") {
			continue
		}
		next := &tokens[i+1] // a bracket, if nothing else
		next.breaks = max(next.breaks, tokens[i].breaks)
		tokens[i].breaks = 0
		to, beyondLine := i, false
		for to > 0 && tokens[to-1].isComment() {
			to--
			beyondLine = beyondLine || tokens[to].isLineComment()
		}
		if beyondLine {
			comma := tokens[i]
			copy(tokens[to+1:i+1], tokens[to:i])
			tokens[to] = comma
		}
	}
	return tokens
}

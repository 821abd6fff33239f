package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus/spelling"
	"github.com/seed90475182/restspace/services/requestspec"
)

// listWords are the words that may stand in a list. The options come last, since
// they may stand at its beginning only.
func listWords() []string {
	return []string{"serial", "parallel", "conditional", "tee", "teeWait", "jsonSplit", "unzip",
		"jsonObject", "jsonArray", "zip", "multipart", optionTrace, optionConcurrency}
}

// The options.
const (
	optionTrace       = "trace"
	optionConcurrency = "concurrency"
)

// noURL says what to write instead of the text of a call whose URL, at a byte of
// it, is none.
func noURL(text string, at int) string {
	if at > 0 {
		return fmt.Sprintf("%q is no URL: write one that begins with a slash, such as GET /contacts/$>0", text[at:])
	}
	word, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimLeft(rest, " ")
	next, _, _ := strings.Cut(rest, " ")
	switch {
	case slices.Contains(requestspec.Methods(), word):
		return "a URL is missing: write one after the method, such as " + word + " /contacts/$>0"
	case word == "$this":
		return "a part of the body follows a method: write one before it, such as POST " + text
	case word == "if" || strings.HasPrefix(rest, "(") && spelling.Nearest(word, []string{"if"}) != "":
		return "no condition: write it in brackets, such as if (status === 200) GET /contacts/$>0"
	case strings.Contains(word, "/"):
		return fmt.Sprintf("%q is no URL: write one that begins with a slash, such as /%s", word, word)
	case slices.Contains(requestspec.Methods(), next):
		return fmt.Sprintf("%q before a method: write try or if (...) there, or leave it out", word)
	case strings.HasPrefix(next, "/"), strings.HasPrefix(next, "$"), strings.Contains(next, "://"):
		return noMethod(word, text)
	}
	return noWord(word)
}

// noMethod is about a word that stands where a method does.
func noMethod(word, text string) string {
	methods := requestspec.Methods()
	if near := spelling.Nearest(word, methods); near != "" {
		return fmt.Sprintf("%q is no method: did you mean %q?", word, near)
	}
	return fmt.Sprintf("%q is no method: write %s, or one before it if it is a part of the body, as in POST %s", word, spelling.OneOf(methods), text)
}

// noWord is about a word that is none of a list.
func noWord(word string) string {
	words := listWords()
	if near := spelling.Nearest(word, words); near != "" {
		return fmt.Sprintf("%q is neither a step nor a word that is known here: did you mean %q?", word, near)
	}
	return fmt.Sprintf("%q is neither a step nor a word that is known here: write a URL that begins with a slash, such as GET /contacts/$>0, or %s", word, spelling.OneOf(words))
}

package account

import (
	_ "embed"
	"strings"
)

// words are those that passwords are made of most, one a line.
//
//go:embed words.txt
var words string

// rows are what fingers run along.
const rows = "1234567890 0987654321 qwertyuiop poiuytrewq asdfghjkl lkjhgfdsa zxcvbnm mnbvcxz qwertzuiop azertyuiop " +
	"abcdefghijklmnopqrstuvwxyz zyxwvutsrqponmlkjihgfedcba 1qaz2wsx3edc4rfv5tgb6yhn7ujm qazwsxedcrfvtgbyhnujm 1q2w3e4r5t6y7u8i9o0p"

// The most that a password which is easy to guess is made of.
const (
	mostPieces  = 4 // of any sort
	mostSymbols = 3 // that are nothing but themselves
)

// easy reports whether a password consists of a few pieces that everybody tries:
// common words, what is known about the user, runs along the keyboard or the
// alphabet, one character again and again, and numbers.
func easy(password string, about []string) bool {
	text := strings.ToLower(password)
	if distinct(text) <= 3 {
		return true
	}
	known := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		known[word] = true
	}
	for _, fact := range about {
		known[strings.ToLower(fact)] = true
		for _, part := range strings.FieldsFunc(strings.ToLower(fact), notInWord) {
			if len(part) >= 3 {
				known[part] = true
			}
		}
	}
	// fewest[i] is how few pieces the first i bytes are made of.
	fewest := make([]int, len(text)+1)
	for to := 1; to <= len(text); to++ {
		fewest[to] = mostPieces + 1
		for from := range to {
			if fewest[from] < fewest[to]-1 && isPiece(text[from:to], known) {
				fewest[to] = fewest[from] + 1
			}
		}
	}
	return fewest[len(text)] <= mostPieces
}

// isPiece reports whether a part of a password is one that everybody tries.
func isPiece(part string, known map[string]bool) bool {
	switch {
	case strings.Trim(part, "0123456789") == "":
		return len(part) <= 8 // a year, a date, a telephone number
	case strings.IndexFunc(part, isWord) < 0:
		return len(part) <= mostSymbols
	case len(part) < 3:
		return false
	}
	return known[part] || known[plain(part)] || distinct(part) == 1 || strings.Contains(rows, part)
}

// plain undoes what is written in the place of letters.
func plain(part string) string {
	return strings.Map(func(r rune) rune {
		if i := strings.IndexRune("0134579@$!+", r); i >= 0 {
			return rune("oieastgasit"[i])
		}
		return r
	}, part)
}

func distinct(text string) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}

func isWord(r rune) bool    { return r >= 0x80 || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' }
func notInWord(r rune) bool { return !isWord(r) }

package account

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Policy says which passwords are taken. Its tags are those of a config.
type Policy struct {
	MinLength int      `json:"minLength" doc:"characters that a password has at least"`
	Classes   []string `json:"classes" example:"[\"upper\", \"digit\"]" doc:"what it holds at least one of: upper, lower, digit, symbol"`
	Common    bool     `json:"common" doc:"whether one is taken that consists of common words, runs and numbers"`
}

// DefaultPolicy is 10 characters, of any sort but common ones.
func DefaultPolicy() Policy { return Policy{MinLength: 10} }

// class returns which characters are of a class; nil: there is no such.
func class(name string) func(rune) bool {
	switch name {
	case "upper":
		return unicode.IsUpper
	case "lower":
		return unicode.IsLower
	case "digit":
		return unicode.IsDigit
	case "symbol":
		return func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	}
	return nil
}

// Check returns what is wrong with the policy itself.
func (p *Policy) Check() error {
	if p.MinLength < 1 || p.MinLength > 256 {
		return fmt.Errorf("a minLength of %d: write a number from 1 to 256", p.MinLength)
	}
	for _, name := range p.Classes {
		if class(name) == nil {
			return fmt.Errorf("%q is no class of characters: write upper, lower, digit or symbol", name)
		}
	}
	return nil
}

// looked is how many bytes of a password are looked at: who writes more of them
// makes it hard to guess.
const looked = 64

// Admits returns what is wrong with a password, for the one who chose it. about
// are texts that it must not consist of, such as the user's email.
func (p *Policy) Admits(password string, about ...string) error {
	if !utf8.ValidString(password) {
		return errors.New("the password is not UTF-8")
	}
	if len(password) > MaxPassword {
		return fmt.Errorf("the password has more than %d bytes: choose a shorter one", MaxPassword)
	}
	if n := utf8.RuneCountInString(password); n < p.MinLength {
		return fmt.Errorf("the password has %d characters: choose one of %d or more", n, p.MinLength)
	}
	for _, name := range p.Classes {
		if strings.IndexFunc(password, class(name)) < 0 {
			return fmt.Errorf("the password has no character of the sort %s", name)
		}
	}
	if !p.Common && len(password) <= looked && easy(password, about) {
		return errors.New("the password is too easy to guess: choose another, such as three words that have nothing to do with each other")
	}
	return nil
}

// Package account is what the services auth and user, and the edge of the
// runtime, know of a user record: which members it has, which of them nobody
// sees, how a password is kept, and how long who guesses at one has to wait.
//
// A record is a JSON document of any store, with the members
//
//	{
//	  "email": "ann@example.com",          the name of the user, and of the record
//	  "roles": "U E",                      or ["U", "E"]
//	  "password": "$argon2id$v=19$...",    a hash; "<hidden>" for all but the server itself
//	  "auth": {...}                        see State; for nobody but the server itself
//	}
//
// and whatever else an application keeps there.
package account

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Hidden is what stands for a password wherever a record is shown. Written
// back, it leaves the password as it is.
const Hidden = "<hidden>"

// A Record is the members of a user record that say who the user is. It is not
// changed once it is parsed.
type Record struct {
	Email    string `json:"email"`
	Roles    Roles  `json:"roles"`
	Password string `json:"password"` // hash in PHC string format; "" has none
	State    State  `json:"auth"`

	Read time.Time `json:"-"` // when reading it began

	Members map[string]jsontext.Value `json:",embed"` // all others
}

// Parse reads a record.
func Parse(data []byte) (*Record, error) {
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("the user record has not the form of one: %w", err)
	}
	if r.Email == "" {
		return nil, errors.New("the user record has no email")
	}
	return &r, nil
}

// Member returns a member that is a text, or a number or truth value as its
// JSON; "" for all others.
func (r *Record) Member(name string) string {
	value := r.Members[name]
	switch value.Kind() {
	case '"':
		var text string
		_ = json.Unmarshal(value, &text)
		return text
	case '0', 't', 'f':
		return string(value)
	}
	return ""
}

// Facts returns those of the named members that are texts, numbers or truth
// values; nil if there are none.
func (r *Record) Facts(names []string) map[string]string {
	var facts map[string]string
	for _, name := range names {
		if value := r.Member(name); value != "" {
			if facts == nil {
				facts = make(map[string]string, len(names))
			}
			facts[name] = value
		}
	}
	return facts
}

// IsRole reports whether a text is the name of a role, and not one of the other
// words of rules.
func IsRole(text string) bool {
	return text != "" && text != "all" && text != "none" && strings.Trim(text, roleCharacters) == ""
}

// roleCharacters are those that a role is made of, in rules too.
const roleCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:@+"

// Roles are the names of roles. In JSON they are one text with spaces between
// them, as everywhere in a configuration, or a list of texts.
type Roles []string

// UnmarshalJSON reads either form.
func (r *Roles) UnmarshalJSON(data []byte) error {
	if jsontext.Value(data).Kind() == '"' {
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		*r = strings.Fields(text)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(r))
}

// MarshalJSON writes one text.
func (r Roles) MarshalJSON() ([]byte, error) { return json.Marshal(strings.Join(r, " ")) }

// State is what the server itself keeps in a user record, under "auth".
type State struct {
	NotBefore Seconds            `json:"notBefore,omitzero"` // tokens that were issued before are over
	Ended     map[string]Seconds `json:"ended,omitempty"`    // sessions that were signed out of, by ID, until when to remember it
	Reset     *OneTime           `json:"reset,omitzero"`     // lets somebody without the password set a new one
}

// OneTime is a token that was sent by mail and holds once.
type OneTime struct {
	Hash  string  `json:"hash"` // SHA-256 of the token, in hexadecimal digits
	Until Seconds `json:"until"`
}

// Seconds is a time as tokens have it: seconds since 1970, with fractions
// (NumericDate of RFC 7519 section 2).
type Seconds float64

// At returns t to a millisecond.
func At(t time.Time) Seconds { return Seconds(float64(t.UnixMilli()) / 1000) }

// Time returns s as a time, to a millisecond.
func (s Seconds) Time() time.Time { return time.UnixMilli(int64(math.Round(float64(s) * 1000))) }

// Ends reports whether a token is over that was issued at a time, for a session.
func (s *State) Ends(issued Seconds, session string) bool {
	_, ended := s.Ended[session]
	return issued < s.NotBefore || ended
}

// changeTime is how long it may take from when a change sets NotBefore, by the
// clock of another server, until it can be read.
const changeTime = 2 * time.Second

// Since returns when a token is issued that says what was read of a record at a
// time. It is early enough for a change to end it that was not read, and not
// before what the token goes by.
func Since(read, goesBy time.Time) time.Time {
	if early := read.Add(-changeTime); early.After(goesBy) {
		return early
	}
	return goesBy
}

// Since returns when a token is issued that says what r does.
func (r *Record) Since() time.Time { return Since(r.Read, r.State.NotBefore.Time()) }

// maxEnded is how many ended sessions a record remembers: with more of them all
// tokens end.
const maxEnded = 50

// EndSession has a session end, which is remembered until its last token has
// expired.
func (s *State) EndSession(id string, until, now time.Time) {
	ended := map[string]Seconds{id: At(until)}
	for other, until := range s.Ended {
		if until.Time().After(now) {
			ended[other] = until
		}
	}
	if len(ended) > maxEnded {
		s.EndAll(now)
		return
	}
	s.Ended = ended
}

// EndAll has all tokens end that were issued before now, and that which was sent
// by mail.
func (s *State) EndAll(now time.Time) { *s = State{NotBefore: At(now)} }

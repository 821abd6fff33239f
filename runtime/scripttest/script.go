// Package scripttest tests a configuration by a script: requests and the
// replies that are expected, over real HTTP.
//
// A script is a txtar archive. Its file services.json is the configuration
// (without one, that of the script's folder is taken); files named request and
// reply, in pairs, are what is asked and expected; all others are laid into
// the working directory before the server starts.
//
//	-- request: a new document --
//	PUT /data/ann as ann@example.com E
//	Content-Type: application/json
//
//	{"name":"Ann"}
//	-- reply --
//	201
//	Location: /data/ann
//	ETag: {{etag}}
//
// The words after "as" are the user and the roles. A reply names the fields
// that must be there; "!Name" is one that must not. What follows the blank line
// is the whole body; without a blank line the body is not looked at. {{name}}
// stands for any text the first time, and for the same text from then on, in
// requests too.
package scripttest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
)

// A Script is a configuration and a conversation with it.
type Script struct {
	Config []byte            // services.json; nil if the script has none
	Files  map[string][]byte // by path, to be laid into the working directory
	Steps  []Step
}

// A Step is one request and what is expected of its reply.
type Step struct {
	Title        string
	Method, URL  string
	Email, Roles string // "" is nobody
	Header       [][2]string
	Body         string

	Status  int
	Want    [][2]string // fields of the reply; a name with "!" before it must not be there
	Exactly *string     // the body; nil: whatever it is
}

// Parse reads a script. An error names the part and what it should be.
func Parse(data []byte) (*Script, error) {
	s := &Script{Files: make(map[string][]byte)}
	var open bool // a request waits for its reply
	for _, file := range txtar.Parse(data).Files {
		kind, title, _ := strings.Cut(file.Name, ":")
		var err error
		switch {
		case kind == "request" && !open:
			s.Steps = append(s.Steps, Step{Title: strings.TrimSpace(title)})
			err = s.Steps[len(s.Steps)-1].request(string(file.Data))
			open = true
		case kind == "reply" && open:
			err = s.Steps[len(s.Steps)-1].reply(string(file.Data))
			open = false
		case kind == "request" || kind == "reply":
			err = fmt.Errorf("requests and replies come in pairs")
		case file.Name == "services.json":
			s.Config = file.Data
		default:
			s.Files[file.Name] = file.Data
		}
		if err != nil {
			return nil, fmt.Errorf("part %q: %w", file.Name, err)
		}
	}
	if open || len(s.Steps) == 0 {
		return nil, fmt.Errorf("a script has requests, each followed by its reply")
	}
	return s, nil
}

func (s *Step) request(text string) error {
	line, header, body, err := split(text)
	if err != nil {
		return err
	}
	words := strings.Fields(line)
	if len(words) != 2 && (len(words) < 4 || words[2] != "as") {
		return fmt.Errorf("the first line is METHOD URL, or METHOD URL as EMAIL ROLE...: not %q", line)
	}
	s.Method, s.URL, s.Header = words[0], words[1], header
	if len(words) > 3 {
		s.Email, s.Roles = words[3], strings.Join(words[4:], " ")
	}
	if body != nil {
		s.Body = *body
	}
	return nil
}

func (s *Step) reply(text string) error {
	line, header, body, err := split(text)
	if err != nil {
		return err
	}
	status, _, _ := strings.Cut(line, " ")
	if s.Status, err = strconv.Atoi(status); err != nil {
		return fmt.Errorf("the first line is a status: not %q", line)
	}
	s.Want, s.Exactly = header, body
	return nil
}

// split returns the first line, the fields and the body of a part. The body's
// last newline is not part of it.
func split(text string) (line string, header [][2]string, body *string, err error) {
	line, rest, _ := strings.Cut(text, "\n")
	for rest != "" {
		var field string
		field, rest, _ = strings.Cut(rest, "\n")
		if field == "" {
			rest = strings.TrimSuffix(rest, "\n")
			return line, header, &rest, nil
		}
		name, value, ok := strings.Cut(field, ":")
		if !ok && !strings.HasPrefix(name, "!") {
			return "", nil, nil, fmt.Errorf("%q is not a field: write Name: value", field)
		}
		header = append(header, [2]string{name, strings.TrimSpace(value)})
	}
	return line, header, nil, nil
}

package script

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A Script is a configuration and a conversation with it.
type Script struct {
	Name    string            // of its file, for messages
	Config  []byte            // services.json, at its lines of the file; nil if the script has none
	Servers []Server          // others, in the order in which they start
	Files   map[string][]byte // by path, to be laid into the working directory
	Folders []Folder
	Steps   []Step

	data  string   // all of it, with lines that end in LF
	crlf  bool     // its lines end in CRLF
	names []string // that replies and mails have, so far
}

// A Folder is a directory beside the script, to be copied into the working
// directory.
type Folder struct {
	Path string
	Line int
}

// A Server is one that is started beside the one that is tested.
type Server struct {
	URL    string // what it stands for, without a slash at its end
	Config []byte // at its lines of the file
	Line   int
}

// A Step is one request, and what is expected of it.
type Step struct {
	Line         int // of the request in its file
	Title        string
	Method, URL  string
	Email, Roles string // "" is nobody
	Header       [][2]string
	Body         string

	Reply  Expected
	Mails  []Expected // all that it is to send; none: whatever it does
	NoMail bool       // it is to send none
}

// Expected is what a reply, or a mail, is to be.
type Expected struct {
	Line   int // of its part in the file
	Status int // of a reply; 0 of a mail
	Header [][2]string
	Body   *string // nil: whatever it is

	text string // of its part
	at   int    // where that begins in the file
}

// Parse reads a script. name is that of its file. An error begins with the place.
// A script whose lines all end in CRLF is read as if they ended in LF.
func Parse(name string, data []byte) (*Script, error) {
	s := &Script{Name: name, Files: make(map[string][]byte), data: string(data)}
	if n := strings.Count(s.data, "\n"); n > 0 && n == strings.Count(s.data, "\r\n") {
		s.data, s.crlf = strings.ReplaceAll(s.data, "\r\n", "\n"), true
	}
	line := 1
	for _, p := range parts(s.data) {
		line = p.line
		if err := s.add(p); err != nil {
			return nil, fmt.Errorf("%s:%d: part %q: %w", name, p.line, p.name, err)
		}
	}
	if len(s.Steps) == 0 || s.open() {
		return nil, fmt.Errorf("%s:%d: a script has requests, each followed by its reply", name, line)
	}
	return s, nil
}

// part is a file of the archive.
type part struct {
	name, text string
	at, line   int // where the text begins, and the line of the name
}

// inPlace returns the text after so many empty lines that its own have the numbers
// they have in the file.
func (p part) inPlace() []byte { return []byte(strings.Repeat("\n", p.line) + p.text) }

// parts finds the files of a txtar archive, and where they are.
func parts(all string) (list []part) {
	at, line := 0, 0
	for text := range strings.Lines(all) {
		at += len(text)
		line++
		if name := marker(text); name != "" {
			list = append(list, part{name: name, at: at, line: line})
		} else if len(list) > 0 {
			last := &list[len(list)-1]
			last.text = all[last.at:at]
		}
	}
	return list
}

// marker returns the name in a line with which a file begins: "" if it is none.
func marker(line string) string {
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	name, begins := strings.CutPrefix(line, "-- ")
	name, ends := strings.CutSuffix(name, " --")
	if !begins || !ends {
		return ""
	}
	return strings.TrimSpace(name)
}

// open reports whether a request waits for its reply.
func (s *Script) open() bool {
	return len(s.Steps) > 0 && s.Steps[len(s.Steps)-1].Reply.Line == 0
}

func (s *Script) add(p part) error {
	kind, title, _ := strings.Cut(p.name, ":")
	title = strings.TrimSpace(title)
	switch kind {
	case "request":
		if s.open() {
			return fmt.Errorf("the request before it has no reply: write one after it")
		}
		return s.request(p, title)
	case "reply":
		if !s.open() {
			return fmt.Errorf("there is no request that it answers: requests and replies come in pairs")
		}
		reply, err := p.reply()
		s.Steps[len(s.Steps)-1].Reply = reply
		s.learn(reply)
		return err
	case "mail":
		if len(s.Steps) == 0 || s.open() {
			return fmt.Errorf("it stands after the reply to the request that sends it")
		}
		step := &s.Steps[len(s.Steps)-1]
		if err := step.mail(p, title == "none"); err != nil {
			return err
		}
		s.learn(step.Mails...)
		return nil
	case "server":
		return s.server(p, title)
	}
	if p.name == "services.json" {
		s.Config = p.inPlace()
		return nil
	}
	if folder, ok := strings.CutSuffix(p.name, "/"); ok {
		return s.folder(p, folder)
	}
	if err := fileName(p.name); err != nil {
		return err
	}
	s.Files[p.name] = []byte(p.text)
	return nil
}

func (s *Script) request(p part, title string) error {
	step := Step{Line: p.line, Title: title}
	if err := step.request(p.text); err != nil {
		return err
	}
	s.Steps = append(s.Steps, step)
	return s.bound(&step)
}

func (s *Script) folder(p part, path string) error {
	switch {
	case strings.TrimSpace(p.text) != "":
		return fmt.Errorf("it is a directory beside the script, since it ends in a slash: write nothing below it")
	case !fs.ValidPath(path) || path == ".":
		return fmt.Errorf("write a directory that is beside the script, such as templates/")
	}
	s.Folders = append(s.Folders, Folder{path, p.line})
	return nil
}

func (s *Script) server(p part, title string) error {
	u, err := url.Parse(title)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.HasSuffix(title, "/") {
		return fmt.Errorf("write the URL that it stands for, as it begins in services.json: server: https://api.example.com")
	}
	s.Servers = append(s.Servers, Server{URL: title, Config: p.inPlace(), Line: p.line})
	return nil
}

func (s *Step) request(text string) error {
	line, rest, _ := strings.Cut(text, "\n")
	words := strings.Fields(line)
	if len(words) != 2 && (len(words) < 4 || words[2] != "as") {
		return fmt.Errorf("the first line is METHOD URL, or METHOD URL as EMAIL ROLE...: not %q", line)
	}
	header, body, err := split(rest)
	if err != nil {
		return err
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

// mail adds a mail that the request is to send, or says that it sends none.
func (s *Step) mail(p part, none bool) error {
	if s.NoMail || none && len(s.Mails) > 0 {
		return fmt.Errorf("it is one of several: mail: none stands alone, for a request that sends no mail")
	}
	if s.NoMail = none; none {
		if strings.TrimSpace(p.text) != "" {
			return fmt.Errorf("the request is to send no mail: write nothing below it")
		}
		return nil
	}
	mail, err := p.mail()
	s.Mails = append(s.Mails, mail)
	return err
}

func (p part) reply() (Expected, error) {
	line, rest, _ := strings.Cut(p.text, "\n")
	word, _, _ := strings.Cut(line, " ")
	status, err := strconv.Atoi(word)
	if err != nil || status < http.StatusOK || status > 999 {
		return Expected{}, fmt.Errorf("the first line is a status: not %q", line)
	}
	header, body, err := split(rest)
	return Expected{Line: p.line, Status: status, Header: header, Body: body, text: p.text, at: p.at}, err
}

func (p part) mail() (Expected, error) {
	header, body, err := split(p.text)
	return Expected{Line: p.line, Header: header, Body: body, text: p.text, at: p.at}, err
}

// split returns the fields and the body of a part. The body's last newline is
// not part of it.
func split(rest string) (header [][2]string, body *string, err error) {
	for rest != "" {
		var field string
		field, rest, _ = strings.Cut(rest, "\n")
		if field == "" {
			rest = strings.TrimSuffix(rest, "\n")
			return header, &rest, nil
		}
		name, value, ok := strings.Cut(field, ":")
		if !ok && !strings.HasPrefix(name, "!") {
			return nil, nil, fmt.Errorf("%q is not a field: write Name: value", field)
		}
		header = append(header, [2]string{name, strings.TrimSpace(value)})
	}
	return header, nil, nil
}

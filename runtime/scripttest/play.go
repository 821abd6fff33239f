package scripttest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// A Player has a conversation with a server.
type Player struct {
	Base   string                                    // URL of the server, without a slash at its end
	Client *http.Client                              // follows no redirects
	Token  func(email, roles string) (string, error) // signs a token for a user
	names  map[string]string                         // what {{name}} stands for
}

// Play makes the request of a step and compares the reply. The error says all
// that differs, with the reply that came.
func (p *Player) Play(s *Step) error {
	if p.names == nil {
		p.names = make(map[string]string)
	}
	request, err := p.request(s)
	if err != nil {
		return err
	}
	response, err := p.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if err := p.compare(s, response, string(body)); err != nil {
		var came bytes.Buffer
		_ = response.Header.Write(&came)
		return fmt.Errorf("%s: %s %s: %w\n-- what came --\n%d\n%s\n%s",
			s.Title, s.Method, s.URL, err, response.StatusCode, strings.ReplaceAll(came.String(), "\r", ""), body)
	}
	return nil
}

func (p *Player) request(s *Step) (*http.Request, error) {
	var body io.Reader
	if s.Body != "" {
		body = strings.NewReader(p.fill(s.Body))
	}
	request, err := http.NewRequest(s.Method, p.Base+p.fill(s.URL), body)
	if err != nil {
		return nil, err
	}
	for _, field := range s.Header {
		request.Header.Add(field[0], p.fill(field[1]))
	}
	if s.Email != "" {
		token, err := p.Token(s.Email, s.Roles)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return request, nil
}

// fill puts in what the names stand for.
func (p *Player) fill(text string) string {
	for name, value := range p.names {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	return text
}

func (p *Player) compare(s *Step, response *http.Response, body string) error {
	var wrong []error
	if response.StatusCode != s.Status {
		wrong = append(wrong, fmt.Errorf("the status is %d, not %d", response.StatusCode, s.Status))
	}
	for _, field := range s.Want {
		name, absent := strings.CutPrefix(field[0], "!")
		values := response.Header.Values(name)
		switch {
		case absent && len(values) > 0:
			wrong = append(wrong, fmt.Errorf("%s is there: %q", name, values))
		case !absent && !p.match(field[1], strings.Join(values, ", ")):
			wrong = append(wrong, fmt.Errorf("%s is %q, not %q", name, strings.Join(values, ", "), p.fill(field[1])))
		}
	}
	if s.Exactly != nil && !p.match(*s.Exactly, strings.TrimSuffix(body, "\n")) {
		wrong = append(wrong, fmt.Errorf("the body is not\n%s", p.fill(*s.Exactly)))
	}
	return errors.Join(wrong...)
}

// match compares a text with what is wanted, and learns the names that are new.
func (p *Player) match(want, text string) bool {
	pattern := regexp.QuoteMeta(p.fill(want))
	open := regexp.MustCompile(`\\\{\\\{(\w+)\\\}\\\}`)
	pattern = "(?s)^" + open.ReplaceAllString(pattern, `(?P<$1>.+?)`) + "$"
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return false
	}
	found := compiled.FindStringSubmatch(text)
	if found == nil {
		return false
	}
	for i, name := range compiled.SubexpNames() {
		if name != "" {
			p.names[name] = found[i]
		}
	}
	return true
}

package script

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus/spelling"
)

// partWords are what the names of parts begin with that are no files.
var partWords = [...]string{"request", "reply", "mail", "server", "services.json"}

// fileName returns what is wrong with the name of a part that is a file: it may
// be another part, mistyped. With a directory, be it ./, it is a file for sure.
func fileName(name string) error {
	if !filepath.IsLocal(name) {
		return errors.New("it is no request, reply, mail or server, and no path below the working directory either")
	}
	if strings.Contains(name, "/") {
		return nil
	}
	word, rest, titled := strings.Cut(name, ":")
	if !titled {
		word, rest, _ = strings.Cut(name, " ")
	}
	near := spelling.Nearest(word, partWords[:])
	if near != "" && rest != "" && near != "services.json" {
		near += ": " + strings.TrimSpace(rest)
	}
	switch {
	case near != "":
		return fmt.Errorf("did you mean %q? A file of that name is %q", near, "./"+name)
	case titled:
		return fmt.Errorf("it is no request, reply, mail or server; a file of that name is %q", "./"+name)
	}
	return nil
}

// learn notes the names of what is expected.
func (s *Script) learn(expected ...Expected) {
	for _, e := range expected {
		for _, found := range nameForm.FindAllStringSubmatch(e.text, -1) {
			if !slices.Contains(s.names, found[1]) {
				s.names = append(s.names, found[1])
			}
		}
	}
}

// templateWords are, in double braces, of the language of templates. A body may
// be one.
var templateWords = [...]string{"end", "else", "break", "continue"}

// bound returns an error for a name in a request that nothing before it has.
func (s *Script) bound(step *Step) error {
	texts := []string{step.URL, step.Body}
	for _, field := range step.Header {
		texts = append(texts, field[1])
	}
	for i, text := range texts {
		for _, found := range nameForm.FindAllStringSubmatch(text, -1) {
			ofBody := i == 1 && slices.Contains(templateWords[:], found[1])
			if ofBody || slices.Contains(s.names, found[1]) {
				continue
			}
			return fmt.Errorf("%s stands for nothing: %s", found[0], s.instead(found[1]))
		}
	}
	return nil
}

// instead says which name to write in the place of one that is not known.
func (s *Script) instead(name string) string {
	if len(s.names) == 0 {
		return "no reply before it has a name: write it in one, where the value comes"
	}
	if near := spelling.Nearest(name, s.names); near != "" {
		return fmt.Sprintf("did you mean {{%s}}?", near)
	}
	return "the replies before it have {{" + strings.Join(s.names, "}}, {{") + "}}"
}

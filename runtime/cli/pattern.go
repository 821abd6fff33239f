package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/urlpattern"
)

// expansion is what the flags of the command pattern say.
type expansion struct {
	url, base, name, body string
	sub                   int
	decode, json          bool
}

func (r *run) patternCommand() *cobra.Command {
	var e expansion
	cmd := &cobra.Command{
		Use:   "pattern PATTERN",
		Short: "Try a URL pattern: print the text that it expands to",
		Long: `Expands a URL pattern with the values of a request, as a pipeline would, and
prints the text: one line, or one for each combination where it reads lists.

` + strings.TrimSpace(urlpattern.Codes()),
		Example: `  restspace pattern '/users/$>0' --url /contacts/jo --base /contacts
  restspace pattern '/mail/${list[].email}' --body message.json`,
		Args: takes("PATTERN"),
		RunE: func(_ *cobra.Command, args []string) error { return r.pattern(args[0], e) },
	}
	f := cmd.Flags()
	f.StringVar(&e.url, "url", "/", "`URL` of the request, or its path and query")
	f.StringVar(&e.base, "base", "/", "base `path` of the service: the beginning of the path")
	f.IntVar(&e.sub, "sub", 0, "`number` of segments at the end of the path that are its sub path")
	f.StringVar(&e.name, "name", "", "`name` of the message in its pipeline")
	f.StringVar(&e.body, "body", "", "`file` with the JSON body of the request; - is standard input")
	f.BoolVar(&e.decode, "decode", false, "insert values as they are, not percent-encoded")
	f.BoolVar(&e.json, "json", false, "print a JSON array")
	completeNoFiles(cmd, "url", "base", "sub", "name")
	return cmd
}

func (r *run) pattern(text string, e expansion) error {
	p, err := urlpattern.ParseText(text)
	if err != nil {
		return r.patternFault(text, err)
	}
	values, err := r.values(e)
	if err != nil {
		return err
	}
	texts, err := p.Text(values, e.decode)
	if err != nil {
		return r.patternFault(text, err)
	}
	if e.json {
		return r.printJSON(texts)
	}
	for _, t := range texts {
		if _, err := fmt.Fprintln(r.stdout, t); err != nil {
			return err
		}
	}
	return nil
}

// values returns what the pattern reads.
func (r *run) values(e expansion) (*urlpattern.Values, error) {
	url, err := urlpattern.ParseURL(e.url)
	if err != nil {
		return nil, usagef("--url %s: %w", e.url, err)
	}
	base, err := urlpattern.ParsePath(e.base)
	switch n := len(base.Segments); {
	case err != nil:
		return nil, usagef("--base %s: %w", e.base, err)
	case n > len(url.Path) || !slices.Equal(base.Segments, url.Path[:n]):
		return nil, usagef("--base %s is not the beginning of the path of --url %s", e.base, e.url)
	case e.sub < 0 || n+e.sub > len(url.Path):
		return nil, usagef("--sub %d: the path of --url has %d segments after --base", e.sub, len(url.Path)-n)
	}
	url.Base, url.Sub = len(base.Segments), e.sub
	v := &urlpattern.Values{URL: &url, Name: e.name}
	if e.body == "" {
		return v, nil
	}
	if v.Body, err = r.readFile(e.body); err != nil {
		return nil, fmt.Errorf("--body: %w", err)
	}
	if !jsontext.Value(v.Body).IsValid() {
		return nil, fmt.Errorf("--body %s: not JSON: a pattern reads a JSON body only", e.body)
	}
	return v, nil
}

// patternFault prints what is wrong with a pattern, and the pattern with a
// caret under the place.
func (r *run) patternFault(text string, err error) error {
	at := -1
	var syntax *urlpattern.SyntaxError
	var expand *urlpattern.ExpandError
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &expand):
		at = strings.Index(text, expand.Code)
		if len(expand.Keys) > 0 {
			err = fmt.Errorf("%w (there are the keys %q)", err, expand.Keys)
		}
	}
	r.complain(err)
	if at >= 0 {
		fmt.Fprintf(r.stderr, "  %s\n  %s\n", printable(text), r.paintFor(r.stderr).red(caret(text, at)))
	}
	return errTold
}

// caret returns a caret that stands under byte at of text.
func caret(text string, at int) string {
	return strings.Repeat(" ", utf8.RuneCountInString(text[:min(at, len(text))])) + "^"
}

// printable returns s with each control character replaced, so that it stays
// one line and a terminal shows it only.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return unicode.ReplacementChar
		}
		return c
	}, s)
}

// printJSON prints v as JSON; no list is an empty one.
func (r *run) printJSON(v any) error {
	if err := json.MarshalWrite(r.stdout, v, jsontext.WithIndent("  ")); err != nil {
		return err
	}
	_, err := fmt.Fprintln(r.stdout)
	return err
}

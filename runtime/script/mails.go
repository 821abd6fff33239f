package script

import (
	"fmt"
	"slices"
	"strings"
)

// compareMails compares mails in any order: those that are as expected find each
// other first, and then the others, each the one that differs least.
func (s *Session) compareMails(expected []Expected, mails []*seen) error {
	others := slices.Clone(mails)
	var missing []*Expected
	for i := range expected {
		e := &expected[i]
		if at, d := s.nearest(e, others); at >= 0 && d == nil {
			others = slices.Delete(others, at, at+1)
		} else {
			missing = append(missing, e)
		}
	}
	if len(missing) != len(others) {
		return s.otherMails(missing, mails, others)
	}
	for _, e := range missing {
		at, d := s.nearest(e, others)
		if d != nil {
			if err := s.accept(d); err != nil {
				return err
			}
		}
		others = slices.Delete(others, at, at+1)
	}
	return nil
}

// nearest returns the mail that is the expected one, or else the one that differs
// least, and how: -1 if there is none.
func (s *Session) nearest(e *Expected, mails []*seen) (at int, d *Difference) {
	at = -1
	for i, mail := range mails {
		other := s.names.compare(e, mail)
		if other == nil {
			return i, nil
		}
		if d == nil || len(other.Lines()) < len(d.Lines()) {
			at, d = i, other
		}
	}
	return at, d
}

// otherMails returns the error of fewer or more mails than expected: which are
// missing, and all that came, of which others were not expected.
func (s *Session) otherMails(missing []*Expected, mails, others []*seen) error {
	var b strings.Builder
	if less := len(missing) - len(others); less > 0 {
		fmt.Fprintf(&b, "%s did not come:", countOf(less))
	} else {
		fmt.Fprintf(&b, "%s came than expected:", strings.Replace(countOf(-less), " ", " more ", 1))
	}
	for _, e := range missing {
		fmt.Fprintf(&b, "\n- %s (%s:%d)", titleOf(s.wanted(e)), s.name, e.Line)
	}
	for _, mail := range mails {
		sign := ' '
		if slices.Contains(others, mail) {
			sign = '+'
		}
		fmt.Fprintf(&b, "\n%c %s", sign, titleOf(mail.values))
	}
	if len(mails) == 0 {
		b.WriteString("\n  (no other one came)")
	}
	return fmt.Errorf("%s", b.String())
}

func countOf(mails int) string {
	if mails == 1 {
		return "1 mail"
	}
	return fmt.Sprintf("%d mails", mails)
}

// wanted returns the values of the fields of an expected mail.
func (s *Session) wanted(e *Expected) func(string) []string {
	return func(name string) (values []string) {
		for _, field := range e.Header {
			if strings.EqualFold(field[0], name) {
				values = append(values, s.names.fill(field[1]))
			}
		}
		return values
	}
}

// titleOf says which mail it is: to whom, and of what.
func titleOf(values func(string) []string) string {
	var parts []string
	for _, name := range []string{"To", "Subject"} {
		if value := strings.Join(values(name), ", "); value != "" {
			parts = append(parts, name+": "+value)
		}
	}
	if len(parts) == 0 {
		return "a mail without To and Subject"
	}
	return strings.Join(parts, ", ")
}

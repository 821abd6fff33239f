package email

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The longest parts of addresses (RFC 5321 section 4.5.3.1), and of other texts
// in a header.
const (
	maxLocal   = 64
	maxAddress = 254
	maxText    = 1000
)

// mailboxes reads a list of addresses with commas between them (RFC 5322
// section 3.4). The names of their hosts are those in ASCII (RFC 5891).
func mailboxes(text string) ([]*netmail.Address, error) {
	if err := checkCharacters(text); err != nil {
		return nil, err
	}
	list, err := netmail.ParseAddressList(text)
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("%.200q is no address: write ann@example.com, or Ann Lee <ann@example.com>, with commas between several", text)
	}
	for _, mailbox := range list {
		if err := checkMailbox(mailbox); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// checkMailbox looks at what was encoded in words, too.
func checkMailbox(a *netmail.Address) error {
	if err := errors.Join(checkText(a.Name), checkCharacters(a.Address)); err != nil {
		return err
	}
	at := strings.LastIndexByte(a.Address, '@')
	host, err := hostname(a.Address[at+1:])
	if err != nil {
		return fmt.Errorf("%.200q: %w", a.Address, err)
	}
	if at > maxLocal || at+1+len(host) > maxAddress {
		return fmt.Errorf("%.200q is longer than an address may be: %d bytes, and %d before the @", a.Address, maxAddress, maxLocal)
	}
	a.Address = a.Address[:at+1] + host
	return nil
}

// hostname returns the name of a host in ASCII.
func hostname(name string) (string, error) {
	wrong := errors.New("what is after the @ is no name of a host: write one such as example.com")
	if strings.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) {
		var err error
		if name, err = idna.Lookup.ToASCII(name); err != nil {
			return "", wrong
		}
	}
	for label := range strings.SplitSeq(strings.ToLower(name), ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.Trim(label, "-") != label {
			return "", wrong
		}
	}
	return name, nil
}

// checkText says what is wrong with a text that goes into a header.
func checkText(text string) error {
	if len(text) > maxText {
		return fmt.Errorf("it has %d bytes: write at most %d", len(text), maxText)
	}
	return checkCharacters(text)
}

// checkCharacters refuses what could end a line, or hide.
func checkCharacters(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("it is not UTF-8")
	}
	for i, r := range text {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("a control character at byte %d: leave it out", i)
		}
	}
	return nil
}

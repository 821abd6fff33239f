package smtpmail

import (
	"bytes"
	"fmt"
	"math"
	"mime"
	netmail "net/mail"
	"slices"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"golang.org/x/net/idna"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// letter is a mail as it goes out.
type letter struct {
	message *gomail.Msg
	from    string   // of the envelope: in angle brackets
	to      []string // the same; each once, those of Bcc too
	utf8    bool     // an address has other characters than ASCII (RFC 6531)
}

// compose reads the bodies of a mail.
func compose(m *adaptors.Mail) (*letter, error) {
	l := &letter{message: gomail.NewMsg(gomail.WithNoDefaultUserAgent())}
	if err := l.address(m); err != nil {
		return nil, err
	}
	l.message.Subject(m.Subject)
	l.message.SetDate()
	if m.ID != "" {
		l.message.SetMessageIDWithValue(m.ID)
	}
	text, err := m.Body.Bytes(math.MaxInt64)
	if err != nil {
		return nil, err
	}
	l.message.SetBodyString(textType(m.Body), string(text))
	if m.HTML != nil {
		html, err := m.HTML.Bytes(math.MaxInt64)
		if err != nil {
			return nil, err
		}
		l.message.AddAlternativeString(gomail.TypeTextHTML, string(html))
	}
	for _, a := range m.Attachments {
		data, err := a.Body.Bytes(math.MaxInt64)
		if err != nil {
			return nil, fmt.Errorf("attachment %q: %w", a.Name, err)
		}
		l.message.AttachReadSeeker(a.Name, bytes.NewReader(data), gomail.WithFileContentType(fileType(a.Body)))
	}
	return l, nil
}

// address sets who the mail is from, and for.
func (l *letter) address(m *adaptors.Mail) error {
	from, err := l.mailboxes([]string{m.From})
	if err != nil {
		return err
	}
	l.from = envelope(from[0])
	l.message.FromMailAddress(from[0])
	for header, list := range map[gomail.AddrHeader][]string{
		gomail.HeaderTo: m.To, gomail.HeaderCc: m.Cc, gomail.HeaderBcc: m.Bcc, gomail.HeaderReplyTo: m.ReplyTo,
	} {
		if len(list) == 0 {
			continue
		}
		mailboxes, err := l.mailboxes(list)
		if err != nil {
			return err
		}
		l.message.SetAddrHeaderFromMailAddress(header, mailboxes...)
	}
	recipients, err := l.message.GetRecipients()
	if err != nil {
		return err
	}
	for _, r := range recipients {
		if !slices.Contains(l.to, r) {
			l.to = append(l.to, r)
		}
	}
	return nil
}

// mailboxes reads addresses, and writes the names of their hosts in ASCII
// (RFC 5891).
func (l *letter) mailboxes(list []string) ([]*netmail.Address, error) {
	mailboxes := make([]*netmail.Address, len(list))
	for i, text := range list {
		mailbox, err := netmail.ParseAddress(text)
		if err != nil {
			return nil, fmt.Errorf("address %q: %w", text, err)
		}
		at := strings.LastIndexByte(mailbox.Address, '@')
		local, host := mailbox.Address[:at], mailbox.Address[at+1:]
		if !ascii(host) {
			if host, err = idna.Lookup.ToASCII(host); err != nil {
				return nil, fmt.Errorf("address %q: %w", text, err)
			}
		}
		l.utf8 = l.utf8 || !ascii(local)
		mailboxes[i] = &netmail.Address{Name: mailbox.Name, Address: local + "@" + host}
	}
	return mailboxes, nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// envelope returns an address as commands have it.
func envelope(a *netmail.Address) string {
	return (&netmail.Address{Address: a.Address}).String()
}

// textType returns which of the two types of text a body is.
func textType(b *bus.Body) gomail.ContentType {
	if fileType(b) == gomail.TypeTextHTML {
		return gomail.TypeTextHTML
	}
	return gomail.TypeTextPlain
}

// fileType returns the media type of a body, without parameters.
func fileType(b *bus.Body) gomail.ContentType {
	mediaType, _, err := mime.ParseMediaType(b.MediaType())
	if err != nil {
		return gomail.TypeAppOctetStream
	}
	return gomail.ContentType(mediaType)
}

package script

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"sync"
	"time"

	"github.com/seed90475182/restspace/adaptors"
)

// mailWait is how long a mail is waited for after the reply.
const mailWait = 5 * time.Second

// maxMail is the longest body of a mail.
const maxMail = 64 << 20

// outbox takes the mails of a server, in the place of who would send them.
type outbox struct {
	mu    sync.Mutex
	mails []*seen
}

// Send keeps a mail.
func (o *outbox) Send(ctx context.Context, m adaptors.Mail) (err error) {
	defer func() { err = errors.Join(err, m.Close()) }()
	fields := make(map[string][]string)
	for name, values := range map[string][]string{
		"from": {m.From}, "subject": {m.Subject}, "reply-to": m.ReplyTo, "to": m.To, "cc": m.Cc, "bcc": m.Bcc,
	} {
		for _, value := range values { // which live as long as the request alone
			fields[name] = append(fields[name], readable(strings.Clone(value)))
		}
	}
	s := &seen{values: func(name string) []string { return fields[strings.ToLower(name)] }}
	body := m.Body
	if body == nil {
		body = m.HTML
	}
	if body != nil {
		fields["content-type"] = []string{strings.Clone(body.MediaType())}
		data, err := body.Bytes(maxMail)
		if err != nil {
			return err
		}
		s.body = string(data)
	}
	if m.Body != nil && m.HTML != nil {
		data, err := m.HTML.Bytes(maxMail)
		if err != nil {
			return err
		}
		fields["html"] = []string{strings.Join(strings.Fields(string(data)), " ")}
	}
	for _, a := range m.Attachments {
		fields["attachment"] = append(fields["attachment"], strings.Clone(a.Name))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = append(o.mails, s)
	return nil
}

// readable returns an address as people write it: Ann <ann@example.com>, or
// ann@example.com alone. All else stays as it is.
func readable(value string) string {
	address, err := mail.ParseAddress(value)
	switch {
	case err != nil:
		return value
	case address.Name == "":
		return address.Address
	}
	return address.Name + " <" + address.Address + ">"
}

// empty forgets what came so far.
func (o *outbox) empty() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails = nil
}

// wait returns the mails when there are n, or those that came in time.
func (o *outbox) wait(ctx context.Context, n int) []*seen {
	ctx, cancel := context.WithTimeout(ctx, mailWait)
	defer cancel()
	for {
		o.mu.Lock()
		mails := o.mails
		o.mu.Unlock()
		if len(mails) >= n {
			return mails
		}
		select {
		case <-ctx.Done():
			return mails
		case <-time.After(10 * time.Millisecond):
		}
	}
}

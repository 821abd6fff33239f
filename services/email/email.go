// Package email is the service that sends mails: whole ones, or such as
// templates make of data.
package email

import (
	"context"
	"crypto/rand"
	_ "embed"
	"net/http"
	netmail "net/mail"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents"
)

//go:embed README.md
var doc string

// Kind returns the Kind email.
func Kind() services.Kind {
	return services.Define(services.Kind{
		Name:    "email",
		Doc:     doc,
		Example: `{"service": "email", "readRoles": "none", "writeRoles": "U", "from": "Shop <shop@example.com>", "adaptorConfig": {"host": "smtp.example.com"}}`,
		Config:  func() any { return NewConfig() },

		Describe: func(config any) []services.Operation { return describe(config.(*Config)) },
	}, open)
}

type needs struct {
	Mailer adaptors.Mailer `slot:"adaptor,smtp"`
}

func open(_ context.Context, env services.Env, c Config, n needs) (bus.Service, error) {
	from, err := mailboxes(c.From)
	if err != nil {
		return nil, err
	}
	templates, err := c.templates()
	if err != nil {
		return nil, err
	}
	s := &service{
		config: &c, from: from[0], templates: templates, mailer: n.Mailer,
		bus: env.Bus, asCaller: env.AsCaller, limits: env.Limits,
	}
	return s.routes().Service()
}

func (s *service) routes() services.Routes {
	return services.Routes{
		"POST /to/:recipients":             s.mail,
		"POST /send/:template/:recipients": s.send,
	}
}

// service is one mount of the Kind.
type service struct {
	config        *Config
	from          *netmail.Address
	templates     []string // the mount of the templates; nil is none
	mailer        adaptors.Mailer
	bus, asCaller bus.Service
	limits        services.Limits
}

// mail sends the body.
func (s *service) mail(ctx context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	var r request
	text := new(content)
	switch m.Body.Payload() {
	case bus.Data:
		data, err := s.data(m)
		if err != nil {
			return nil, err
		}
		if !data.IsObject() {
			return nil, bus.Errorf(http.StatusBadRequest, `the body is no object: send one such as {"subject": "Hello", "text": "Dear Ann"}`)
		}
		known := s.config.headers()
		for name, read := range contents() {
			known[name] = read
		}
		if err := r.read(data, known, true); err != nil {
			return nil, err
		}
		if text = r.content(); text.plain == nil && text.html == nil {
			return nil, badf("text", "it is missing, and so is html: send one of both")
		}
	case bus.Text:
		if err := text.add(m.Body, s.limits.Body); err != nil {
			return nil, withStatus(http.StatusUnsupportedMediaType, err)
		}
	default:
		return nil, bus.Errorf(http.StatusUnsupportedMediaType, "a mail is text/plain, text/html or application/json: send it with its Content-Type")
	}
	return s.deliver(ctx, m, args[0], &r, func() (*content, error) { return text, nil })
}

// content returns the text that the data has.
func (r *request) content() *content {
	c := new(content)
	if r.text != "" {
		c.plain = bus.NewBody([]byte(r.text), plainType)
	}
	if r.html != "" {
		c.html = bus.NewBody([]byte(r.html), htmlType)
	}
	return c
}

// send sends what a template makes of the body.
func (s *service) send(ctx context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	if s.templates == nil {
		return nil, bus.Errorf(http.StatusNotFound, `this service has no templates: set "templates" in its configuration, or send a whole mail to /to/%s`, args[1])
	}
	if m.Body.Payload() != bus.Data {
		return nil, bus.Errorf(http.StatusUnsupportedMediaType, "templates are filled with JSON: send it with Content-Type: application/json")
	}
	data, err := s.data(m)
	if err != nil {
		return nil, err
	}
	var r request
	if data.IsObject() {
		if err := r.read(data, s.config.headers(), false); err != nil {
			return nil, err
		}
	}
	return s.deliver(ctx, m, args[1], &r, func() (*content, error) { return s.render(ctx, m, args[0], []byte(data.Raw)) })
}

// data reads the body, which is JSON.
func (s *service) data(m *bus.Message) (gjson.Result, error) {
	data, err := m.Body.Bytes(s.limits.Body)
	if err != nil {
		return gjson.Result{}, err
	}
	if err := documents.CheckJSON(data); err != nil {
		return gjson.Result{}, err
	}
	return gjson.ParseBytes(data), nil
}

// deliver gives the mail to the mailer. The text is made once all that the
// request says is right.
func (s *service) deliver(ctx context.Context, m *bus.Message, recipients string, r *request, text func() (*content, error)) (*bus.Message, error) {
	mail, err := s.envelope(recipients, r)
	if err != nil {
		return nil, err
	}
	written, err := text()
	if err != nil {
		return nil, err
	}
	mail.Body, mail.HTML = written.bodies()
	if mail.Attachments, err = s.fetch(ctx, m, r.attachments); err != nil {
		return nil, err
	}
	if root := bus.RootOf(ctx); root != nil {
		held := size(mail)
		if err := root.Hold(held); err != nil {
			return nil, err
		}
		defer func() { _ = root.Hold(-held) }()
	}
	if err := s.mailer.Send(ctx, *mail); err != nil {
		return nil, err
	}
	answer, err := json.Marshal(map[string]string{"messageId": mail.ID})
	if err != nil {
		return nil, err
	}
	return bus.Reply(http.StatusAccepted, bus.NewBody(answer, "application/json")), m.Close()
}

// envelope returns a mail without its contents.
func (s *service) envelope(recipients string, r *request) (*adaptors.Mail, error) {
	to, err := mailboxes(recipients)
	if err != nil {
		return nil, bad("recipients", err)
	}
	if n := len(to) + len(r.cc) + len(r.bcc); n > s.config.MaxRecipients {
		return nil, badf("recipients", "%d of them with cc and bcc: a mail may have %d", n, s.config.MaxRecipients)
	}
	from := s.from
	if r.from != nil {
		from = r.from
	}
	mail := &adaptors.Mail{
		ID:   strings.ToLower(rand.Text()) + from.Address[strings.LastIndexByte(from.Address, '@'):],
		From: from.String(), ReplyTo: texts(r.replyTo), To: texts(to), Cc: texts(r.cc), Bcc: texts(r.bcc),
		Subject: r.subject,
	}
	if mail.Subject == "" {
		mail.Subject = s.config.Subject
	}
	if mail.Subject == "" {
		return nil, badf("subject", "it is missing: send it in the data, or set it in the configuration of the service")
	}
	return mail, nil
}

// size returns the bytes of the contents of a mail.
func size(m *adaptors.Mail) int64 {
	n := m.Body.Size() + m.HTML.Size()
	for _, a := range m.Attachments {
		n += a.Body.Size()
	}
	return n
}

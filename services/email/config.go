package email

import (
	"errors"
	"fmt"
	"net/http"
	netmail "net/mail"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// Config says what mails look like where nobody says it.
type Config struct {
	From           string   `json:"from" required:"true" example:"\"Shop <shop@example.com>\"" doc:"who mails are from: an address, with a name if it has one"`
	AllowFrom      []string `json:"allowFrom" example:"[\"@example.com\"]" doc:"others that data may name as from: addresses, or @ and a host for all of its addresses"`
	Subject        string   `json:"subject" doc:"of mails for which the data has none"`
	Templates      string   `json:"templates" example:"\"/templates\"" doc:"the base path of the templates for /send, on this server"`
	MaxRecipients  int      `json:"maxRecipients" doc:"of one mail, cc and bcc too"`
	MaxAttachments int      `json:"maxAttachments" doc:"of one mail"`
}

// NewConfig returns a config with its defaults, and without a sender.
func NewConfig() *Config { return &Config{MaxRecipients: 50, MaxAttachments: 10} }

// Bounds of what the config may say.
const (
	mostRecipients  = 1000
	mostAttachments = 100
)

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	var all []error
	if c.From == "" {
		all = append(all, errors.New(`"from" is missing: write who mails are from, such as "Shop <shop@example.com>"`))
	} else if list, err := mailboxes(c.From); err != nil {
		all = append(all, services.At("/from", err))
	} else if len(list) != 1 {
		all = append(all, services.Faultf("/from", "%d addresses: write one", len(list)))
	}
	for i, entry := range c.AllowFrom {
		if _, err := sender(entry); err != nil {
			all = append(all, services.At(fmt.Sprintf("/allowFrom/%d", i), err))
		}
	}
	if err := checkText(c.Subject); err != nil {
		all = append(all, services.At("/subject", err))
	}
	if _, err := c.templates(); err != nil {
		all = append(all, err)
	}
	if c.MaxRecipients < 1 || c.MaxRecipients > mostRecipients {
		all = append(all, services.Faultf("/maxRecipients", "write a number from 1 to %d", mostRecipients))
	}
	if c.MaxAttachments < 0 || c.MaxAttachments > mostAttachments {
		all = append(all, services.Faultf("/maxAttachments", "write a number from 0 to %d", mostAttachments))
	}
	return errors.Join(all...)
}

// sender returns an entry of AllowFrom as it is compared.
func sender(entry string) (string, error) {
	address := entry
	if strings.HasPrefix(entry, "@") {
		address = "any" + entry
	}
	list, err := mailboxes(address)
	if err != nil || len(list) != 1 || list[0].Name != "" {
		return "", fmt.Errorf(`%q is no address: write one such as "news@example.com", or "@example.com" for all of a host`, entry)
	}
	return strings.ToLower(strings.TrimPrefix(list[0].Address, strings.TrimSuffix(address, entry))), nil
}

// mayBe reports whether data may name an address as the sender.
func (c *Config) mayBe(from *netmail.Address) bool {
	address := strings.ToLower(from.Address)
	host := address[strings.LastIndexByte(address, '@'):]
	return slices.ContainsFunc(c.AllowFrom, func(entry string) bool {
		allowed, err := sender(entry)
		return err == nil && (allowed == address || allowed == host)
	})
}

// templates returns the path of the mount of the templates; nil is none.
func (c *Config) templates() ([]string, error) {
	if c.Templates == "" {
		return nil, nil
	}
	const write = `write the base path of a service, such as "/templates"`
	if !strings.HasPrefix(c.Templates, "/") {
		return nil, services.Faultf("/templates", "%q is no path of this server: %s", c.Templates, write)
	}
	path, err := urlpattern.ParsePath(c.Templates)
	if err != nil {
		return nil, services.Faultf("/templates", "%w: %s", err, write)
	}
	return slices.Clone(path.Segments), nil
}

// Accepts is part of services.Accepting.
func (c *Config) Accepts(call services.Call) error {
	if err := new(service).routes().Accepts(call); err != nil {
		return err
	}
	if path := call.URL.ServicePath(); len(path) > 0 && path[0] == "send" && c.Templates == "" {
		return errors.New(`the service has no templates: set "templates" in its configuration`)
	}
	return nil
}

// Link looks up where the templates are. It is part of services.Linked.
func (c *Config) Link(targets services.Targets) (services.Target, error) {
	target := services.Target{GetReads: true}
	path, err := c.templates()
	if path == nil || err != nil { // which Check told
		return target, nil
	}
	templates := services.Call{Method: http.MethodPost, URL: urlpattern.URL{Path: path}, Open: true}
	if _, err := targets(templates); err != nil {
		return target, services.At("/templates", err)
	}
	return target, nil
}

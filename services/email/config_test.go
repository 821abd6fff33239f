package email_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/email"
)

func TestConfig(t *testing.T) {
	for says, change := range map[string]func(*email.Config){
		"":                               func(*email.Config) {},
		`"from" is missing`:              func(c *email.Config) { c.From = "" },
		`"shop" is no address`:           func(c *email.Config) { c.From = "shop" },
		`2 addresses: write one`:         func(c *email.Config) { c.From = "a@b.c, b@b.c" },
		`a control character at byte 5`:  func(c *email.Config) { c.From = "a@b.c\n" },
		`"example.com" is no address`:    func(c *email.Config) { c.AllowFrom = []string{"a@b.c", "example.com"} },
		`"Ann <a@b.c>" is no address`:    func(c *email.Config) { c.AllowFrom = []string{"Ann <a@b.c>"} },
		`"@" is no address`:              func(c *email.Config) { c.AllowFrom = []string{"@"} },
		`a control character at byte 1`:  func(c *email.Config) { c.Subject = "x\ny" },
		`"templates" is no path of this`: func(c *email.Config) { c.Templates = "templates" },
		`write the base path`:            func(c *email.Config) { c.Templates = "/a//b" },
		`write a number from 1 to 1000`:  func(c *email.Config) { c.MaxRecipients = 0 },
		`write a number from 0 to 100`:   func(c *email.Config) { c.MaxAttachments = 101 },
	} {
		c := email.NewConfig()
		c.From, c.AllowFrom, c.Templates = "Shop <shop@example.com>", []string{"a@b.c", "@example.com"}, "/templates"
		change(c)
		if says == "" {
			assert.NoError(t, c.Check())
		} else {
			assert.ErrorContains(t, c.Check(), says)
		}
	}
}

func TestLink(t *testing.T) {
	c := email.NewConfig()
	target, err := c.Link(func(services.Call) (services.Target, error) { panic("it calls nobody") })
	assert.NoError(t, err)
	assert.Equal(t, services.Target{GetReads: true}, target)
	c.Templates = "/mail/templates"
	_, err = c.Link(func(call services.Call) (services.Target, error) {
		assert.Equal(t, "POST /mail/templates/...", call.String())
		return services.Target{}, errors.New("leads to no service")
	})
	assert.EqualError(t, err, "leads to no service")
	assert.Equal(t, "/templates", err.(interface{ Pointer() string }).Pointer())
}

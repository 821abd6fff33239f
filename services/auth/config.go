package auth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/account"
	"github.com/seed90475182/restspace/urlpattern"
)

// Config says how users sign in beside what the block auth says.
type Config struct {
	LoginPage           string `json:"loginPage" example:"\"/login.html\"" doc:"a page of this server whose form is posted to /login, and which a browser is led back to; without it the service has pages of its own"`
	ImpersonateRoles    string `json:"impersonateRoles" example:"\"A\"" doc:"who may act as other users: roles with spaces between them"`
	EmailSendURLPattern string `json:"emailSendUrlPattern" form:"pattern" doc:"where a mail with a one-time token is posted, such as /email/send/reset.html/${email}"`
	ResetURL            string `json:"resetUrl" example:"\"https://example.com/auth/new-password\"" doc:"the page that the link in that mail leads to"`

	account.Policy // of passwords that are set with a one-time token

	emailSend *urlpattern.Pattern // nil: no mails
}

// NewConfig returns a config with its defaults.
func NewConfig() *Config { return &Config{Policy: account.DefaultPolicy()} }

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	var all []error
	if c.LoginPage != "" && !c.ownLoginPage() {
		all = append(all, services.Faultf("/loginPage", "%q is no path on this server: write one such as /login.html", c.LoginPage))
	}
	for role := range strings.FieldsSeq(c.ImpersonateRoles) {
		if !account.IsRole(role) {
			all = append(all, services.Faultf("/impersonateRoles", `%q is no role: write roles such as "A"`, role))
		}
	}
	return errors.Join(append(all, c.checkMail(), c.Policy.Check())...)
}

// ownLoginPage reports whether the login page is a path on this server.
func (c *Config) ownLoginPage() bool {
	return isOwnPath(c.LoginPage) && !strings.ContainsAny(c.LoginPage, "?#")
}

// checkMail looks at what has to do with mails. The link in them comes from the
// configuration and not from a request, whose Host anybody may choose.
func (c *Config) checkMail() error {
	if c.EmailSendURLPattern == "" {
		if c.ResetURL != "" {
			return services.At("/resetUrl", errors.New(`it is for mails, and there are none: set "emailSendUrlPattern", or leave it out`))
		}
		return nil
	}
	pattern, err := urlpattern.Parse(c.EmailSendURLPattern)
	if err == nil && (pattern.Literal().Host != "" || len(pattern.Literal().Path) == 0) {
		err = errors.New("it begins with no path on this server: write one such as /email/send/reset.html/${email}")
	}
	if err != nil {
		return services.At("/emailSendUrlPattern", err)
	}
	c.emailSend = pattern
	u, err := url.Parse(c.ResetURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(c.ResetURL, "?# ") {
		return services.Faultf("/resetUrl", "%q is no URL of a page: write one such as https://example.com/auth/new-password, without a query", c.ResetURL)
	}
	return nil
}

// Accepts is part of services.Accepting.
func (c *Config) Accepts(call services.Call) error {
	return (&service{config: c}).routes().Accepts(call)
}

// Link looks up what the service calls and leads to. It is part of
// services.Linked.
func (c *Config) Link(targets services.Targets) (services.Target, error) {
	var all []error
	if c.ownLoginPage() {
		path, err := urlpattern.ParsePath(c.LoginPage)
		if err == nil {
			_, err = targets(services.Call{Method: http.MethodGet, URL: urlpattern.URL{Path: path.Segments, Dir: path.Dir}})
		}
		if err != nil {
			all = append(all, services.At("/loginPage", err))
		}
	}
	if c.emailSend != nil {
		if _, err := targets(services.CallOf(http.MethodPost, c.emailSend)); err != nil {
			all = append(all, services.At("/emailSendUrlPattern", err))
		}
	}
	return services.Target{GetReads: true}, errors.Join(all...)
}

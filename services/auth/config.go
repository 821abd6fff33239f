package auth

import (
	"fmt"
	"strings"

	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

// Config says how users sign in beside what the block auth says.
type Config struct {
	LoginPage string `json:"loginPage" example:"\"/login.html\"" doc:"a page of this server whose form is posted to /login, and which a browser is led back to"`
}

// NewConfig returns a config with its defaults.
func NewConfig() *Config { return new(Config) }

// fault is what is wrong with one key of the config.
type fault struct {
	pointer string
	error
}

// Pointer returns where in the config it is.
func (f fault) Pointer() string { return f.pointer }

func (f fault) Unwrap() error { return f.error }

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	if c.LoginPage != "" && (!isOwnPath(c.LoginPage) || strings.ContainsAny(c.LoginPage, "?#")) {
		return fault{"/loginPage", fmt.Errorf("%q is no path on this server: write one such as /login.html", c.LoginPage)}
	}
	return nil
}

// Link looks up what the service calls and leads to. It is part of
// services.Linked.
func (c *Config) Link(targets services.Targets) (services.Target, error) {
	only := services.Target{GetReads: true}
	if c.LoginPage == "" {
		return only, nil
	}
	path, err := urlpattern.ParsePath(c.LoginPage)
	if err == nil {
		_, err = targets(path.Segments)
	}
	if err != nil {
		return only, fault{"/loginPage", err}
	}
	return only, nil
}

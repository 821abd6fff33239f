package smtpmail

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/seed90475182/restspace/adaptors"
)

//go:embed README.md
var readme string

// Config says which server takes mail, and how it is reached. Make one with
// [NewConfig].
type Config struct {
	Host        string        `json:"host" required:"true" example:"\"smtp.example.com\"" doc:"the mail server: a name or an address, without a port"`
	Port        int           `json:"port,omitempty" doc:"587 if it is missing, or 465 with tls"`
	TLS         string        `json:"tls" enum:"starttls,tls,none" doc:"starttls, tls from the first byte, or none"`
	CAFile      string        `json:"caFile,omitempty" doc:"a PEM file with the certificates to believe, in place of the system's"`
	Username    string        `json:"username,omitempty" doc:"who signs in; nobody if it is missing"`
	Password    string        `json:"password,omitempty" doc:"the secret of username"`
	HelloName   string        `json:"helloName,omitempty" doc:"the name that this server gives itself; that of the machine if it is missing"`
	Timeout     time.Duration `json:"timeout" doc:"for which the mail server may be silent"`
	Connections int           `json:"connections" doc:"how many mails may be on their way at one time"`
}

// What the key tls may be.
const (
	startTLS = "starttls"
	implicit = "tls"
	noTLS    = "none"
)

// NewConfig returns a config with its defaults, and without a host.
func NewConfig() *Config {
	return &Config{TLS: startTLS, Timeout: 10 * time.Second, Connections: 4}
}

const maxConnections = 100

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	switch {
	case c.Host == "":
		return errors.New(`"host" is missing: write the name of the mail server, such as "smtp.example.com"`)
	case !isHost(c.Host):
		return fmt.Errorf(`"host" is %q: write a name or an address alone, such as "smtp.example.com", and the port as "port"`, c.Host)
	case c.Port < 0 || c.Port > 65535:
		return fmt.Errorf(`"port" is %d: write one from 1 to 65535, or leave it out`, c.Port)
	case c.TLS != startTLS && c.TLS != implicit && c.TLS != noTLS:
		return fmt.Errorf(`"tls" is %q: write "starttls", "tls", or "none" for a server without encryption`, c.TLS)
	case (c.Username == "") != (c.Password == ""):
		return errors.New(`"username" and "password" belong together: write both, or leave them out`)
	case c.TLS == noTLS && c.Username != "" && !c.loopback():
		return errors.New(`"tls" is "none", so that the password would be there for all to read: write "starttls" or "tls"`)
	case c.TLS == noTLS && c.CAFile != "":
		return errors.New(`"caFile" is about "tls", which is "none": leave it out`)
	case c.HelloName != "" && !isHost(c.HelloName):
		return fmt.Errorf(`"helloName" is %q: write the name of this machine, such as "www.example.com"`, c.HelloName)
	case c.Timeout <= 0:
		return errors.New(`"timeout" is not above zero: write more, or leave it out`)
	case c.Connections < 1 || c.Connections > maxConnections:
		return fmt.Errorf(`"connections" is %d: write a number from 1 to %d`, c.Connections, maxConnections)
	}
	return nil
}

// isHost reports whether s is an address, or made of what names of hosts are.
func isHost(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-._"
	return len(s) <= 253 && strings.Trim(strings.ToLower(s), letters) == "" && strings.Trim(s, "-.") == s
}

// loopback reports whether what is sent does not leave the machine.
func (c *Config) loopback() bool {
	address, err := netip.ParseAddr(c.Host)
	return err == nil && address.Unmap().IsLoopback() || strings.EqualFold(c.Host, "localhost")
}

func (c *Config) port() int {
	switch {
	case c.Port != 0:
		return c.Port
	case c.TLS == implicit:
		return 465
	}
	return 587
}

// Kind returns the adaptor "smtp".
func Kind() adaptors.Kind {
	return adaptors.Kind{
		Name:    "smtp",
		Doc:     readme,
		Of:      adaptors.MailerInterface,
		Config:  func() any { return NewConfig() },
		Example: `{"host": "smtp.example.com"}`,
		New: func(_ context.Context, config any, _ adaptors.Env) (any, error) {
			return Open(*config.(*Config))
		},
	}
}

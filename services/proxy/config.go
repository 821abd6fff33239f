package proxy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed90475182/restspace/services"
)

// Config says which servers answer, and what they are given. Make one with
// [NewConfig].
type Config struct {
	URL          string            `json:"url" form:"pattern" required:"or upstreams" doc:"where requests go: a URL pattern; one without codes gets the path below the mount and the query after it"`
	Upstreams    []string          `json:"upstreams" example:"[\"http://127.0.0.1:8080\"]" doc:"a list of such URLs in the place of url: several servers that answer alike"`
	StripPrefix  bool              `json:"stripPrefix" doc:"whether the base path of the mount is left out of what is sent"`
	SetHeaders   map[string]string `json:"setHeaders" example:"{\"X-Shop\": \"north\"}" doc:"fields of requests; an empty value leaves a field out"`
	PreserveHost bool              `json:"preserveHost" doc:"whether the server sees the Host that the client asked for, and not that of its URL"`
	Credentials  []string          `json:"credentials" example:"[\"authorization\"]" doc:"those of the caller that go on: authorization, cookie"`
	Timeout      time.Duration     `json:"timeout" doc:"to the first byte of the answer, of each try"`
	Retries      int               `json:"retries" doc:"how many tries may follow the first one"`
	Breaker      Breaker           `json:"breaker" example:"{\"failures\": 5}" doc:"when a server that fails is left alone"`
	Health       Health            `json:"health" example:"{\"path\": \"/healthz\"}" doc:"how servers are asked whether they are well; nobody asks if it is missing"`
}

// A Breaker leaves an upstream alone that fails.
type Breaker struct {
	Failures int           `json:"failures" doc:"in a row, that open it"`
	Delay    time.Duration `json:"delay" doc:"until one request tries again"`
}

// Health is how upstreams are asked whether they are well.
type Health struct {
	Path  string        `json:"path" required:"true" doc:"what is asked of each server: below 400 is well"` // "": nobody asks
	Every time.Duration `json:"every" doc:"how often"`
}

// NewConfig returns a config with its defaults, and without an upstream.
func NewConfig() *Config {
	return &Config{
		StripPrefix: true,
		Timeout:     10 * time.Second,
		Retries:     2,
		Breaker:     Breaker{Failures: 5, Delay: defaultDelay},
		Health:      Health{Every: defaultDelay},
	}
}

const (
	defaultDelay = 5 * time.Second
	maxUpstreams = 64
	maxRetries   = 10
)

func (c *Config) urls() []string {
	if c.URL != "" {
		return []string{c.URL}
	}
	return c.Upstreams
}

func (c *Config) passes(credential string) bool { return slices.Contains(c.Credentials, credential) }

// Hosts returns the hosts of the upstreams, as the configuration names them.
func (c *Config) Hosts() []string {
	var hosts []string
	for _, text := range c.urls() {
		if t, err := newTarget(text, c); err == nil {
			hosts = append(hosts, t.Host)
		}
	}
	return hosts
}

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	return errors.Join(c.checkTargets(), c.checkHeaders(), c.checkCredentials(), c.checkTries(), c.checkHealth())
}

func (c *Config) checkTargets() error {
	switch {
	case c.URL == "" && c.Upstreams != nil && len(c.Upstreams) == 0:
		return services.Faultf("/upstreams", `an empty list: write where requests go, such as ["http://127.0.0.1:8080"]`)
	case c.URL == "" && c.Upstreams == nil:
		return errors.New(`"url" is missing: write where requests go, such as "http://127.0.0.1:8080"`)
	case c.URL != "" && c.Upstreams != nil:
		return services.Faultf("/upstreams", `both "url" and "upstreams": write all of them in "upstreams"`)
	case len(c.Upstreams) > maxUpstreams:
		return services.Faultf("/upstreams", "%d upstreams: write at most %d", len(c.Upstreams), maxUpstreams)
	case c.URL != "":
		return c.checkTarget("/url", c.URL)
	}
	var all []error
	for i, text := range c.Upstreams {
		pointer := fmt.Sprintf("/upstreams/%d", i)
		if first := slices.Index(c.Upstreams, text); first < i {
			all = append(all, services.Faultf(pointer, "the same as the one at %d: write each once", first))
			continue
		}
		all = append(all, c.checkTarget(pointer, text))
	}
	return errors.Join(all...)
}

func (c *Config) checkTarget(pointer, text string) error {
	if _, err := newTarget(text, c); err != nil {
		return services.At(pointer, err)
	}
	return nil
}

func (c *Config) checkHeaders() error {
	var all []error
	for _, name := range slices.Sorted(maps.Keys(c.SetHeaders)) {
		if err := checkField(name, c.SetHeaders[name]); err != nil {
			all = append(all, services.At("/setHeaders/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), err))
		}
	}
	return errors.Join(all...)
}

func (c *Config) checkCredentials() error {
	for i, name := range c.Credentials {
		if name != "authorization" && name != "cookie" {
			return services.Faultf(fmt.Sprintf("/credentials/%d", i), `%q is no credential: write "authorization", "cookie" or both`, name)
		}
	}
	return nil
}

func (c *Config) checkTries() error {
	var all []error
	if c.Retries < 0 || c.Retries > maxRetries {
		all = append(all, services.Faultf("/retries", "write a number from 0 to %d", maxRetries))
	}
	if c.Breaker.Failures < 1 {
		all = append(all, services.Faultf("/breaker/failures", "not above zero: write a number, such as 5"))
	}
	return errors.Join(append(all, checkTime("/timeout", c.Timeout), checkTime("/breaker/delay", c.Breaker.Delay))...)
}

func (c *Config) checkHealth() error {
	if c.Health == NewConfig().Health {
		return nil
	}
	var wrong error
	if _, err := c.Health.url(); err != nil {
		wrong = services.At("/health/path", err)
	}
	return errors.Join(wrong, checkTime("/health/every", c.Health.Every))
}

func checkTime(pointer string, d time.Duration) error {
	if d <= 0 {
		return services.Faultf(pointer, "not above zero: write more, or leave the key out")
	}
	return nil
}

package timer

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus/spelling"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/requestspec"
	"github.com/seed90475182/restspace/urlpattern"
)

// Config says what is called, and when.
type Config struct {
	Every    time.Duration  `json:"every" required:"or cron" doc:"the time from one call to the next: a second or more"`
	Cron     string         `json:"cron" doc:"when to call: five fields (minute, hour, day, month, day of the week), six with the second before them, or a name such as @daily"`
	TimeZone string         `json:"timeZone" doc:"whose clocks cron means, such as Europe/Berlin; UTC if it is missing"`
	Call     string         `json:"call" required:"true" doc:"what is called, such as POST /jobs/cleanup"`
	Body     jsontext.Value `json:"body" form:"json" doc:"JSON that goes with the call"`
	Missed   string         `json:"missed" enum:"run,skip" doc:"what becomes of a due time at which no server was there"`

	schedule schedule
	method   string
	url      urlpattern.URL
}

const shortest = time.Second

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	return errors.Join(c.checkSchedule(), c.checkCall())
}

func (c *Config) checkSchedule() error {
	switch {
	case c.Every == 0 && c.Cron == "":
		return errors.New(`it needs to know when: write "every": "10m", or "cron": "30 2 * * *"`)
	case c.Every != 0 && c.Cron != "":
		return services.At("/cron", errors.New(`both "every" and "cron": leave one out`))
	case c.TimeZone != "" && c.Cron == "":
		return services.At("/timeZone", errors.New("it is about cron, and there is none: leave it out"))
	case c.Cron == "" && c.Every < shortest:
		return services.Faultf("/every", "%s is too short: write a second or more, such as \"10m\"", c.Every)
	case c.Cron == "":
		c.schedule = every(c.Every)
		return nil
	}
	var all []error
	place, err := time.LoadLocation(c.TimeZone)
	if err != nil || c.TimeZone == "Local" {
		all = append(all, services.Faultf("/timeZone", "%q is no time zone that is known here: write one such as Europe/Berlin", c.TimeZone))
		place = time.UTC // for what else is wrong
	}
	parsed, err := parseCron(c.Cron, place, time.Now())
	if err != nil {
		all = append(all, services.At("/cron", err))
	}
	c.schedule = parsed
	return errors.Join(all...)
}

func (c *Config) checkCall() error {
	if c.Call == "" {
		return errors.New(`it needs a call: write a method and a URL, such as "POST /jobs/cleanup"`)
	}
	spec, err := requestspec.Parse(c.Call, http.MethodPost)
	word, rest, _ := strings.Cut(c.Call, " ")
	switch {
	case strings.HasPrefix(strings.TrimLeft(rest, " "), "/") && !slices.Contains(requestspec.Methods(), word):
		methods := slices.DeleteFunc(requestspec.Methods(), func(m string) bool { return m == requestspec.CallersMethod })
		return services.Faultf("/call", "%q is no method: %s", word, spelling.Choice(word, methods))
	case err != nil:
		return services.At("/call", err)
	case spec.Method == requestspec.CallersMethod, spec.Part != nil, spec.Whole, spec.URL.FromData(), len(spec.URL.Args()) > 0:
		return services.At("/call", errors.New("a part that comes from a request, and there is none: write the method and the whole URL"))
	}
	urls, err := spec.URL.Expand(&urlpattern.Values{})
	switch {
	case err != nil:
		return services.At("/call", err)
	case len(urls) != 1, urls[0].Host == "" && !strings.HasPrefix(c.Call[strings.LastIndex(c.Call, " ")+1:], "/"):
		return services.At("/call", errors.New("the URL begins with no slash: write a path on this server, such as /jobs/cleanup, or a URL with its scheme"))
	}
	c.method, c.url = spec.Method, urls[0]
	if c.Body != nil && slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodDelete}, spec.Method) {
		return services.Faultf("/body", "%s sends none: leave it out, or call with POST", spec.Method)
	}
	return nil
}

// Hosts returns the server that is called, if it is another one.
func (c *Config) Hosts() []string {
	if c.url.Host == "" {
		return nil
	}
	return []string{c.url.Host}
}

// Accepts is part of services.Accepting.
func (c *Config) Accepts(call services.Call) error { return new(timer).routes().Accepts(call) }

// Link looks up where the call leads. It is part of services.Linked.
func (c *Config) Link(targets services.Targets) (services.Target, error) {
	only := services.Target{GetReads: true} // to look at the timer
	if c.method == "" || c.url.Host != "" {
		return only, nil
	}
	if _, err := targets(services.Call{Method: c.method, URL: c.url}); err != nil {
		return only, services.At("/call", err)
	}
	return only, nil
}

// text is the schedule in words: another one begins anew.
func (c *Config) text() string {
	if c.Cron == "" {
		return "every " + c.Every.String()
	}
	return strings.TrimSpace("cron " + c.Cron + " " + c.TimeZone)
}

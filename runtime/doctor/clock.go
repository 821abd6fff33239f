package doctor

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed90475182/restspace/adaptors"
)

// answerTime is how long another server may take to answer.
const answerTime = 5 * time.Second

// upstreams asks each server that the configuration names for its time.
func upstreams(ctx context.Context, p *Patient) []adaptors.Finding {
	hosts := p.hosts()
	found := make([]adaptors.Finding, len(hosts))
	var all sync.WaitGroup
	for i, host := range hosts {
		all.Go(func() { found[i] = ask(ctx, host) })
	}
	all.Wait()
	return found
}

// hosts returns the other servers that the configuration names.
func (p *Patient) hosts() (hosts []string) {
	for _, s := range p.Config.Services {
		hosts = append(hosts, s.Hosts...)
	}
	for _, t := range p.Config.Auth.Trust {
		if t.URL.Host != "" {
			hosts = append(hosts, t.URL.Host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// ask compares the clocks of this machine and of a host.
func ask(ctx context.Context, host string) adaptors.Finding {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	said, err := timeOf(ctx, client, "https://"+host)
	if errors.Is(err, http.ErrSchemeMismatch) || err != nil && !strings.Contains(host, ":") {
		said, err = timeOf(ctx, client, "http://"+host)
	}
	switch {
	case err != nil:
		return warning("see whether it runs, and whether a name or a firewall is in the way", "%s, which the configuration names, does not answer: %v", host, cause(err))
	case said.IsZero():
		return good("%s answers, and does not say its time", host)
	}
	return adaptors.ClockFinding(host, said)
}

// timeOf returns the time in the answer of a server, zero where it has none.
func timeOf(ctx context.Context, client *http.Client, url string) (time.Time, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url+"/", nil)
	if err != nil {
		return time.Time{}, err
	}
	answer, err := client.Do(request)
	if err != nil {
		return time.Time{}, err
	}
	_ = answer.Body.Close()
	said, _ := http.ParseTime(answer.Header.Get("Date"))
	return said, nil
}

// cause returns the error below what net/http says around it.
func cause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

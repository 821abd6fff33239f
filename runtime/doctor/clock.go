package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/config"
)

// answerTime is how long another server may take to answer.
const answerTime = 5 * time.Second

// upstreams asks each server that the configuration names for its time.
func upstreams(ctx context.Context, p *Patient) []adaptors.Finding {
	hosts := p.hosts()
	found := make([]adaptors.Finding, len(hosts))
	var all sync.WaitGroup
	for i, host := range hosts {
		all.Go(func() { found[i] = ask(ctx, host, slices.Contains(p.Config.Server.Peers, host)) })
	}
	all.Wait()
	return found
}

// hosts returns the other servers that the configuration names.
func (p *Patient) hosts() []string {
	hosts := slices.DeleteFunc(slices.Clone(p.Config.Server.Peers), p.isOwn)
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

// isOwn reports whether a peer is known to be this server, which is one of them where
// all have one configuration. A name in server.hosts that has no port does not tell
// servers at several ports of a machine apart; the port of server.listen does.
func (p *Patient) isOwn(peer string) bool {
	s := &p.Config.Server
	_, port, err := net.SplitHostPort(peer)
	if err != nil { // it is that of the scheme
		return s.IsOwn(config.Authority("https", peer)) || s.IsOwn(config.Authority("http", peer))
	}
	_, ours, _ := net.SplitHostPort(s.Listen)
	return s.IsOwn(config.Authority("", peer)) && (port == ours || slices.Contains(s.Hosts, peer))
}

// reaching says what to do where a call of another server has ended in err.
func reaching(err error) string {
	if untrusted(err) {
		return "get it a certificate for that name of an authority that is known, or have this machine know the one that it is of: SSL_CERT_DIR names a directory with the authority's"
	}
	return "see whether it runs, and whether a name or a firewall is in the way"
}

// ask compares the clocks of this machine and of a host, which may be a peer.
func ask(ctx context.Context, host string, peer bool) adaptors.Finding {
	answer, err := call(ctx, http.MethodHead, host, "/")
	if err != nil {
		f := warning(reaching(err), "%s, which the configuration names, does not answer: %v", host, cause(err))
		if peer {
			f.Check = "peers"
		}
		if peer && !untrusted(err) {
			f.Cure = "if it is yet to be started, that is no fault; else " + f.Cure
		}
		return f
	}
	_ = answer.Body.Close()
	said, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return good("%s answers, and does not say its time", host)
	}
	return adaptors.ClockFinding(host, said)
}

// call makes a request to a host that the configuration names, by https, or by http
// where that is what it speaks. The caller closes the body of the answer.
func call(ctx context.Context, method, host, path string) (*http.Response, error) {
	client := &http.Client{
		Timeout:       answerTime,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	send := func(scheme string) (*http.Response, error) {
		request, err := http.NewRequestWithContext(ctx, method, scheme+"://"+host+path, nil)
		if err != nil {
			return nil, err
		}
		return client.Do(request)
	}
	answer, err := send("https")
	if err != nil && maybePlain(host, err) {
		return send("http")
	}
	return answer, err
}

// maybePlain reports whether a host may speak http, which can't be called by https
// for an error. One with a certificate that nobody believes does not: it is wrong.
func maybePlain(host string, err error) bool {
	return errors.Is(err, http.ErrSchemeMismatch) || !strings.Contains(host, ":") && !untrusted(err)
}

// untrusted reports whether err is that of a certificate that nobody believes.
func untrusted(err error) bool {
	var refused *tls.CertificateVerificationError
	return errors.As(err, &refused)
}

// cause returns the error below what net/http says around it.
func cause(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

package doctor

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/urlpattern"
)

// certificate looks at what clients will say of the certificate of server.tls.
func certificate(_ context.Context, p *Patient) (found []adaptors.Finding) {
	shown := p.Config.Certificate
	if shown == nil {
		return nil
	}
	leaf, now := shown.Leaf, time.Now()
	names := strings.Join(config.NamesOf(leaf), ", ")
	for _, text := range p.Config.Warnings(now) {
		grade := warning
		if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
			grade = problem
		}
		found = append(found, grade("renew it, and have its renewal write to the same files", "%s", text))
	}
	for _, host := range publicHosts(&p.Config.Server) {
		if leaf.VerifyHostname(host) != nil {
			found = append(found, problem("get one for that name", "the certificate of %s is not for %s, by which the server is called", names, host))
		}
	}
	chain := x509.NewCertPool()
	for _, der := range shown.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			chain.AddCert(c)
		}
	}
	var unknown x509.UnknownAuthorityError
	if _, err := leaf.Verify(x509.VerifyOptions{Intermediates: chain, CurrentTime: leaf.NotBefore}); errors.As(err, &unknown) {
		found = append(found, warning("name the file with the whole chain, such as fullchain.pem, unless clients know its authority otherwise",
			"the certificate of %s leads to no authority that this machine knows", names))
	}
	if len(found) == 0 {
		found = append(found, good("the certificate of %s holds until %s", names, leaf.NotAfter.UTC().Format("2006-01-02")))
	}
	return found
}

// publicHosts returns the names that clients call the server by, as far as the
// configuration says them.
func publicHosts(s *config.Server) (hosts []string) {
	names := s.Hosts
	if u, err := urlpattern.ParseURL(s.PublicURL); err == nil && u.Host != "" {
		names = append([]string{u.Host}, names...)
	}
	for _, name := range names {
		if host, _, err := net.SplitHostPort(name); err == nil {
			name = host
		}
		hosts = append(hosts, strings.Trim(name, "[]"))
	}
	return hosts
}

// authorities looks whether the machine knows any authority of certificates.
func authorities(_ context.Context, p *Patient) []adaptors.Finding {
	roots, err := x509.SystemCertPool()
	if err == nil && !roots.Equal(x509.NewCertPool()) {
		return []adaptors.Finding{good("this machine knows authorities of certificates")}
	}
	return []adaptors.Finding{warning("install ca-certificates, or have SSL_CERT_FILE name a file of them",
		"this machine knows no authority of certificates: no server can be called by https")}
}

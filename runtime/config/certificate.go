package config

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// soon is how long before its end a certificate should have been renewed.
const soon = 14 * 24 * time.Hour

// Warnings returns what is right in itself but will not do at the time now, a
// line each: a certificate that has ended, that ends in less than 14 days, or
// that does not hold yet.
func (c *Config) Warnings(now time.Time) []string {
	if c.Certificate == nil {
		return nil
	}
	leaf, what := c.Certificate.Leaf, ""
	switch ends := leaf.NotAfter.UTC().Format(time.RFC3339); {
	case now.Before(leaf.NotBefore):
		what = fmt.Sprintf("does not hold before %s: clients refuse it until then", leaf.NotBefore.UTC().Format(time.RFC3339))
	case now.After(leaf.NotAfter):
		what = fmt.Sprintf("has ended at %s: clients refuse it, renew it", ends)
	case now.Add(soon).After(leaf.NotAfter):
		what = fmt.Sprintf("ends at %s, in less than %d days: renew it", ends, soon/(24*time.Hour))
	default:
		return nil
	}
	return []string{"server.tls: the certificate of " + strings.Join(NamesOf(leaf), ", ") + " " + what}
}

// NamesOf returns the hosts that a certificate is for, its subject if it names
// none.
func NamesOf(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, address := range c.IPAddresses {
		names = append(names, address.String())
	}
	if len(names) == 0 {
		return []string{c.Subject.String()}
	}
	return names
}

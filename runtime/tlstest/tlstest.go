// Package tlstest makes certificates for tests.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A Pair is a certificate that is its own authority, with its key: PEM both.
type Pair struct{ Cert, Key []byte }

// New returns a certificate for names, which may be addresses. No two are
// equal.
func New(t testing.TB, names ...string) Pair {
	t.Helper()
	cert, key, err := Make(names...)
	require.NoError(t, err)
	return Pair{cert, key}
}

// Make is New where there is no testing.TB.
func Make(names ...string) (cert, key []byte, err error) {
	now := time.Now()
	return MakeFor(now.Add(-time.Hour), now.AddDate(0, 1, 0), names...)
}

// MakeFor is Make of a certificate that holds from one time to another.
func MakeFor(from, until time.Time, names ...string) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, nil, err
	}
	template := x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    from,
		NotAfter:     until,
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), nil
}

// Certificate returns p as a server has it.
func (p Pair) Certificate(t testing.TB) *tls.Certificate {
	t.Helper()
	c, err := tls.X509KeyPair(p.Cert, p.Key)
	require.NoError(t, err)
	return &c
}

// Trust returns the settings of a client that believes p alone.
func (p Pair) Trust() *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(p.Cert)
	return &tls.Config{RootCAs: pool}
}

package config_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/tlstest"
)

// parseTLS reads a configuration whose server.tls has the files cert and key.
func parseTLS(files map[string][]byte) (*config.Config, error) {
	text := `{"services": [], "server": {"tls": {"certFile": "cert", "keyFile": "key", "hsts": "1h"}}}`
	return config.Parse("services.json", []byte(text), testKinds(), config.Lookup{ReadFile: func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, os.ErrNotExist
	}})
}

func TestCertificate(t *testing.T) {
	one, other := tlstest.New(t, "one.example"), tlstest.New(t, "other.example")
	c, err := parseTLS(map[string][]byte{"cert": append(bytes.Clone(one.Cert), other.Cert...), "key": one.Key})
	require.NoError(t, err)
	assert.Equal(t, &config.TLS{CertFile: "cert", KeyFile: "key", HSTS: config.Duration(time.Hour)}, c.Server.TLS)
	assert.Len(t, c.Certificate.Certificate, 2, "the whole chain")
	assert.Equal(t, []string{"one.example"}, c.Certificate.Leaf.DNSNames)

	const pair = ": name the files of a certificate and of its own key, both PEM"
	for want, files := range map[string]map[string][]byte{
		"private key does not match public key" + pair:                   {"cert": one.Cert, "key": other.Key},
		"PEM inputs may have been switched" + pair:                       {"cert": one.Key, "key": one.Cert},
		`/server/tls/keyFile: "key" can't be read (file does not exist)`: {"cert": one.Cert},
	} {
		_, err := parseTLS(files)
		assert.ErrorContains(t, err, want)
	}
}

func TestKeyOfTheCertificateIsInNoStore(t *testing.T) {
	pair := tlstest.New(t, "one.example")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/key", pair.Key, 0o600))
	require.NoError(t, os.WriteFile(dir+"/cert", pair.Cert, 0o600))
	text := fmt.Sprintf(`{"server": {"tls": {"certFile": %q, "keyFile": %q}}, "services": [
		{"name": "a", "basePath": "/a", "service": "notes", "adaptor": "file", "adaptorConfig": {"root": %q}, "readRoles": "all"}]}`,
		dir+"/cert", dir+"/key", dir[1:])
	_, err := config.Parse("services.json", []byte(text), testKinds(), config.Lookup{ReadFile: os.ReadFile})
	assert.ErrorContains(t, err, "what it keeps holds the key of the certificate")
}

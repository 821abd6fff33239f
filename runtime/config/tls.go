package config

import (
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"
)

// TLS is what the server shows to be itself.
type TLS struct {
	CertFile string   `json:"certFile" doc:"the file of the certificate, and of those that lead to a known authority: PEM" required:"true"`
	KeyFile  string   `json:"keyFile" doc:"the file of its key: PEM" required:"true"`
	HSTS     Duration `json:"hsts" doc:"for how long browsers keep to https; without it they are told nothing"`
}

// certificate reads the files of server.tls. server is the block that has it.
// What is wrong is told, and nil returned.
func (r *reader) certificate(server *hujson.Value, t *TLS) *tls.Certificate {
	v, at := server.Find("/tls"), pointer("/server/tls")
	if r.broken[v.StartOffset] || !r.complete(v) {
		return nil
	}
	cert := r.pem(v, at, "certFile", t.CertFile, "the certificate, such as fullchain.pem")
	key := r.pem(v, at, "keyFile", t.KeyFile, "the key of the certificate, such as privkey.pem")
	if cert == nil || key == nil {
		return nil
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		r.fault(v, at, "%s: name the files of a certificate and of its own key, both PEM", strings.TrimPrefix(err.Error(), "tls: "))
		return nil
	}
	return &pair
}

// pem returns the content of a file that v names. what is what it is for.
func (r *reader) pem(v *hujson.Value, at pointer, key, name, what string) []byte {
	if name == "" {
		if member := v.Find("/" + key); member == nil || !r.broken[member.StartOffset] {
			r.missing(v, at, key, "%q is missing: name the file of %s", key, what)
		}
		return nil
	}
	data, err := r.readFile(name)
	if err != nil {
		r.member(v, at, pointer("").AppendToken(key), fmt.Errorf("%s can't be read (%w): name the file of %s", quote(name), err, what))
	}
	return data
}

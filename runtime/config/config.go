package config

import (
	"crypto/tls"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/services"
)

// The size of a configuration.
const (
	MaxBytes    = 16 << 20
	maxDepth    = 64
	maxValues   = 2_000_000
	maxServices = 10_000
)

// A Config is a checked configuration. It does not change.
type Config struct {
	Server   Server
	Auth     Auth
	Services []*Service // in the order of the file
	Inside   []*Service // not of the file: they answer what services call, and nobody outside

	// Certificate is what server.tls names; nil where it is not set.
	Certificate *tls.Certificate

	// Secrets are the values that came from outside the file, the longest
	// first: they are never printed, logged or returned. Addresses and hosts of
	// the block server are none.
	Secrets []string
}

// Kinds are what a configuration can name.
type Kinds struct {
	Services services.Registry
	Adaptors adaptors.Registry
}

// Lookup finds what is outside the file. A nil function finds nothing.
type Lookup struct {
	Env      func(name string) (string, bool)  // os.LookupEnv
	ReadFile func(path string) ([]byte, error) // os.ReadFile

	// Own is where the configuration itself is kept, where that is no file: no
	// adaptor of a service may have it.
	Own []adaptors.Claim

	// Ask has the Ask of an adaptor's Kind say what is wrong with its config.
	Ask func(kind adaptors.Kind, config any) error
}

// Parse reads a configuration. name is its file, for messages. An error is an
// [Errors]: all that is wrong, and none of it holds a value that came from
// outside the file.
func Parse(name string, data []byte, kinds Kinds, lookup Lookup) (*Config, error) {
	r := newReader(name, data, kinds, lookup)
	root := r.syntax(data)
	if root == nil {
		return nil, r.errors()
	}
	r.resolve(root, "")
	c := r.config(root)
	if len(r.faults) > 0 {
		return nil, r.errors()
	}
	return c, nil
}

// topKeys are the keys of the file.
type topKeys struct {
	Schema   string        `json:"$schema" doc:"the JSON Schema of this file, for editors: what restspace schema prints"`
	Server   *hujson.Value `json:"server" form:"server" doc:"the server itself: addresses, limits, the log"`
	Auth     *hujson.Value `json:"auth" form:"auth" doc:"how users are known"`
	Services *hujson.Value `json:"services" form:"services" doc:"what is mounted; the order does not matter" required:"true"`
}

// config reads the whole tree.
func (r *reader) config(root *hujson.Value) *Config {
	var top topKeys
	if !r.object(root, "", fieldsOf(&top), "import") {
		return nil
	}
	c := &Config{Server: r.server(top.Server)}
	r.isPeer = c.Server.IsPeer
	if c.Server.TLS != nil {
		c.Certificate = r.certificate(top.Server, c.Server.TLS)
	}
	var users string
	c.Auth, users = r.auth(top.Auth)
	r.userFields = append(r.userFields, c.Auth.UserProps...)
	r.noUsers = top.Auth == nil || top.Auth.Find("/userUrlPattern") == nil
	var t *together
	if top.Services == nil {
		r.missing(root, "", "services", `"services" is missing: write the list of the services, such as []`)
	} else {
		c.Services, c.Inside, t = r.services(top.Services)
	}
	c.Auth.UserURLPattern = r.users(top.Auth, users, c.Services)
	if t != nil {
		private := map[string]string{c.Auth.KeyFile: "the signing keys", r.file: "this configuration"}
		if c.Server.TLS != nil {
			private[c.Server.TLS.KeyFile] = "the key of the certificate"
		}
		t.private(private)
		t.apart(r.lookup.Own)
	}
	c.Secrets = r.secretValues()
	return c
}

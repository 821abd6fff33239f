package s3store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

//go:embed README.md
var readme string

// Config says which bucket documents are in, and how it is reached.
type Config struct {
	Bucket      string      `json:"bucket" required:"true" doc:"the bucket of the documents, which must exist"`
	Prefix      string      `json:"prefix,omitempty" doc:"what the names of all objects begin with: a path without a slash at its ends"`
	Region      string      `json:"region,omitempty" required:"or endpoint" doc:"the region of the bucket; with an endpoint us-east-1 unless it is said"`
	Endpoint    string      `json:"endpoint,omitempty" doc:"the URL of a server other than Amazon's"`
	Credentials Credentials `json:"credentials,omitempty" doc:"the keys to the bucket; left out, they are looked for where Amazon's own tools do: in the environment, in files, and at the machine's own service"`
}

// Credentials are the keys to a bucket.
type Credentials struct {
	AccessKeyID     string `json:"accessKeyId" doc:"the name of the key"`
	SecretAccessKey string `json:"secretAccessKey" doc:"the secret of the key"`
	SessionToken    string `json:"sessionToken,omitempty" doc:"what belongs to keys that end some time"`
}

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	switch {
	case !isBucket(c.Bucket):
		return fmt.Errorf(`"bucket" is %q: write the name of a bucket, such as "example-notes": lower case letters, digits, - and ., and not these two at its ends`, c.Bucket)
	case c.Region == "" && c.Endpoint == "":
		return errors.New(`"region" is missing: write the region of the bucket, such as "eu-central-1", or the "endpoint" of another server`)
	case (c.Credentials.AccessKeyID == "") != (c.Credentials.SecretAccessKey == ""):
		return errors.New(`"credentials" are half: write both "accessKeyId" and "secretAccessKey", or leave them out`)
	}
	if c.Prefix != "" {
		for segment := range strings.SplitSeq(c.Prefix, "/") {
			if segment == "" || segment == "." || segment == ".." {
				return fmt.Errorf(`"prefix" is %q: write a path without slashes at its ends, such as "shop/notes"`, c.Prefix)
			}
		}
	}
	return c.checkEndpoint()
}

// isBucket reports whether a bucket may have a name. Servers may want more of it.
func isBucket(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return name != "" && len(name) <= 63 && strings.Trim(name, letters+"-.") == "" &&
		strings.IndexAny(name, letters) == 0 && strings.LastIndexAny(name, letters) == len(name)-1
}

func (c *Config) checkEndpoint() error {
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	switch {
	case !strings.ContainsAny(c.Endpoint, "@/"):
		return fmt.Errorf(`"endpoint" is %q, without https:// or http:// at its beginning: write "https://%s", or "http://%[2]s" for a server without TLS`, c.Endpoint, c.Endpoint)
	case err != nil || u.User != nil: // which is not to be shown
		return errors.New(`"endpoint" is not the URL of a server: write one without a user, such as "https://s3.example.com"`)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf(`"endpoint" is %q: write the URL of the server, such as "https://s3.example.com"`, c.Endpoint)
	case strings.Trim(u.Path, "/") != "":
		return fmt.Errorf(`"endpoint" is %q, with a path: write the URL of the server only, and what the names of the objects begin with as "prefix"`, c.Endpoint)
	}
	return nil
}

// server returns the endpoint as one text, however it is written. The names of this
// machine for itself are one.
func (c *Config) server() string {
	u, err := url.Parse(strings.ToLower(strings.TrimRight(c.Endpoint, "/")))
	if err != nil {
		return c.Endpoint // Check says what is wrong
	}
	usual := map[string]string{"http": ":80", "https": ":443"}
	u.Host = strings.TrimSuffix(u.Host, usual[u.Scheme])
	if host := u.Hostname(); host == "127.0.0.1" || host == "::1" {
		u.Host = strings.TrimSuffix("localhost:"+u.Port(), ":")
	}
	return u.String()
}

// Kind returns the adaptor "s3". It claims its prefix of the bucket.
func Kind() adaptors.Kind {
	return adaptors.Kind{
		Name:    "s3",
		Doc:     readme,
		Of:      adaptors.StoreInterface,
		Config:  func() any { return new(Config) },
		Example: `{"bucket": "example-notes", "prefix": "notes", "region": "eu-central-1"}`,
		Claims: func(config any) []adaptors.Claim {
			c := config.(*Config)
			path := []string{c.Bucket}
			if c.Prefix != "" {
				path = append(path, strings.Split(c.Prefix, "/")...)
			}
			return []adaptors.Claim{{Space: "s3 " + c.server(), Path: path}}
		},
		FromURL: fromURL,
		Examine: func(ctx context.Context, config any, env adaptors.Env) []adaptors.Finding {
			return examine(ctx, *config.(*Config), env)
		},
		New: func(ctx context.Context, config any, env adaptors.Env) (any, error) {
			return Open(ctx, *config.(*Config), env)
		},
	}
}

// A Store keeps documents as objects. It is made by [Open]. Safe for concurrent
// use.
type Store struct {
	*client
	release func() error
	bucket  string
	prefix  string // with its slash; "" is the whole bucket
}

// Open opens the store of a config, and asks the server for the bucket. Stores
// of one bucket share their connections through env.Pool. The caller closes the
// Store.
func Open(ctx context.Context, c Config, env adaptors.Env) (*Store, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	key := c
	key.Prefix = ""
	shared, release, err := adaptors.Share(env.Pool, key, func() (*client, error) { return newClient(&c) })
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", c.Bucket, err)
	}
	s := &Store{client: shared, release: release, bucket: c.Bucket}
	if c.Prefix != "" {
		s.prefix = c.Prefix + "/"
	}
	if err := s.askForBucket(ctx); err != nil {
		return nil, errors.Join(err, release())
	}
	return s, nil
}

// Close gives the connections up. Bodies that Get returned stay readable.
func (s *Store) Close() error { return s.release() }

// maxName is the longest name of an object.
const maxName = 1024

// object returns the name of the object of a document.
func (s *Store) object(key adaptors.Key) (string, error) {
	name := s.prefix + key.String()
	if len(name) > maxName {
		return "", &bus.Error{Status: http.StatusBadRequest, Err: adaptors.ErrKey,
			Detail: fmt.Sprintf("the path takes %d bytes when it is stored: shorten it to %d", len(name)-len(s.prefix), maxName-len(s.prefix))}
	}
	return name, nil
}

// quoted returns an ETag as a field has it.
func quoted(etag string) *string { return aws.String(`"` + etag + `"`) }

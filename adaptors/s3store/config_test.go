package s3store_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors/s3store"
)

const bucketName = `write the name of a bucket, such as "example-notes": lower case letters, digits, - and ., and not these two at its ends`

func TestCheck(t *testing.T) {
	for _, row := range []struct{ config, says string }{
		{`{"bucket": "b", "region": "eu-central-1"}`, ""},
		{`{"bucket": "b", "prefix": "a/b", "endpoint": "http://127.0.0.1:9000"}`, ""},
		{`{"region": "eu-central-1"}`, `"bucket" is "": ` + bucketName},
		{`{"bucket": "b/c", "region": "eu-central-1"}`, `"bucket" is "b/c": ` + bucketName},
		{`{"bucket": "My_Bucket", "region": "eu-central-1"}`, `"bucket" is "My_Bucket": ` + bucketName},
		{`{"bucket": "b-", "region": "eu-central-1"}`, `"bucket" is "b-": ` + bucketName},
		{`{"bucket": "b"}`, `"region" is missing: write the region of the bucket, such as "eu-central-1", or the "endpoint" of another server`},
		{`{"bucket": "b", "region": "r", "prefix": "/a"}`, `"prefix" is "/a": write a path without slashes at its ends, such as "shop/notes"`},
		{`{"bucket": "b", "region": "r", "prefix": "a/"}`, `"prefix" is "a/": write a path without slashes at its ends, such as "shop/notes"`},
		{`{"bucket": "b", "region": "r", "prefix": "a/../b"}`, `"prefix" is "a/../b": write a path without slashes at its ends, such as "shop/notes"`},
		{`{"bucket": "b", "endpoint": "127.0.0.1:9000"}`, `"endpoint" is "127.0.0.1:9000", without https:// or http:// at its beginning: write "https://127.0.0.1:9000", or "http://127.0.0.1:9000" for a server without TLS`},
		{`{"bucket": "b", "endpoint": "s3.example.com"}`, `"endpoint" is "s3.example.com", without https:// or http:// at its beginning: write "https://s3.example.com", or "http://s3.example.com" for a server without TLS`},
		{`{"bucket": "b", "endpoint": "ftp://s3.example.com"}`, `"endpoint" is "ftp://s3.example.com": write the URL of the server, such as "https://s3.example.com"`},
		{`{"bucket": "b", "endpoint": "https://s3.example.com/b"}`, `"endpoint" is "https://s3.example.com/b", with a path: write the URL of the server only, and what the names of the objects begin with as "prefix"`},
		{`{"bucket": "b", "endpoint": "https://me:too@s3.example.com"}`, `"endpoint" is not the URL of a server: write one without a user, such as "https://s3.example.com"`},
		{`{"bucket": "b", "region": "r", "credentials": {"accessKeyId": "k"}}`, `"credentials" are half: write both "accessKeyId" and "secretAccessKey", or leave them out`},
	} {
		c := s3store.Kind().Config().(*s3store.Config)
		require.NoError(t, json.Unmarshal([]byte(row.config), c))
		err := c.Check()
		if row.says == "" {
			assert.NoError(t, err, row.config)
		} else {
			assert.EqualError(t, err, row.says, row.config)
		}
	}
}

func TestClaims(t *testing.T) {
	base := s3store.Config{Bucket: "b", Prefix: "a/b", Endpoint: "https://s3.example.com"}
	overlaps := func(change func(*s3store.Config)) bool {
		other := base
		change(&other)
		claims := s3store.Kind().Claims
		return claims(&base)[0].Overlaps(claims(&other)[0])
	}
	assert.True(t, overlaps(func(*s3store.Config) {}))
	assert.True(t, overlaps(func(c *s3store.Config) { c.Prefix = "a" }))
	assert.True(t, overlaps(func(c *s3store.Config) { c.Prefix = "a/b/c" }))
	assert.True(t, overlaps(func(c *s3store.Config) { c.Prefix = "" }), "the whole bucket")
	assert.True(t, overlaps(func(c *s3store.Config) { c.Endpoint = "https://S3.example.com/" }))
	assert.True(t, overlaps(func(c *s3store.Config) { c.Endpoint = "https://s3.example.com:443" }))
	assert.False(t, overlaps(func(c *s3store.Config) { c.Endpoint = "https://s3.example.com:4443" }))
	assert.True(t, overlaps(func(c *s3store.Config) { c.Region = "eu-central-1" }), "a bucket has one region")
	assert.False(t, overlaps(func(c *s3store.Config) { c.Prefix = "a/bc" }))
	assert.False(t, overlaps(func(c *s3store.Config) { c.Bucket = "c" }))
	assert.False(t, overlaps(func(c *s3store.Config) { c.Endpoint = "https://s3.example.org" }))

	base.Endpoint = "http://localhost:9000"
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:9000": true, "http://[::1]:9000/": true, "http://LOCALHOST:9000": true, "http://127.0.0.1:9001": false,
		"http://127.0.0.10:9000": false, "http://127.0.0.2:9000": false, "https://127.0.0.1:9000": false, "http://127.0.0.1": false,
	} {
		assert.Equal(t, want, overlaps(func(c *s3store.Config) { c.Endpoint = endpoint }), endpoint)
	}
	base.Endpoint = "http://127.0.0.1"
	assert.True(t, overlaps(func(c *s3store.Config) { c.Endpoint = "http://localhost:80" }))
}

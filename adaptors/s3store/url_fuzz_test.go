package s3store

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// FuzzFromURL: a URL leads to a bucket and a prefix, never out of them, and what
// may be a secret is not told.
func FuzzFromURL(f *testing.F) {
	for _, seed := range []string{"s3://notes?region=r", "s3://notes/a/b%20c?endpoint=http://127.0.0.1:70", "s3://KEY:hidden@notes", "s3://notes?secretAccessKey=hidden", "s3:notes", "s3:///x", "s3://n/a/../b?region=r", "s3://n//?region=r", "s3://n:1/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		config, err := fromURL(u)
		if err != nil {
			if password, ok := u.User.Password(); ok && len(password) > 5 {
				assert.NotContains(t, err.Error(), password)
			}
			return
		}
		c := config.(*Config)
		assert.Nil(t, u.User)
		assert.Zero(t, c.Credentials)
		if c.Check() != nil {
			return
		}
		assert.NotContains(t, c.Bucket, "/")
		for segment := range strings.SplitSeq(c.Prefix, "/") {
			assert.NotContains(t, []string{".", ".."}, segment)
		}
	})
}

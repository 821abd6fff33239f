package s3store_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors/s3store"
)

func TestFromURL(t *testing.T) {
	for text, test := range map[string]struct {
		want s3store.Config
		says string
	}{
		"s3://notes?region=eu-central-1":         {want: s3store.Config{Bucket: "notes", Region: "eu-central-1"}},
		"s3://notes/?region=r":                   {want: s3store.Config{Bucket: "notes", Region: "r"}},
		"s3://notes/a/b%20c%3F?region=r":         {want: s3store.Config{Bucket: "notes", Prefix: "a/b c?", Region: "r"}},
		"s3://notes/a/?region=r":                 {want: s3store.Config{Bucket: "notes", Prefix: "a", Region: "r"}},
		"s3://n/a?endpoint=http://127.0.0.1:70":  {want: s3store.Config{Bucket: "n", Prefix: "a", Endpoint: "http://127.0.0.1:70"}},
		"s3://n?region=r&endpoint=https%3A//s3/": {want: s3store.Config{Bucket: "n", Region: "r", Endpoint: "https://s3/"}},
		"s3:notes":                               {says: "after two slashes"},
		"s3:///notes":                            {says: "after two slashes"},
		"s3://127.0.0.1:7070/notes":              {says: "a bucket has no port: write the server in the query"},
		"s3://notes/a#b?region=r":                {says: "write # as %23"},
		"s3://notes?a;b":                         {says: "its query can't be read"},
		"s3://notes?zone=r&bucket=x":             {says: `no option "bucket": there are endpoint and region`},
		"s3://notes?Region=r":                    {says: `no option "Region"`},
		"s3://KEY:hidden@notes?region=r":         {says: "a URL has no credentials: put them into the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment"},
		"s3://notes?secretAccessKey=hidden&z=":   {says: "a URL has no credentials"},
		"s3://notes?accessKeyId=hidden":          {says: "a URL has no credentials"},
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		config, err := s3store.Kind().FromURL(u)
		if test.says != "" {
			assert.ErrorContains(t, err, test.says, text)
			assert.NotContains(t, err.Error(), "hidden", text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, &test.want, config, text)
		assert.NoError(t, config.(*s3store.Config).Check(), text)
	}
}

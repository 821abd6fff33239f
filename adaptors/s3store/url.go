package s3store

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// fromURL returns the config of s3://bucket/prefix, which may have a query
// ?endpoint=https://s3.example.com&region=eu-central-1. A command line is seen
// by others and kept in files: no credentials are in it, nor in the errors.
func fromURL(u *url.URL) (any, error) {
	if u.User != nil {
		return nil, errSecret
	}
	switch {
	case u.Opaque != "" || u.Host == "":
		return nil, errors.New("write the bucket after two slashes, such as s3://example-notes/prefix")
	case strings.Contains(u.Host, ":"):
		return nil, errors.New("a bucket has no port: write the server in the query, such as s3://example-notes/prefix?endpoint=https://s3.example.com")
	case u.Fragment != "":
		return nil, errors.New("a bucket has no fragment: write # as %23 where it is part of the prefix")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errors.New("its query can't be read: write key=value, with & between two, and %25 for %")
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		switch key {
		case "endpoint", "region":
		case "credentials", "accessKeyId", "secretAccessKey", "sessionToken":
			return nil, errSecret
		default:
			return nil, fmt.Errorf("there is no option %q: there are endpoint and region; write ? as %%3F where it is part of the prefix", key)
		}
	}
	return &Config{
		Bucket: u.Host, Prefix: strings.TrimSuffix(strings.TrimPrefix(u.Path, "/"), "/"),
		Endpoint: query.Get("endpoint"), Region: query.Get("region"),
	}, nil
}

// errSecret is about credentials in a URL.
var errSecret = errors.New("a URL has no credentials: put them into the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of the environment, or into ~/.aws/credentials")

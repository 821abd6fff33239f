package filestore

import (
	"errors"
	"fmt"
	"net/url"
)

// fromURL returns the config of file:///dir (RFC 8089), which may have a query
// ?durability=none.
func fromURL(u *url.URL) (any, error) {
	switch {
	case u.Opaque != "" || u.Host != "" && u.Host != "localhost" || u.Path == "":
		return nil, errors.New("write the whole path of the directory after three slashes, such as file:///srv/notes")
	case u.User != nil || u.Fragment != "":
		return nil, errors.New("a directory has neither a user nor a fragment: write # as %23 where it is part of a name")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	for key := range query {
		if key != "durability" {
			return nil, fmt.Errorf("there is no option %q: it is durability, or write ? as %%3F where it is part of a name", key)
		}
	}
	c := &Config{Root: u.Path, Durability: Full}
	if query.Has("durability") {
		c.Durability = Durability(query.Get("durability"))
	}
	return c, nil
}

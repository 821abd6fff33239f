package documents

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// fragment answers a GET of the value that ?$path= names in a JSON document.
// Reply and error are nil where the query names none. The answer has no ETag:
// the whole document's would be taken for one that a write can be guarded by.
func (d *Documents) fragment(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	var known []string
	if d.JSON {
		known = []string{pathKey}
	}
	if err := checkQuery(m.URL.Query, known...); err != nil {
		return nil, err
	}
	selector, err := selectorOf(m.URL.Query)
	if selector == nil || err != nil {
		return nil, err
	}
	body, _, err := d.Keep.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return nil, err
	}
	document, err := body.Bytes(d.MaxBody)
	if err = errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	value, ok := selector.Raw(document)
	if !ok {
		return nil, bus.Errorf(http.StatusNotFound, "the document has nothing at %s", selector)
	}
	return bus.Reply(http.StatusOK, bus.NewBody(value, "application/json")), nil
}

const pathKey = "$path"

// selectorOf reads $path; nil is that the query has none.
func selectorOf(query string) (selector *urlpattern.Selector, err error) {
	for key, path := range urlpattern.QueryPairs(query) {
		switch {
		case key != pathKey:
			continue
		case selector != nil:
			return nil, bus.Errorf(http.StatusBadRequest, "the query key %q is there twice: write it once", pathKey)
		case path == "":
			return nil, bus.Errorf(http.StatusBadRequest, "%s is empty: write a path such as address.city, or leave it out for the whole document", pathKey)
		}
		if name := strings.TrimLeft(path, "./"); name == "$this" || strings.HasPrefix(name, "$this.") || strings.HasPrefix(name, "$this/") || strings.HasPrefix(name, "$this[") {
			return nil, bus.Errorf(http.StatusBadRequest, `%s: $this is for conditions in brackets: begin with a name, write "$this" in double quotes for a member of that name, or leave %s out for the whole document`, pathKey, pathKey)
		}
		if selector, err = urlpattern.ParseSelector(path); err != nil {
			return nil, bus.Errorf(http.StatusBadRequest, "%s: %v", pathKey, err)
		}
	}
	return selector, nil
}

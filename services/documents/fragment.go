package documents

import (
	"context"
	"errors"
	"net/http"

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
		known = []string{"$path"}
	}
	if err := checkQuery(m.URL.Query, known...); err != nil {
		return nil, err
	}
	path, ok := urlpattern.QueryValue(m.URL.Query, "$path")
	if !ok {
		return nil, nil
	}
	selector, err := urlpattern.ParseSelector(path)
	if err != nil {
		return nil, bus.Errorf(http.StatusBadRequest, "$path: %v", err)
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

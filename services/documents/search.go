package documents

import (
	"net/http"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/documents/odata"
)

// maxSearch is the most documents that one search looks at.
const maxSearch = 10_000

const (
	filterKey = "$filter"
	orderKey  = "$orderby"
	selectKey = "$select"
	topKey    = "$top"
	countKey  = "$count"
)

// A search is what the query of a directory says of the documents that are
// wanted.
type search struct {
	filter  *odata.Filter    // nil: all
	order   *odata.Order     // nil: in that of their names
	fields  *odata.Selection // nil: whole documents
	counted bool             // how many there are is wanted too
}

// whole reports whether a search needs all documents before it has its first.
func (s *search) whole() bool { return s.order != nil || s.counted }

// addSearch reads a key of a query that is none of a listing.
func (o *listOptions) addSearch(key, value string, json bool) error {
	if !json {
		return unknownKey(key, []string{listKey, takeKey, skipKey, afterKey})
	}
	s := o.search
	if s == nil {
		s = &search{}
	}
	var err error
	switch key {
	case filterKey:
		s.filter, err = odata.ParseFilter(value)
	case orderKey:
		s.order, err = odata.ParseOrder(value)
	case selectKey:
		s.fields, err = odata.ParseSelection(value)
	case topKey:
		o.take, err = number(topKey, value, 0, maxTake)
	case countKey:
		s.counted = value == "true"
		if !s.counted && value != "false" {
			err = bus.Errorf(http.StatusBadRequest, "%s is %q: write true, or false", countKey, value)
		}
	default:
		return unknownKey(key, []string{listKey, takeKey, skipKey, afterKey, filterKey, orderKey, selectKey, topKey, countKey})
	}
	o.search, o.noDirs = s, true
	if _, syntax := err.(*odata.SyntaxError); syntax {
		return bus.Errorf(http.StatusBadRequest, "%s, %v", key, err)
	}
	return err
}

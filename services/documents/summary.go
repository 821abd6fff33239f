package documents

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/documents/odata"
)

// A Summary is which members of JSON documents listings show. Make one with
// [ParseSummary]. Safe for concurrent use.
type Summary struct{ members *odata.Selection }

// ParseSummary reads members, each as $select has them: "address/city" is a
// member of a member. What is wrong with them are errors that are joined, each
// with a Pointer() string: where it is, after at.
func ParseSummary(members []string, at string) (*Summary, error) {
	if len(members) == 0 {
		return nil, services.At(at, errors.New(`it names no member: write one, such as "name", or leave it out`))
	}
	var faults []error
	for i, member := range members {
		if _, err := odata.ParseSelection(member); err != nil {
			faults = append(faults, services.At(at+"/"+strconv.Itoa(i), err))
		}
	}
	if faults != nil {
		return nil, errors.Join(faults...)
	}
	all, err := odata.ParseSelection(strings.Join(members, ","))
	if err != nil {
		return nil, services.At(at, err)
	}
	return &Summary{all}, nil
}

// of returns the summary of a document, which is JSON, in memory of its own.
func (s *Summary) of(document []byte) []byte {
	var room [256]byte
	text := s.members.Append(room[:0], document)
	return append(make([]byte, 0, len(text)), text...)
}

// store writes the JSON document in a body of bytes, and remembers its summary,
// unless another document may have been stored.
func (d *Documents) store(ctx context.Context, key adaptors.Key, body *bus.Body, c adaptors.Condition) (adaptors.Info, error) {
	info, err := d.Keep.Put(ctx, key, body, c)
	if err != nil || d.Summary == nil || d.guard != nil {
		return info, err
	}
	document, err := body.Bytes(d.MaxBody)
	if err == nil {
		d.summaries.remember(key.String(), summary{info.ETag, info.Content, d.Summary.of(document)})
	}
	return info, err
}

// summaryOf returns the summary of a document in a listing. It is nil for what
// is no JSON, as somebody else may have stored it. The document is read only
// where it is not the one of which the summary is known.
func (d *Documents) summaryOf(ctx context.Context, e *entry) ([]byte, error) {
	name := e.key.String()
	if known, ok := d.summaries.find(name); ok {
		if holds, err := d.holds(ctx, e, &known); err != nil {
			return nil, err
		} else if holds {
			return known.text, nil
		}
	}
	body, info, err := d.Keep.Get(ctx, e.key, adaptors.GetOptions{})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if info.Size > d.MaxBody {
		return nil, bus.Errorf(http.StatusRequestEntityTooLarge, "%s has %d bytes, too many for a summary: list the names and GET it by itself", e.name, info.Size)
	}
	document, err := body.Bytes(d.MaxBody)
	if err != nil {
		return nil, err
	}
	read := summary{etag: info.ETag, content: info.Content}
	if CheckJSON(document) == nil {
		read.text = d.Summary.of(document)
	}
	d.summaries.remember(name, read)
	return read.text, nil
}

// holds reports whether a summary is of the content that a document has. Where
// the store's listing says too little the store is asked about the document.
func (d *Documents) holds(ctx context.Context, e *entry, s *summary) (bool, error) {
	if e.ETag == "" && e.Content != "" && s.content != "" {
		return e.Content == s.content, nil
	}
	info, err := d.factsOf(ctx, e)
	return err == nil && info.ETag == s.etag, err
}

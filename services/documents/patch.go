package documents

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

const (
	mediaTypeMergePatch = "application/merge-patch+json"
	acceptPatch         = mediaTypeMergePatch + ", " + mediaTypeJSON

	// maxAttempts bounds how often a patch is tried anew since others wrote the
	// document meanwhile.
	maxAttempts = 16
)

// patch answers PATCH: a JSON merge patch (RFC 7396), applied to what is there
// and stored only over that.
func (d *Documents) patch(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	if err := checkQuery(m.URL.Query); err != nil {
		return nil, err
	}
	c, err := parseConditions(m.Header)
	if err != nil {
		return nil, err
	}
	if !isMergePatch(m.Body.MediaType()) {
		return nil, &bus.Error{Status: http.StatusUnsupportedMediaType,
			Detail: "the patch is " + m.Body.MediaType() + ": send " + mediaTypeMergePatch,
			Header: bus.Header{{Name: "Accept-Patch", Value: acceptPatch}}}
	}
	patch, err := d.dataOf(m, isMergePatch)
	if err != nil {
		return nil, err
	}
	for range maxAttempts {
		info, err := d.patchOnce(ctx, key, patch, &c.Condition)
		if err == nil {
			return stored(m.URL.Path, &info), nil
		}
		if !errors.Is(err, errChanged) {
			return nil, err
		}
	}
	return nil, bus.Errorf(http.StatusConflict, "others change the document all the time: try again later")
}

// errChanged is the failure of a patch whose document somebody else wrote after
// it was read.
var errChanged = errors.New("the document was changed meanwhile")

// patchOnce reads the document, checks the client's condition on it, and
// replaces it while it is still the same.
func (d *Documents) patchOnce(ctx context.Context, key adaptors.Key, patch []byte, c *adaptors.Condition) (adaptors.Info, error) {
	body, info, err := d.Keep.Get(ctx, key, adaptors.GetOptions{})
	if err != nil {
		return info, err
	}
	document, err := body.Bytes(d.MaxBody)
	if err = errors.Join(err, body.Close()); err != nil {
		return info, err
	}
	if err := c.Check(&info); err != nil {
		return info, err
	}
	if err := CheckJSON(document); err != nil {
		return info, failed(http.StatusConflict, "the patch does not apply, since what is stored is not valid JSON: PUT the document anew", err)
	}
	merged, err := MergePatch(document, patch)
	if err != nil {
		return info, err
	}
	if int64(len(merged)) > d.MaxBody {
		return info, &bus.Error{Status: http.StatusRequestEntityTooLarge, Type: bus.TypeBodyTooLarge,
			Detail: "the document would be larger than the limit: patch less into it"}
	}
	info, err = d.Keep.Put(ctx, key, bus.NewBody(merged, mediaTypeJSON), adaptors.Condition{Match: []string{info.ETag}})
	if errors.Is(err, adaptors.ErrCondition) {
		return info, errChanged
	}
	return info, err
}

// isMergePatch reports whether a media type is one for merge patches; none at
// all is.
func isMergePatch(mediaType string) bool {
	base, _, _ := strings.Cut(mediaType, ";")
	switch strings.ToLower(strings.TrimSpace(base)) {
	case "":
		return true
	case mediaTypeMergePatch, mediaTypeJSON:
		return isJSON(mediaType)
	}
	return false
}

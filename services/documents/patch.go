package documents

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

const (
	mediaTypeMergePatch = "application/merge-patch+json"
	mediaTypeJSONPatch  = "application/json-patch+json"
	acceptPatch         = mediaTypeMergePatch + ", " + mediaTypeJSONPatch + ", " + mediaTypeJSON

	// maxAttempts bounds how often a patch is tried anew since others wrote the
	// document meanwhile.
	maxAttempts = 16
)

// AcceptPatch is part of services.Patches.
func (d *Documents) AcceptPatch() string { return acceptPatch }

// patch answers PATCH: what the patch makes of the document that is there is
// stored only over that.
func (d *Documents) patch(ctx context.Context, m *bus.Message, key adaptors.Key) (*bus.Message, error) {
	if err := checkQuery(m.URL.Query); err != nil {
		return nil, err
	}
	c, err := parseConditions(m.Header)
	if err != nil {
		return nil, err
	}
	change, err := d.readPatch(m)
	if err != nil {
		return nil, err
	}
	for range maxAttempts {
		info, err := d.patchOnce(ctx, key, change, &c.Condition)
		if err == nil {
			return stored(m.URL.Path, &info), nil
		}
		if !errors.Is(err, errChanged) {
			return nil, err
		}
	}
	return nil, bus.Errorf(http.StatusConflict, "others change the document all the time: try again later")
}

// A change makes another document of one that CheckJSON takes.
type change func(document []byte) ([]byte, error)

// readPatch reads the patch in a request: a JSON merge patch (RFC 7396), or a
// JSON patch (RFC 6902).
func (d *Documents) readPatch(m *bus.Message) (change, error) {
	format := patchFormat(m.Body.MediaType())
	if format == "" {
		return nil, &bus.Error{Status: http.StatusUnsupportedMediaType,
			Detail: "the patch is " + m.Body.MediaType() + ": send " + mediaTypeMergePatch + " or " + mediaTypeJSONPatch,
			Header: bus.Header{{Name: "Accept-Patch", Value: acceptPatch}}}
	}
	data, err := d.dataOf(m, isJSON)
	if err != nil {
		return nil, err
	}
	if format == mediaTypeMergePatch {
		if jsontext.Value(data).Kind() == '[' && !isMergePatch(m.Body.MediaType()) {
			return nil, bus.Errorf(http.StatusBadRequest,
				"a list as a merge patch would replace the whole document: send a list of operations as %s, or, if that is what you want, the list as %s",
				mediaTypeJSONPatch, mediaTypeMergePatch)
		}
		return func(document []byte) ([]byte, error) {
			if kind := jsontext.Value(data).Kind(); kind != '{' && kind != '[' && jsontext.Value(document).Kind() == '{' {
				return nil, bus.Errorf(http.StatusBadRequest,
					"a merge patch that is no object would replace the whole document: send an object of the members to change, or PUT the value if that is what you want")
			}
			return MergePatch(document, data)
		}, nil
	}
	patch, err := parseJSONPatch(data)
	if err != nil {
		return nil, err
	}
	return func(document []byte) ([]byte, error) { return patch.apply(document, d.MaxBody) }, nil
}

// errChanged is the failure of a patch whose document somebody else wrote after
// it was read.
var errChanged = errors.New("the document was changed meanwhile")

// patchOnce reads the document, checks the client's condition on it, and
// replaces it while it is still the same.
func (d *Documents) patchOnce(ctx context.Context, key adaptors.Key, apply change, c *adaptors.Condition) (adaptors.Info, error) {
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
	patched, err := apply(document)
	if err != nil {
		return info, err
	}
	if int64(len(patched)) > d.MaxBody {
		return info, &bus.Error{Status: http.StatusRequestEntityTooLarge, Type: bus.TypeBodyTooLarge,
			Detail: "the document would be larger than the limit: patch less into it"}
	}
	info, err = d.put(ctx, key, bus.NewBody(patched, mediaTypeJSON), adaptors.Condition{Match: []string{info.ETag}})
	if errors.Is(err, adaptors.ErrCondition) {
		return info, errChanged
	}
	return info, err
}

// isMergePatch reports whether a media type says that a body is a merge patch.
func isMergePatch(mediaType string) bool {
	base, _, _ := strings.Cut(mediaType, ";")
	return strings.EqualFold(strings.TrimSpace(base), mediaTypeMergePatch)
}

// patchFormat returns the format of patches of a media type, "" if there is
// none. JSON, and no type at all, is a merge patch.
func patchFormat(mediaType string) string {
	base, _, _ := strings.Cut(mediaType, ";")
	base = strings.ToLower(strings.TrimSpace(base))
	switch {
	case base == "":
		return mediaTypeMergePatch
	case !isJSON(mediaType):
		return ""
	case base == mediaTypeMergePatch, base == mediaTypeJSON:
		return mediaTypeMergePatch
	case base == mediaTypeJSONPatch:
		return mediaTypeJSONPatch
	}
	return ""
}

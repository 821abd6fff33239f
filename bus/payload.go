package bus

import (
	"encoding/base64"
	"mime"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Payload is one of the three kinds of body.
type Payload int

// The three kinds of payload.
const (
	Binary Payload = iota
	Text           // text/*, XML, JavaScript
	Data           // JSON
)

// PayloadOf returns the kind of a media type; what it does not know is Binary.
func PayloadOf(mediaType string) Payload {
	base, _, _ := strings.Cut(mediaType, ";")
	base = strings.ToLower(strings.TrimSpace(base))
	switch {
	case base == "application/json", strings.HasSuffix(base, "+json"):
		return Data
	case strings.HasPrefix(base, "text/"), base == "application/xml", strings.HasSuffix(base, "+xml"),
		base == "application/javascript":
		return Text
	}
	return Binary
}

// Payload returns the kind of the body's media type.
func (b *Body) Payload() Payload { return PayloadOf(b.MediaType()) }

// As returns the body as a payload of another kind, reading a stream of up to
// limit bytes where it must. Data becomes text and text becomes binary as the
// same bytes; binary becomes text as base64; text becomes data as one JSON
// string, and binary as a base64 string. Closing the new body closes b.
func (b *Body) As(kind Payload, limit int64) (*Body, error) {
	from := b.Payload()
	if b == nil || from == kind {
		return b, nil
	}
	data, err := b.Bytes(limit)
	if err != nil {
		return nil, err
	}
	if from == Binary {
		data = base64.StdEncoding.AppendEncode(nil, data)
	}
	as := NewBody(data, "application/octet-stream")
	switch kind {
	case Data:
		as = NewBody(nil, "application/json")
		if as.data, err = jsontext.AppendQuote(nil, data); err != nil {
			return nil, &Error{Status: 400, Detail: "the text is not valid UTF-8 and can't become a JSON string", Err: err}
		}
		as.size = int64(len(as.data))
	case Text:
		as.mediaType = "text/plain; charset=utf-8"
	}
	as.OnClose(func() { _ = b.Close() })
	return as, nil
}

// Charset returns the charset parameter of a media type in lower case, or "".
func Charset(mediaType string) string {
	if !strings.Contains(mediaType, ";") {
		return ""
	}
	_, params, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return "invalid"
	}
	return strings.ToLower(params["charset"])
}

package smtptest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// A Mail is one that a server has taken.
type Mail struct {
	From string   // of the envelope
	To   []string // of the envelope: all recipients, Bcc too
	User string   // who has signed in; "" is nobody
	TLS  bool     // it came encrypted
	UTF8 bool     // the client asked for SMTPUTF8 (RFC 6531)
	Data []byte   // header and body
}

// A Part is the content of a mail, or one of them.
type Part struct {
	MediaType string // without parameters
	Inside    string // the multipart types around it, such as "multipart/mixed multipart/alternative"
	Name      string // of an attachment
	Content   []byte // decoded
}

// Header returns the value of a field, its words decoded (RFC 2047). "" is a
// field that is not there.
func (m *Mail) Header(name string) (string, error) {
	read, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return "", err
	}
	return new(mime.WordDecoder).DecodeHeader(read.Header.Get(name))
}

// Parts returns the contents in their order, those of multipart bodies inside of
// each other one by one.
func (m *Mail) Parts() ([]Part, error) {
	read, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		return nil, err
	}
	return parts(nil, "", read.Header.Get, read.Body)
}

func parts(list []Part, inside string, field func(string) string, body io.Reader) ([]Part, error) {
	mediaType, params, err := mime.ParseMediaType(field("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("content type %q: %w", field("Content-Type"), err)
	}
	if strings.HasPrefix(mediaType, "multipart/") {
		return multiparts(list, strings.TrimPrefix(inside+" "+mediaType, " "), multipart.NewReader(body, params["boundary"]))
	}
	switch strings.ToLower(field("Content-Transfer-Encoding")) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	part := Part{MediaType: mediaType, Inside: inside, Content: content}
	if _, disposition, err := mime.ParseMediaType(field("Content-Disposition")); err == nil {
		if part.Name, err = new(mime.WordDecoder).DecodeHeader(disposition["filename"]); err != nil {
			return nil, err
		}
	}
	return append(list, part), nil
}

func multiparts(list []Part, inside string, r *multipart.Reader) ([]Part, error) {
	for {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		if list, err = parts(list, inside, part.Header.Get, part); err != nil {
			return nil, err
		}
	}
}

package bus

import (
	"io"
	"net/http"
	"net/textproto"
)

// trailerFrom has b say what net/http finds in trailer once b was read.
func trailerFrom(b *Body, trailer http.Header) {
	if len(trailer) > 0 {
		b.SetTrailer(func() Header { return HeaderFrom(nil, trailer) })
	}
}

// trailerOf returns the trailer of b as net/http wants it, and the body that
// fills it in when it was read to its end.
func trailerOf(b *Body, body io.ReadCloser) (http.Header, io.ReadCloser) {
	announced := b.Trailer()
	if len(announced) == 0 {
		return nil, body
	}
	trailer := make(http.Header, len(announced))
	fillTrailer(trailer, "", announced)
	return trailer, trailingBody{body, b, trailer}
}

// trailingBody is a body that fills in its trailer at its end.
type trailingBody struct {
	io.ReadCloser
	from *Body
	into http.Header
}

// Read is part of io.Reader.
func (t trailingBody) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		clear(t.into)
		fillTrailer(t.into, "", t.from.Trailer())
	}
	return n, err
}

func fillTrailer(h http.Header, prefix string, fields Header) {
	for _, f := range fields {
		name := prefix + textproto.CanonicalMIMEHeaderKey(f.Name)
		h[name] = append(h[name], f.Value)
	}
}

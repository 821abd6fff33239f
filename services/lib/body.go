package lib

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

const (
	plain  = "text/plain; charset=utf-8"
	binary = "application/octet-stream"
)

// looked is how much of a stream is decoded before the answer begins, so that
// what is no base64 there is still an error.
const looked = 32 << 10

func (library) bypass(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	return pass(m, http.StatusOK), nil
}

func (library) devNull(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	err := m.Body.Close()
	m.Body = nil
	return pass(m, http.StatusNoContent), err
}

func (library) toText(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	switch {
	case m.Body == nil || m.Body.Payload() == bus.Text:
	case m.Body.Payload() == bus.Binary:
		m.Body = encoded(m.Body)
	default:
		m.Body = remade(m.Body, io.NopCloser(m.Body.Reader()), m.Body.Size(), plain)
	}
	return pass(m, http.StatusOK), nil
}

func (library) toBase64(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	m.Body = encoded(m.Body)
	return pass(m, http.StatusOK), nil
}

// encoded returns b as base64, made while it is read.
func encoded(b *bus.Body) *bus.Body {
	size := b.Size()
	if size >= 0 {
		size = int64(base64.StdEncoding.EncodedLen(int(size)))
	}
	return remade(b, bus.Pull(func(to io.Writer) error {
		buffer := bufio.NewWriterSize(to, looked)
		encoder := base64.NewEncoder(base64.StdEncoding, buffer)
		_, err := io.Copy(encoder, b.Reader())
		return cmp.Or(err, encoder.Close(), buffer.Flush())
	}), size, plain)
}

func (library) fromBase64(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	decoder := decoder{base64.NewDecoder(base64.StdEncoding, m.Body.Reader())}
	head, more, err := peek(decoder, looked)
	switch {
	case err != nil:
		return nil, err
	case more:
		m.Body = remade(m.Body, io.NopCloser(io.MultiReader(bytes.NewReader(head), decoder)), -1, binary)
	default:
		err = m.Body.Close()
		m.Body = bus.NewBody(head, binary)
	}
	return pass(m, http.StatusOK), err
}

// decoder says what is wrong with base64.
type decoder struct{ io.Reader }

// Read is part of io.Reader.
func (d decoder) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if _, corrupt := errors.AsType[base64.CorruptInputError](err); corrupt || errors.Is(err, io.ErrUnexpectedEOF) {
		err = &bus.Error{Status: http.StatusBadRequest, Err: err,
			Detail: "the body is not base64 (RFC 4648 section 4): " + err.Error()}
	}
	return n, err
}

// peek reads up to n bytes, and says whether there may be more.
func peek(from io.Reader, n int64) (head []byte, more bool, err error) {
	head, err = io.ReadAll(io.LimitReader(from, n))
	return head, int64(len(head)) == n, err
}

// remade returns a body with other content, which is read from b. Closing it
// closes b.
func remade(b *bus.Body, content io.ReadCloser, size int64, mediaType string) *bus.Body {
	return bus.NewStream(&remaking{content, b}, size, mediaType)
}

type remaking struct {
	io.ReadCloser
	body *bus.Body
}

// Close is part of io.Closer. A Read that is under way ends with the body.
func (r *remaking) Close() error {
	return errors.Join(r.body.Close(), r.ReadCloser.Close())
}

package lib

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

func (library) bypass(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	return pass(m, http.StatusOK), nil
}

func (library) devNull(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	err := m.Body.Close()
	m.Body = nil
	return pass(m, http.StatusNoContent), err
}

func (l library) toText(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	body, err := m.Body.As(bus.Text, l.limit)
	if err != nil {
		return nil, err
	}
	m.Body = body
	return pass(m, http.StatusOK), nil
}

func (l library) toBase64(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	data, err := m.Body.Bytes(l.limit)
	if err != nil {
		return nil, err
	}
	m.Body = bus.NewBody(base64.StdEncoding.AppendEncode(nil, data), "text/plain; charset=utf-8")
	return pass(m, http.StatusOK), nil
}

func (l library) fromBase64(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	text, err := m.Body.Bytes(l.limit)
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return nil, &bus.Error{Status: http.StatusBadRequest, Err: err,
			Detail: "the body is not base64 (RFC 4648 section 4): " + err.Error()}
	}
	m.Body = bus.NewBody(data, "application/octet-stream")
	return pass(m, http.StatusOK), nil
}

package remote

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// appendHead appends the request line and the header of m as HTTP/1.1 has them
// (RFC 9112 sections 3 and 5).
func appendHead(b []byte, m *bus.Message) ([]byte, error) {
	if !bus.IsToken(m.Method) {
		return nil, bus.Errorf(http.StatusBadRequest, "the method %q is none that HTTP has", m.Method)
	}
	target := m.URL
	target.Scheme, target.Host = "", ""
	b = append(append(b, m.Method...), ' ')
	b = append(append(b, target.String()...), " HTTP/1.1\r\n"...)
	host := m.Header.Get("Host")
	if host == "" {
		host = m.URL.Host
	}
	b = appendField(b, "Host", host)
	for _, f := range m.Header {
		switch {
		case bus.OfConnection(f.Name), strings.EqualFold(f.Name, "Host"):
			continue
		case !bus.IsToken(f.Name) || !bus.IsFieldValue(f.Value):
			return nil, bus.Errorf(http.StatusBadRequest, "the header field %q has a character that no header can have", f.Name)
		}
		b = appendField(b, f.Name, f.Value)
	}
	if !bus.IsFieldValue(host) || !bus.IsFieldValue(m.Body.MediaType()) || !bus.IsFieldValue(upgradeOf(m)) {
		return nil, bus.Errorf(http.StatusBadRequest, "Host, Content-Type or Upgrade has a character that no header can have")
	}
	return append(appendFraming(b, m), "\r\n"...), nil
}

// appendFraming appends what the body and the connection of m say.
func appendFraming(b []byte, m *bus.Message) []byte {
	if protocol := upgradeOf(m); protocol != "" {
		b = appendField(appendField(b, "Connection", "Upgrade"), "Upgrade", protocol)
	}
	if mediaType := m.Body.MediaType(); mediaType != "" {
		b = appendField(b, "Content-Type", mediaType)
	}
	switch size := m.Body.Size(); {
	case m.Body == nil && !expectsBody(m.Method):
	case size >= 0:
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, size, 10), "\r\n"...)
	default:
		b = appendField(b, "Transfer-Encoding", "chunked")
		if announced := m.Body.Trailer(); len(announced) > 0 {
			names := make([]string, len(announced))
			for i, f := range announced {
				names[i] = f.Name
			}
			b = appendField(b, "Trailer", strings.Join(names, ", "))
		}
	}
	return b
}

// upgradeOf returns the protocol that m asks to change to, or "".
func upgradeOf(m *bus.Message) string {
	if !strings.EqualFold(m.Header.Get("Connection"), "Upgrade") {
		return ""
	}
	return m.Header.Get("Upgrade")
}

// expectsBody reports whether a method means something by a body, so that to
// have none has to be said (RFC 9110 section 8.6).
func expectsBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}

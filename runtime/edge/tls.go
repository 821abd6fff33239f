package edge

import (
	"crypto/tls"
	"errors"
	"net/http"
)

// What one connection of HTTP/2 may take.
const (
	maxStreams = 128       // requests at a time
	maxUnread  = 256 << 10 // of bodies that nobody has read yet
	maxFrame   = 16 << 10  // what is read at once: the least that the protocol allows
)

var errNoCertificate = errors.New("there is no certificate")

// tlsConfig returns the settings of TLS, nil without certificates: TLS 1.2 or
// later, and Go's choice of the rest.
func tlsConfig(certificate func() *tls.Certificate) *tls.Config {
	if certificate == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if c := certificate(); c != nil {
				return c, nil
			}
			return nil, errNoCertificate
		},
	}
}

func http2Config() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams:          maxStreams,
		MaxReceiveBufferPerConnection: maxUnread,
		MaxReceiveBufferPerStream:     maxUnread,
		MaxReadFrameSize:              maxFrame,
	}
}

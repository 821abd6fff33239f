package s3store

import (
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// maxIdle is how many connections to the server are kept for later.
const maxIdle = 64

// defaultRegion is that of a server other than Amazon's, unless it is said.
const defaultRegion = "us-east-1"

// client is what all stores of a bucket share.
type client struct {
	api       *s3.Client
	transport *bounded
	checksums aws.RequestChecksumCalculation

	createOnly, replaceIf, deleteIf       ability
	createOnlyFromParts, replaceFromParts ability
}

// newClient returns a client for the bucket of c. It asks nothing of the
// server yet.
func newClient(c *Config) (*client, error) {
	transport := &bounded{http.DefaultTransport.(*http.Transport).Clone(), maxSilence}
	transport.Proxy = nil
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = maxIdle, maxIdle
	transport.DisableCompression = true
	web := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	keys, err := keysOf(c)
	if err != nil {
		return nil, err
	}
	o := s3.Options{
		Region:      c.Region,
		Credentials: keys,
		HTTPClient:  web,

		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, // s3.New does not set what the SDK calls its default
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,

		DisableLogOutputChecksumValidationSkipped: true,
	}
	if c.Endpoint != "" {
		o.BaseEndpoint, o.UsePathStyle = &c.Endpoint, true
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired // other servers may not know the newer ones
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		if o.Region == "" {
			o.Region = defaultRegion
		}
	}
	return &client{
		api:                 s3.New(o),
		transport:           transport,
		checksums:           o.RequestChecksumCalculation,
		createOnly:          ability{what: "that a document is not there yet", try: tryCreateOnly},
		replaceIf:           ability{what: "that a document is the one that was read", try: tryReplaceIf},
		deleteIf:            ability{what: "that the document to delete is the one that was read", try: tryDeleteIf},
		createOnlyFromParts: ability{what: "that a large document is not there yet", try: tryCreateOnlyFromParts},
		replaceFromParts:    ability{what: "that a large document is the one that was read", try: tryReplaceFromParts},
	}, nil
}

// maxAnswer is the longest answer that is read into memory: more than twice the
// longest page of a listing.
const maxAnswer = 8 << 20

// bounded ends answers that are too long, and those of which nothing more comes.
// Only the content of objects has any length, since it is streamed.
type bounded struct {
	*http.Transport
	silence time.Duration // maxSilence, but in tests
}

// RoundTrip is part of http.RoundTripper.
func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = await(answer.Body, b.silence)
	if r.URL.Query().Get("x-id") == "GetObject" && answer.StatusCode < http.StatusMultipleChoices {
		return answer, nil
	}
	answer.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	return answer, nil
}

// Close gives up the connections that nobody uses.
func (c *client) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

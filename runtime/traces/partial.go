package traces

import (
	"bytes"
	"context"
	"io"
	"net/http"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// partial is what a collector says of spans that it has taken: how many it left
// out, and why, or what else there is to say. The SDK makes an error of that, as
// if it had taken none, of a type that nobody else can name.
type partial struct {
	heard    bool
	rejected int64
	message  string
}

// partialKey is the key of a *partial in the context of a request to a collector.
type partialKey struct{}

// withPartial returns a context whose requests note in p what is answered.
func withPartial(ctx context.Context, p *partial) context.Context {
	return context.WithValue(ctx, partialKey{}, p)
}

// listener is a transport that reads the answers of collectors, too.
type listener struct{ *http.Transport }

// RoundTrip is part of http.RoundTripper.
func (l listener) RoundTrip(r *http.Request) (*http.Response, error) {
	reply, err := l.Transport.RoundTrip(r)
	p, _ := r.Context().Value(partialKey{}).(*partial)
	if err != nil || p == nil || reply.StatusCode/100 != 2 {
		return reply, err
	}
	data, _ := io.ReadAll(io.LimitReader(reply.Body, maxAnswer)) // an error comes again with the rest
	p.read(reply.Header.Get("Content-Type"), data)
	reply.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(data), reply.Body), reply.Body}
	return reply, nil
}

// read reads an answer.
func (p *partial) read(mediaType string, data []byte) {
	decode := proto.Unmarshal
	if mediaType == "application/json" {
		decode = protojson.Unmarshal
	}
	answer := new(collector.ExportTraceServiceResponse)
	if decode(data, answer) != nil {
		return
	}
	said := answer.GetPartialSuccess()
	p.rejected, p.message = max(0, said.GetRejectedSpans()), said.GetErrorMessage()
	p.heard = p.rejected != 0 || p.message != ""
}

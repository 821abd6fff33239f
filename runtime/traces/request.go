package traces

import (
	"errors"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/seed90475182/restspace/bus"
)

// Attributes that are not those of OpenTelemetry.
const (
	serviceKey   = attribute.Key("restspace.service")   // name of a mount
	requestKey   = attribute.Key("restspace.request")   // id of the request, as the log and X-Request-Id have it
	adaptorKey   = attribute.Key("restspace.adaptor")   // name of an adaptor's Kind, or path of a plugin
	slotKey      = attribute.Key("restspace.slot")      // key that the mount has its adaptor under
	operationKey = attribute.Key("restspace.operation") // of an adaptor
	outcomeKey   = attribute.Key("restspace.outcome")   // of such a call, as the metrics have it
)

// End ends the span that Begin gave root. path is that of the request, escaped and
// without its query.
func (t *Traces) End(root *bus.Root, path string, o bus.Outcome) {
	s, ok := root.Span.(*Span)
	if !ok {
		return
	}
	if s.hide != nil {
		path = s.hide.Replace(path)
	}
	scheme := "http"
	if root.Secure {
		scheme = "https"
	}
	s.span.SetName(nameOf(o.Method, root.Seen.Route))
	s.span.SetAttributes(methodOf(o.Method), semconv.URLPath(clip(path)), semconv.URLScheme(scheme),
		semconv.ClientAddress(clip(root.Client)), requestKey.String(clip(root.ID)))
	s.span.SetAttributes(hostOf(root.Host)...)
	if root.Seen.Mount != "" {
		s.span.SetAttributes(semconv.HTTPRoute(root.Seen.Route), serviceKey.String(root.Seen.Mount))
	}
	s.status(o.Status)
	if o.Status < http.StatusBadRequest {
		s.broke(o.Err)
	}
	s.End(nil)
}

// broke has the span of an answer that began as a good one be an error, where err is
// one of a server and not of the client.
func (s *Span) broke(err error) {
	var known *bus.Error
	var panicked *bus.PanicError
	switch {
	case errors.As(err, &panicked):
		s.fail(strconv.Itoa(http.StatusInternalServerError))
	case errors.As(err, &known) && known.Status >= http.StatusInternalServerError:
		s.fail(typeOf(known))
	}
}

package edge

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/seed90475182/restspace/bus"
)

// Options of a Server. They do not change while it serves.
type Options struct {
	Limits         Limits
	Inside         bus.Limits               // of each request, for what it leads to
	Host           func(host string) bool   // whether the server answers to this Host; nil: any
	Origin         string                   // the own one as others see it; "": that of the Host only
	Certificate    func() *tls.Certificate  // what the server shows who connects, asked anew each time; nil: it speaks HTTP without TLS
	HSTS           time.Duration            // for how long browsers keep to TLS (RFC 6797); 0 says nothing of it
	Spared         func(*http.Request) bool // whether a request has a place however much there is to do, since it costs little: only connections bound it; nil: none
	TrustedProxies []netip.Prefix           // whose request ids, traces and connections are believed
	Log            *slog.Logger
	LogSample      float64 // which part of the good requests the log shows, and of those that a limit refuses: 1 is all

	Tracer Tracer // has traces of the requests collected; nil: nobody has

	// Counter is told of each request that the service does not name another
	// one for, and Dropped of each connection that was one too many for a limit:
	// connections or connectionsPerIP. nil: nobody.
	Counter bus.Counter
	Dropped func(limit string)

	crossOrigin *http.CrossOriginProtection // set by New
	window      time.Duration               // slowWindow, but in tests
	lastWords   time.Duration               // lastWords, but in tests
}

func (o *Options) spares(r *http.Request) bool { return o.Spared != nil && o.Spared(r) }

// A Tracer has traces of requests collected. It is safe for concurrent use.
type Tracer interface {
	// Begin gives root a place in the trace that its field Trace tells, which is
	// the client's, or in a new one, and a span if it is collected. trusted says that
	// the client is a trusted proxy. start is when the request began. It is not
	// called for who says to be a server of the installation: that is found out later.
	Begin(root *bus.Root, start time.Time, trusted bool)

	// End ends the span of root. path is the one of the request, escaped.
	End(root *bus.Root, path string, o bus.Outcome)
}

// Limits of a Server. All are set.
type Limits struct {
	HeaderBytes      int
	HeaderFields     int
	HeaderTimeout    time.Duration // to read a header
	IdleTimeout      time.Duration // of a connection between requests
	Timeout          time.Duration // to the first byte of an answer
	InFlight         int           // requests that are worked on
	Queue            int           // requests that wait for a place among them
	Delay            time.Duration // that requests may wait for a core; 0: as long as they have to
	Connections      int
	ConnectionsPerIP int
}

// How bytes must move at least: a piece in each window, in either direction,
// and something in maxIdle where nobody knows how much comes.
const (
	maxIdle    = 5 * time.Minute // of an upgraded connection, and of a stream without end
	slowWindow = 10 * time.Second
	slowPiece  = 16 << 10
)

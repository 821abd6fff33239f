package edge

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a server on a real socket.
type running struct {
	*Server
	address string
	log     *bustest.Log
}

func testLimits() Limits {
	return Limits{
		HeaderBytes: 32 << 10, HeaderFields: 100, HeaderTimeout: time.Second, IdleTimeout: time.Second, Timeout: time.Second,
		InFlight: 4, Queue: 2, Delay: time.Minute, Connections: 20, ConnectionsPerIP: 10,
	}
}

func start(t testing.TB, service bus.Service, change func(*Options)) *running {
	t.Helper()
	log := new(bustest.Log)
	o := Options{Limits: testLimits(), Log: slog.New(slog.NewJSONHandler(log, nil)), LogSample: 1}
	if change != nil {
		change(&o)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := New(service, o)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		assert.NoError(t, <-served)
		http.DefaultClient.CloseIdleConnections()
	})
	return &running{Server: s, address: l.Addr().String(), log: log}
}

// raw sends text on a new connection and returns all that comes back.
func (r *running) raw(t *testing.T, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", r.address)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(c, text)
	require.NoError(t, err)
	answer, _ := io.ReadAll(c)
	return string(answer)
}

func (r *running) get(t *testing.T, target string, fields ...string) string {
	t.Helper()
	return r.raw(t, "GET "+target+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+strings.Join(fields, "\r\n")+strings.Repeat("\r\n", min(len(fields), 1))+"\r\n")
}

func TestRequestsArriveAsCleanMessages(t *testing.T) {
	var seen bustest.Recorder
	s := start(t, seen.Wrap(bustest.Echo()), nil)
	answer := s.get(t, "/a%2Fb/c/?x=1", "X-Restspace-Service: forged", "x-restspace-roles: A", "X_Restspace_Internal: true",
		"X-Rs-Hops: 1", "X-SC-Token: t", "X-Request-Id: mine", "X-Restspace-Request-Mode: manage", "Accept: */*", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=1.2.3.4", "X-Real-IP: 1.2.3.4")
	assert.Contains(t, answer, "HTTP/1.1 200 OK")
	require.Len(t, seen.Calls(), 1)
	call := seen.Calls()[0]
	assert.Equal(t, "/a%2Fb/c/?x=1", call.URL)
	assert.ElementsMatch(t, bus.Header{{Name: "X-Restspace-Request-Mode", Value: "manage"}, {Name: "Accept", Value: "*/*"}}, call.Header)
	assert.Nil(t, call.User)
}

func TestEveryAnswerIsStamped(t *testing.T) {
	s := start(t, bustest.Echo(), nil)
	trace := "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for name, answer := range map[string]string{
		"good": s.get(t, "/", "Traceparent: "+trace, "X-Request-Id: forged"),
		"bad":  s.get(t, "/../", "Traceparent: "+trace),
	} {
		assert.Regexp(t, `X-Request-Id: [0-9a-f]{32}\r\n`, answer, name)
		assert.Contains(t, answer, "X-Content-Type-Options: nosniff\r\n", name)
		assert.Contains(t, answer, "Traceparent: "+trace, name)
	}
	trusting := start(t, bustest.Echo(), func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	assert.Contains(t, trusting.get(t, "/", "X-Request-Id: from-proxy"), "X-Request-Id: from-proxy\r\n")
	assert.NotContains(t, trusting.get(t, "/", "X-Request-Id: a\"b"), `a"b`)
}

func TestOriginBehindProxies(t *testing.T) {
	o := Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, row := range []struct {
		remote, host, proto string
		wantHost            string
		wantSecure          bool
	}{
		{"192.0.2.1:1234", "forged.example", "https", "own.example", false},
		{"10.0.0.1:1234", "shop.example", "https", "shop.example", true},
		{"10.0.0.1:1234", "", "", "own.example", false},
	} {
		r := &http.Request{RemoteAddr: row.remote, Host: "own.example", Header: http.Header{}}
		r.Header.Set("X-Forwarded-Host", row.host)
		r.Header.Set("X-Forwarded-Proto", row.proto)
		host, secure := o.origin(r)
		assert.Equal(t, row.wantHost, host, row)
		assert.Equal(t, row.wantSecure, secure, row)
	}
}

func TestClientBehindProxies(t *testing.T) {
	o := Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	for _, row := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:1234", "198.51.100.7", "192.0.2.1"},
		{"10.0.0.1:1234", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1234", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1234", "198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:1234", "nonsense", "10.0.0.1"},
		{"10.0.0.1:1234", "", "10.0.0.1"},
		{"[::1]:1234", "2001:db8::7", "2001:db8::7"},
	} {
		r := &http.Request{RemoteAddr: row.remote, Header: http.Header{"X-Forwarded-For": {row.forwarded}}}
		assert.Equal(t, row.want, o.client(r), row)
	}
	assert.Equal(t, "192.0.2.1", (&Options{}).client(&http.Request{RemoteAddr: "192.0.2.1:1", Header: http.Header{"X-Forwarded-For": {"x"}}}))
}

func TestRefusedBeforeAnyService(t *testing.T) {
	var seen bustest.Recorder
	s := start(t, seen.Wrap(bustest.Echo()), func(o *Options) { o.Host = func(h string) bool { return h == "localhost" } })
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("X-%d: v", i)
	}
	for name, row := range map[string]struct{ answer, want, detail string }{
		"dot-dot":       {s.get(t, "/a/../b"), "400 Bad Request", "as a segment"},
		"double slash":  {s.get(t, "//a"), "400 Bad Request", "empty"},
		"NUL":           {s.get(t, "/a%00"), "400 Bad Request", "control"},
		"star":          {s.raw(t, "GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), "400 Bad Request", "OPTIONS only"},
		"other host":    {s.raw(t, "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), "421 Misdirected Request", `\"evil.example\"`},
		"absolute form": {s.raw(t, "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), "421 Misdirected Request", "server.hosts"},
		"TRACE":         {s.raw(t, "TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), "405 Method Not Allowed", "TRACE"},
		"CONNECT":       {s.raw(t, "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), "421", "Host"},
		"two tokens":    {s.get(t, "/", "Authorization: Bearer a", "Authorization: Bearer b"), "400 Bad Request", "Authorization stands twice"},
		"101 fields":    {s.get(t, "/", many[:100]...), "431", "101 fields"},
	} {
		assert.Contains(t, row.answer, "HTTP/1.1 "+row.want, name)
		assert.Contains(t, row.answer, row.detail, name)
		assert.Contains(t, row.answer, "application/problem+json", name)
	}
	assert.Empty(t, seen.Calls())
	assert.Contains(t, s.get(t, "/", many[:99]...), "HTTP/1.1 200", "100 fields with Connection")
}

func TestTransferEncodingEndsTheConnection(t *testing.T) {
	s := start(t, bustest.Echo(), nil)
	smuggled := "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
	answer := s.raw(t, smuggled)
	assert.Equal(t, 1, strings.Count(answer, "HTTP/1.1 200"), answer)
	assert.Contains(t, answer, "Connection: close")
}

func TestInFlightQueueAndBusy(t *testing.T) {
	inside := make(chan struct{})
	release := make(chan struct{})
	s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		inside <- struct{}{}
		<-release
		return bus.Reply(200, nil), nil
	}), func(o *Options) { o.Limits.Timeout = 5 * time.Second })
	answers := make(chan string, 6)
	for range 4 {
		go func() { answers <- s.get(t, "/") }()
	}
	for range 4 {
		<-inside
	}
	for range 2 {
		go func() { answers <- s.get(t, "/") }()
	}
	require.Eventually(t, func() bool { return s.gate.waiting.Load() == 2 }, 3*time.Second, time.Millisecond)
	over := s.get(t, "/")
	assert.Contains(t, over, "503 Service Unavailable")
	assert.Contains(t, over, "Retry-After: 1")
	assert.Contains(t, over, bus.TypeBusy)
	go func() {
		for range 2 {
			<-inside
		}
	}()
	close(release)
	for range 6 {
		assert.Contains(t, <-answers, "HTTP/1.1 200")
	}
}

func TestConnectionsOfOneAddress(t *testing.T) {
	s := start(t, bustest.Echo(), nil)
	var open []net.Conn
	for range 10 {
		c, err := net.Dial("tcp", s.address)
		require.NoError(t, err)
		open = append(open, c)
	}
	_, err := io.WriteString(open[9], "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	line, err := bufio.NewReader(open[9]).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 200 OK\r\n", line)

	c, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	_, err = c.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF, "the eleventh is closed at once")
	_ = c.Close()

	other := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	c, err = other.Dial("tcp", s.address)
	require.NoError(t, err)
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	answer, _ := io.ReadAll(c)
	assert.Contains(t, string(answer), "200 OK", "another address is served")
	for _, c := range append(open, c) {
		_ = c.Close()
	}
}

func TestTimeToTheFirstByte(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(ctx context.Context, _ *bus.Message) (*bus.Message, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}), func(o *Options) { o.Limits.Timeout = 30 * time.Millisecond })
	answer := s.get(t, "/")
	assert.Contains(t, answer, "504 Gateway Timeout")
	assert.Contains(t, answer, bus.TypeTimeout)
}

func TestAnswerMayLastLongerThanTheFirstByte(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(ctx context.Context, _ *bus.Message) (*bus.Message, error) {
		reader, writer := io.Pipe()
		go func() {
			for range 5 {
				time.Sleep(20 * time.Millisecond)
				if ctx.Err() != nil {
					break
				}
				_, _ = writer.Write([]byte("tick "))
			}
			_ = writer.Close()
		}()
		return bus.Reply(200, bus.NewStream(reader, -1, "text/plain")), nil
	}), func(o *Options) { o.Limits.Timeout = 30 * time.Millisecond })
	assert.Contains(t, s.get(t, "/"), "200 OK")
	assert.Equal(t, 5, strings.Count(s.get(t, "/"), "tick"))
}

func TestHeaderTimeout(t *testing.T) {
	s := start(t, bustest.Echo(), func(o *Options) { o.Limits.HeaderTimeout = 50 * time.Millisecond })
	begin := time.Now()
	s.raw(t, "GET / HTTP/1.1\r\nHost: loc")
	assert.Less(t, time.Since(begin), 5*time.Second)
}

func TestBodyThatEndsEarly(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		_, err := m.Body.Bytes(1000)
		if err != nil {
			return nil, err
		}
		return bus.Reply(200, nil), nil
	}), nil)
	c, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nshort")
	require.NoError(t, err)
	require.NoError(t, c.(*net.TCPConn).CloseWrite())
	answer, _ := io.ReadAll(c)
	assert.Contains(t, string(answer), "400 Bad Request")
	assert.Contains(t, string(answer), "the body ended")
}

func TestChunksThatAreMalformed(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		_, err := m.Body.Bytes(1000)
		return bus.Reply(200, nil), err
	}), nil)
	for _, body := range []string{"-1\r\nabc\r\n", "ffffffffffffffff1\r\nabc\r\n", "2\n{}\n0\n\n", "2\r\n{}x\r\n0\r\n\r\n", "g\r\n", strings.Repeat("1", 5000)} {
		answer := s.raw(t, "PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"+body)
		assert.Contains(t, answer, "HTTP/1.1 400 ", body)
		assert.Contains(t, answer, "the chunks of the body can't be told apart: ", body)
		assert.Contains(t, answer, "Connection: close", body)
	}
}

func TestReplyThatBreaksOffBreaksTheConnection(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return bus.Reply(200, bus.NewStream(io.NopCloser(strings.NewReader("half")), 8, "text/plain")), nil
	}), nil)
	response, err := http.Get("http://" + strings.Replace(s.address, "127.0.0.1", "localhost", 1) + "/")
	if err == nil {
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	assert.ErrorContains(t, err, "EOF")
}

func TestLogHasOneLineWithoutSecrets(t *testing.T) {
	s, began := start(t, bustest.Echo(), nil), time.Now()
	s.get(t, "/pub/%1b%5b2J%0aFAKE?token=SECRET", "Authorization: Bearer eyJhbGciOiJub25lIn0")
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	require.Len(t, lines, 1)
	assert.Contains(t, lines[0], `"status":400`)
	assert.NotContains(t, lines[0], "SECRET")
	assert.NotContains(t, lines[0], "eyJ")
	assert.NotContains(t, lines[0], "\x1b")
	var entry struct {
		Time     time.Time `json:"time"`
		Duration float64   `json:"duration_ms"`
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &entry), "no key is there twice")
	assert.WithinRange(t, entry.Time, began, time.Now())
	assert.Greater(t, entry.Duration, 0.0)
	assert.LessOrEqual(t, entry.Duration, float64(time.Since(began).Milliseconds()+1))
}

// TestEchoOfAStream sees that a reply may be read from its request.
func TestEchoOfAStream(t *testing.T) {
	s := start(t, bustest.Echo(), nil)
	for _, size := range []int{10, 3000, 300_000} {
		for _, chunked := range []bool{false, true} {
			text := strings.Repeat("x", size)
			var body io.Reader = strings.NewReader(text)
			if chunked {
				body = io.MultiReader(body)
			}
			response, err := http.Post("http://"+s.address+"/", "text/plain", body)
			require.NoError(t, err)
			got, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			_ = response.Body.Close()
			assert.Equal(t, text, string(got))
		}
	}
}

// TestEchoOfABodyThatIsWaitedFor sees that a client which sends its body only
// when that is wanted (RFC 9110 section 10.1.1) is told so before the status.
func TestEchoOfABodyThatIsWaitedFor(t *testing.T) {
	s := start(t, bustest.Echo(), nil)
	c, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(5*time.Second)))
	_, err = c.Write([]byte("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"))
	require.NoError(t, err)
	line, err := bufio.NewReaderSize(c, 16).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "HTTP/1.1 100 Continue\r\n", line)
	_, err = c.Write([]byte("hello"))
	require.NoError(t, err)
	rest, err := io.ReadAll(c)
	require.NoError(t, err)
	assert.Contains(t, string(rest), "HTTP/1.1 200 OK\r\n")
	assert.True(t, strings.HasSuffix(string(rest), "hello"), string(rest))
}

func TestPanicsAreLoggedAndHoldNothing(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { panic("inside out") }),
		func(o *Options) { o.Limits.InFlight, o.Limits.Queue = 1, 0 })
	for range 3 {
		assert.Empty(t, s.get(t, "/"), "the connection ends")
	}
	assert.Equal(t, 3, strings.Count(s.log.String(), "inside out"))
	assert.Contains(t, s.log.String(), `"stack":"goroutine`)
}

// talk is a service that says again what it hears on an upgraded connection.
func talk() bus.Service {
	return bus.FromHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}
	}))
}

func TestUpgradedConnectionLivesOn(t *testing.T) {
	s := start(t, talk(), func(o *Options) { o.Limits.InFlight, o.Limits.IdleTimeout = 1, 100*time.Millisecond })
	c, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	defer c.Close()
	reader := bufio.NewReader(c)
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
	require.Equal(t, "echo", response.Header.Get("Upgrade"))
	time.Sleep(2500 * time.Millisecond)
	_, err = io.WriteString(c, "still there")
	require.NoError(t, err)
	got := make([]byte, len("still there"))
	_, err = io.ReadFull(reader, got)
	require.NoError(t, err)
	assert.Equal(t, "still there", string(got))

	require.NoError(t, s.Shutdown(t.Context()))
	_, err = reader.ReadByte()
	assert.ErrorIs(t, err, io.EOF, "Shutdown ends it")
}

func TestForeignCookies(t *testing.T) {
	var foreign bool
	echo := bustest.Echo()
	s := start(t, bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		foreign = bus.RootOf(ctx).ForeignCookie
		assert.Equal(t, "rs-auth=x", m.Header.Get("Cookie"))
		return echo.Serve(ctx, m)
	}), func(o *Options) { o.Origin = "https://example.org" })
	for _, row := range []struct {
		method, fields string
		foreign        bool
	}{
		{"POST", "Sec-Fetch-Site: cross-site", true},
		{"POST", "Sec-Fetch-Site: same-site", true},
		{"POST", "Origin: http://evil.example", true},
		{"POST", "Origin: null", true},
		{"POST", "Origin: http://localhost:81", true},
		{"GET", "Sec-Fetch-Site: cross-site", false},
		{"GET", "Origin: http://evil.example\r\nUpgrade: websocket", true},
		{"GET", "Origin: http://localhost\r\nUpgrade: websocket", false},
		{"POST", "Sec-Fetch-Site: same-origin", false},
		{"POST", "Sec-Fetch-Site: none", false},
		{"POST", "Origin: http://localhost", false},
		{"POST", "Origin: https://example.org", false},
		{"POST", "Accept: */*", false}, // no browser, or one that is too old
	} {
		s.raw(t, row.method+" / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: rs-auth=x\r\n"+row.fields+"\r\n\r\n")
		assert.Equal(t, row.foreign, foreign, "%v", row)
	}
}

func TestOptionsOfConnection(t *testing.T) {
	s := start(t, bustest.Echo(), nil)
	assert.Contains(t, s.raw(t, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close, Content-Encoding\r\n\r\n"), "400 Bad Request")
	assert.Contains(t, s.raw(t, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close, TE\r\n\r\n"), "200 OK")
	assert.Contains(t, s.raw(t, "GET /a#b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), "400 Bad Request")
	assert.Contains(t, s.raw(t, "GET /a HTTP/1.0\r\n\r\n"), "200 OK")
}

// A balancer that keeps a connection has its request answered, though the server
// just ends.
func TestShutdownLosesNoRequest(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return bus.Reply(200, nil), nil }), func(o *Options) {
		o.lastWords, o.Limits.IdleTimeout = time.Minute, time.Minute
	})
	c, err := net.Dial("tcp", s.address)
	require.NoError(t, err)
	defer c.Close()
	answers := bufio.NewReader(c)
	ask := func() *http.Response {
		_, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		response, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		return response
	}
	assert.False(t, ask().Close)
	ended := make(chan error)
	go func() { ended <- s.Shutdown(t.Context()) }()
	require.Eventually(t, func() bool {
		late, err := net.Dial("tcp", s.address)
		if err == nil {
			_ = late.Close()
		}
		return err != nil
	}, 10*time.Second, time.Millisecond)
	response := ask()
	assert.Equal(t, 200, response.StatusCode)
	assert.True(t, response.Close)
	assert.NoError(t, <-ended, "nothing else is open")
}

// lateListener tells that it is closed when it is released.
type lateListener struct {
	net.Listener
	release chan struct{}
}

func (l lateListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	<-l.release
	return c, err
}

// The listener is closed before net/http does so, which may not have noticed.
func TestShutdownOfABusyMachine(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := New(bustest.Echo(), Options{Limits: testLimits(), Log: slog.New(slog.DiscardHandler), lastWords: time.Millisecond})
	l, served := lateListener{socket, make(chan struct{})}, make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	require.Eventually(t, func() bool { return s.listener.Load() != nil }, 10*time.Second, time.Millisecond)
	time.AfterFunc(100*time.Millisecond, func() { close(l.release) }) // net/http waits for Serve to end
	assert.NoError(t, s.Shutdown(t.Context()))
	assert.NoError(t, <-served)
}

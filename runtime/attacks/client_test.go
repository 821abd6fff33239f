package attacks

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// answer is what came back on a connection, read leniently.
type answer struct {
	status int // 0: none came
	header textproto.MIMEHeader
	body   string
	whole  bool // all of it came
	closed bool // the server closed the connection
	bytes  int  // all that came
	count  int  // of the final answers that came
	took   time.Duration
}

// fromParser reports whether net/http itself refused the request, before any
// handler saw it: such an answer has no id, and no line in the log.
func (a *answer) fromParser() bool { return a.header.Get("X-Request-Id") == "" }

// lingering is how long a connection may stay open after its answer before it
// counts as kept open.
const lingering = time.Second

// send makes the steps on a connection of its own and reads the answer, for as
// long as patience.
func send(address string, steps []step, patience time.Duration) (*answer, error) {
	return sendFrom(new(net.Dialer), address, steps, patience)
}

// sendFrom sends from where the dialer says.
func sendFrom(from *net.Dialer, address string, steps []step, patience time.Duration) (*answer, error) {
	c, err := from.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	start := time.Now()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		write(c.(*net.TCPConn), steps)
	}()
	a := receive(c, start, patience)
	_ = c.Close() // ends what is still being sent
	<-sent
	return a, nil
}

// write makes the steps until one fails: a server may refuse to hear it all.
func write(c *net.TCPConn, steps []step) {
	for _, s := range steps {
		var err error
		switch {
		case s.end:
			err = c.CloseWrite()
		case s.pause == 0:
			_, err = c.Write(s.data)
		default:
			err = drip(c, s)
		}
		if err != nil {
			return
		}
	}
}

func drip(c net.Conn, s step) error {
	for i := range s.data {
		if _, err := c.Write(s.data[i : i+1]); err != nil {
			return err
		}
		time.Sleep(s.pause)
	}
	return nil
}

// receive reads the first answer of a connection, and whether that is closed
// after it.
func receive(c net.Conn, start time.Time, patience time.Duration) *answer {
	_ = c.SetReadDeadline(start.Add(patience))
	var all []byte
	buffer := make([]byte, 64<<10)
	a := &answer{}
	for {
		n, err := c.Read(buffer)
		all = append(all, buffer[:n]...)
		if !a.whole {
			a = parse(all, err != nil && !errors.Is(err, os.ErrDeadlineExceeded))
			a.took = time.Since(start)
			if a.whole {
				_ = c.SetReadDeadline(time.Now().Add(lingering))
			}
		}
		if err != nil {
			a.closed = !errors.Is(err, os.ErrDeadlineExceeded)
			a.bytes = len(all)
			a.count = bytes.Count(all, []byte("HTTP/1.")) - bytes.Count(all, []byte("HTTP/1.1 100 "))
			return a
		}
	}
}

// parse reads the first final answer in data; ended says that no more comes.
func parse(data []byte, ended bool) *answer {
	head, body, found := bytes.Cut(data, []byte("\r\n\r\n"))
	line, fields, _ := strings.Cut(string(head), "\r\n")
	words := strings.SplitN(line, " ", 3)
	if !found || len(words) < 2 {
		return &answer{}
	}
	a := &answer{header: make(textproto.MIMEHeader)}
	a.status, _ = strconv.Atoi(words[1])
	if a.status == 100 {
		return parse(body, ended)
	}
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		a.header.Add(name, strings.TrimSpace(value))
	}
	length, err := strconv.Atoi(a.header.Get("Content-Length"))
	switch {
	case strings.EqualFold(a.header.Get("Transfer-Encoding"), "chunked"):
		a.body, a.whole = unchunked(body)
	case a.status == 204 || a.status == 304:
		a.body, a.whole = string(body), true
	case err == nil && len(body) >= length:
		a.body, a.whole = string(body[:length]), true
	default:
		a.body, a.whole = string(body), ended
	}
	return a
}

// unchunked joins chunks (RFC 9112 section 7.1); ok is false while the last
// one is missing.
func unchunked(data []byte) (body string, ok bool) {
	var out bytes.Buffer
	for {
		line, rest, found := bytes.Cut(data, []byte("\r\n"))
		size, err := strconv.ParseInt(string(line), 16, 32)
		if !found || err != nil || int(size)+2 > len(rest) {
			return out.String(), false
		}
		if size == 0 {
			return out.String(), true
		}
		out.Write(rest[:size])
		data = rest[size+2:]
	}
}

func TestParse(t *testing.T) {
	for _, row := range []struct {
		data   string
		ended  bool
		status int
		body   string
		whole  bool
	}{
		{"", true, 0, "", false},
		{"HTTP/1.1 200 OK\r\n", true, 0, "", false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false, 200, "ab", true},
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", false, 200, "a", false},
		{"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400", false, 400, "400", false},
		{"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400", true, 400, "400", true},
		{"HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", true},
		{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n", false, 413, "", true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false, 200, "abc", true},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\n", false, 200, "ab", false},
	} {
		a := parse([]byte(row.data), row.ended)
		assert.Equal(t, row.status, a.status, row.data)
		assert.Equal(t, row.body, a.body, row.data)
		assert.Equal(t, row.whole, a.whole, row.data)
	}
}

func TestReceiveTellsOpenFromClosed(t *testing.T) {
	const reply = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
	for _, closes := range []bool{false, true} {
		client, server := net.Pipe()
		go func() {
			_, _ = io.WriteString(server, reply)
			if closes {
				_ = server.Close()
			}
		}()
		a := receive(client, time.Now(), 5*time.Second)
		assert.Equal(t, 400, a.status)
		assert.Equal(t, closes, a.closed)
		assert.Equal(t, len(reply), a.bytes)
		assert.Equal(t, 1, a.count)
		_ = server.Close()
	}
}

package remote

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// An answer is the head of an HTTP/1.x message from a server.
type answer struct {
	status    int
	header    bus.Header // without the fields of one connection
	mediaType string
	size      int64 // of the body; -1: to the end of the connection
	chunked   bool
	last      bool // the server ends the connection after it
}

const (
	maxInterim = 8   // answers of status 1xx before the one that counts
	maxFields  = 200 // of a header, or of a trailer
)

// readHead reads a head, without the empty line that ends it. Its bytes come
// back as one string, which the fields share.
func (c *conn) readHead() (string, error) {
	if _, err := c.in.Peek(1); err != nil {
		return "", &silentError{err}
	}
	buffered, _ := c.in.Peek(c.in.Buffered())
	if end := bytes.Index(buffered, []byte("\r\n\r\n")); end >= 0 {
		head := string(buffered[:end+2])
		_, err := c.in.Discard(end + 4)
		return head, err
	}
	return c.readLines()
}

// silentError is the failure to read the first byte of an answer.
type silentError struct{ error }

// Unwrap returns the reason.
func (e *silentError) Unwrap() error { return e.error }

// readLines reads to the next empty line.
func (c *conn) readLines() (string, error) {
	var lines []byte
	for start := 0; ; {
		piece, err := c.in.ReadSlice('\n')
		lines = append(lines, piece...)
		switch {
		case len(lines) > maxHeader:
			return "", fmt.Errorf("a header of more than %d bytes", maxHeader)
		case err == io.EOF:
			return "", io.ErrUnexpectedEOF
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return "", err
		case err != nil:
			continue
		}
		if line := lines[start:]; string(line) == "\r\n" || string(line) == "\n" {
			return string(lines[:start]), nil
		}
		start = len(lines)
	}
}

// parseAnswer reads the head of an answer to method. What could be understood
// in two ways is an error: nobody may send an answer through here that the next
// server or client takes for two.
func parseAnswer(head, method string) (*answer, error) {
	line, rest, _ := strings.Cut(head, "\n")
	version, status, _ := strings.Cut(strings.TrimSuffix(line, "\r"), " ")
	if version != "HTTP/1.1" && version != "HTTP/1.0" {
		return nil, fmt.Errorf("no answer of HTTP/1: it begins with %q", clip(line))
	}
	code, reason, _ := strings.Cut(status, " ")
	a := &answer{last: version == "HTTP/1.0"}
	var err error
	if a.status, err = strconv.Atoi(code); err != nil || len(code) != 3 || a.status < 100 || !bus.IsFieldValue(reason) {
		return nil, fmt.Errorf("no status line: %q", clip(line))
	}
	f := framing{size: -1}
	if a.header, err = parseFields(rest, &f); err != nil {
		return nil, err
	}
	a.mediaType = f.mediaType
	a.header = withoutNamed(a.header, f.connection)
	if a.status != http.StatusSwitchingProtocols {
		a.header.Del("Upgrade")
	}
	a.last = f.ends(a.last) || a.last && f.codings > 0 // RFC 9112 section 6.1
	return a, a.frame(&f, method)
}

// framing is what the fields of one connection say.
type framing struct {
	size       int64 // Content-Length, -1 if there is none
	coding     string
	codings    int
	connection []string
	mediaType  string
	typed      bool // there is a Content-Type: of several the first counts, as for net/http
}

// ends reports whether the connection ends, where old says what it does if
// nothing is said.
func (f *framing) ends(old bool) bool {
	for _, value := range f.connection {
		for option := range strings.SplitSeq(value, ",") {
			switch option = strings.TrimSpace(option); {
			case strings.EqualFold(option, "close"):
				return true
			case strings.EqualFold(option, "keep-alive"):
				old = false
			}
		}
	}
	return old
}

// frame finds out how long the body is (RFC 9112 section 6.3).
func (a *answer) frame(f *framing, method string) error {
	switch {
	case f.codings > 0 && (f.codings > 1 || !strings.EqualFold(f.coding, "chunked")):
		return fmt.Errorf("the Transfer-Encoding %q is not understood", clip(f.coding))
	case f.codings > 0 && f.size >= 0:
		return errors.New("both Transfer-Encoding and Content-Length: where the answer ends is not clear")
	case a.status/100 == 1 || method == "HEAD" || a.status == 204 || a.status == 304:
		a.size = 0
	case f.codings > 0:
		a.chunked, a.size = true, -1
	default:
		a.size = f.size
		a.last = a.last || f.size < 0
	}
	return nil
}

// parseFields reads the lines of a header. Those that concern the body or the
// connection go into f.
func parseFields(lines string, f *framing) (bus.Header, error) {
	count := strings.Count(lines, "\n")
	if count > maxFields {
		return nil, fmt.Errorf("a header of more than %d fields", maxFields)
	}
	const edge = 4 // that whoever passes the answer on may add
	header := make(bus.Header, 0, count+edge)
	for lines != "" {
		var line string
		line, lines, _ = strings.Cut(lines, "\n")
		name, value, ok := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
		value = strings.Trim(value, " \t")
		if !ok || !bus.IsToken(name) || !bus.IsFieldValue(value) {
			return nil, fmt.Errorf("no header field: %q", clip(line))
		}
		if !bus.OfConnection(name) {
			header = append(header, bus.Field{Name: name, Value: value})
		} else if err := f.note(name, value); err != nil {
			return nil, err
		}
		if strings.EqualFold(name, "Upgrade") {
			header = append(header, bus.Field{Name: name, Value: value})
		}
	}
	return header, nil
}

// note takes over a field of the connection or the body.
func (f *framing) note(name, value string) error {
	switch {
	case strings.EqualFold(name, "Content-Length"):
		size, err := strconv.ParseUint(value, 10, 63)
		if err != nil || f.size >= 0 || value[0] == '+' {
			return fmt.Errorf("the Content-Length is not one number: %q", clip(value))
		}
		f.size = int64(size)
	case strings.EqualFold(name, "Transfer-Encoding"):
		f.coding, f.codings = value, f.codings+1
	case strings.EqualFold(name, "Connection"):
		f.connection = append(f.connection, value)
	case strings.EqualFold(name, "Content-Type") && !f.typed:
		f.mediaType, f.typed = value, true
	}
	return nil
}

// withoutNamed takes out the fields that Connection names.
func withoutNamed(h bus.Header, connection []string) bus.Header {
	for _, value := range connection {
		for option := range strings.SplitSeq(value, ",") {
			if option = strings.TrimSpace(option); option != "" && !strings.EqualFold(option, "Upgrade") {
				h.Del(option)
			}
		}
	}
	return h
}

// clip returns what of a text from outside an error shows.
func clip(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}

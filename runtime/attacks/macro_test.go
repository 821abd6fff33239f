package attacks

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// step is a part of what is sent on a connection: bytes at once, bytes one by
// one, or the end of what the client says.
type step struct {
	data  []byte
	pause time.Duration // after each byte; 0: none
	end   bool
}

// expander replaces the macros of a request.
type expander struct {
	words map[string]func(arg string) (string, error) // what {{NAME:arg}} stands for
}

var macroForm = regexp.MustCompile(`\{\{([A-Z_]+)(?::((?s).*?))?\}\}`)

// expand returns the steps of a request. {{CL}} in the head is the length of
// the body.
func (x *expander) expand(request string) ([]step, error) {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	after, err := x.steps(body, 0)
	if err != nil {
		return nil, err
	}
	length := 0
	for _, s := range after {
		length += len(s.data)
	}
	before, err := x.steps(head+"\r\n\r\n", length)
	if !strings.Contains(request, "\r\n\r\n") {
		before, err = x.steps(head, 0)
	}
	return append(before, after...), err
}

func (x *expander) steps(text string, length int) ([]step, error) {
	var steps []step
	var plain []byte
	flush := func() {
		if len(plain) > 0 {
			steps = append(steps, step{data: plain})
			plain = nil
		}
	}
	from := 0
	for _, at := range macroForm.FindAllStringSubmatchIndex(text, -1) {
		plain = append(plain, latin1(text[from:at[0]])...)
		from = at[1]
		name, arg := text[at[2]:at[3]], ""
		if at[4] >= 0 {
			arg = text[at[4]:at[5]]
		}
		switch name {
		case "CL":
			plain = strconv.AppendInt(plain, int64(length), 10)
		case "HALFCLOSE":
			flush()
			steps = append(steps, step{end: true})
		case "DRIP":
			pause, data, _ := strings.Cut(arg, ":")
			ms, err := strconv.Atoi(pause)
			if err != nil {
				return nil, fmt.Errorf("DRIP: %w", err)
			}
			flush()
			steps = append(steps, step{data: latin1(data), pause: time.Duration(ms) * time.Millisecond})
		default:
			data, err := x.word(name, arg)
			if err != nil {
				return nil, err
			}
			plain = append(plain, data...)
		}
	}
	plain = append(plain, latin1(text[from:])...)
	flush()
	return steps, nil
}

// word returns what a macro stands for that needs nothing but its argument.
func (x *expander) word(name, arg string) (string, error) {
	if word, ok := x.words[name]; ok {
		return word(arg)
	}
	count := arg[strings.LastIndexByte(arg, ':')+1:]
	n, err := strconv.Atoi(count)
	if err != nil {
		return "", fmt.Errorf("there is no macro %s with argument %q", name, arg)
	}
	switch name {
	case "REP":
		return strings.Repeat(string(latin1(arg[:len(arg)-len(count)-1])), n), nil
	case "NEST":
		return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n), nil
	case "KEYS":
		return "{" + joined(n, ",", func(i int) string { return fmt.Sprintf(`"k%d":%d`, i, i) }) + "}", nil
	case "INTLIST":
		return "[" + joined(n, ",", strconv.Itoa) + "]", nil
	case "HDRS":
		return strings.Repeat("X-Hi: v\r\n", n), nil
	case "RANGES":
		return joined(n, ",", func(i int) string { return strconv.Itoa(i) + "-" }), nil
	case "PARTS":
		return strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nv\r\n", n) + "--x--\r\n", nil
	case "GZIP":
		return gzipped(n), nil
	}
	return "", fmt.Errorf("there is no macro %s", name)
}

func joined(n int, separator string, entry func(int) string) string {
	list := make([]string, n)
	for i := range list {
		list[i] = entry(i)
	}
	return strings.Join(list, separator)
}

// gzipped returns n zero bytes, compressed a MiB at a time: what is compressed
// may have several members (RFC 1952 section 2.2).
func gzipped(n int) string {
	const member = 1 << 20
	var full, rest bytes.Buffer
	for size, to := range map[int]*bytes.Buffer{member: &full, n % member: &rest} {
		w := gzip.NewWriter(to)
		_, _ = w.Write(make([]byte, size)) // a Buffer takes all
		_ = w.Close()
	}
	return strings.Repeat(full.String(), n/member) + rest.String()
}

// latin1 makes a byte of each code point.
func latin1(s string) []byte {
	data := make([]byte, 0, len(s))
	for _, r := range s {
		data = append(data, byte(r))
	}
	return data
}

func TestMacros(t *testing.T) {
	x := &expander{words: map[string]func(string) (string, error){
		"HOST":  func(string) (string, error) { return "127.0.0.1:80", nil },
		"TOKEN": func(name string) (string, error) { return "t-" + name, nil },
	}}
	for _, row := range []struct{ text, want string }{
		{"GET / HTTP/1.1\r\nHost: {{HOST}}\r\n\r\n", "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n"},
		{"A: {{TOKEN:sc-other-aud}}", "A: t-sc-other-aud"},
		{"C: {{CL}}\r\n\r\n{{REP:ab:3}}!", "C: 7\r\n\r\nababab!"},
		{"C: {{CL}}\r\n\r\n\u00ff\u00fe", "C: 2\r\n\r\n\xff\xfe"},
		{"{{REP:a/b;q=0.1, :2}}", "a/b;q=0.1, a/b;q=0.1, "},
		{"{{REP:..:2}}", "...."},
		{`{"a":{{REP:9:3}}}`, `{"a":999}`},
		{"{{NEST:2}}", `{"a":{"a":1}}`},
		{"{{KEYS:2}}", `{"k0":0,"k1":1}`},
		{"{{RANGES:3}}", "0-,1-,2-"},
		{"{{HDRS:2}}", "X-Hi: v\r\nX-Hi: v\r\n"},
		{"{{PARTS:0}}", "--x--\r\n"},
	} {
		steps, err := x.expand(row.text)
		require.NoError(t, err, row.text)
		var all []byte
		for _, s := range steps {
			all = append(all, s.data...)
		}
		assert.Equal(t, row.want, string(all))
	}

	steps, err := x.expand("C: 9\r\n\r\nab{{HALFCLOSE}}")
	require.NoError(t, err)
	assert.Equal(t, []step{{data: []byte("C: 9\r\n\r\n")}, {data: []byte("ab")}, {end: true}}, steps)
	steps, err = x.expand("C: 9\r\n{{DRIP:500:X-a: b}}")
	require.NoError(t, err)
	assert.Equal(t, []step{{data: []byte("C: 9\r\n")}, {data: []byte("X-a: b"), pause: 500 * time.Millisecond}}, steps)

	packed, err := x.expand("{{GZIP:3000000}}")
	require.NoError(t, err)
	r, err := gzip.NewReader(bytes.NewReader(packed[0].data))
	require.NoError(t, err)
	var plain bytes.Buffer
	_, err = plain.ReadFrom(r)
	require.NoError(t, err)
	assert.Equal(t, 3_000_000, plain.Len())

	for _, text := range []string{"{{NOPE}}", "{{REP:x}}", "{{NOPE:1}}", "{{DRIP:x:y}}"} {
		_, err := x.expand(text)
		assert.Error(t, err, text)
	}
}

package crash

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A content is what a write puts at a path, by name; "" is no document. No two
// writes to a path put the same there: a document has the number of its write
// in it, and a counter only grows.
type content string

// document is the body of a write. It tells by itself whether it is whole.
type document struct {
	Write int64  `json:"write"` // a number that no other write has
	Size  int    `json:"size"`  // of all of it, in bytes
	Hash  string `json:"hash"`  // of the number and the pad
	Pad   string `json:"pad"`
}

// noise is what pads are cut from.
var noise = func() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	random, text := rand.New(rand.NewPCG(1, 2)), make([]byte, 2*maxSize)
	for i := range text {
		text[i] = letters[random.IntN(len(letters))]
	}
	return string(text)
}()

// The least and the greatest size of a document.
const minSize, maxSize = 100, 100_000

// compose makes the body of a write.
func compose(write int64, size int, random *rand.Rand) (content, []byte) {
	d := document{Write: write, Size: size}
	d.Hash = hash(write, "")
	pad := size - len(d.encode())
	from := random.IntN(maxSize)
	d.Pad = noise[from : from+max(0, pad)]
	d.Hash = hash(write, d.Pad)
	return content(strconv.FormatInt(write, 10)), d.encode()
}

func hash(write int64, pad string) string {
	sum := sha256.Sum256(fmt.Append(nil, write, pad))
	return fmt.Sprintf("%x", sum[:8])
}

func (d *document) encode() []byte {
	return fmt.Appendf(nil, `{"write":%d,"size":%d,"hash":"%s","pad":"%s"}`, d.Write, d.Size, d.Hash, d.Pad)
}

// count is the body of a counter.
func count(n int) (content, []byte) {
	body := fmt.Sprintf(`{"n":%d}`, n)
	return content(body), []byte(body)
}

// number returns what a counter counted.
func (c content) number() int {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(string(c), `{"n":`), "}"))
	if err != nil {
		return -1
	}
	return n
}

func isCounter(path string) bool { return strings.Contains(path, "/count/") }

// identify returns which content the body of a document at path is, unless it
// is not whole.
func identify(path string, body []byte) (content, error) {
	if isCounter(path) {
		c := content(body)
		if again, _ := count(c.number()); again != c || c.number() < 0 {
			return "", fmt.Errorf("%.80q is no counter", body)
		}
		return c, nil
	}
	var d document
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	switch err := decoder.Decode(&d); {
	case err != nil:
		return "", fmt.Errorf("torn: %w: %d bytes: %.80q", err, len(body), body)
	case d.Size != len(body), d.Hash != hash(d.Write, d.Pad):
		return "", fmt.Errorf("torn: write %d of %d bytes: %d bytes, the hash is right: %t", d.Write, d.Size, len(body), d.Hash == hash(d.Write, d.Pad))
	}
	return content(strconv.FormatInt(d.Write, 10)), nil
}

func TestIdentify(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for _, size := range []int{minSize, 5000, maxSize} {
		want, body := compose(1234, size, random)
		assert.Len(t, body, size)
		got, err := identify("/json/a", body)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		other, _ := compose(1235, size, random)
		assert.NotEqual(t, want, other)

		_, err = identify("/json/a", body[:size-1])
		assert.ErrorContains(t, err, "torn", "a byte less")
		_, err = identify("/json/a", append(bytes.Clone(body), ' '))
		assert.ErrorContains(t, err, "torn", "a byte more")
		body[size-10] = '.'
		_, err = identify("/json/a", body)
		assert.ErrorContains(t, err, "torn", "another byte")
	}
	want, body := count(7)
	got, err := identify("/json/count/1", body)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	assert.Equal(t, 7, got.number())
	for _, wrong := range []string{"", `{"n":7`, `{"n":07}`, `{"n":-1}`, `{"n":7}}`} {
		_, err := identify("/json/count/1", []byte(wrong))
		assert.Error(t, err, wrong)
	}
}

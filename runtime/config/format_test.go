package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/tailscale/hujson"
	"pgregory.net/rapid"

	"github.com/seed90475182/restspace/runtime/config"
)

// TestFormat formats each NAME.in of testdata/format.txtar to its NAME.want.
func TestFormat(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/format/format.txtar")
	require.NoError(t, err)
	require.Zero(t, len(archive.Files)%2)
	for i := 0; i < len(archive.Files); i += 2 {
		in, want := archive.Files[i], archive.Files[i+1]
		name := strings.TrimSuffix(in.Name, ".in")
		require.Equal(t, name+".want", want.Name)
		t.Run(name, func(t *testing.T) {
			data := bytes.ReplaceAll(in.Data, []byte("<CR>"), []byte("\r"))
			got, err := config.Format(in.Name, data)
			require.NoError(t, err)
			assert.Equal(t, string(want.Data), string(got))
			holdFormat(t, data)
		})
	}
}

func TestFormatOfWhatThereIs(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/services.json")
	require.NoError(t, err)
	for _, file := range append(files, "../../services.json") {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		got, err := config.Format(file, data)
		require.NoError(t, err)
		assert.Equal(t, string(data), string(got), file)
	}
}

func TestFormatOfNoJSON(t *testing.T) {
	_, err := config.Format("x.json", []byte("{\n  \"a\": }"))
	assert.ErrorContains(t, err, "x.json:2:8: ")
}

// holdFormat holds Format to keep the value and the comments, and to change
// nothing the second time.
func holdFormat(t require.TestingT, data []byte) {
	once, err := config.Format("x", data)
	require.NoError(t, err)
	twice, err := config.Format("x", once)
	require.NoError(t, err)
	require.Equal(t, string(once), string(twice))
	require.Equal(t, valueIn(t, data), valueIn(t, once))
	require.Equal(t, commentsIn(t, data), commentsIn(t, once))
}

// valueIn returns a text without comments and spaces.
func valueIn(t require.TestingT, data []byte) string {
	text, err := hujson.Minimize(append(bytes.Clone(data), '\n'))
	require.NoError(t, err)
	return string(text)
}

// commentsIn returns the comments of a text, one after the other.
func commentsIn(t require.TestingT, data []byte) (comments []string) {
	root, err := hujson.Parse(append(bytes.Clone(data), '\n'))
	require.NoError(t, err)
	see := func(extra hujson.Extra) {
		text := strings.Trim(strings.ReplaceAll(string(extra), "\r\n", "\n"), " \t\r\n")
		for text != "" {
			end := "\n"
			if strings.HasPrefix(text, "/*") {
				end = "*/"
			}
			comment, rest, _ := strings.Cut(text[2:], end)
			comments = append(comments, text[:2]+strings.TrimRight(comment, " \t\r"))
			text = strings.TrimLeft(rest, " \t\r\n")
		}
	}
	var walk func(v *hujson.Value)
	walk = func(v *hujson.Value) {
		see(v.BeforeExtra)
		switch value := v.Value.(type) {
		case *hujson.Object:
			for i := range value.Members {
				walk(&value.Members[i].Name)
				walk(&value.Members[i].Value)
			}
			see(value.AfterExtra)
		case *hujson.Array:
			for i := range value.Elements {
				walk(&value.Elements[i])
			}
			see(value.AfterExtra)
		}
		see(v.AfterExtra)
	}
	walk(&root)
	return comments
}

// TestFormatOfAnything formats JSON with spaces and comments everywhere.
func TestFormatOfAnything(t *testing.T) {
	extra := rapid.SampledFrom([]string{"", "", "", " ", "\t", "\n", "\n\n\n", " // line\n", "\n // line \n", "/* block */", "\n/* block */\n", "/* two\n   lines */", "\r\n"})
	var value func(t *rapid.T, depth int) string
	value = func(t *rapid.T, depth int) string {
		gap := func() string { return extra.Draw(t, "extra") }
		kind := rapid.IntRange(0, 5).Draw(t, "kind")
		if depth == 0 || kind < 2 {
			return rapid.SampledFrom([]string{"1", `"x"`, `"a\"//\\"`, "null", "-1.50e+3"}).Draw(t, "literal")
		}
		open, end := "{", "}"
		if kind > 3 {
			open, end = "[", "]"
		}
		var b strings.Builder
		b.WriteString(open)
		parts := rapid.IntRange(0, 3).Draw(t, "parts")
		for i := range parts {
			b.WriteString(gap())
			if open == "{" {
				b.WriteString(string(rune('"')) + string(rune('a'+i)) + `"` + gap() + ":" + gap())
			}
			b.WriteString(value(t, depth-1) + gap())
			if i < parts-1 || rapid.Bool().Draw(t, "comma") {
				b.WriteString(",")
			}
		}
		b.WriteString(gap() + end)
		return b.String()
	}
	rapid.Check(t, func(t *rapid.T) {
		holdFormat(t, []byte(extra.Draw(t, "before")+value(t, 3)+extra.Draw(t, "after")))
	})
}

func FuzzFormat(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	require.NoError(f, err)
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		require.NoError(f, err)
		for _, part := range archive.Files {
			f.Add(part.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := config.Format("x", data); err == nil {
			holdFormat(t, data)
		}
	})
}

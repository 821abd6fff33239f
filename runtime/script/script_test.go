package script_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	adaptorlist "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/script"
	servicelist "github.com/seed90475182/restspace/services/all"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// greeted is a reply and a mail with names.
const greeted = "-- request --\nGET /\n-- reply --\n200\nETag: {{etag}}\n-- mail --\nFrom: {{from}}\n"

func TestParseSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"-- request --\nGET /\n":                                                        "a.txtar:1: a script has requests, each followed by its reply",
		"a\n-- reply --\n200\n":                                                         `a.txtar:2: part "reply": there is no request that it answers`,
		"-- request --\nGET /\n-- request --\nGET /\n":                                  `a.txtar:3: part "request": the request before it has no reply`,
		"-- request --\nGET\n-- reply --\n200\n":                                        "METHOD URL",
		"-- request --\nGET / by ann U\n-- reply --\n200\n":                             "METHOD URL as EMAIL",
		"-- request --\nGET /\n-- reply --\nok\n":                                       `a.txtar:3: part "reply": the first line is a status`,
		"-- request --\nGET /\n-- reply --\n-1\n":                                       "the first line is a status",
		"-- request --\nGET /\nnonsense\n-- reply --\n200\n":                            "is not a field",
		"-- request --\nGET /\n-- mail --\nTo: a\n":                                     "after the reply",
		"-- server: api.example.com --\n{}\n":                                           "write the URL that it stands for",
		"-- server: http://api.example.com/ --\n{}\n":                                   "write the URL that it stands for",
		"-- request: x --\nGET /\n-- reply --\n200\n-- mail --\nx\n":                    `part "mail": "x" is not a field`,
		"-- request --\nGET /\n-- reply --\n200\n-- mail: none --\nTo: a\n":             `part "mail: none": the request is to send no mail: write nothing below it`,
		"-- request --\nGET /\n-- reply --\n200\n-- mail --\nTo: a\n-- mail: none --\n": "mail: none stands alone",
		"-- request --\nGET /\n-- reply --\n200\n-- mail: none --\n-- mail --\nTo: a\n": "mail: none stands alone",
		"-- pages/ --\nx\n":                                                             `a.txtar:1: part "pages/": it is a directory beside the script, since it ends in a slash: write nothing below it`,
		"-- ../pages/ --\n":                                                             "write a directory that is beside the script",
		"-- /etc/ --\n":                                                                 "write a directory that is beside the script",
		"-- ./ --\n":                                                                    "write a directory that is beside the script",
		"":                                                                              "a.txtar:1: a script has requests",
		"-- requst: two --\n":                                                           `a.txtar:1: part "requst: two": did you mean "request: two"? A file of that name is "./requst: two"`,
		"-- Reply --\n":                                                                 `a.txtar:1: part "Reply": did you mean "reply"? A file of that name is "./Reply"`,
		"-- request two --\n":                                                           `did you mean "request: two"?`,
		"-- step: two --\n":                                                             `a.txtar:1: part "step: two": it is no request, reply, mail or server; a file of that name is "./step: two"`,
		"-- service.json --\n":                                                          `did you mean "services.json"?`,
		"-- ../x --\n":                                                                  `a.txtar:1: part "../x": it is no request`,
		"-- request: x --\nGET /{{id}}\n-- reply --\n200\n":                             `a.txtar:1: part "request: x": {{id}} stands for nothing: no reply before it has a name: write it in one, where the value comes`,
		greeted + "-- request --\nPUT /\nIf-Match: {{etga}}\n-- reply --\n200\n": `a.txtar:8: part "request": {{etga}} stands for nothing: did you mean {{etag}}?`,
		greeted + "-- request --\nPUT /\n\n{{it}}\n-- reply --\n200\n":           "{{it}} stands for nothing: the replies before it have {{etag}}, {{from}}",
		greeted + "-- request --\nPUT /{{end}}\n-- reply --\n200\n":              "{{end}} stands for nothing",
	} {
		_, err := script.Parse("a.txtar", []byte(text))
		assert.ErrorContains(t, err, want, text)
	}
}

// TestParseReadsFiles reads names that are neither parts nor near to one, or have
// a directory, and bodies that are templates.
func TestParseReadsFiles(t *testing.T) {
	s, err := script.Parse("a.txtar", []byte("-- notes --\n-- ./mails --\n-- pages/request: a --\n-- request --\nPUT /\n\n{{if .x}}{{else}}{{end}}\n-- reply --\n200\n"))
	require.NoError(t, err)
	assert.Equal(t, []string{"./mails", "notes", "pages/request: a"}, slices.Sorted(maps.Keys(s.Files)))
}

// echo answers a PUT with its tag, and a GET with what was PUT.
const echo = `-- services.json --
{ "services": [
  { "name": "store", "basePath": "/", "service": "file", "adaptor": "memory", "readRoles": "all", "writeRoles": "all" }
] }
-- request: put --
PUT /a.txt

`

// play plays "PUT /a.txt" with the body, and then "GET /a.txt" with the reply
// that is expected.
func play(t *testing.T, body, reply string) (*script.Script, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	text := echo + body + "\n-- reply --\n201\n-- request: get --\nGET /a.txt\n-- reply --\n" + reply
	s, err := script.Parse("a.txtar", []byte(text))
	require.NoError(t, err)
	session, err := script.Start(t.Context(), s, script.Options{Runtime: runtime.Options{
		Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), LogTo: t.Output(),
	}})
	require.NoError(t, err)
	defer func() { assert.NoError(t, session.Close()) }()
	require.NoError(t, session.Play(t.Context(), &s.Steps[0]))
	return s, session.Play(t.Context(), &s.Steps[1])
}

func TestPlay(t *testing.T) {
	for _, row := range []struct {
		body, reply string
		lines       []string // of the difference
		updated     string   // the reply
	}{
		{"hello", "200\n", nil, ""},
		{"hello", "200 OK\nContent-Type: text/{{x}}\n!X-Other\n\nhello\n", nil, ""},
		{"hello", "200\n\nh{{x}}o\n", nil, ""},
		{"hello", "404\n\nhello\n", []string{"-404", "+200", " ", " hello"}, "200\n\nhello\n"},
		{"hello", "404 Not Found\n", []string{"-404", "+200", "+", "+hello"}, "200 OK\n"},
		{"hello", "200\nContent-Type: {{x}}\nX-Other: {{y}}\n", []string{" 200", " Content-Type: text/plain; charset=utf-8", "-X-Other: {{y}}"}, ""},
		{"hello", "200\nX-Other: y\n", []string{" 200", "-X-Other: y"}, "200\n!X-Other\n"},
		{"hello", "200\nContent-Type:   text/html\n", []string{" 200", "-Content-Type: text/html", "+Content-Type: text/plain; charset=utf-8"}, "200\nContent-Type: text/plain; charset=utf-8\n"},
		{"hello", "200\n!Content-Type\n", []string{" 200", "-!Content-Type", "+Content-Type: text/plain; charset=utf-8"}, "200\nContent-Type: text/plain; charset=utf-8\n"},
		{"hello", "200\nContent-Type: text/{{x}}\n\n{{x}}\n", []string{" 200", " Content-Type: text/plain; charset=utf-8", " ", "-plain; charset=utf-8", "+hello"}, "200\nContent-Type: text/{{x}}\n\nhello\n"},
		{"a\nb 1\nc", "200\n\na\nb {{n}}\nd\n", []string{" ", " a", " b 1", "-d", "+c"}, "200\n\na\nb {{n}}\nc\n"},

		// JSON: byte for byte on one line, without its spacing on several.
		{`{"a": 1}`, "200\n\n{\"a\":1}\n", []string{" 200", " ", `-{"a":1}`, `+{"a": 1}`}, "200\n\n{\"a\": 1}\n"},
		{`{"a": [1, {}], "b":"x y"}`, "200\n\n{\n \"a\": [1,{}],\n \"b\": \"x {{y}}\"\n}\n", nil, ""},
		{`{"id": "17", "n": 2}`, "200\n\n{\"id\": \"{{id}}\", \"n\": 3}\n",
			[]string{" ", " {", `   "id": "17",`, `-  "n": 3`, `+  "n": 2`, " }"}, "200\n\n{\"id\": \"{{id}}\", \"n\": 2}\n"},
		{`{"id":17,"n":2}`, "200\n\n{\n\"id\": {{id}}, \"n\": 3}\n",
			[]string{" ", " {", `   "id": 17,`, `-  "n": 3`, `+  "n": 2`, " }"}, "200\n\n{\n  \"id\": {{id}},\n  \"n\": 2\n}\n"},
		{`{"k1":{"n": 2}}`, "200\n\n{\"{{key}}\":{\"n\":2}}\n",
			[]string{" 200", " ", `-{"{{key}}":{"n":2}}`, `+{"k1":{"n": 2}}`}, "200\n\n{\"{{key}}\":{\"n\": 2}}\n"},
		{`{"a":1}`, "200\n\n{\n\"a\":1.0}\n", []string{" 200", " ", " {", `-  "a": 1.0`, `+  "a": 1`, " }"}, "200\n\n{\n  \"a\": 1\n}\n"},
	} {
		t.Run(row.body+" "+row.reply, func(t *testing.T) {
			s, err := play(t, row.body, row.reply)
			if row.lines == nil {
				require.NoError(t, err)
				return
			}
			var d *script.Difference
			require.ErrorAs(t, err, &d)
			assert.Equal(t, row.lines, d.Lines())
			update := script.NewUpdate(s)
			err = errors.Join(update.First(d), update.Next(d))
			if row.updated == "" {
				assert.ErrorContains(t, err, "by hand")
				return
			}
			require.NoError(t, err)
			before := string(s.Edited(nil))
			assert.Equal(t, before[:len(before)-len(row.reply)]+row.updated, string(s.Edited(update.Edits())))
		})
	}
}

// TestLinesOfCRLF plays and updates a script whose lines end in CRLF.
func TestLinesOfCRLF(t *testing.T) {
	t.Chdir(t.TempDir())
	text := strings.ReplaceAll(echo+"hello\n-- reply --\n200\n!X\n", "\n", "\r\n")
	s, err := script.Parse("a.txtar", []byte(text))
	require.NoError(t, err)
	assert.Equal(t, "hello", s.Steps[0].Body)
	assert.Equal(t, text, string(s.Edited(nil)))
	session, err := script.Start(t.Context(), s, script.Options{Runtime: runtime.Options{
		Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), LogTo: t.Output(),
	}})
	require.NoError(t, err)
	defer func() { assert.NoError(t, session.Close()) }()
	var d *script.Difference
	require.ErrorAs(t, session.Play(t.Context(), &s.Steps[0]), &d)
	update := script.NewUpdate(s)
	require.NoError(t, errors.Join(update.First(d), update.Next(d)))
	assert.Equal(t, strings.Replace(text, "200\r\n!X", "201\r\n!X", 1), string(s.Edited(update.Edits())))
}

// TestFolders copies what is beside a script, but nothing that is hidden, and no
// links.
func TestFolders(t *testing.T) {
	beside, work := t.TempDir(), t.TempDir()
	for _, name := range []string{"pages/a.txt", "pages/far/b.txt", "pages/.lock", "pages/.tmp/c.txt", "others/d.txt"} {
		path := filepath.Join(beside, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	}
	require.NoError(t, os.Symlink("../others/d.txt", filepath.Join(beside, "pages/link")))
	require.NoError(t, os.Symlink("../others", filepath.Join(beside, "pages/others")))
	t.Chdir(work)
	s, err := script.Parse("a.txtar", []byte("-- pages/ --\n-- services.json --\n{\"services\": []}\n-- request --\nGET /\n-- reply --\n404\n"))
	require.NoError(t, err)
	session, err := script.Start(t.Context(), s, script.Options{Dir: beside, Runtime: runtime.Options{
		Services: servicelist.Registry(), Adaptors: adaptorlist.Registry(), LogTo: t.Output(),
	}})
	require.NoError(t, err)
	require.NoError(t, session.Close())
	var names []string
	require.NoError(t, fs.WalkDir(os.DirFS(work), "pages", func(path string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			names = append(names, path)
		}
		return err
	}))
	assert.Equal(t, []string{"pages/a.txt", "pages/far/b.txt"}, names)
}

package pipeline_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/services/pipeline"
)

// faults returns what is wrong with a pipeline, a line for each.
func faults(err error) string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, one := range joined.Unwrap() {
			all = append(all, faults(one))
		}
		return strings.Join(all, "\n")
	}
	var fault *pipeline.Fault
	if errors.As(err, &fault) {
		return fmt.Sprintf("%s: %v", fault.Pointer(), fault)
	}
	return fmt.Sprint(err)
}

func TestWhatIsRight(t *testing.T) {
	for _, text := range []string{
		`["concurrency 4", "trace", "GET /x"]`,
		`["serial next end", "GET /x"]`,
		`[["parallel", "if (a) GET /x", "if (b) GET /y"]]`,
		`[["tee", "jsonSplit", "PUT /x/${id}"], "GET /y"]`,
		`["jsonSplit", ["serial", ["/x :.a", "/y :.b"], "jsonObject"], "jsonObject"]`,
		`["try  GET /x", "if (status === 404) GET /y", ":x"]`,
		`["POST a.b /x :$v", "$METHOD $this /x?a=$>0", "GET $?(from) :$<0", "http://example.com/x"]`,
		`["if (')' === \"(\" || header('x')) GET /x"]`,
		`["if (true)"]`,
		`["GET /x/${$_user.email}/${$_headers.a} :$v", "/y/${$v[0].a}?a=${$v/b} :${$v}", "if ($v.a) /z"]`,
		`["try /x", "if ($error.status === 404) /y/${$error.status}"]`,
		`[[{"a": {"$v": "1", "b": "$schema"}}, "GET /x/${$v}"], "zip"]`,
		`[["/x :a", ["try /y", "/z"]], "jsonObject"]`, // serial in a parallel list
		`[["try /x :$v", "/y"], "zip"]`,
		`["tee", ["serial", "try /x", "/y"]]`,
		`["GET /x/?$filter=a eq true and b eq ${c}"]`,
	} {
		_, err := pipeline.Parse([]byte(text))
		assert.NoError(t, err, text)
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                                  `: not a pipeline: write a list of steps, such as ["GET /contacts/$>0"]`,
		`["GET /x", 5]`:                       `/1: 5 is no element: write a step in a string, a transform in an object, or a pipeline in a list`,
		`["GET /x"`:                           `: not valid JSON: unexpected EOF`,
		`["GET /x/${a"]`:                      `/0: byte 7: a code that is not finished: write } at its end`,
		`["PUT a[ /x"]`:                       `/0: byte 6: a value is missing: write $this`,
		`[["GET /x :a"], [[""]]]`:             `/1/0/0: byte 0: an empty step: write a call, such as "GET /contacts/$>0"`,
		`["/x", {"a": {"b": "1 +"}}]`:         `/1/a/b: byte 3: `,
		`["try"]`:                             `/0: byte 0: nothing to try: write a call after it, such as "try GET /contacts/$>0"`,
		`["if (a GET /x"]`:                    `/0: byte 3: a condition that is not finished: write ) at its end`,
		`["GET /x :"]`:                        `/0: byte 8: a name is missing: write one after the colon, such as :contact`,
		`["GET /x :a${"]`:                     `/0: byte 9: a code that is not finished: write } at its end`,
		`["concurrency 0"]`:                   `/0: byte 11: how many calls there are at one time: write a number from 1 to 256, as in "concurrency 4"`,
		`["concurrency 257"]`:                 `/0: byte 11: how many calls there are at one time: write a number from 1 to 256, as in "concurrency 4"`,
		`[]`:                                  `: nothing to do: write a step into the list, such as "GET /contacts/$>0"`,
		`["trace"]`:                           `: nothing to do`,
		`["/x", ["serial"]]`:                  `/1: nothing to do`,
		`["GET /x/${$v.a}"]`:                  `/0: byte 7: nothing sets $v: write :$v after the call whose answer it is, or "$v" as a key of a transform`,
		`["/x :$set", ["/x :a${$sit}"]]`:      `/1/0: byte 5: nothing sets $sit: did you mean $set?`,
		`["if (body.a && $error.status) /x"]`: `/0: byte 14: nothing sets $error: write try before the call whose error it is`,
		`["if (expressionFilter(body, 'n > $v')) /x"]`: `/0: byte 32: nothing sets $v`,
		`["serial go"]`:             `/0: "go" is no action: write one of stop, next, end`,
		`["serial nxt"]`:            `/0: "nxt" is no action: did you mean "next"?`,
		`["\$x"]`:                   "/0: not valid JSON: invalid escape sequence `\\$` in string: write the character alone, or \\\\ for a backslash",
		`["serial next end stop"]`:  `/0: a mode has two actions: write serial <fail> <succeed>`,
		`["parallel end", "/x"]`:    `/0: parallel elements have no order, so that there is no rest to skip: write stop or next in the place of end`,
		`[["/x", "jsonObject"]]`:    `/0/1: jsonObject joins what comes before it, but each element of a parallel list gets the same message: write it after the list, or "serial" at the beginning of it`,
		`[["try /x", "/y"], "zip"]`: `/0/0: byte 0: try changes nothing in a parallel list, where no element stands in for another: write "serial" at the beginning of the list`,
		`["teeWait", "try /x"]`:     `/1: byte 0: try in a teeWait, whose elements all run: write it in a list inside, such as ["teeWait", ["serial", "try GET /contacts/$>0", "GET /texts/none"]]`,
		`["try /x", "zip"]`:         `/1: zip joins what comes before it, but each element of a conditional list gets the same message: write it after the list, or "serial" at the beginning of it`,
		`["/x", ["/a", "/b"]]`:      `/1: this makes several messages, and nothing joins them: write jsonObject, jsonArray, zip or multipart after it`,
		`["jsonSplit", "/a"]`:       `/0: this makes several messages, and nothing joins them`,
		`["/x/${[]}"]`:              `/0: this makes several messages, and nothing joins them`,
		`["/x/${a[b > 1].c}"]`:      `/0: this makes several messages, and nothing joins them`,
		`["jsonSplit", "zip", ["/a", ["serial", "jsonSplit"]]]`: `/2/1/1: this makes several messages, and nothing joins them`,
	} {
		_, err := pipeline.Parse([]byte(text))
		require.Error(t, err, text)
		assert.Contains(t, faults(err), want, text)
	}
}

// What is mistyped says what was meant.
func TestMistyped(t *testing.T) {
	const list = "write a URL that begins with a slash, such as GET /contacts/$>0, or one of serial, parallel, conditional, tee, teeWait, " +
		"jsonSplit, unzip, jsonObject, jsonArray, zip, multipart, trace, concurrency"
	for text, want := range map[string]string{
		"jsonsplit":                 `byte 0: "jsonsplit" is neither a step nor a word that is known here: did you mean "jsonSplit"?`,
		"paralel stop":              `byte 0: "paralel" is neither a step nor a word that is known here: did you mean "parallel"?`,
		"trcae":                     `byte 0: "trcae" is neither a step nor a word that is known here: did you mean "trace"?`,
		"concurency 4":              `byte 0: "concurency" is neither a step nor a word that is known here: did you mean "concurrency"?`,
		"whatever":                  `byte 0: "whatever" is neither a step nor a word that is known here: ` + list,
		"$v":                        `byte 0: "$v" is neither a step nor a word that is known here: ` + list,
		"get /x":                    `byte 0: "get" is no method: did you mean "GET"?`,
		"try get /x":                `byte 4: "get" is no method: did you mean "GET"?`,
		"$METHD /x":                 `byte 0: "$METHD" is no method: did you mean "$METHOD"?`,
		"FETCH https://e.com/x":     `byte 0: "FETCH" is no method: write one of GET, HEAD, POST, PUT, PATCH, DELETE, $METHOD, or one before it if it is a part of the body, as in POST FETCH https://e.com/x`,
		"address $?(from)":          `byte 0: "address" is no method: write one of GET, HEAD, POST, PUT, PATCH, DELETE, $METHOD, or one before it if it is a part of the body, as in POST address $?(from)`,
		"$this /x":                  `byte 0: a part of the body follows a method: write one before it, such as POST $this /x`,
		"tri GET /x":                `byte 0: "tri" before a method: write try or if (...) there, or leave it out`,
		"iff (a) GET /x":            `byte 0: no condition: write it in brackets, such as if (status === 200) GET /contacts/$>0`,
		"if a GET /x":               `byte 0: no condition: write it in brackets, such as if (status === 200) GET /contacts/$>0`,
		"DELETE":                    `byte 0: a URL is missing: write one after the method, such as DELETE /contacts/$>0`,
		"x/y":                       `byte 0: "x/y" is no URL: write one that begins with a slash, such as /x/y`,
		"GET x/y":                   `byte 4: "x/y" is no URL: write one that begins with a slash, such as GET /contacts/$>0`,
		"GET $v":                    `byte 4: "$v" is no URL: write one that begins with a slash, such as GET /contacts/$>0`,
		"PUT a b /x":                `byte 6: "b /x" is no URL: write one that begins with a slash, such as GET /contacts/$>0`,
		"if (a)  GET /x as x :name": `byte 14: "as x" follows the URL: write a name as :name, a further call as a step of its own, and a space in a path as %20`,
		"GET /${a[b > 1].c} | x?":   `byte 18: "| x?" follows the URL: write a name as :name, a further call as a step of its own, and a space in a path as %20`,
	} {
		_, err := pipeline.Parse([]byte("[" + strconv.Quote(text) + "]"))
		require.Error(t, err, text)
		assert.Equal(t, "/0: "+want, faults(err), text)
	}
	for _, text := range []string{`["/x", "trace"]`, `["concurrency 4", "serial", "trace"]`, `["/x", ["trace"]]`} {
		_, err := pipeline.Parse([]byte(text))
		assert.ErrorContains(t, err, "byte 0: trace holds for the whole pipeline: write it at the beginning of the outermost list, before all else", text)
	}
	_, err := pipeline.Parse([]byte(`[["/x"], "concurrency 4"]`))
	assert.ErrorContains(t, err, "byte 0: concurrency holds for the whole pipeline")
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, err := pipeline.Parse([]byte(`["jsonsplit", ["/a/${", "parallel x"], 1]`))
	assert.Equal(t, 4, strings.Count(faults(err), "\n")+1, "%v", faults(err))
}

func TestSize(t *testing.T) {
	steps := func(n int) []byte { return []byte("[" + strings.Repeat(`"/x",`, n-1) + `"/x"]`) }
	_, err := pipeline.Parse(steps(100))
	assert.NoError(t, err)
	_, err = pipeline.Parse(steps(101))
	assert.EqualError(t, err, "more than 100 steps: put some of them into a pipeline of their own, and call that")
	lists := func(n int) []byte { return []byte(strings.Repeat("[", n) + `"/x"` + strings.Repeat("]", n)) }
	_, err = pipeline.Parse(lists(16))
	assert.NoError(t, err)
	_, err = pipeline.Parse(lists(17))
	assert.ErrorContains(t, err, "lists in lists more than 16 deep")
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`["try if (a) PUT a.b /x/${c} :$v", ["tee", "jsonSplit", {"a": "b"}], "serial end next", "zip"]`,
		`["concurrency 1", "trace", [["/x :.a"]], "GET $?(x) :$this"]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := pipeline.Parse(text)
		if err == nil {
			assert.NotNil(t, p)
			return
		}
		assert.NotEmpty(t, faults(err))
	})
}

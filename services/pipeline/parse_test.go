package pipeline_test

import (
	"errors"
	"fmt"
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
		`[]`,
		`["concurrency 4", "trace", "GET /x"]`,
		`["serial next end", "GET /x"]`,
		`[["parallel", "if (a) GET /x", "if (b) GET /y"]]`,
		`[["tee", "jsonSplit", "PUT /x/${id}"], "GET /y"]`,
		`["jsonSplit", ["serial", ["/x :.a", "/y :.b"], "jsonObject"], "jsonObject"]`,
		`["try  GET /x", "if (status === 404) GET /y", ":x"]`,
		`["POST a.b /x :$v", "$METHOD $this /x?a=$>0", "GET $?(from) :$<0", "http://example.com/x"]`,
		`["if (')' === \"(\" || header('x')) GET /x"]`,
		`["if (true)"]`,
	} {
		_, err := pipeline.Parse([]byte(text))
		assert.NoError(t, err, text)
	}
}

func TestFaults(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                          `: not a pipeline: write a list of steps, such as ["GET /contacts/$>0"]`,
		`["GET /x", 5]`:               `/1: 5 is no element: write a step in a string, a transform in an object, or a pipeline in a list`,
		`["GET /x"`:                   `: not valid JSON: unexpected EOF`,
		`["GET /x/${a"]`:              `/0: byte 7: a code that is not finished: write } at its end`,
		`["PUT a[ /x"]`:               `/0: byte 6: a value is missing: write $this`,
		`[["GET /x :a"], [[""]]]`:     `/1/0/0: byte 0: an empty step: write a call, such as "GET /contacts/$>0"`,
		`["/x", {"a": {"b": "1 +"}}]`: `/1/a/b: byte 3: `,
		`["try"]`:                     `/0: byte 0: nothing to try: write a call after it, such as "try GET /contacts/$>0"`,
		`["if (a GET /x"]`:            `/0: byte 3: a condition that is not finished: write ) at its end`,
		`["GET /x :"]`:                `/0: byte 8: a name is missing: write one after the colon, such as :contact`,
		`["GET /x :a${"]`:             `/0: byte 9: a code that is not finished: write } at its end`,
		`["jsonsplit"]`:               `/0: byte 0: neither a step nor a mode, a splitter or a joiner: write a URL that begins with a slash, such as GET /contacts/$>0, or one of serial, parallel, conditional, tee, teeWait, jsonSplit, unzip, jsonObject, jsonArray, zip, multipart`,
		`["concurrency 0"]`:           `/0: byte 11: how many calls there are at one time: write a number from 1 to 256, as in "concurrency 4"`,
		`["concurrency 257"]`:         `/0: byte 11: how many calls there are at one time: write a number from 1 to 256, as in "concurrency 4"`,
		`["/x", "trace"]`:             `/1: byte 0: neither a step nor a mode`,
		`["serial go"]`:               `/0: "go" is no action: write stop, next or end`,
		`["serial next end stop"]`:    `/0: a mode has two actions: write serial <fail> <succeed>`,
		`["parallel end", "/x"]`:      `/0: parallel elements have no order, so that there is no rest to skip: write stop or next in the place of end`,
		`[["/x", "jsonObject"]]`:      `/0/1: jsonObject joins what comes before it, but each element of a parallel list gets the same message: write it after the list, or "serial" at the beginning of it`,
		`["try /x", "zip"]`:           `/1: zip joins what comes before it, but each element of a conditional list gets the same message: write it after the list, or "serial" at the beginning of it`,
		`["/x", ["/a", "/b"]]`:        `/1: this makes several messages, and nothing joins them: write jsonObject, jsonArray, zip or multipart after it`,
		`["jsonSplit", "/a"]`:         `/0: this makes several messages, and nothing joins them`,
		`["/x/${[]}"]`:                `/0: this makes several messages, and nothing joins them`,
		`["/x/${a[b > 1].c}"]`:        `/0: this makes several messages, and nothing joins them`,
		`["jsonSplit", "zip", ["/a", ["serial", "jsonSplit"]]]`: `/2/1/1: this makes several messages, and nothing joins them`,
	} {
		_, err := pipeline.Parse([]byte(text))
		require.Error(t, err, text)
		assert.Contains(t, faults(err), want, text)
	}
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

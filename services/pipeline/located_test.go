package pipeline_test

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// What a client and the log are told of an error: where it came up, each place
// once.
func TestPlaces(t *testing.T) {
	services := bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		_ = m.Close()
		switch m.URL.Path[0] {
		case "absent":
			return nil, &bus.Error{Status: 404, Detail: "nothing is here", Err: fs.ErrNotExist}
		case "broken":
			return nil, errors.New("the disk is gone")
		}
		return bus.Reply(200, bus.NewBody([]byte(`{"n": 1}`), "application/json")), nil
	})
	const (
		none    = "nothing is here: file does not exist"
		missing = "${a.b}: there is no such value"
		logged  = missing + `: pattern "/x/${a.b}": ${a.b}: there is no such value (there are the keys ["n"])`
	)
	for steps, row := range map[string]struct {
		inner           string
		client, logLine string
	}{
		`["GET /x", "GET /x/${a.b}"]`:                     {``, "/p step /1: " + missing, "/p step /1: " + logged},
		`["GET /x", {"m": "'x'.repeat(1e9)"}]`:            {``, "/p step /1: /m: expression \"'x'.repeat(1e9)\" at offset 10: it makes more than", ""},
		`["GET /x", "if ('x'.repeat(1e9)) /x"]`:           {``, "/p step /1: expression \"'x'.repeat(1e9)\" at offset 10: it makes more than", ""},
		`["GET /x", "PUT a /x"]`:                          {``, "/p step /1: the body has no a", ""},
		`["GET /x :${a}"]`:                                {``, "/p step /0: the name :${a}: there is no such value", ""},
		`[["/x :a", "/x :a"], "jsonObject"]`:              {``, `/p step /1: two parts of an object are named "a": give each a name of its own, as in GET /contacts :contacts`, ""},
		`["GET /absent"]`:                                 {``, "nothing is here", "/p step /0: " + none},
		`["GET /broken"]`:                                 {``, "", "/p step /0: the disk is gone"},
		`["jsonSplit", "GET /absent", "zip"]`:             {``, "part 0: nothing is here", "part 0: /p step /1: " + none},
		`["GET /x", "GET /x/${a.b}", "zip"]`:              {``, "/p step /1: " + missing, "/p step /1: " + logged},
		`["jsonSplit", "GET /x", "GET /x/${a.b}", "zip"]`: {``, "part 0: /p step /2: " + missing, "part 0: /p step /2: " + logged},
		`["/inner/1"]`:                                    {`["GET /absent"]`, "nothing is here", "/p step /0: /inner step /0: " + none},
		`["/inner/2"]`:                                    {`["GET /x", "GET /x/${a.b}"]`, "/p step /0: /inner step /1: " + missing, "/p step /0: /inner step /1: " + logged},
		`["/inner/3"]`:                                    {`["GET /broken"]`, "", "/p step /0: /inner step /0: the disk is gone"},
		`["/inner/4"]`:                                    {`["jsonSplit", "GET /absent", "zip"]`, "/p step /0: part 0: nothing is here", "/p step /0: part 0: /inner step /1: " + none},
	} {
		t.Run(steps, func(t *testing.T) {
			t.Parallel()
			w := &world{}
			inner := bus.Service(services)
			if row.inner != "" {
				var err error
				inner, err = w.serviceOf(t, `{"pipeline": `+row.inner+`}`, services, services)
				require.NoError(t, err)
			}
			table, err := bus.NewTable(&bus.Mount{Name: "all", Service: services}, &bus.Mount{Name: "inner", Base: []string{"inner"}, Service: inner})
			require.NoError(t, err)
			s, err := w.serviceOf(t, `{"pipeline": `+steps+`}`, table, table)
			require.NoError(t, err)
			_, err = s.Serve(t.Context(), &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{"p", "sub"}, Base: 1},
				Body: bus.NewBody([]byte("[1]"), "application/json")})
			require.Error(t, err)
			known := bus.Classify(err)
			if row.logLine == "" {
				assert.Contains(t, known.Detail, row.client)
				return
			}
			assert.Equal(t, row.client, known.Detail)
			assert.Equal(t, row.logLine, err.Error())
		})
	}
}

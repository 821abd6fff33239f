package pipeline_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/pipeline"
	"github.com/seed90475182/restspace/urlpattern"
)

// outline writes what a record says but for times and sizes.
func outline(list []record.Entry) string {
	var lines strings.Builder
	for _, e := range list {
		fmt.Fprintf(&lines, "%s %s", e.Kind, e.At)
		for _, fact := range []struct {
			name string
			told bool
			is   any
		}{
			{"text", e.Text != "", e.Text}, {"mode", e.Mode != "", e.Mode}, {"name", e.Name != "", e.Name}, {"variable", e.Variable != "", e.Variable}, {"parts", e.Parts > 0, e.Parts},
			{"held", e.Held != nil, e.Held != nil && *e.Held}, {"status", e.Status > 0, e.Status}, {"skipped", e.Skipped, true}, {"more", e.More > 0, e.More},
		} {
			if fact.told {
				fmt.Fprintf(&lines, " %s=%v", fact.name, fact.is)
			}
		}
		lines.WriteByte('\n')
		for line := range strings.Lines(outline(e.Children)) {
			lines.WriteString("  " + line)
		}
	}
	return lines.String()
}

func TestRecord(t *testing.T) {
	for name, row := range map[string]struct{ steps, body, want string }{
		"steps": {`["if (isJson) /lib/bypass :named", "if (isText) /lib/bypass", "/lib/bypass :$v", {"a": "1"}]`, `1`, `
			step /0 text=if (isJson) /lib/bypass :named name=named held=true
			step /1 text=if (isText) /lib/bypass name=named held=false skipped=true
			step /2 text=/lib/bypass :$v name=named variable=v
			transform /3 name=named`},
		"an error": {`["/none", "/lib/bypass"]`, `1`, `
			step /0 text=/none
			step /1 text=/lib/bypass skipped=true`},
		"a try": {`["try /none", "/lib/bypass", "/lib/bypass"]`, `1`, `
			step /0 text=try /none
			step /1 text=/lib/bypass mode=conditional
			step /2 text=/lib/bypass skipped=true`},
		"a split": {`["jsonSplit", "if (body > 1) /lib/bypass", "jsonArray"]`, `[1,2]`, `
			split /0 text=jsonSplit parts=2
			  part  name=0
			    step /1 text=if (body > 1) /lib/bypass name=0 held=false skipped=true
			  part  name=1
			    step /1 text=if (body > 1) /lib/bypass name=1 held=true
			join /2 text=jsonArray parts=2`},
		"branches": {`[["/lib/delay/20 :a", "/lib/bypass :b"], "jsonObject"]`, `1`, `
			list /0
			  step /0/0 text=/lib/delay/20 :a mode=parallel name=a
			  step /0/1 text=/lib/bypass :b mode=parallel name=b
			join /1 text=jsonObject parts=2`},
		"a fan-out": {`["GET /lib/bypass?n=${[]}", "zip"]`, `[1,2,3]`, `
			step /0 text=GET /lib/bypass?n=${[]} parts=3
			  part  name=0
			  part  name=1
			  part  name=2
			join /1 text=zip parts=3`},
		"a tee": {`[["teeWait", "/lib/devnull", "/lib/bypass"]]`, `1`, `
			list /0
			  step /0/1 text=/lib/devnull mode=teeWait
			  step /0/2 text=/lib/bypass mode=teeWait`},
		"a bomb": {`["GET /lib/bypass?n=${[]}", "jsonArray"]`, "[0" + strings.Repeat(",0", 119) + "]", `
			step /0 text=GET /lib/bypass?n=${[]} parts=120 more=20
			` + strings.Join(parts(100), "\n\t\t\t") + `
			join /1 text=jsonArray parts=120`},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			ctx, n := record.Start(w.root(t), record.Options{}, record.Entry{})
			_, body := send(t, ctx, w.must(t, row.steps, 1000), row.body)
			want := strings.ReplaceAll(strings.TrimPrefix(row.want, "\n"), "\t\t\t", "") + "\n"
			assert.Equal(t, want, outline(n.Tree(nil).Children), body)
		})
	}
}

func parts(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("  part  name=%d", i))
	}
	return list
}

// TestOptionTrace has each run told to the log, also where it is part of a record
// that does not show it.
func TestOptionTrace(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, nil)
	c := pipeline.Kind().Config()
	require.NoError(t, json.Unmarshal([]byte(`{"pipeline": ["trace", "/lib/bypass?token=abc", "jsonSplit", "zip"]}`), c))
	s, err := pipeline.Kind().New(t.Context(), services.Env{Name: "p", Config: c, Bus: w.table, AsCaller: w.table,
		Limits: services.Limits{Body: 1 << 20, File: 1 << 20, FanOut: 10, Parallel: 2}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	told := func() string {
		defer log.Reset()
		return log.String()
	}
	send(t, w.root(t), s, `[1,2]`)
	alone := told()
	assert.Contains(t, alone, `msg="pipeline run"`)
	assert.Contains(t, alone, "/1 /lib/bypass?token=[redacted]")
	assert.Contains(t, alone, "[2 parts]")
	assert.NotContains(t, alone, "abc")

	root := w.root(t)
	table, err := bus.NewTable(&bus.Mount{Name: "p", Base: []string{"p"}, Service: s}, &bus.Mount{Name: "lib", Base: []string{"lib"}, Service: w.table})
	require.NoError(t, err)
	bus.RootOf(root).Table = table
	for _, opens := range []bool{true, false} {
		ctx, n := record.Start(root, record.Options{Opens: func(*bus.Mount, *bus.Message) bool { return opens }}, record.Entry{})
		reply, err := record.Serve(ctx, table, &bus.Message{Method: "POST", URL: urlpattern.URL{Path: []string{"p"}}, Body: bus.NewBody([]byte(`[1]`), "application/json")})
		require.NoError(t, err)
		_, err = reply.Body.Bytes(1 << 20)
		require.NoError(t, err)
		require.NoError(t, reply.Close())
		assert.Contains(t, told(), "/1 /lib/bypass?token=[redacted]")
		call := n.Tree(nil).Children[0]
		assert.Equal(t, opens, len(call.Children) == 1)
	}

	quiet := context.WithoutCancel(t.Context())
	send(t, quiet, s, `[1,2]`)
	assert.Empty(t, told(), "what belongs to no request has no record")
}

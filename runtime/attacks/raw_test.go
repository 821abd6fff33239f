package attacks

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sent is a raw row while it is carried out.
type sent struct {
	attack
	*answer
	method, target, body string
}

// accepted reports whether the server took a document.
func (r *sent) accepted() bool { return r.method == "PUT" && r.status/100 == 2 }

// attack sends the request of a row and holds the server to what is expected
// of it, and to the rules that hold after every attack.
func (a *arena) attack(t *testing.T, row attack) {
	t.Helper()
	before, from, hits := a.tree(t), a.logEnd(t), a.canary.hits.Load()
	held := a.vitals(t)
	r := a.send(t, row)
	t.Logf("%s: %d in %v", row.ID, r.status, r.took.Round(time.Millisecond))
	a.assertExpected(t, r)
	a.assertLogged(t, r, from)
	a.assertAlive(t)
	a.then(t, r)
	if row.Expect.RSSDeltaMB > 0 {
		a.assertSettled(t, held, row.Expect.RSSDeltaMB)
	}
	assert.EqualValues(t, row.Expect.CanaryHits, a.canary.hits.Load()-hits, "connections to the canary")
	assert.Len(t, a.temporary(t), row.Expect.TempFiles, "temporary files")
	a.assertUnchanged(t, before) // then has removed what the row may store
}

// send expands the request and sends it.
func (a *arena) send(t *testing.T, row attack) *sent {
	t.Helper()
	steps, err := a.expander().expand(row.Request)
	require.NoError(t, err)
	wait := patience
	if limit := row.Expect.MaxMS; limit > 0 {
		wait = scaled(time.Duration(limit)*time.Millisecond) + time.Second
	}
	reply, err := send(a.address, steps, wait)
	require.NoError(t, err)
	r := &sent{attack: row, answer: reply}
	var whole strings.Builder
	for _, s := range steps {
		whole.Write(s.data)
	}
	head, body, _ := strings.Cut(whole.String(), "\r\n\r\n")
	words := strings.SplitN(head, " ", 3)
	r.method, r.target, r.body = words[0], words[1], body
	return r
}

func (a *arena) assertExpected(t *testing.T, r *sent) {
	t.Helper()
	e := &r.Expect
	allowed := []int(e.Status)
	assert.Contains(t, allowed, r.status, "status; expected: %s; answer: %v %s", e.Answer, r.header, clip(r.answer.body))
	for _, part := range e.BodyNot {
		assert.NotContains(t, r.answer.body, part, "body")
	}
	if e.BodyLen != nil {
		assert.Len(t, r.answer.body, *e.BodyLen, "body")
	}
	for _, field := range e.HeaderMust {
		name, value, _ := strings.Cut(field, ": ")
		assert.Contains(t, r.header.Values(name), value, name)
	}
	for _, field := range e.HeaderNot {
		name, value, valued := strings.Cut(field, ": ")
		if valued {
			assert.NotContains(t, r.header.Values(name), value, name)
		} else {
			assert.Empty(t, r.header.Values(name), name)
		}
	}
	if e.OneResponse {
		assert.LessOrEqual(t, r.count, 1, "a second request was taken out of the first")
	}
	if e.MaxMS > 0 {
		assert.Less(t, r.took, scaled(time.Duration(e.MaxMS)*time.Millisecond), "time")
	}
	if e.BytesMax != "" {
		require.Equal(t, "object size x 1.1", e.BytesMax)
		assert.Less(t, r.bytes, len(seeds()[r.target])*11/10, "bytes of the answer")
	}
	var fields strings.Builder
	for name, values := range r.header {
		fields.WriteString(name + ": " + strings.Join(values, ", ") + "\n")
	}
	assert.Empty(t, a.leaks(fields.String()+r.answer.body, a.secrets()), "in the answer")
	if r.status != 0 && r.fromParser() {
		assert.True(t, r.closed, "the connection is still open after a request that could not be parsed")
	}
}

// assertLogged is the rule that a request has one line in the log, beside those
// of what it did to an account, and that each line is JSON without a raw control byte or a secret. What net/http
// refuses before any handler sees it has none: such an answer has no id.
func (a *arena) assertLogged(t *testing.T, r *sent, from int64) {
	t.Helper()
	if r.status != 0 && !r.fromParser() {
		id := `"id":"` + r.header.Get("X-Request-Id") + `"`
		a.awaitLog(t, from, id+".*\n")
		lines := 0
		for line := range strings.Lines(a.loggedSince(from)) {
			if strings.Contains(line, id) && !strings.Contains(line, `"msg":"audit"`) {
				lines++
			}
		}
		assert.Equal(t, 1, lines, "lines in the log for the request")
	}
	log := a.loggedSince(from)
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		assert.True(t, json.Valid([]byte(line)), "no JSON in the log: %q", line)
		assert.NotRegexp(t, `[\x00-\x1f\x7f]`, line, "control bytes in the log")
	}
	assert.NotContains(t, log, "eyJ", "a token in the log")
	for _, part := range r.Expect.LogNot {
		if !strings.HasSuffix(part, " raw") { // control bytes: see above
			assert.NotContains(t, log, part, "log")
		}
	}
}

// clip shortens what a failure shows.
func clip(s string) string {
	if len(s) > 500 {
		return s[:500] + "..."
	}
	return s
}

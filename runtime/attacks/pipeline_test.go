package attacks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pipelines are the mounts below /pipe that rows speak of.
func pipelines() []string {
	list := []string{
		// Nothing listens there: what calls it fails.
		`{"name": "dead", "basePath": "/internal/dead", "service": "proxy", "url": "http://127.0.0.1:1", "readRoles": "A", "internal": true}`,
	}
	list = append(list,
		`{"name": "breaks", "basePath": "/internal/breaks", "service": "panics", "readRoles": "A", "internal": true}`,
		`{"name": "pipes", "basePath": "/pipe", "service": "pipeline", "adaptor": "memory", "readRoles": "U", "writeRoles": "E", "manageRoles": "A"}`,
		`{"name": "pipe-write-step", "basePath": "/pipe/write-step", "service": "pipeline", "readRoles": "U", "writeRoles": "U",
			"as": "caller", "pipeline": ["PUT /json/${name}"]}`)
	for name, to := range map[string]string{"loop": "loop", "loop-a": "loop-b", "loop-b": "loop-a"} { // what these do is not known: GET is asked for
		list = append(list, fmt.Sprintf(
			`{"name": "pipe-%[1]s", "basePath": "/pipe/%[1]s", "service": "pipeline", "readRoles": "U", "writeRoles": "U", "get": true, "pipeline": ["GET /pipe/%[2]s"]}`, name, to))
	}
	for name, steps := range map[string]string{
		"by-body":        `["GET /json/${name}"]`,
		"by-path":        `["GET /json/$>0"]`,
		"by-query":       `["GET /json/$?(doc):(hello)"]`,
		"side-effect":    `["PUT /json/side-effect"]`,
		"internal-fails": `["GET /internal/dead/x"]`,
		"fan":            `["GET /json/${ids[]}", "jsonArray"]`,
		"slow-fan":       `["concurrency 100", "jsonSplit", "GET /proxy/up/hang", "jsonArray"]`,
		"par-fail":       `[["GET /proxy/up/hang :a", "GET /internal/dead/x :b"], "jsonObject"]`,
		"big-mid":        `["GET /proxy/up/endless", {"size": "$.length"}]`,
		"panic":          `[["GET /internal/breaks :a", "GET /json/hello :b"], "jsonObject"]`,
	} {
		list = append(list, fmt.Sprintf(
			`{"name": "pipe-%[1]s", "basePath": "/pipe/%[1]s", "service": "pipeline", "readRoles": "U", "writeRoles": "U", "pipeline": %[2]s}`, name, steps))
	}
	return list
}

// pipelineToHost is URLPAT-050: a host that comes out of data is refused before
// anything is called, be it a part of the URL, or the whole of it where the list
// of hosts has it not.
func pipelineToHost(t *testing.T, row attack) {
	const mount = `{"name": "to-host", "basePath": "/pipe/to-host", "service": "pipeline", "readRoles": "U", "writeRoles": "U",
		"hosts": ["api.example.com"], "pipeline": ["GET %s"]}`
	p := newPlace(t)
	p.seed(t)
	p.configure(t, withMount(t, fmt.Sprintf(mount, "${url}")))
	a := p.arena(t)
	row.Request = "POST /pipe/to-host HTTP/1.1\r\nHost: {{HOST}}\r\nAuthorization: Bearer {{TOKEN:user}}\r\nContent-Type: application/json\r\n" +
		"Content-Length: {{CL}}\r\nConnection: close\r\n\r\n{\"url\":\"http://{{CANARY}}/x\"}"
	a.attack(t, row)
	a.assertRefused(t, withMount(t, fmt.Sprintf(mount, "http://${host}/x")),
		position+`/services/8/pipeline/0: byte 11: the host is not a literal`)
}

// loopOfTwo is PIPE-003: two servers that call one another.
func loopOfTwo(t *testing.T, row attack) {
	const mount = `{"name": "round", "basePath": "/pipe/round", "service": "pipeline", "readRoles": "all", "pipeline": ["GET http://%s/pipe/round"]}`
	one := newArena(t)
	other := newPlace(t)
	other.configure(t, withMount(t, fmt.Sprintf(mount, one.address)))
	two := other.start(t)
	one.reload(t, withMount(t, fmt.Sprintf(mount, two.address)), saysLoaded)
	reply := one.request(t, "GET", "/pipe/round", "", "")
	assert.Contains(t, []int{502, 508}, reply.status, "%s", reply.body)
	assert.Contains(t, reply.body, "has been here before")
	assert.Less(t, reply.took, scaled(time.Duration(row.Expect.MaxMS)*time.Millisecond))
	one.assertAlive(t)
	assert.LessOrEqual(t, strings.Count(two.logged(), `"path":"/pipe/round"`), 16, "how often it went round")
}

// clientLeaves is PIPE-007: a client that leaves ends all calls that were made
// for it.
func clientLeaves(t *testing.T, _ attack) {
	const calls = 100
	a := newOutgoingArena(t)
	before := a.vitals(t)
	c := a.dialFrom(t, 1)
	defer c.Close()
	body := "[" + strings.Repeat("1,", calls-1) + "1]"
	_, err := c.Write(a.message("POST", "/pipe/slow-fan", a.tokens["user"], body, "Content-Type: application/json"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return a.upstream.busy.Load() == calls }, patience, time.Millisecond, "the calls are under way")
	left := time.Now()
	require.NoError(t, c.Close())
	require.Eventually(t, func() bool { return a.upstream.busy.Load() == 0 }, patience, time.Millisecond, "the calls go on")
	assert.Less(t, time.Since(left), scaled(time.Second), "the calls went on")
	a.assertSettled(t, before, keptMB)
	a.assertAlive(t)
}

// TestPipelinesOfRows sees that what the rows have refused is refused for what
// they send.
func TestPipelinesOfRows(t *testing.T) {
	a := newOutgoingArena(t)
	user := a.tokens["user"]
	for path, body := range map[string]string{"/pipe/by-body": `{"name":"hello"}`, "/pipe/by-path/hello": "", "/pipe/by-query?doc=hello": ""} {
		reply := a.request(t, "POST", path, user, body)
		assert.Equal(t, 200, reply.status, path)
		assert.Equal(t, seeds()["/json/hello"], reply.body, path)
	}
}

package attacks

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

// pipelines are the mounts below /pipe that rows speak of.
func pipelines() []string {
	list := []string{
		// Nothing listens there: what calls it fails.
		`{"name": "dead", "basePath": "/internal/dead", "service": "proxy", "url": "http://127.0.0.1:1", "readRoles": "A", "internal": true}`,
	}
	for name, steps := range map[string]string{
		"by-body":        `["GET /json/${name}"]`,
		"by-path":        `["GET /json/$>0"]`,
		"by-query":       `["GET /json/$?(doc):(hello)"]`,
		"side-effect":    `["PUT /json/side-effect"]`,
		"internal-fails": `["GET /internal/dead/x"]`,
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
		position+`/services/6/pipeline/0: byte 11: the host is not a literal`)
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

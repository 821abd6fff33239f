package documents

import (
	"context"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/urlpattern"
)

// linkAge is how long readers may be told of the schema that was there before:
// a read looks at the directories above it only where nobody did for so long.
const linkAge = 5 * time.Second

// describe adds to the answer with a document the link to its schema (RFC 8288),
// where there is one that the user may read. A schema that can't be looked at is
// no reason to fail.
func (d *Documents) describe(ctx context.Context, m *bus.Message, key adaptors.Key, reply *bus.Message) {
	if !d.JSON || d.isSchema(key) || reply.Status >= 300 {
		return
	}
	g, err := d.governing(ctx, key[:len(key)-1], linkAge)
	if err != nil || g.remembered == nil {
		return
	}
	schema := append(g.dir[:len(g.dir):len(g.dir)], schemaName)
	if !mayRead(m.Sees, schema, false) {
		return
	}
	base := m.URL.BasePath()
	path := urlpattern.Path{Segments: append(base[:len(base):len(base)], schema...)}
	reply.Header.Add("Link", "<"+path.String()+`>; rel="describedby"`)
}

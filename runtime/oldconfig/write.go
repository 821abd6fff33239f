package oldconfig

import (
	"bytes"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/runtime/config"
)

// A block is a service as it is written: lines of members, or the comment that
// stands in its place.
type block struct {
	lines   [][]member
	comment string
}

type member = hujson.ObjectMember

// line adds a line with members.
func (b *block) line(members ...member) { b.lines = append(b.lines, members) }

func pair(name string, v hujson.Value) member { return member{Name: text(name), Value: v} }

func text(s string) hujson.Value { return hujson.Value{Value: hujson.String(s)} }

func object(members ...member) hujson.Value {
	return hujson.Value{Value: &hujson.Object{Members: members}}
}

// text returns the new configuration. Values that were carried over keep their
// line breaks.
func (c *converter) text() ([]byte, error) {
	server := []member{pair("listen", text("127.0.0.1:3100"))}
	if c.hosts != nil {
		server = append(server, pair("hosts", *c.hosts))
	}
	var to bytes.Buffer
	to.WriteString("{\n\"server\": ")
	members := object(server...)
	to.Write(members.Pack())
	to.WriteString(",\n\"services\": [\n")
	last := len(c.blocks) - 1
	for last >= 0 && c.blocks[last].comment != "" {
		last--
	}
	for i, b := range c.blocks {
		b.appendTo(&to)
		if i < last && b.comment == "" {
			to.WriteByte(',')
		}
		to.WriteByte('\n')
	}
	to.WriteString("]\n}\n")
	return config.Format("services.json", to.Bytes())
}

func (b *block) appendTo(to *bytes.Buffer) {
	if b.comment != "" {
		to.WriteString("// " + b.comment)
		return
	}
	to.WriteString("{\n")
	for i, line := range b.lines {
		if i > 0 {
			to.WriteString(",\n")
		}
		members := object(line...)
		text := members.Pack()
		to.Write(text[1 : len(text)-1]) // without its braces
	}
	to.WriteString("\n}")
}

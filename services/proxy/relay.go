package proxy

import (
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/relay"
)

// relay returns the reply of an upstream as the client is to see it.
func (c *call) relay(out outcome) *bus.Message {
	reply := out.reply
	reply.Header = c.fields.reply(reply.Header)
	asked := ""
	if c.root != nil && c.fields.host {
		asked = c.root.Host
	}
	for i := range reply.Header {
		if f := &reply.Header[i]; relay.Named(f.Name, "Location") || relay.Named(f.Name, "Content-Location") {
			f.Value = out.from.below(f.Value, c.m.URL.BasePath(), asked)
		}
	}
	if reply.Body.Stream() == nil {
		c.end()
	} else {
		reply.Body.OnClose(c.end)
	}
	return reply
}

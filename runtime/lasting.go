package runtime

import (
	"context"
	"io"
	"net/http"
	"os"

	"github.com/seed90475182/restspace/bus"
)

// unpinWith lets g go when reply is written. An upgraded connection keeps only
// its service, and ends with it.
func (g *generation) unpinWith(mount *mounted, reply *bus.Message) {
	switch {
	case reply.Body == nil:
		g.unpin()
	case reply.Status == http.StatusSwitchingProtocols && mount != nil:
		i := mount.instance
		i.ends(reply.Body, func(stream io.Closer) { _ = stream.Close() })
		if i.retain() { // or its time is over
			reply.Body.OnClose(i.release)
		}
		g.unpin()
	default:
		reply.Body.OnClose(g.unpin)
	}
}

// bound has a reply that may last end when its service does: at the end of the
// drain time, unless the next configuration has taken the service over.
func (i *instance) bound(root *bus.Root, reply *bus.Message) {
	if reply.Status == http.StatusSwitchingProtocols || !lasts(reply.Body) {
		return
	}
	i.ends(reply.Body, func(stream io.Closer) {
		root.End()
		if file, ok := stream.(*os.File); ok {
			_ = file.Close()
		}
	})
}

// soon is how much of a stream a client is expected to take at once.
const soon = 64 << 10

// lasts reports whether it may take long until a body has been written: it has
// no end that is known, or may be read slowly.
func lasts(b *bus.Body) bool {
	return b.Stream() != nil && (b.Size() < 0 || b.Size() > soon)
}

// ends has end called with the stream of b when i ends before b is closed.
func (i *instance) ends(b *bus.Body, end func(io.Closer)) {
	stream := b.Stream()
	stop := context.AfterFunc(i.ctx, func() { end(stream) })
	b.OnClose(func() { stop() })
}

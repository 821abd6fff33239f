package relay

import (
	"slices"
	"strings"

	"github.com/seed90475182/restspace/bus"
)

// Request returns those fields of a request that go on, with room for more. Those of
// the connection don't, nor what only a proxy says.
func Request(h bus.Header, room int) bus.Header {
	kept := make(bus.Header, 0, len(h)+room)
	socket := Named(h.Get("Upgrade"), "websocket")
	for _, f := range h {
		if !socket && bus.OfConnection(f.Name) {
			continue // over h2c a client could ask for what is not below the mount
		}
		if !stays(f.Name) {
			kept = append(kept, f)
		}
	}
	return kept
}

func stays(name string) bool {
	return Named(name, "Host") || Named(name, "Expect") || Named(name, "Forwarded") || Named(name, "X-Real-Ip") ||
		HasPrefix(name, "X-Forwarded-")
}

// Reply takes out of the header of an answer what is the other server's alone.
func Reply(h bus.Header) bus.Header {
	return slices.DeleteFunc(h, func(f bus.Field) bool {
		return HasPrefix(f.Name, "X-Restspace-") || Named(f.Name, "X-Request-Id")
	})
}

// Named reports whether the name of a field, or another word of HTTP, is other.
func Named(name, other string) bool { return len(name) == len(other) && strings.EqualFold(name, other) }

// HasPrefix reports whether the name of a field begins with prefix.
func HasPrefix(name, prefix string) bool {
	return len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix)
}

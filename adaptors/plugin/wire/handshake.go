package wire

import goplugin "github.com/hashicorp/go-plugin"

// Name is what the protocol's services are together, to go-plugin.
const Name = "adaptor"

// Window is how much of a stream is on its way at a time, in bytes.
const Window = 4 << 20

// Handshake returns how the two sides know each other: the version of the
// protocol, and the environment variable that tells a plugin that a server
// has started it.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{
		ProtocolVersion:  1,
		MagicCookieKey:   "RESTSPACE_PLUGIN",
		MagicCookieValue: "adaptor",
	}
}

package runtime

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/seed90475182/restspace/runtime/config"
)

func TestHosts(t *testing.T) {
	const loopback, network = "127.0.0.1:3100", ":3100"
	for _, row := range []struct {
		address, public string
		listed          []string
		yes, no         []string
	}{
		{loopback, "", nil,
			[]string{"", "localhost", "LocalHost:3100", "localhost.:3100", "127.0.0.1", "127.9.9.9:1", "[::1]", "[::1]:3100", "[0:0:0:0:0:0:0:1]:1", "[::ffff:127.0.0.1]"},
			[]string{"example.org", "localhost.evil.example", "localhost:3100.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::2]", "."}},
		{"localhost:3100", "", nil, []string{"127.0.0.1"}, []string{"example.org"}},
		{"[::1]:3100", "", nil, []string{"localhost"}, []string{"example.org"}},
		{loopback, "https://example.org:8443", nil,
			[]string{"example.org", "EXAMPLE.org.:8443", "example.org:443", "localhost"}, []string{"www.example.org"}},
		{network, "", nil, []string{"", "example.org", "10.0.0.1"}, []string{"not.mine"}},
		{network, "https://example.org", nil, []string{"example.org", "Example.Org:1"}, []string{"localhost", "10.0.0.1", "example.org.evil.example"}},
		{network, "", []string{"a.example", "B.example:8443", "[::1]", "10.0.0.1:80", "c.example.:443"},
			[]string{"A.example", "a.example.", "a.example:1", "b.example:8443", "b.EXAMPLE.:8443", "[::1]", "[::1]:3100", "[0::1]", "10.0.0.1", "10.0.0.1:80", "c.example", "c.example:443"},
			[]string{"b.example", "b.example:443", "10.0.0.1:81", "c.example:80", "localhost"}},
		{loopback, "https://example.org", []string{"a.example"}, []string{"example.org", "a.example"}, []string{"localhost"}},
	} {
		answers := hosts(&config.Server{PublicURL: row.public, Hosts: row.listed}, row.address, func(name string) bool { return name != "not.mine" })
		for _, field := range row.yes {
			assert.True(t, answers(field), "%q where %q, %q and %q", field, row.address, row.public, row.listed)
		}
		for _, field := range row.no {
			assert.False(t, answers(field), "%q where %q, %q and %q", field, row.address, row.public, row.listed)
		}
	}
}

func TestHostsAllocateNothing(t *testing.T) {
	answers := hosts(&config.Server{PublicURL: "https://example.org"}, "127.0.0.1:3100", anyName)
	assert.Zero(t, testing.AllocsPerRun(100, func() { answers("127.0.0.1:3100"); answers("example.org"); answers("[::1]:3100") }))
}

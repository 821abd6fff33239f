// Plugin-redis keeps documents in Redis.
package main

import (
	_ "embed"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin"
)

//go:embed README.md
var readme string

func main() { plugin.Serve(kind()) }

// kind returns the adaptor "redis".
func kind() adaptors.Kind {
	k := plugin.Store(open)
	k.Name, k.Doc = "redis", readme
	k.Config = func() any { return &Config{Address: "127.0.0.1:6379", Prefix: "restspace:"} }
	return k
}

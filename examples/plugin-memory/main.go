// Plugin-memory serves the built-in adaptor memory as a plugin: documents live
// in the memory of a process of their own.
package main

import (
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin"
)

func main() { plugin.Serve(memstore.Kind()) }

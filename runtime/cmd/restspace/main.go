// Command restspace serves nanoservices over HTTP as services.json mounts them.
package main

import (
	"context"
	"os"
	"runtime/debug"

	adaptors "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime/cli"
	services "github.com/seed90475182/restspace/services/all"
)

func main() {
	app := cli.App{Services: services.Registry(), Adaptors: adaptors.Registry(), Version: version()}
	os.Exit(app.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// version returns the version that the module was built as.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

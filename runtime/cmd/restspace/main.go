// Command restspace serves nanoservices over HTTP as services.json mounts them.
package main

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"

	adaptors "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/runtime/cli"
	services "github.com/seed90475182/restspace/services/all"
)

func main() {
	app := cli.App{Services: services.Registry(), Adaptors: adaptors.Registry(), Version: version(), Program: self()}
	os.Exit(app.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

// version returns the version that the module was built as.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// self returns the file of this program: on Linux also where another one has
// taken its place since it was started, which may be of another version.
func self() string {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe"
	}
	path, _ := os.Executable() // "" where nobody knows
	return path
}

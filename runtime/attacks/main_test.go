package attacks

import (
	"context"
	"os"
	"testing"

	adaptors "github.com/seed90475182/restspace/adaptors/all"
	"github.com/seed90475182/restspace/adaptors/plugin/plugintest"
	"github.com/seed90475182/restspace/runtime/cli"
	"github.com/seed90475182/restspace/services"
	kinds "github.com/seed90475182/restspace/services/all"
)

// asServer is the variable of the environment that makes the test binary the
// program that is attacked.
const asServer = "RESTSPACE_ATTACKED"

func TestMain(m *testing.M) {
	plugintest.Main()
	dialInstead()
	if os.Getenv(asServer) == "" {
		os.Exit(m.Run())
	}
	app := cli.App{
		Services: services.NewRegistry(append(kinds.Registry().Kinds(), fetch(), panics())...),
		Adaptors: adaptors.Registry(),
		Version:  "attacked",
	}
	os.Exit(app.Run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}

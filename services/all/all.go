// Package all is the one list of built-in services.
package all

import (
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/auth"
	"github.com/seed90475182/restspace/services/email"
	"github.com/seed90475182/restspace/services/files"
	"github.com/seed90475182/restspace/services/jsonservice"
	"github.com/seed90475182/restspace/services/lib"
	"github.com/seed90475182/restspace/services/pipeline"
	"github.com/seed90475182/restspace/services/proxy"
	"github.com/seed90475182/restspace/services/remote"
	"github.com/seed90475182/restspace/services/static"
	"github.com/seed90475182/restspace/services/template"
	"github.com/seed90475182/restspace/services/timer"
	"github.com/seed90475182/restspace/services/transform"
	"github.com/seed90475182/restspace/services/user"
)

// Registry returns the Kinds of all built-in services.
func Registry() services.Registry {
	return services.NewRegistry(
		auth.Kind(),
		email.Kind(),
		files.Kind(),
		jsonservice.Kind(),
		lib.Kind(),
		pipeline.Kind(),
		proxy.Kind(),
		remote.Kind(),
		static.Kind(),
		template.Kind(),
		timer.Kind(),
		transform.Kind(),
		user.Kind(),
	)
}

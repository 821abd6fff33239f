// Package all is the one list of built-in adaptors.
package all

import (
	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/filestore"
	"github.com/seed90475182/restspace/adaptors/gotemplate"
	"github.com/seed90475182/restspace/adaptors/memstore"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/adaptors/s3store"
	"github.com/seed90475182/restspace/adaptors/smtpmail"
)

// Registry returns the adaptors that every server has, and takes in plugins.
func Registry() adaptors.Registry {
	return adaptors.NewRegistry(
		filestore.Kind(),
		gotemplate.Kind(),
		memstore.Kind(),
		s3store.Kind(),
		smtpmail.Kind(),
	).WithPlugins(host.Kind)
}

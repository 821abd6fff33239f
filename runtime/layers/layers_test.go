package layers

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/seed90475182/restspace/"

// order is the top folders, the lowest first. The lowest is a text.
var order = [...]string{"deploy", "urlpattern", "bus", "adaptors", "services", "runtime", "examples"}

// libraries may be imported by their siblings.
var libraries = [...]string{"services/documents", "services/documents/decimal", "services/expr", "services/relay", "services/requestspec", "services/account", "adaptors/plugin/wire"}

// known is what the runtime may know of services and adaptors: what authors of
// plugins get, and what a user record is.
var known = [...]string{"adaptors/plugin", "adaptors/plugin/languages", "services/account"}

func layer(pkg string) int {
	top, _, _ := strings.Cut(pkg, "/")
	return slices.Index(order[:], top)
}

// forbidden says what is wrong with an import of one package of ours by
// another, "" if nothing is.
func forbidden(from, to string) string {
	switch {
	case layer(from) < 0 || layer(to) < 0:
		return "a folder that is no layer"
	case layer(to) > layer(from):
		return "an import upward"
	case from == "runtime/cmd/restspace", strings.HasSuffix(to, "test"), strings.HasSuffix(from, "test") && layer(from) == layer(to):
		return ""
	case strings.HasSuffix(to, "/all"):
		return "only the command imports the lists of all"
	case strings.HasPrefix(from, "runtime") && (strings.HasPrefix(to, "services/") || strings.HasPrefix(to, "adaptors/")) && !slices.Contains(known[:], to):
		return "the runtime knows no concrete service or adaptor"
	case strings.HasPrefix(from, "services/") && strings.HasPrefix(to, "adaptors/"):
		return "a service is given its adaptor"
	}
	return sideways(from, to)
}

// sideways forbids that two packages below services, or below adaptors, know
// each other.
func sideways(from, to string) string {
	for _, top := range []string{"services/", "adaptors/"} {
		siblings := strings.HasPrefix(from, top) && strings.HasPrefix(to, top)
		if siblings && !strings.HasSuffix(from, "/all") && !slices.Contains(libraries[:], to) && !strings.HasPrefix(to, from+"/") && !strings.HasPrefix(from, to+"/") {
			return "an import of a sibling"
		}
	}
	return ""
}

func TestImportsGoDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	require.NoError(t, err)
	packages := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Greater(t, len(packages), 10)
	for _, line := range packages {
		from, imports, _ := strings.Cut(line, " ")
		for to := range strings.FieldsSeq(imports) {
			if strings.HasPrefix(to, module) {
				assert.Empty(t, forbidden(from[len(module):], to[len(module):]), "%s imports %s", from, to)
			}
		}
	}
}

func TestWhatIsForbidden(t *testing.T) {
	for _, row := range []struct {
		from, to string
		bad      bool
	}{
		{"bus", "urlpattern", false},
		{"urlpattern", "bus", true},
		{"services/jsonservice", "services/documents", false},
		{"services/jsonservice", "services/files", true},
		{"services/jsonservice", "adaptors", false},
		{"services/jsonservice", "adaptors/filestore", true},
		{"adaptors/memstore", "adaptors/filestore", true},
		{"adaptors/all", "adaptors/filestore", false},
		{"runtime", "services/lib", true},
		{"runtime", "services/all", true},
		{"runtime/cmd/restspace", "services/all", false},
		{"bus", "runtime", true},
	} {
		assert.Equal(t, row.bad, forbidden(row.from, row.to) != "", "%s -> %s", row.from, row.to)
	}
}

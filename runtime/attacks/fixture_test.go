package attacks

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/identity"
)

// place is the working directory of servers: services.json, auth.key and data,
// with $DATA/secret.txt outside of all that is served.
type place struct {
	dir    string
	canary string // address that odd tokens name
	issuer identity.Issuer
}

// data is the path of a file below $DATA.
func (p *place) data(name ...string) string {
	return filepath.Join(append([]string{p.dir, "data"}, name...)...)
}

// newPlace makes a place with the configuration of the fixture.
func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{dir: t.TempDir()}
	for dir := p.dir; dir != os.TempDir() && len(dir) > 1; dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o755) // a server of another user works here too
	}
	p.issuer = p.issuerOf(t)
	require.NoError(t, os.Mkdir(p.data(), 0o750))
	require.NoError(t, os.WriteFile(p.data("secret.txt"), []byte("CANARY-OUTSIDE-ROOT"), 0o600))
	p.configure(t, fixtureConfig(t))
	return p
}

// issuerOf returns what signs with the keys of the place, which are made if
// they are missing.
func (p *place) issuerOf(t *testing.T) identity.Issuer {
	t.Helper()
	keys, err := identity.MakeKeys(filepath.Join(p.dir, "auth.key"))
	require.NoError(t, err)
	return identity.Issuer{Keys: keys, Name: "restspace", Audience: "restspace"}
}

func fixtureConfig(t *testing.T) string {
	t.Helper()
	config, err := os.ReadFile("testdata/services.json")
	require.NoError(t, err)
	return string(config)
}

// configure writes the configuration that the next start or reload reads.
func (p *place) configure(t *testing.T, config string) {
	t.Helper()
	file := filepath.Join(p.dir, "services.json")
	require.NoError(t, os.WriteFile(file+".next", []byte(config), 0o600))
	require.NoError(t, os.Rename(file+".next", file)) // never half of it: the server looks by itself, too
}

// replaced returns config with old, which stands in it once, replaced by new.
func replaced(t *testing.T, config, old, new string) string {
	t.Helper()
	require.Equal(t, 1, strings.Count(config, old), "%q in the configuration", old)
	return strings.Replace(config, old, new, 1)
}

// seeds are the documents of the fixture, by their path.
func seeds() map[string]string {
	const script = `<script>document.title="ran"</script>`
	return map[string]string{
		"/pub/hello":               `{"hello":"pub"}`,
		"/json/hello":              `{"hello":"world"}`,
		"/json/private/doc":        `{"c":"PRIVATE-CANARY"}`,
		"/admin/secret":            `{"c":"ADMIN-CANARY"}`,
		"/internal/doc":            `{"c":"INTERNAL-CANARY"}`,
		"/files/big.bin":           strings.Repeat("0123456789abcdef", 1<<16),
		"/files/evil.html":         script,
		"/files/evil.svg":          `<svg xmlns="http://www.w3.org/2000/svg">` + script + `</svg>`,
		"/files/private/notes.txt": "FILES-CANARY",
		"/tpl/page":                `<title>{{.title}}</title>`,
		"/tpl/bomb":                strings.Repeat(`{{range 1000}}`, 5) + "x" + strings.Repeat(`{{end}}`, 5),
	}
}

// seed stores the documents of the fixture through a server for which /internal
// is not internal.
func (p *place) seed(t *testing.T) {
	t.Helper()
	config := fixtureConfig(t)
	p.configure(t, replaced(t, config, `, "internal": true`, ""))
	s := p.start(t)
	for path, content := range seeds() {
		require.Equal(t, http.StatusCreated, s.put(t, path, content).status, path)
	}
	s.stop(t)
	p.configure(t, config)
}

// token returns a token of the fixture.
func (p *place) token(t *testing.T, name string) string {
	t.Helper()
	roles := map[string][]string{"user": {"U"}, "editor": {"U", "E"}, "admin": {"U", "E", "A"}, "roles-lower-a": {"a"}}
	if list, ok := roles[name]; ok {
		token, err := p.issuer.Sign(&bus.User{Email: name + "@x", Roles: list}, time.Hour)
		require.NoError(t, err)
		return token
	}
	return p.oddToken(t, name)
}

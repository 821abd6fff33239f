package oldconfig

import (
	"path"
	"strings"
)

// A kind is a Kind of service, and what the services were that it takes the
// place of.
type kind struct {
	name string
	from []string // see stem

	keeps bool // it has an adaptor for a store
	shows bool // it only reads
	makes bool // PUT makes documents, so that createRoles mean something

	keys     map[string]string           // keys that are carried over, with their names now
	settings []struct{ old, now string } // the same of adaptorConfig
	advice   map[string]string           // what to do about others
	note     string                      // what differs in any case
}

// kinds are the services that have a counterpart.
func kinds() []kind {
	return []kind{
		{
			name: "json", from: []string{"json", "data", "dataset"}, keeps: true, makes: true,
			advice: map[string]string{"schema": "PUT it as .schema.json into the directory that it is for"},
		},
		{
			name: "file", from: []string{"file", "files"}, keeps: true, makes: true,
			advice: map[string]string{
				"defaultResource": "a directory shows its listing here; the Kind static shows a file",
				"extensions":      "files of all names are taken",
				"parentIfMissing": "what is not there is a 404",
			},
		},
		{
			name: "static", from: []string{"static", "staticsite"}, keeps: true, shows: true,
			keys: same("defaultResource", "divertMissingToDefault"),
		},
		{name: "lib", from: []string{"lib"}},
		{name: "pipeline", from: []string{"pipeline", "pipelinestore"}, makes: true, keys: same("pipeline")},
		{name: "transform", from: []string{"transform"}, keeps: true, makes: true},
		{
			name: "template", from: []string{"template"}, keeps: true, makes: true,
			advice: map[string]string{"outputMime": "the name of a template says what it makes, such as mail.html"},
			note:   "templates are written in the language of Go's html/template: rewrite those of Nunjucks",
		},
		{
			name: "email", from: []string{"email"}, keys: map[string]string{"defaultFrom": "from"},
			settings: []struct{ old, now string }{{"host", "host"}, {"port", "port"}, {"user", "username"}, {"password", "password"}},
			note:     "a mail server that does not encrypt needs \"tls\": \"none\" in adaptorConfig, and one that does so from the first byte \"tls\"",
		},
		{name: "auth", from: []string{"auth", "authentication"}, keys: same("userUrlPattern", "loginPage", "impersonateRoles")},
		{
			name: "user", from: []string{"user", "userdata"}, keeps: true, makes: true,
			advice: map[string]string{"schema": "PUT it as .schema.json into the directory that it is for"},
		},
		{name: "proxy", from: []string{"proxy"}},
	}
}

func same(names ...string) map[string]string {
	m := make(map[string]string, len(names))
	for _, name := range names {
		m[name] = name
	}
	return m
}

// findKind returns the counterpart of an old service.
func findKind(source string) (kind, bool) {
	for _, k := range kinds() {
		for _, from := range k.from {
			if from == stem(source, "service") {
				return k, true
			}
		}
	}
	return kind{}, false
}

// stem returns what identifies an old service or adapter: "staticSite" and
// "./services/static-site.rsm.json" are both "staticsite". sort is the word that
// names may end in.
func stem(source, sort string) string {
	source, _, _ = strings.Cut(source, "?")
	name, _, _ := strings.Cut(path.Base(source), ".")
	name = strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(name))
	return strings.TrimSuffix(name, sort)
}

package openapi_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/openapi"
)

// guarded is a mount of documents with such rules.
func guarded(rules string) string {
	return service("/notes", `"service": "json", "adaptor": "memory", `+rules)
}

// names returns the names of the operations of a document, in order, without that
// of the mount.
func names(doc *openapi3.T) string {
	var list []string
	for _, item := range doc.Paths.Map() {
		for _, o := range item.Operations() {
			_, name, _ := strings.Cut(o.OperationID, ".")
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

func TestEverybodySeesWhatTheyMayDo(t *testing.T) {
	const (
		reads   = "list list-below read read-schema"
		creates = "create create-below put store unzip unzip-below"
	)
	for _, row := range []struct {
		what, rules string
		user        *bus.User
		want        string
	}{
		{"nobody reads", `"readRoles": "all", "writeRoles": "E"`, nil, reads},
		{"nobody may do nothing", `"readRoles": "E"`, nil, ""},
		{"roles are told apart", `"readRoles": "E", "writeRoles": "A"`, user("E"), reads},
		{"makers", `"readRoles": "none", "writeRoles": "A", "createRoles": "C"`, user("C"), creates},
		{"writers", `"readRoles": "none", "writeRoles": "A", "createRoles": "none"`, user("A"), "delete patch put store unzip unzip-below"},
		{"managers", `"readRoles": "none", "manageRoles": "M"`, user("M"), "delete-schema put-schema remove remove-below"},
		{"a part", `"readRoles": "none /drafts E"`, user("E"), "list-below read"},
		{"their own", `"readRoles": "{email}"`, user("U"), "list-below read"},
		{"both names of the schema", `"readRoles": "none /.schema E"`, user("E"), "list-below read read-schema"},
		{"internal", `"readRoles": "all", "internal": true`, user("E"), ""},
	} {
		t.Run(row.what, func(t *testing.T) {
			doc := document(t, parse(t, services(guarded(row.rules))), openapi.View{User: row.user})
			want := strings.Fields(row.want)
			slices.Sort(want)
			assert.Equal(t, strings.Join(want, " "), names(doc))
		})
	}
}

func TestMountsThatNobodyMayUseAreNotListed(t *testing.T) {
	var text bytes.Buffer
	require.NoError(t, openapi.New(parse(t, services(
		service("/one.", `"service": "lib", "readRoles": "none /below E"`),
		service("/none", `"service": "lib", "readRoles": "none"`),
		service("/some", `"service": "lib", "readRoles": "none /below E"`),
	))).Services(&text, all))
	assert.Equal(t, 1, strings.Count(text.String(), "basePath"))
	assert.Contains(t, text.String(), `"at-some"`)
}

func user(roles ...string) *bus.User { return &bus.User{Email: "ann@example.com", Roles: roles} }

func TestSecurity(t *testing.T) {
	for _, row := range []struct {
		roles string
		view  openapi.View
		want  string // of reading a document
	}{
		{`all`, all, `[]`},
		{`E`, all, `[{"bearer":["E"]},{"cookie":["E"]}]`},
		{`E {email}`, all, `[{"bearer":["E"]},{"bearer":["{email}"]},{"cookie":["E"]},{"cookie":["{email}"]}]`},
		{`all /private A`, all, `[{},{"bearer":["A"]},{"cookie":["A"]}]`},
		{`E /private A`, all, `[{"bearer":["A"]},{"bearer":["E"]},{"cookie":["A"]},{"cookie":["E"]}]`},
		{`E`, openapi.View{User: user("E")}, `[{"bearer":[]},{"cookie":[]}]`},
		{`E`, openapi.View{User: user("E"), Roles: true}, `[{"bearer":["E"]},{"cookie":["E"]}]`},
		{`E M`, openapi.View{User: user("M")}, `[{"bearer":["E"]},{"bearer":["M"]},{"cookie":["E"]},{"cookie":["M"]}]`},
	} {
		doc := document(t, parse(t, services(guarded(`"manageRoles": "M", "readRoles": "`+row.roles+`"`))), row.view)
		text, err := json.Marshal(doc.Paths.Value("/notes/{path}").Get.Security)
		require.NoError(t, err)
		assert.JSONEq(t, row.want, string(text), row.roles)
	}
}

// Writing takes writeRoles or createRoles, each role of which is named once.
func TestSecurityOfTwoRules(t *testing.T) {
	doc := document(t, parse(t, services(guarded(`"readRoles": "all", "writeRoles": "A E", "createRoles": "E M"`))), all)
	text, err := json.Marshal(doc.Paths.Value("/notes/{path}").Put.Security)
	require.NoError(t, err)
	assert.JSONEq(t, `[{"bearer":["A"]},{"bearer":["E"]},{"bearer":["M"]},{"cookie":["A"]},{"cookie":["E"]},{"cookie":["M"]}]`, string(text))
}

func TestWithoutCookies(t *testing.T) {
	conf := `{"auth": {"cookie": false}, "server": {"publicURL": "https://example.org"}, "services": [` + guarded(`"readRoles": "E"`) + `]}`
	doc := document(t, parse(t, []byte(conf)), openapi.View{All: true})
	assert.Equal(t, &openapi3.SecurityRequirements{{"bearer": {}}}, doc.Paths.Value("/notes/{path}").Get.Security)
	assert.Len(t, doc.Components.SecuritySchemes, 1)
	assert.Equal(t, "https://example.org", doc.Servers[0].URL)
}

// TestListAndDocumentAgree looks for the same mounts in both.
func TestListAndDocumentAgree(t *testing.T) {
	conf := parse(t, []byte(`{"server": {"hosts": ["a.example"], "peers": ["upstream.example"]}, "auth": {"userUrlPattern": "/user/${email}"}, "services": [`+examples("/")+`]}`))
	for _, v := range []openapi.View{all, {}, {User: user("U")}} {
		var text bytes.Buffer
		require.NoError(t, openapi.New(conf).Services(&text, v))
		var list []struct{ Name, BasePath, ReadRoles string }
		require.NoError(t, json.Unmarshal(text.Bytes(), &list))
		doc := document(t, conf, v)
		assert.Len(t, doc.Tags, len(list))
		for _, m := range list {
			assert.NotNil(t, doc.Tags.Get(m.Name), m.Name)
			assert.Equal(t, v.All, m.ReadRoles != "", m.Name)
		}
	}
}

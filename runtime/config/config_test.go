package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/runtime/config"
)

func parse(t testing.TB, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("services.json", []byte(text), testKinds(), testLookup())
	require.NoError(t, err)
	return c
}

func whole(t testing.TB) *config.Config {
	t.Helper()
	data, err := os.ReadFile("testdata/whole.json")
	require.NoError(t, err)
	return parse(t, string(data))
}

func roles(t *testing.T, text string) *access.Spec {
	t.Helper()
	spec, err := access.Parse(text)
	require.NoError(t, err)
	return spec
}

func TestServer(t *testing.T) {
	assert.Equal(t, config.Server{
		Listen: "[::1]:8080", PublicURL: "https://example.org", Hosts: []string{"example.org", "example.org:8443"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.168.0.1/32")},
		AllowHosts:     []string{"db.internal:5432"},
		Peers:          []string{"b.example"},
		Limits: config.Limits{
			HeaderBytes: 1 << 10, HeaderFields: 2, HeaderTimeout: config.Duration(3 * time.Millisecond),
			IdleTimeout: config.Duration(4 * time.Second), Timeout: config.Duration(5 * time.Minute),
			MaxBody: 6, MaxFile: 7 << 30, InFlight: 8, Queue: 9, Delay: config.Duration(18 * time.Second), Connections: 10, ConnectionsPerIP: 11, Rate: config.Rate{Count: 17, Per: time.Minute},
			Depth: 12, SubRequests: 13, Buffered: 14 << 20, FanOut: 15, Parallel: 16,
		},
		Drain: config.Duration(90 * time.Second), ShutdownDelay: config.Duration(4 * time.Second),
		Log:        config.Log{Level: slog.LevelWarn, Format: "text", Sample: 0.25},
		Traces:     config.Traces{Endpoint: "https://collector.example.org", Headers: map[string]string{"Api-Key": "k"}, Sample: new(0.1), Service: "shop"},
		AdminRoles: roles(t, "A root"),
	}, whole(t).Server)
}

func TestDefaults(t *testing.T) {
	c := parse(t, `{"services": [{"name": "a", "basePath": "/a", "service": "notes", "adaptor": "memory", "readRoles": "all"}]}`)
	assert.Equal(t, config.Server{
		Listen: "127.0.0.1:3100",
		Limits: config.Limits{
			HeaderBytes: 32768, HeaderFields: 100, HeaderTimeout: config.Duration(5 * time.Second),
			IdleTimeout: config.Duration(time.Minute), Timeout: config.Duration(30 * time.Second),
			MaxBody: 1048576, MaxFile: 67108864, InFlight: 256, Queue: 128, Delay: 500000000, Connections: 10000, ConnectionsPerIP: 256,
			Depth: 16, SubRequests: 10000, Buffered: 67108864, FanOut: 1000, Parallel: 16,
		},
		Drain:      config.Duration(30 * time.Second),
		Log:        config.Log{Level: slog.LevelInfo, Sample: 1},
		AdminRoles: roles(t, ""),
	}, c.Server)
	assert.Equal(t, config.Auth{
		KeyFile: "data/auth.key", Issuer: "restspace", Audience: "restspace", Cookie: config.Cookie{Name: "rs-auth"},
		TokenLife: config.Duration(30 * time.Minute), SessionLife: config.Duration(720 * time.Hour),
	}, c.Auth)
	s := c.Services[0]
	assert.Equal(t, "all", s.Rules.Read.String())
	assert.Empty(t, s.Rules.Write.String())
	assert.Empty(t, s.Rules.Manage.String())
	assert.Nil(t, s.Caching)
	assert.Zero(t, s.Limits)
	assert.Empty(t, c.Secrets)
	assert.Equal(t, []byte("{}"), s.Adaptors["adaptor"].Canonical)
}

func TestCreateRolesAreWriteRolesByDefault(t *testing.T) {
	c := parse(t, `{"services": [{"name": "a", "basePath": "/a", "service": "notes", "adaptor": "memory", "readRoles": "all", "writeRoles": "E"}]}`)
	assert.Equal(t, "E", c.Services[0].Rules.Write.String())
	assert.Same(t, c.Services[0].Rules.Write, c.Services[0].Rules.Create)
}

func TestAuth(t *testing.T) {
	a := whole(t).Auth
	assert.Equal(t, "/notes/${email}", a.UserURLPattern.String())
	a.UserURLPattern = nil
	assert.Equal(t, config.Auth{
		KeyFile: "keys/auth.key", Issuer: "https://example.org", Audience: "friends", Cookie: config.Cookie{Name: "__Host-rs"},
		UserProps: []string{"org"}, TokenLife: config.Duration(10 * time.Minute), SessionLife: config.Duration(24 * time.Hour),
	}, a)
	a = parse(t, `{"services": [], "auth": {"issuer": "me", "cookie": false}}`).Auth
	assert.Equal(t, "me", a.Audience)
	assert.Empty(t, a.Cookie.Name)
}

func TestOrigins(t *testing.T) {
	c := parse(t, `{"server": {"publicURL": "https://Example.org:443/", "cors": ["*", "http://a:8080", "https://[::1]"]}, "services": [
		{"name": "a", "basePath": "/a", "service": "plain", "readRoles": "all"},
		{"name": "b", "basePath": "/b", "service": "plain", "readRoles": "all", "cors": []}]}`)
	assert.Equal(t, []config.Origin{config.AnyOrigin, "http://a:8080", "https://[::1]"}, c.Server.CORS)
	assert.Equal(t, "https://example.org", c.Server.Origin())
	assert.Nil(t, c.Services[0].CORS, "the server's")
	assert.Equal(t, []config.Origin{}, c.Services[1].CORS, "nobody's")
	assert.Empty(t, new(config.Server).Origin())
}

func TestServices(t *testing.T) {
	list := whole(t).Services
	require.Len(t, list, 3)
	notes, mail, rest := list[0], list[1], list[2]

	assert.Equal(t, "notes", notes.Name)
	assert.Equal(t, []string{"notes"}, notes.Base)
	assert.False(t, notes.Exact)
	assert.Equal(t, "notes", notes.Kind.Name)
	assert.Equal(t, &notesConfig{common{[]string{"title"}}, jsontext.Value(`{"$ref":"x","n":null}`)}, notes.Config)
	assert.Equal(t, "file", notes.Adaptors["adaptor"].Kind.Name)
	assert.Equal(t, &rootConfig{"data/notes"}, notes.Adaptors["adaptor"].Config)
	assert.JSONEq(t, `{"root": "data/notes"}`, string(notes.Adaptors["adaptor"].Canonical))
	assert.Equal(t, "E /private A", notes.Rules.Read.String())
	assert.Equal(t, "E", notes.Rules.Write.String())
	assert.Equal(t, "U", notes.Rules.Create.String())
	assert.Equal(t, "A", notes.Rules.Manage.String())
	assert.True(t, notes.Internal)
	assert.Equal(t, &config.Caching{MaxAge: 60, Public: true}, notes.Caching)
	assert.Equal(t, config.ServiceLimits{MaxBody: 2 << 20, InFlight: 3, Rate: config.Rate{Count: 120, Per: time.Minute}, Timeout: config.Duration(4 * time.Second)}, notes.Limits)
	assert.InDelta(t, 2, float64(notes.Limits.Rate.PerSecond()), 0)

	from := "a@example.org"
	assert.True(t, mail.Exact)
	assert.Equal(t, &mailConfig{"hush-7391", 25, &from, 250 * time.Millisecond, map[string]string{"X-Word": "he said \"hush-7391\"\n"}}, mail.Config)
	assert.Equal(t, "gotemplate", mail.Adaptors["engine"].Kind.Name)
	assert.Equal(t, "hush-7391", mail.Rules.Read.String())

	assert.Empty(t, rest.Base)
	assert.Equal(t, &stepsConfig{[]step{{"/x", 3, map[string]any{"k": 1.0}}}}, rest.Config)
}

func TestSecrets(t *testing.T) {
	assert.Equal(t, []string{"he said \"hush-7391\"\n", "hush-7391"}, whole(t).Secrets)
}

// TestAddressesAreNoSecrets has each variable hold its own name.
func TestAddressesAreNoSecrets(t *testing.T) {
	secrets := func(data string) []string {
		c, err := config.Parse("services.json", []byte(data), testKinds(), config.Lookup{Env: func(name string) (string, bool) { return name, true }})
		require.NoError(t, err)
		return c.Secrets
	}
	assert.Empty(t, secrets(`{"server": {
		"listen": {"$env": "127.0.0.1:3100"}, "adminListen": {"$env": ":3101"},
		"hosts": [{"$env": "a.example"}, {"$env": "b.example:81"}], "allowHosts": [{"$env": "c.example"}],
		"peers": [{"$env": "d.example"}], "trustedProxies": [{"$env": "10.0.0.0/8"}]
	}, "services": []}`))
	assert.Equal(t, []string{"https://example.org", "https://a.example", "data/auth.key", "a.example"}, secrets(`{
		"server": {"listen": ":3100", "publicURL": {"$env": "https://a.example"}, "hosts": [{"$env": "a.example"}], "traces": {"endpoint": {"$env": "https://example.org"}}},
		"auth": {"keyFile": {"$env": "data/auth.key"}, "issuer": {"$env": "a.example"}}, "services": []
	}`), "elsewhere they are, and so is a value that stands elsewhere, too")
}

func TestCanonical(t *testing.T) {
	canonical := func(members string) string {
		return string(parse(t, `{"services": [{"name": "a", "basePath": "/a", "service": "notes", "adaptor": "memory", `+members+`}]}`).Services[0].Canonical)
	}
	same := canonical(`"readRoles": "all", "schema": {"x": 1.0}`)
	assert.Equal(t, `{"adaptor":"memory","basePath":"/a","name":"a","readRoles":"all","schema":{"x":1},"service":"notes"}`, same)
	assert.Equal(t, same, canonical("// note\n\"schema\": {\"x\":\t1.0,}, \"re\\u0061dRoles\": \"all\","))
	assert.NotEqual(t, same, canonical(`"readRoles": "all", "schema": {"x": 2}`))
	assert.Equal(t, canonical(`"readRoles": "hush-7391"`), canonical(`"readRoles": {"$env": "WORD"}`))
	assert.NotEqual(t, canonical(`"readRoles": "all", "schema": 9007199254740993`), canonical(`"readRoles": "all", "schema": 9007199254740992`))
}

func TestErrorsAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 30 {
		fmt.Fprintf(&b, "\n\"k%d\": 1,", i)
	}
	_, err := config.Parse("x.json", []byte(`{"services": [],`+b.String()+`}`), testKinds(), testLookup())
	list, ok := err.(config.Errors)
	require.True(t, ok)
	assert.Len(t, list, 30)
	assert.Equal(t, config.Error{
		File: "x.json", Line: 2, Column: 1, Pointer: "/k0",
		Message: `unknown key "k0": write one of $schema, server, auth, services`,
	}, list[0])
	lines := strings.Split(err.Error(), "\n")
	assert.Len(t, lines, 21)
	assert.Equal(t, "and 10 more", lines[20])
}

func TestColumnsAreCharacters(t *testing.T) {
	_, err := config.Parse("x.json", []byte("{\"services\": [],\n/* öäü */ \"x\": 1}"), testKinds(), testLookup())
	assert.ErrorContains(t, err, "x.json:2:11: /x: ")
}

// many returns a configuration of n services.
func many(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"services": [`)
	for i := range n {
		fmt.Fprintf(&b, `
  { // number %[1]d
    "name": "notes-%[1]d", "basePath": "/notes/%[1]d", "service": "notes", "readRoles": "E /private A", "writeRoles": "{email} A",
    "adaptor": "file", "adaptorConfig": { "root": "data/notes-%[1]d" }, "limits": { "timeout": "10s" }, "summary": ["name", "email"],
  },`, i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func TestSize(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	for _, c := range []struct{ name, text, want string }{
		{"bytes", `{"services": []}` + strings.Repeat(" ", 16<<20-15), "services.json:1:16777217: the file is over 16 MiB: write a smaller one"},
		{"depth", deep, "services.json:1:65: more than 64 values inside one another: write a flatter one"},
		{"depth behind a comment", "/* \" */ \"\\\"]\" //\n" + deep, "services.json:2:65: more than 64"},
		{"values", strings.Repeat("[],", 4_000_000), "services.json:1:6000003: more than 2000000 values: write fewer"},
		{"services", `{"services": [` + strings.Repeat("{},", 10_001) + `]}`, "services.json:1:14: /services: 10001 services: write at most 10000"},
		{"a key", `{"services": [], "` + strings.Repeat("x", 4<<20) + `": 1}`, `unknown key "xxx`},
		{"UTF-8", "{\n\"services\": \"é\xff\"}", "services.json:2:15: bytes that are not UTF-8: save the file as UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := config.Parse("services.json", []byte(c.text), testKinds(), testLookup())
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestCommentsAndStringsAreNotCounted(t *testing.T) {
	many := strings.Repeat("[", 100)
	parse(t, "/* \" "+many+" */ {\n// \" "+many+"\n\"services\": [], \"$schema\": \"\\\""+many+"\" } // "+many)
}

func TestTenThousandServices(t *testing.T) {
	assert.Len(t, parse(t, string(many(10_000))).Services, 10_000)

	wrong := strings.ReplaceAll(string(many(10_000)), `"basePath": "/notes/`, `"summery": 1, "basePath": "/x?`)
	_, err := config.Parse("services.json", []byte(wrong), testKinds(), testLookup())
	assert.Len(t, err, 20_000)
}

func TestUnitsInOtherJSON(t *testing.T) {
	var v struct {
		D config.Duration
		S config.Size
		R config.Rate
	}
	require.NoError(t, json.Unmarshal([]byte(`{"D": "2s", "S": "3KiB", "R": "4/s"}`), &v))
	assert.Equal(t, 2*time.Second, v.D.Duration())
	assert.Equal(t, config.Size(3072), v.S)
	assert.InDelta(t, 4, float64(v.R.PerSecond()), 0)
}

func TestUnitsAreWrittenAsTheyAreRead(t *testing.T) {
	for _, text := range []string{`"0s"`, `"250ms"`, `"10s"`, `"20m"`, `"1h"`, `"1h0m5s"`, `"1h40m"`, `"1m30s"`} {
		var d config.Duration
		require.NoError(t, json.Unmarshal([]byte(text), &d))
		got, err := json.Marshal(d)
		require.NoError(t, err)
		assert.Equal(t, text, string(got))
	}
	for _, text := range []string{`"0B"`, `"1023B"`, `"1KiB"`, `"1025B"`, `"64MiB"`, `"2GiB"`, `"4096GiB"`} {
		var s config.Size
		require.NoError(t, json.Unmarshal([]byte(text), &s))
		got, err := json.Marshal(s)
		require.NoError(t, err)
		assert.Equal(t, text, string(got))
	}
}

func BenchmarkParse100(b *testing.B)   { benchmarkParse(b, 100) }
func BenchmarkParse10000(b *testing.B) { benchmarkParse(b, 10_000) }

func benchmarkParse(b *testing.B, services int) {
	data, kinds := many(services), testKinds()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := config.Parse("services.json", data, kinds, config.Lookup{}); err != nil {
			b.Fatal(err)
		}
	}
}

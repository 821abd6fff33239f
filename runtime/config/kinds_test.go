package config_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services"
)

// The Kinds of the tests have one of everything that a config can hold.

type storeNeeds struct {
	Store *adaptors.Keep `slot:"adaptor"`
}

type common struct {
	Summary []string `json:"summary" example:"[\"title\"]"`
}

type notesConfig struct {
	common
	Schema jsontext.Value `json:"schema"`
}

type mailNeeds struct {
	Mailer adaptors.Mailer `slot:"adaptor"`
	Engine adaptors.Engine `slot:"engine,gotemplate"`
}

type mailConfig struct {
	Host    string            `json:"host"`
	Port    uint16            `json:"port"`
	From    *string           `json:"from"`
	Wait    time.Duration     `json:"wait"`
	Headers map[string]string `json:"headers" example:"{\"X-Sender\": \"shop\"}"`
}

// kindsConfig has the types that the others have not.
type kindsConfig struct {
	I8    int8                        `json:"i8"`
	U     uint                        `json:"u"`
	F     float64                     `json:"f"`
	B     bool                        `json:"b"`
	List  []int                       `json:"list"`
	Bytes []byte                      `json:"bytes"`
	Text  config.Size                 `json:"text"`
	Wait  config.Duration             `json:"wait"`
	Often config.Rate                 `json:"often"`
	Word  string                      `json:"word" enum:"one,two,three"`
	Own   own                         `json:"own"`
	Level slog.Level                  `json:"level"`
	Net   netip.Prefix                `json:"net"`
	Deep  map[string][]map[string]int `json:"deep"`
	Off   string                      `json:"-"`
}

// own reads JSON by itself.
type own struct{ list []string }

func (o *own) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, &o.list) }

type stepsConfig struct {
	Steps []step `json:"steps"`
}

type step struct {
	Call  string         `json:"call"`
	Tries int            `json:"tries"`
	Rest  map[string]any `json:"rest"`
}

// Check has one error for each step without a call.
func (c *stepsConfig) Check() error {
	var list []error // in a second join, as of a config in another
	for i, s := range c.Steps {
		if !strings.HasPrefix(s.Call, "/") {
			list = append(list, pointed{fmt.Sprintf("/steps/%d/call", i), fmt.Errorf("%q is no path: begin it with a slash", s.Call)})
		}
	}
	if len(c.Steps) == 0 {
		list = append(list, errors.New(`"steps" is missing: write a list of them`))
	}
	return errors.Join(errors.Join(list...))
}

// pointed is an error that says where it belongs.
type pointed struct {
	pointer string
	error
}

func (p pointed) Pointer() string { return p.pointer }

type rootConfig struct {
	Root string `json:"root"`
}

func (c *rootConfig) Check() error {
	if c.Root == "" {
		return errors.New(`"root" is missing: write a directory`)
	}
	if strings.Contains(c.Root, "..") {
		return fmt.Errorf("%q has dots (%s): write a directory below this one", c.Root, c.Root)
	}
	return nil
}

func open[C, N any](context.Context, services.Env, C, N) (bus.Service, error) { return nil, nil }

func testKinds() config.Kinds {
	return config.Kinds{
		Services: services.NewRegistry(
			services.Define(services.Kind{Name: "notes", Documents: true, Records: true}, open[notesConfig, storeNeeds]),
			services.Define(services.Kind{Name: "mail"}, open[mailConfig, mailNeeds]),
			services.Define(services.Kind{Name: "steps", PostReads: true}, open[stepsConfig, services.None]),
			services.Define(services.Kind{Name: "kinds"}, open[kindsConfig, services.None]),
			services.Define(services.Kind{Name: "people", Users: true, Documents: true, Extension: ".json"}, open[services.None, services.None]),
			services.Define(services.Kind{Name: "signs", Users: true}, open[services.None, services.None]),
			services.Define(services.Kind{Name: "plain"}, open[services.None, services.None]),
		),
		Adaptors: adaptors.NewRegistry(
			adaptors.Kind{Name: "memory", Of: adaptors.StoreInterface, Config: func() any { return new(struct{}) }},
			adaptors.Kind{
				Name: "file", Of: adaptors.StoreInterface,
				Config: func() any { return new(rootConfig) },
				Claims: func(c any) []adaptors.Claim {
					return []adaptors.Claim{{Space: "file", Path: strings.Split(c.(*rootConfig).Root, "/")}}
				},
			},
			adaptors.Kind{Name: "smtp", Of: adaptors.MailerInterface, Config: func() any { return new(struct{}) }},
			adaptors.Kind{Name: "gotemplate", Of: adaptors.EngineInterface, Config: func() any { return new(struct{}) }},
		),
	}
}

// testLookup is an outside with some values.
func testLookup() config.Lookup {
	env := map[string]string{"WORD": "hush-7391", "QUOTED": "he said \"hush-7391\"\n", "ROLES": "E hush-7391,", "BYTES": "\xff", "DOTS": "../\"hush-7391\"\t<é>"}
	files := map[string]string{"/run/word": "hush-7391\r\n", "/run/empty": ""}
	return config.Lookup{
		Env: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
		ReadFile: func(path string) ([]byte, error) {
			if path == "/run/locked" {
				return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission}
			}
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
}

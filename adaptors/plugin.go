package adaptors

import (
	"errors"
	"time"
)

// A Plugin is a program that serves an adaptor, and how a server runs it. The
// tags are those of a config.
type Plugin struct {
	Path string `json:"-"` // of the executable: with a slash

	SHA256  string            `json:"sha256" doc:"the SHA-256 of the program in hexadecimal: another program is not started"`
	Env     map[string]string `json:"env" example:"{\"LANG\": \"C.UTF-8\"}" doc:"the whole environment of the program: nothing of the server's is handed down"`
	Timeout time.Duration     `json:"timeout" doc:"for which a call may be silent; 10s if it is missing"`
}

// WithPlugins returns the registry with a way to take in plugins: kind returns
// what is served by a program for one interface. It looks at the file, and
// starts nothing.
func (r Registry) WithPlugins(kind func(p Plugin, of Interface) (Kind, error)) Registry {
	r.plugin = kind
	return r
}

// Plugin returns the Kind that a program serves. Its name is the path, its
// Config a pointer to a [RawConfig]. An error says what is wrong with the
// program, such as that there is none; one with a method Pointer() string says
// where in the plugin's own config that is.
func (r Registry) Plugin(p Plugin, of Interface) (Kind, error) {
	if r.plugin == nil {
		return Kind{}, errors.New("this program takes no plugins: write the name of a built-in adaptor")
	}
	return r.plugin(p, of)
}

// RawConfig is the config of an adaptor as it is in the file, an object in
// JSON: of a Kind that has it read elsewhere.
type RawConfig []byte

package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"slices"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/config"
)

// reading is a configuration that is read, with all that it takes from outside.
type reading struct {
	name  string
	data  []byte
	env   func(string) (string, bool)
	made  hash.Hash // of the bytes, and of what was found outside, in the order of asking
	files []string  // that were looked for, each once
	own   []adaptors.Claim
}

func (r *Runtime) reading(name string, data []byte) *reading {
	s := &reading{name: name, data: data, env: r.options.Env, made: sha256.New()}
	if source, ok := r.options.Source.(interface{ Claims() []adaptors.Claim }); ok {
		s.own = source.Claims()
	}
	s.note(data)
	return s
}

// parse returns the configuration.
func (s *reading) parse(kinds config.Kinds) (*config.Config, error) {
	return config.Parse(s.name, s.data, kinds, config.Lookup{Env: s.getenv, ReadFile: s.readFile, Own: s.own})
}

func (s *reading) getenv(name string) (string, bool) {
	value, ok := s.env(name)
	s.found([]byte(value), ok)
	return value, ok
}

func (s *reading) readFile(path string) ([]byte, error) {
	if !slices.Contains(s.files, path) {
		s.files = append(s.files, path)
	}
	data, err := os.ReadFile(path)
	s.found(data, err == nil)
	return data, err
}

// found notes what was found outside, or that there was nothing.
func (s *reading) found(value []byte, ok bool) {
	_, _ = fmt.Fprint(s.made, ok)
	s.note(value)
}

func (s *reading) note(part []byte) {
	_, _ = fmt.Fprintf(s.made, "%d:", len(part))
	_, _ = s.made.Write(part)
}

// hash tells configurations apart, once they are parsed.
func (s *reading) hash() [32]byte { return [32]byte(s.made.Sum(nil)) }

// versionOf tells contents of a Source apart.
func versionOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

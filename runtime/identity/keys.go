// Package identity makes and verifies the tokens that say who asks.
//
// A token is a JWT (RFC 7519) signed with a key of the installation. The keys
// are a JSON Web Key Set (RFC 7517) in one file that only its owner can read;
// the first of them signs, all of them verify.
package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Keys are the signing keys of an installation. They do not change.
type Keys struct{ set jose.JSONWebKeySet }

// MakeKeys is LoadKeys, and makes a file that is missing, with one new Ed25519
// key.
func MakeKeys(path string) (*Keys, error) {
	keys, err := LoadKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := makeKeys(path); err != nil {
		return nil, fmt.Errorf("auth.keyFile %s: %w", path, err)
	}
	return LoadKeys(path)
}

// LoadKeys reads the keys from a file. One that others can read is refused.
func LoadKeys(path string) (*Keys, error) {
	data, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("auth.keyFile %s: %w", path, err)
	}
	var k Keys
	if err := json.Unmarshal(data, &k.set); err != nil {
		return nil, fmt.Errorf("auth.keyFile %s: not a JSON Web Key Set: %w", path, err)
	}
	if len(k.set.Keys) == 0 {
		return nil, fmt.Errorf("auth.keyFile %s: it holds no key: remove it, and a new one is made", path)
	}
	for i, key := range k.set.Keys {
		if _, ok := key.Key.(ed25519.PrivateKey); !ok || key.KeyID == "" {
			return nil, fmt.Errorf("auth.keyFile %s: key %d is not a private Ed25519 key with a kid", path, i)
		}
	}
	return &k, nil
}

func readPrivate(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read it (mode %#o): chmod 600 it", info.Mode().Perm())
	}
	if info.Size() > 1<<20 {
		return nil, errors.New("larger than 1 MiB: not a key file")
	}
	data := make([]byte, info.Size())
	_, err = file.ReadAt(data, 0)
	return data, err
}

// makeKeys writes a file with a new key. Another process may do so at the same
// time: the first to link its file wins, and both use that.
func makeKeys(path string) error {
	data, err := newKeySet()
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(dir, ".key-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(data)
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: it needs a file system with hard links", err)
	}
	return nil
}

func newKeySet() ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	id := make([]byte, 12)
	_, _ = rand.Read(id)
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
		Key: private, KeyID: base64.RawURLEncoding.EncodeToString(id), Algorithm: string(jose.EdDSA), Use: "sig",
	}}}, jsontext.Multiline(true))
}

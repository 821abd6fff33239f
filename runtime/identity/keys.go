// Package identity makes and verifies the tokens that say who asks.
//
// A token is a JWT (RFC 7519) signed with a key of the installation. The keys
// are a JSON Web Key Set (RFC 7517) in one file that only its owner can read;
// the first of them signs, or the second while the first is new to other servers,
// and all of them verify.
package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/oklog/ulid/v2"
)

// Keys are the signing keys of an installation: those that their file holds,
// which another process may replace at any time. Safe for concurrent use.
type Keys struct {
	Log *slog.Logger // what to tell of other keys, and of a file that can't be read any more; slog.Default() at first

	path string // "" is none

	mu     sync.Mutex
	looked time.Time // when the file was last looked at
	seen   os.FileInfo
	wrong  string // with what was seen; "": it is now
	now    *keySet
}

// keySet is what a file of keys holds. It does not change.
type keySet struct {
	set  jose.JSONWebKeySet // the newest first
	file os.FileInfo
}

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

// NewKeys returns one new Ed25519 key, which no file holds.
func NewKeys() (*Keys, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	return &Keys{Log: slog.Default(), now: &keySet{set: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}}}}, nil
}

// LoadKeys reads the keys from a file. One that others can read is refused.
func LoadKeys(path string) (*Keys, error) {
	set, err := loadKeySet(path)
	if err != nil {
		return nil, err
	}
	return &Keys{Log: slog.Default(), path: path, looked: time.Now(), seen: set.file, now: set}, nil
}

// How long a file of keys is not looked at again.
const (
	lookAgain  = 2 * time.Second
	lookForKey = 100 * time.Millisecond // that is unknown
)

// current returns what the file held a time ago at most. Where it can't be read
// any more, that is what it held before.
func (k *Keys) current(age time.Duration) *keySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); k.path != "" && now.Sub(k.looked) > age {
		k.looked = now
		k.look()
	}
	return k.now
}

// look reads the file if it is another one. One that could not be taken is read
// again, since its owner may change and nothing else of it; what is wrong is told
// once.
func (k *Keys) look() {
	info, err := os.Stat(k.path)
	if err != nil || k.wrong == "" && same(info, k.seen) {
		return
	}
	k.seen = info
	set, err := loadKeySet(k.path)
	if err != nil {
		if text := err.Error(); text != k.wrong {
			k.wrong = text
			k.Log.Error("the file of keys has changed, and is not one any more: the keys from before count", "error", err)
		}
		return
	}
	k.wrong = ""
	if signs := set.set.Keys[0].KeyID; signs != k.now.set.Keys[0].KeyID {
		k.Log.Info("audit", "event", "key", "key", signs, "outcome", "ok")
	}
	k.now = set
}

// same reports whether a file is what it was.
func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

func loadKeySet(path string) (*keySet, error) {
	data, info, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("auth.keyFile %s: %w", path, err)
	}
	k := keySet{file: info}
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

// Key is part of KeySource. The key is private.
func (k *Keys) Key(id string) (*jose.JSONWebKey, error) {
	key, ok := k.current(lookAgain).key(id)
	if !ok {
		key, ok = k.current(lookForKey).key(id)
	}
	if !ok {
		return nil, errUnknownKey
	}
	return key, nil
}

func (s *keySet) key(id string) (*jose.JSONWebKey, bool) {
	for i := range s.set.Keys {
		if s.set.Keys[i].KeyID == id {
			return &s.set.Keys[i], true
		}
	}
	return nil, false
}

// Public returns the public halves of the keys: a JSON Web Key Set.
func (k *Keys) Public() ([]byte, error) {
	var public jose.JSONWebKeySet
	for _, key := range k.current(lookAgain).set.Keys {
		public.Keys = append(public.Keys, key.Public())
	}
	return json.Marshal(public)
}

func readPrivate(path string) ([]byte, os.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, nil, fmt.Errorf("others can read it (mode %#o): chmod 600 it", info.Mode().Perm())
	}
	if info.Size() > 1<<20 {
		return nil, nil, errors.New("larger than 1 MiB: not a key file")
	}
	data := make([]byte, info.Size())
	_, err = file.ReadAt(data, 0)
	return data, info, err
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
	return syncDirectory(dir)
}

func newKeySet() ([]byte, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	return json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}}, jsontext.Multiline(true))
}

// newKey returns a key whose ID says when it was made.
func newKey() (jose.JSONWebKey, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return jose.JSONWebKey{Key: private, KeyID: ulid.Make().String(), Algorithm: string(jose.EdDSA), Use: "sig"}, err
}

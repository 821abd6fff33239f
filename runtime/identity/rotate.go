package identity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/oklog/ulid/v2"
)

// KeyInfo says what a key of an installation does.
type KeyInfo struct {
	ID    string
	Made  time.Time
	Signs bool
	Until time.Time // tokens that it signed may hold; of one that signs no more
}

// List returns the keys of a file, that which signs first. life is how long
// their tokens hold.
func List(path string, life time.Duration) ([]KeyInfo, error) {
	set, err := loadKeySet(path)
	if err != nil {
		return nil, err
	}
	return set.list(life), nil
}

func (s *keySet) list(life time.Duration) []KeyInfo {
	list := make([]KeyInfo, len(s.set.Keys))
	for i := range s.set.Keys {
		list[i] = KeyInfo{ID: s.set.Keys[i].KeyID, Made: s.made(i), Signs: i == 0}
		if i > 0 { // it was in the place of the one before until that was made, and found
			list[i].Until = list[i-1].Made.Add(lookAgain + life + leeway)
		}
	}
	return list
}

// made returns when a key was made: its ID says so, or else the file was
// written then.
func (s *keySet) made(i int) time.Time {
	if id, err := ulid.ParseStrict(s.set.Keys[i].KeyID); err == nil {
		return ulid.Time(id.Time())
	}
	return s.file.ModTime()
}

// Rotate puts a new key before those of a file, and leaves the one that signed
// until now behind it, so that its tokens, which hold for life, are believed to
// their end. One that had been left behind before is dropped; where tokens of it
// may still hold that is an error, unless force says to sign their bearers out.
// Servers find the new file by themselves.
func Rotate(path string, life time.Duration, force bool) ([]KeyInfo, error) {
	lock, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%s.new is there: somebody else makes a key, or could not end it: remove the file if nobody does", path)
	case err != nil:
		return nil, err
	}
	set, err := next(path, life, force)
	var data []byte
	if err == nil {
		data, err = json.Marshal(set.set, jsontext.Multiline(true))
	}
	if err == nil {
		_, err = lock.Write(data)
	}
	if err = errors.Join(err, lock.Sync(), lock.Close()); err == nil {
		err = os.Rename(lock.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(lock.Name()))
	}
	return set.list(life), syncDirectory(filepath.Dir(path))
}

// next returns the keys after a rotation.
func next(path string, life time.Duration, force bool) (*keySet, error) {
	set, err := loadKeySet(path)
	if err != nil {
		return nil, err
	}
	list := set.list(life)
	if last := list[len(list)-1]; !last.Signs && time.Now().Before(last.Until) && !force {
		return nil, fmt.Errorf("tokens of the key %s hold until %s: wait until then, or say --force, which signs their bearers out",
			last.ID, last.Until.Local().Format(time.DateTime))
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	set.set = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key, set.set.Keys[0]}}
	return set, nil
}

func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

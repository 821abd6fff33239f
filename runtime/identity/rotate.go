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
	From  time.Time // it signs; of the newest
	Until time.Time // tokens that it signed may hold; of the others
}

// Times are what the keys of an installation go by.
type Times struct {
	Life time.Duration // for which a token holds
	Wait time.Duration // before a new key signs: see [Wait]
}

// Wait returns how old a key is before it signs, where there is an older one. A
// server with peers waits until they can have got the file that the key is in,
// and so believe what it signs.
func Wait(peers []string) time.Duration {
	if len(peers) == 0 {
		return 0
	}
	return 10 * time.Minute
}

// List returns the keys of a file, the newest first.
func List(path string, t Times) ([]KeyInfo, error) {
	set, err := loadKeySet(path)
	if err != nil {
		return nil, err
	}
	return set.list(t), nil
}

func (s *keySet) list(t Times) []KeyInfo {
	list := make([]KeyInfo, len(s.set.Keys))
	signs := s.signs(time.Now(), t.Wait)
	for i := range s.set.Keys {
		list[i] = KeyInfo{ID: s.set.Keys[i].KeyID, Made: s.made(i), Signs: i == signs}
		if i > 0 { // it was in the place of the one before until that was found, and signed
			list[i].Until = list[i-1].Made.Add(t.Wait + lookAgain + t.Life + leeway)
		}
	}
	list[0].From = list[0].Made
	if len(list) > 1 {
		list[0].From = list[0].Made.Add(t.Wait)
	}
	return list
}

// signs returns which key signs.
func (s *keySet) signs(now time.Time, wait time.Duration) int {
	if len(s.set.Keys) > 1 && now.Sub(s.made(0)) < wait {
		return 1
	}
	return 0
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
// until now behind it, so that its tokens are believed to their end. One that had
// been left behind before is dropped; where tokens of it may still hold that is an
// error, unless force says to sign their bearers out. Servers find the new file by
// themselves.
func Rotate(path string, t Times, force bool) ([]KeyInfo, error) {
	lock, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("%s.new is there: somebody else makes a key, or could not end it: remove the file if nobody does", path)
	case err != nil:
		return nil, err
	}
	set, err := next(path, t, force)
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
	return set.list(t), syncDirectory(filepath.Dir(path))
}

// next returns the keys after a rotation.
func next(path string, t Times, force bool) (*keySet, error) {
	set, err := loadKeySet(path)
	if err != nil {
		return nil, err
	}
	list := set.list(t)
	if last := list[len(list)-1]; len(list) > 1 && time.Now().Before(last.Until) && !force {
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

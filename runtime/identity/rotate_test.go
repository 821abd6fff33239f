package identity

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

func TestRotationSignsNobodyOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.key")
	keys, err := MakeKeys(path)
	require.NoError(t, err)
	var log strings.Builder
	keys.Log = slog.New(slog.NewJSONHandler(&log, nil))
	issuer := Issuer{Keys: keys, Name: "restspace", Audience: "restspace"}
	v := NewVerifier(issuer, nil, nil, slog.Default())
	before, err := issuer.Sign(&bus.User{Email: "a@b.c"}, time.Hour)
	require.NoError(t, err)

	list, err := Rotate(path, Times{Life: time.Hour}, false)
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.True(t, list[0].Signs)
	assert.WithinDuration(t, time.Now(), list[0].Made, time.Minute)
	assert.False(t, list[1].Signs)
	assert.WithinDuration(t, time.Now().Add(time.Hour+leeway), list[1].Until, time.Minute)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	other, err := LoadKeys(path) // another server, which signs with the new key at once
	require.NoError(t, err)
	after, err := Issuer{Keys: other, Name: "restspace", Audience: "restspace"}.Sign(&bus.User{Email: "a@b.c"}, time.Hour)
	require.NoError(t, err)
	time.Sleep(lookForKey + 10*time.Millisecond)
	for _, token := range []string{before, after} {
		_, err = v.User(token)
		assert.NoError(t, err, "a server that has the file finds the new key")
	}
	assert.Contains(t, log.String(), `"msg":"audit","event":"key","key":"`+list[0].ID+`","outcome":"ok"`)

	_, err = Rotate(path, Times{Life: time.Hour}, false)
	assert.ErrorContains(t, err, "tokens of the key "+list[1].ID+" hold until")
	assert.NoFileExists(t, path+".new")
	again, err := List(path, Times{Life: time.Hour})
	require.NoError(t, err)
	assert.Equal(t, list, again, "nothing has changed")

	forced, err := Rotate(path, Times{Life: time.Hour}, true)
	require.NoError(t, err)
	require.Len(t, forced, 2, "two at most")
	assert.Equal(t, list[0].ID, forced[1].ID)
	keys.current(0)
	_, err = v.User(before)
	assert.ErrorContains(t, err, "unknown key", "a token that was believed before")
	_, err = v.User(after)
	assert.NoError(t, err)
	_, err = Rotate(path, Times{Life: -time.Hour}, false)
	assert.NoError(t, err, "no token of it holds any more")
}

// TestNewKeyWaitsForServers has the file of keys reach another server late.
func TestNewKeyWaitsForServers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.key")
	keys, err := MakeKeys(path)
	require.NoError(t, err)
	wait := Wait([]string{"b.example"})
	assert.Zero(t, Wait(nil), "nobody else has to have it")
	issuer := Issuer{Keys: keys, Name: "restspace", Audience: "restspace", Wait: wait}
	set, err := loadKeySet(path)
	require.NoError(t, err)
	other := NewVerifier(Issuer{Keys: &Keys{now: set}, Name: "restspace", Audience: "restspace"}, nil, nil, slog.Default())

	times := Times{Life: time.Hour, Wait: wait}
	list, err := Rotate(path, times, false)
	require.NoError(t, err)
	assert.False(t, list[0].Signs)
	assert.Equal(t, list[0].Made.Add(wait), list[0].From)
	assert.True(t, list[1].Signs)
	assert.Equal(t, list[0].From.Add(lookAgain+time.Hour+leeway), list[1].Until)
	keys.current(0)
	token, err := issuer.Sign(&bus.User{Email: "a@b.c"}, time.Hour)
	require.NoError(t, err)
	_, err = other.User(token)
	assert.NoError(t, err, "a server that has not got the new key")
	assert.Equal(t, 1, keys.now.signs(list[0].From.Add(-time.Second), wait))
	assert.Equal(t, 0, keys.now.signs(list[0].From, wait))

	times.Life = 0
	_, err = Rotate(path, times, false)
	assert.ErrorContains(t, err, "tokens of the key "+list[1].ID+" hold until", "it still signs")
}

func TestRotationsSideBySide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.key")
	_, err := Rotate(path, Times{Life: time.Hour}, false)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoFileExists(t, path+".new")
	_, err = MakeKeys(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path+".new", nil, 0o600))
	_, err = Rotate(path, Times{Life: time.Hour}, false)
	assert.ErrorContains(t, err, "somebody else makes a key")
	assert.FileExists(t, path+".new")
}

func TestKeysStayWhenTheirFileBreaks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "auth.key")
	keys, err := MakeKeys(path)
	require.NoError(t, err)
	var log strings.Builder
	keys.Log = slog.New(slog.NewTextHandler(&log, nil))
	id := keys.current(0).set.Keys[0].KeyID
	require.NoError(t, os.WriteFile(path, []byte("broken"), 0o600))
	assert.Equal(t, id, keys.current(0).set.Keys[0].KeyID)
	assert.Contains(t, log.String(), "not a JSON Web Key Set")
	assert.Equal(t, id, keys.current(0).set.Keys[0].KeyID)
	assert.Equal(t, 1, strings.Count(log.String(), "\n"), "it is told once")
	require.NoError(t, os.Remove(path))
	assert.Equal(t, id, keys.current(0).set.Keys[0].KeyID)
}

func TestKeysThatOthersCouldRead(t *testing.T) {
	dir := t.TempDir()
	path, next := filepath.Join(dir, "auth.key"), filepath.Join(dir, "next.key")
	keys, err := MakeKeys(path)
	require.NoError(t, err)
	var log strings.Builder
	keys.Log = slog.New(slog.NewTextHandler(&log, nil))
	old := keys.current(0).set.Keys[0].KeyID
	other, err := MakeKeys(next)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(next, 0o644))
	require.NoError(t, os.Rename(next, path))
	for range 2 {
		assert.Equal(t, old, keys.current(0).set.Keys[0].KeyID)
	}
	assert.Contains(t, log.String(), "chmod 600 it")
	assert.Equal(t, 1, strings.Count(log.String(), "\n"), "it is told once")
	require.NoError(t, os.Chmod(path, 0o600))
	assert.Equal(t, other.now.set.Keys[0].KeyID, keys.current(0).set.Keys[0].KeyID, "once nobody else can")

	require.NoError(t, os.Chmod(path, 0o640))
	assert.Equal(t, other.now.set.Keys[0].KeyID, keys.current(0).set.Keys[0].KeyID)
	assert.Contains(t, log.String(), "(mode 0640)", "the next start fails")
}

func TestPublicKeysHoldNoPrivateOnes(t *testing.T) {
	keys, err := MakeKeys(filepath.Join(t.TempDir(), "auth.key"))
	require.NoError(t, err)
	public, err := keys.Public()
	require.NoError(t, err)
	var set struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal(public, &set))
	require.Len(t, set.Keys, 1)
	assert.Equal(t, keys.now.set.Keys[0].KeyID, set.Keys[0]["kid"])
	assert.Equal(t, "OKP", set.Keys[0]["kty"])
	assert.NotEmpty(t, set.Keys[0]["x"])
	assert.NotContains(t, set.Keys[0], "d")
}

package timer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// state is all that a timer knows from one moment to the next, of whatever
// server.
type state struct {
	Schedule string    `json:"schedule"` // that Next is of
	Next     time.Time `json:"next"`
	Paused   bool      `json:"paused,omitzero"`
	Asked    bool      `json:"asked,omitzero"` // to run now
	Turn     *turn     `json:"turn,omitempty"` // of who runs; nil: nobody does
	Last     *last     `json:"last,omitempty"` // nil: nothing ran yet
	Runs     int64     `json:"runs"`
	Failures int64     `json:"failures"` // of Runs
	Skipped  int64     `json:"skipped"`  // due times without a run
}

// turn is the right of one server to run, for as long as Beat goes on.
type turn struct {
	ID   string    `json:"id"`
	Beat int64     `json:"beat"`
	At   time.Time `json:"at"` // it began
}

// last is how a run ended.
type last struct {
	At       time.Time `json:"at"` // it began
	Duration string    `json:"duration,omitzero"`
	Status   int       `json:"status,omitzero"` // of the answer; 0: there was none
	Error    string    `json:"error,omitzero"`
}

// ended notes how a run went.
func (s *state) ended(l last) {
	s.Turn, s.Last = nil, &l
	s.Runs++
	if l.Error != "" {
		s.Failures++
	}
}

// A keeper keeps the state of a timer.
type keeper interface {
	// load returns the state and what save needs to replace it. Without a state
	// the error is fs.ErrNotExist, and version what save needs to make it.
	load(ctx context.Context) (s state, version string, err error)

	// save replaces the state of a version, and returns the new version. One
	// that was replaced by others is adaptors.ErrCondition. Another error may
	// come after the state was replaced.
	save(ctx context.Context, s state, version string) (string, error)
}

// stored keeps the state in a store.
type stored struct {
	store *adaptors.Keep
	key   adaptors.Key
}

// maxState is more than a state needs.
const maxState = 64 << 10

func (k *stored) load(ctx context.Context) (s state, version string, err error) {
	body, info, err := k.store.Get(ctx, k.key, adaptors.GetOptions{})
	if err != nil {
		return s, "", err
	}
	defer body.Close()
	data, err := body.Bytes(maxState)
	if err != nil {
		return s, "", err
	}
	if info.ETag == "" {
		return s, "", fmt.Errorf("get %s: the store has no ETags, so that servers can't take turns", k.key)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, "", fmt.Errorf("get %s: it is not the state of a timer: %w", k.key, err)
	}
	return s, info.ETag, nil
}

func (k *stored) save(ctx context.Context, s state, version string) (string, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	condition := adaptors.Condition{Absent: version == ""}
	if version != "" {
		condition.Match = []string{version}
	}
	info, err := k.store.Put(ctx, k.key, bus.NewBody(data, "application/json"), condition)
	return info.ETag, err
}

// memory keeps the state in the process.
type memory struct {
	mu       sync.Mutex
	revision int // 0: there is no state
	state    state
}

func (k *memory) load(context.Context) (state, string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.revision == 0 {
		return state{}, k.version(), fs.ErrNotExist
	}
	return k.state, k.version(), nil
}

func (k *memory) save(_ context.Context, s state, version string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if version != k.version() {
		return "", adaptors.ErrCondition
	}
	k.state = s
	k.revision++
	return k.version(), nil
}

func (k *memory) version() string { return fmt.Sprint(k.revision) }

// isConflict reports whether others have replaced the state meanwhile.
func isConflict(err error) bool { return errors.Is(err, adaptors.ErrCondition) }

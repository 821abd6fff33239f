package configfile

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

// A change is told when nothing more has changed for a time: who writes a file
// does so in more than one step. But who never stops is not waited for.
const (
	quiet   = 100 * time.Millisecond
	longest = time.Second
)

// A Watcher tells when files may have changed: also when a link on the way to
// one leads elsewhere, or when one was replaced, has gone, or has come. Make
// one with [NewWatcher] and Close it.
type Watcher struct {
	inner   *fsnotify.Watcher
	changes chan struct{}
	ended   chan struct{}

	mu    sync.Mutex
	names []string
	steps map[string]bool // names of which a change matters
	dirs  []string        // where they stand
}

// NewWatcher returns a Watcher of no file yet.
func NewWatcher() (*Watcher, error) {
	inner, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	w := &Watcher{inner: inner, changes: make(chan struct{}, 1), ended: make(chan struct{})}
	go w.run()
	return w, nil
}

// Changes tells of changes. Several may be told as one; what has changed
// before the telling is there to be read.
func (w *Watcher) Changes() <-chan struct{} { return w.changes }

// Watch has the files of these names watched in the place of those before. A
// file that was not watched before counts as changed, since it may have while
// nobody looked. An error is that some are not watched.
func (w *Watcher) Watch(names ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.names
	w.names = slices.Clone(names)
	err := w.follow()
	if slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(known, name) }) {
		w.tell()
	}
	return err
}

// Close ends the watching. No change is told any more.
func (w *Watcher) Close() error {
	err := w.inner.Close()
	<-w.ended
	return err
}

// run waits for changes and tells of them when they are over.
func (w *Watcher) run() {
	defer close(w.ended)
	var over <-chan time.Time
	var first time.Time
	changed := func() {
		if over == nil {
			first = time.Now()
		}
		over = time.After(min(quiet, longest-time.Since(first)))
	}
	for {
		select {
		case event, ok := <-w.inner.Events:
			if !ok {
				return
			}
			if w.matters(event) {
				changed()
			}
		case _, ok := <-w.inner.Errors: // events were lost
			if ok {
				changed()
			}
		case <-over:
			over = nil
			w.settle()
		}
	}
}

// matters reports whether an event is about a name that is watched, or a
// directory of one. Its mode is: what could not be read may be readable now.
func (w *Watcher) matters(event fsnotify.Event) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	name := filepath.Clean(event.Name)
	return w.steps[name] || slices.Contains(w.dirs, name)
}

// settle tells of a change, after seeing to it that the next one is noticed.
func (w *Watcher) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.follow() // whoever reads now calls Watch again, and has the error of that
	w.tell()
}

func (w *Watcher) tell() {
	select {
	case w.changes <- struct{}{}:
	default: // one is told already
	}
}

// follow watches the directories on the way to the names as it is now. It
// looks again until nothing has changed between looking and watching. The
// caller holds mu.
func (w *Watcher) follow() (failed error) {
	const most = 10
	for range most {
		steps := make(map[string]bool)
		for _, name := range w.names {
			for _, step := range trace(name) {
				steps[step] = true
			}
		}
		same := maps.Equal(steps, w.steps)
		w.steps, w.dirs = steps, directories(steps)
		if failed = w.watch(); same {
			break
		}
	}
	return failed // of what changes all the time there is an event to come
}

// watch has dirs watched and no other directories.
func (w *Watcher) watch() error {
	var failed error
	for _, dir := range w.dirs {
		if err := w.inner.Add(dir); err != nil && failed == nil {
			failed = fmt.Errorf("watch %s: %w", dir, err)
		}
	}
	for _, dir := range w.inner.WatchList() {
		if !slices.Contains(w.dirs, dir) {
			_ = w.inner.Remove(dir) // or it has gone by itself
		}
	}
	return failed
}

// directories returns where these names stand.
func directories(steps map[string]bool) []string {
	var dirs []string
	for step := range steps {
		if dir := filepath.Dir(step); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

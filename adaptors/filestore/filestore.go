package filestore

import (
	"context"
	_ "embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

//go:embed README.md
var readme string

// Config says where documents are, and how sure it is to be that they stay.
type Config struct {
	Root       string     `json:"root" required:"true" doc:"the directory of the documents, made if it is missing; relative to the directory that the server was started in"`
	Durability Durability `json:"durability,omitempty" enum:"full,file,none" doc:"what of a write is on disk when it is answered: all, the content but perhaps not a new name, or what the system wrote meanwhile"`
}

// Durability is what of a write is on disk before Put and Delete return.
type Durability string

// The values of Durability; "" is Full.
const (
	Full     Durability = "full" // all of it: it survives a power cut
	FileOnly Durability = "file" // the content: a new name may be lost in a power cut
	None     Durability = "none" // what the kernel wrote meanwhile: it survives a crash of the process
)

// Check returns what is wrong with a config.
func (c *Config) Check() error {
	if c.Root == "" {
		return fmt.Errorf(`"root" is missing: write the directory that holds the documents, such as "data/notes"`)
	}
	if strings.HasPrefix(c.Root, "~") || strings.Contains(c.Root, "://") {
		return fmt.Errorf(`"root" is %q: write the path of the directory as it is, such as "data/notes" or "/srv/notes": neither ~ nor a URL stands for one (write ./ before a name that begins with ~)`, c.Root)
	}
	switch c.Durability {
	case "", Full, FileOnly, None:
		return nil
	}
	return fmt.Errorf(`"durability" is %q: write "full", "file" or "none"`, c.Durability)
}

// Kind returns the adaptor "file". It claims its directory.
func Kind() adaptors.Kind {
	return adaptors.Kind{
		Name:    "file",
		Doc:     readme,
		Of:      adaptors.StoreInterface,
		Config:  func() any { return &Config{Durability: Full} },
		Example: `{"root": "data/notes"}`,
		Claims: func(config any) []adaptors.Claim {
			path, err := resolve(config.(*Config).Root)
			if err != nil {
				return nil // New says why
			}
			return []adaptors.Claim{{Space: "file", Path: strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })}}
		},
		FromURL: fromURL,
		New: func(_ context.Context, config any, env adaptors.Env) (any, error) {
			return Open(*config.(*Config), env)
		},
	}
}

// A Store keeps documents as files. It is made by [Open].
type Store struct {
	root       *root
	release    func() error
	path       string // absolute, without links: what the root was opened as
	durability Durability
	pageSize   int

	mu     sync.RWMutex // held for reading by each operation, for writing by Close
	closed bool
}

// Open opens the store of a config. A directory that this process may only
// read, or is to, is opened for reading: writes are ErrReadOnly.
//
// Stores of one directory share its lock through env.Pool. The caller closes
// the Store.
func Open(c Config, env adaptors.Env) (*Store, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s, err := open(c, env)
	if err != nil {
		return nil, fmt.Errorf("directory %s: %w", c.Root, err)
	}
	if s.root.readOnly != nil && !env.ReadOnly && env.Log != nil {
		env.Log.Warn("the directory can only be read", slog.String("root", s.path), slog.Any("error", s.root.readOnly))
	}
	return s, nil
}

func open(c Config, env adaptors.Env) (*Store, error) {
	path, err := resolve(c.Root)
	if err != nil {
		return nil, err
	}
	if env.Existing || env.ReadOnly {
		_, err = os.Stat(path)
	} else {
		err = makeAll(path)
	}
	if err != nil {
		return nil, err
	}
	base, err := openDir(path)
	if err != nil {
		return nil, err
	}
	defer base.close()
	id, err := base.identity()
	if err != nil {
		return nil, err
	}
	shared := sharedRoot{id, env.ReadOnly}
	root, release, err := adaptors.Share(env.Pool, shared, func() (*root, error) { return openRoot(base, path, env.ReadOnly) })
	if err != nil {
		return nil, err
	}
	if c.Durability == "" {
		c.Durability = Full
	}
	return &Store{root: root, release: release, path: path, durability: c.Durability, pageSize: maxPage}, nil
}

// Close gives the directory up, after the operations that are under way have
// ended. Bodies that Get returned stay readable.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	return s.release()
}

// Health returns the failure that makes it doubtful whether the disk holds
// what was stored, or that the directory has moved, and nil if there is none.
func (s *Store) Health() error {
	if err := s.root.failure.Load(); err != nil {
		return *err
	}
	return s.inPlace()
}

// enter begins an operation. Unless it fails, leave ends it.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return fs.ErrClosed
	}
	return nil
}

func (s *Store) leave() { s.mu.RUnlock() }

// enterWrite begins an operation that writes.
func (s *Store) enterWrite(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	err := s.writable()
	if err != nil {
		s.leave()
	}
	return err
}

// writable looks whether the path of the root still leads to the directory
// that was opened: what is written to another one would be lost to those who
// look there.
func (s *Store) writable() error {
	if err := s.root.readOnly; err != nil {
		return fmt.Errorf("%w: %v", adaptors.ErrReadOnly, err)
	}
	return s.inPlace()
}

// inPlace looks whether the path of the root still leads to it.
func (s *Store) inPlace() error {
	var st unix.Stat_t
	err := retry("stat", s.path, func() error { return unix.Stat(s.path, &st) })
	if err == nil && identityOf(&st) == s.root.id {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("it is another directory than the one that was opened")
	}
	return &bus.Error{Status: http.StatusServiceUnavailable, Type: bus.TypeUnavailable, Err: fmt.Errorf("directory %s has moved: %v", s.path, err),
		Detail: "the directory of the documents has moved: move it back, or reload the configuration"}
}

// resolve returns path as an absolute path without links, whether or not it
// leads to something yet.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err == nil || !os.IsNotExist(err) {
		return resolved, err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("%s is a link that leads nowhere: remove it, or make what it leads to", path)
	}
	above, err := resolve(filepath.Dir(path))
	return filepath.Join(above, filepath.Base(path)), err
}

// makeAll makes the directory path and those above it, so that they stay.
func makeAll(path string) error {
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		return err
	}
	above := filepath.Dir(path)
	if err := makeAll(above); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o750); err != nil && !os.IsExist(err) {
		return err
	}
	d, err := openDir(above)
	if err != nil {
		return err
	}
	defer d.close()
	return fsync(int(d))
}

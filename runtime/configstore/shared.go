package configstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/config"
)

// Options of a Shared.
type Options struct {
	Store  *adaptors.Keep   // where it is; who made it closes it
	Key    adaptors.Key     // of the document
	Name   string           // of the document, in messages
	Server string           // of this server, for people; another process of that name is told apart
	Claims []adaptors.Claim // on the document and its record
	Note   func(string)     // is told what Start waits for, and why Use takes another content; nil tells nobody
}

// A Shared is a configuration that several servers have in common. It is a
// runtime.Source. A server calls Start, and then Follow again and again; Start
// and Follow are for one goroutine, all else is safe for concurrent use.
type Shared struct {
	store   *adaptors.Keep
	key     adaptors.Key // of the document
	beside  adaptors.Key // of the record
	name    string
	server  string // no other process has it
	note    func(string)
	changed chan struct{}
	trouble atomic.Pointer[error]
	claims  []adaptors.Claim

	acting sync.Mutex // held by who reads and writes the record; guards what follows
	seen   *seen
	served content   // what this server has, and the record or its good content says so
	has    string    // the version that this server has, noted or not
	failed string    // the version that this server could not take over,
	why    error     // and why
	waits  string    // for what server that has the turn,
	since  time.Time // and since when
}

// New returns the configuration at a key of a store.
func New(o Options) *Shared {
	s := &Shared{
		store: o.Store, key: o.Key, name: o.Name, note: o.Note, claims: o.Claims,
		server:  fmt.Sprintf("%s (%08x)", o.Server, rand.Uint32()),
		changed: make(chan struct{}, 1),
	}
	s.beside = slices.Clone(o.Key)
	s.beside[len(s.beside)-1] += Suffix
	if s.note == nil {
		s.note = func(string) {}
	}
	return s
}

// Name returns the name of the document, as messages show it.
func (s *Shared) Name() string { return s.name }

// Server returns what the record calls this server.
func (s *Shared) Server() string { return s.server }

// Versions returns the version that this server has, and the one that is rolled
// out, as the record calls them; "" is none that it knows.
func (s *Shared) Versions() (has, offered string) {
	s.acting.Lock()
	defer s.acting.Unlock()
	if s.seen != nil {
		offered = s.seen.Version
	}
	return s.has, offered
}

// Claims returns what of the outside no service may have.
func (s *Shared) Claims() []adaptors.Claim { return s.claims }

// Health returns why this server, or another one, has not got what the document
// says, or why that can't be known; nil: it has.
func (s *Shared) Health() error {
	if err := s.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// Refused reports whether it is known that this server, or another one, could not
// take over what the document says. Where the store does not answer it is not known.
func (s *Shared) Refused() bool {
	err := s.Health()
	var outage *StoreError
	return err != nil && !errors.As(err, &outage)
}

// Due returns for how long to wait before the next Follow. Servers that were
// started together are not due together.
func (s *Shared) Due() time.Duration { return lookTime/2 + rand.N(lookTime) }

// Changed tells that this process has changed the document: Follow is due at
// once, and ends the turn that Replace took.
func (s *Shared) Changed() <-chan struct{} { return s.changed }

// Read returns the content of the document, whether or not it has been rolled
// out.
func (s *Shared) Read(ctx context.Context) ([]byte, error) {
	data, _, err := s.document(ctx)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = &StoreError{s.name, err}
	}
	return data, err
}

// Use gives apply what the servers serve, as far as that can be known from outside
// of them: the document, or the last good content where they refused that, or apply
// does. An error of apply is Use's.
func (s *Shared) Use(ctx context.Context, apply Apply) error {
	s.acting.Lock()
	defer s.acting.Unlock()
	now, err := s.look(ctx)
	if err != nil {
		return s.unread(err)
	}
	data, info, err := s.document(ctx) // after the record, which may be about a newer one else
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s.unread(err)
	}
	version, good := versionOf(info), now.Good
	other := good != nil && good.Version != version
	switch {
	case err != nil:
		err = s.unread(err)
	case other && now.Failed != nil && now.Version == version:
		err = s.refusal(now)
	default:
		err = apply(ctx, data)
	}
	if err == nil || !other {
		return err
	}
	s.note(err.Error() + "\nUntil then the last good content is used, with which servers start")
	return apply(ctx, good.Content)
}

// Failure returns who could not take over what the document says, why, and who has
// it nevertheless; "": nobody is known. It changes nothing.
func (s *Shared) Failure(ctx context.Context) (string, error) {
	s.acting.Lock()
	defer s.acting.Unlock()
	now, err := s.look(ctx)
	var version string
	if err == nil {
		version, err = s.offered(ctx)
	}
	if err != nil || now.Failed == nil || now.Version != version {
		return "", s.unread(err)
	}
	text := fmt.Sprintf("the server %s could not take it over: %s", now.Failed.Server, now.Failed.Error)
	if len(now.Servers) > 0 {
		text += "; it is served by " + strings.Join(now.Servers, "; ") + " alone"
	}
	return text, nil
}

// document returns the content of the document and its facts.
func (s *Shared) document(ctx context.Context) ([]byte, adaptors.Info, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	body, info, err := s.store.Get(ctx, s.key, adaptors.GetOptions{})
	if err != nil {
		return nil, info, err
	}
	defer body.Close()
	data, err := body.Bytes(config.MaxBytes)
	return bytes.Clone(data), info, err
}

// offered returns the version of the document.
func (s *Shared) offered(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	_, info, err := s.store.Get(ctx, s.key, adaptors.GetOptions{Meta: true})
	return versionOf(info), err
}

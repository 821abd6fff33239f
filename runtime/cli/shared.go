package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/runtime/configfile"
	"github.com/seed90475182/restspace/runtime/configstore"
)

// isShared reports whether --config names a document of a store, not a file. A URL
// that lacks a slash is one too, and its adaptor says what it lacks.
func (r *run) isShared() bool {
	scheme, _, isURL := strings.Cut(r.config, ":/")
	return strings.Contains(r.config, "://") || isURL && slices.Contains(r.schemes(), scheme)
}

// sharedPlace returns the store of the configuration, and its key there.
func (r *run) sharedPlace() (p place, key adaptors.Key, err error) {
	title := "--config " + shown(r.config)
	u, err := url.Parse(r.config)
	if err != nil { // it quotes what shown leaves out
		return p, nil, usagef("%s: it is no URL: write %%25, %%3F and %%23 for %%, ? and # in names", title)
	}
	dir, name := path.Split(u.Path)
	switch _, known := r.Adaptors.Kind(u.Scheme); {
	case !known:
		return p, nil, usagef("%s: there is no adaptor %q: write the name of a file, or the URL of an object, such as s3://bucket/services.json", title, u.Scheme)
	case u.Scheme == "file":
		return p, nil, usagef("%s: write the name of the file without file://", title)
	case name == "":
		return p, nil, usagef("%s: write the name of the object at its end, such as s3://bucket/services.json", title)
	}
	u.Path, u.RawPath = dir, ""
	p, err = r.placeNamed(title, u.String())
	return p, adaptors.Key{name}, err
}

// openTime is how long the store of the configuration may take to be opened.
const openTime = 10 * time.Second

// openShared opens the configuration that several servers have. The caller calls
// done at the end.
func (r *run) openShared(ctx context.Context) (s *configstore.Shared, done func(), err error) {
	p, key, err := r.sharedPlace()
	if err != nil {
		return nil, nil, err
	}
	inTime, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	opened, err := p.open(inTime, true)
	if err != nil {
		return nil, nil, err
	}
	host, _ := os.Hostname() // or it is told by its number alone
	s = configstore.New(configstore.Options{
		Store: opened.keep, Key: key, Name: shown(r.config),
		Server: fmt.Sprintf("%s, process %d", host, os.Getpid()),
		Note:   r.noteLines,
		Claims: p.claims(key),
	})
	return s, func() { _ = opened.close() }, nil
}

// claims returns the claims on a document of a store that is a configuration, and
// on the record beside it.
func (p place) claims(key adaptors.Key) (list []adaptors.Claim) {
	if p.kind.Claims == nil {
		return nil
	}
	for _, c := range p.kind.Claims(p.config) {
		for _, name := range []string{key[0], key[0] + configstore.Suffix} {
			list = append(list, adaptors.Claim{Space: c.Space, Path: append(slices.Clone(c.Path), name)})
		}
	}
	return list
}

// own returns the claims on the configuration, where that is no file.
func (r *run) own() []adaptors.Claim {
	if !r.isShared() {
		return nil
	}
	p, key, err := r.sharedPlace()
	if err != nil { // which was told when it was read
		return nil
	}
	return p.claims(key)
}

// readShared is source for a document of a store.
func (r *run) readShared(ctx context.Context) (name string, data []byte, err error) {
	s, done, err := r.openShared(ctx)
	if err != nil {
		return "", nil, err
	}
	defer done()
	data, err = s.Read(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no %s: put it there, or say with --config where it is", s.Name())
	}
	return s.Name(), data, err
}

// used returns the configuration that servers serve, for what is done beside them:
// while the document of a store has errors, that is not what it says.
func (r *run) used(ctx context.Context) (name string, data []byte, conf *config.Config, err error) {
	if !r.isShared() {
		if name, data, err = r.source(ctx); err == nil {
			conf, err = r.parse(name, data)
		}
		return name, data, conf, err
	}
	s, done, err := r.openShared(ctx)
	if err != nil {
		return "", nil, nil, err
	}
	defer done()
	err = s.Use(ctx, func(_ context.Context, content []byte) (err error) {
		data = content
		conf, err = r.parse(s.Name(), content)
		return err
	})
	return s.Name(), data, conf, err
}

// origin returns where the configuration is. The caller calls done at the end.
// A store that does not answer is waited for.
func (r *run) origin(ctx context.Context) (source runtime.Source, done func(), err error) {
	if !r.isShared() {
		return configfile.New(r.config), func() {}, nil
	}
	err = configstore.Patiently(ctx, r.noteLines, func(ctx context.Context) error {
		source, done, err = r.openShared(ctx)
		return err
	})
	return source, done, err
}

// shared returns the configuration as several servers have it; nil: it is a
// file.
func (s *serving) shared() *configstore.Shared {
	shared, _ := s.source.(*configstore.Shared)
	return shared
}

// apply has the server serve a configuration that is rolled out.
func (s *serving) apply(ctx context.Context, data []byte) error {
	return s.server.Load(ctx, s.source.Name(), data)
}

// due tells when to look for another configuration; nil: never.
func (s *serving) due() <-chan time.Time {
	if shared := s.shared(); shared != nil {
		return time.After(shared.Due())
	}
	return nil
}

// changed tells of a configuration that was changed by way of this server.
func (s *serving) changed() <-chan struct{} {
	if shared := s.shared(); shared != nil {
		return shared.Changed()
	}
	return nil
}

// roll takes over another configuration, if there is one and it is this server's
// turn, and tells about it.
func (s *serving) roll(ctx context.Context) {
	shared := s.shared()
	if shared == nil {
		return
	}
	changed, err := shared.Follow(ctx, s.apply)
	if ctx.Err() != nil {
		return
	}
	has, offered := shared.Versions()
	if changed {
		s.server.Log().Info("configuration taken over", "version", has, "etag", s.server.Version(), "server", shared.Server())
	}
	if err == nil || changed { // what the others do not know yet, the next time tells
		s.rolled.good(s, changed)
	} else if s.rolled.bad(s, kindOf(err, offered), err, false) {
		s.server.Log().Warn("configuration not rolled out", "version", offered, "error", err.Error(), "server", shared.Server())
	}
	if changed {
		s.follow()
	}
}

// kindOf tells errors about a version apart. Those of an outage have a number of
// their own each.
func kindOf(err error, version string) string {
	var outage *configstore.StoreError
	if errors.As(err, &outage) {
		return "outage"
	}
	return version + " " + err.Error()
}

// introduce notes in the log what the others call this server.
func (s *serving) introduce() {
	if shared := s.shared(); shared != nil {
		has, _ := shared.Versions()
		s.server.Log().Info("configuration shared", "server", shared.Server(), "url", s.url, "of", shared.Name(), "version", has, "etag", s.server.Version())
	}
}

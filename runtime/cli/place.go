package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/config"
)

// A place is a store that an argument names, and that need not be open.
type place struct {
	title  string // in messages: FROM services.json#notes
	kind   adaptors.Kind
	config any
}

// placeOf reads an argument: FILE#SERVICE, or the URL of an adaptor. which is
// what the command calls it.
func (r *run) placeOf(which, argument string) (p place, err error) {
	return r.placeNamed(which+" "+shown(argument), argument)
}

// placeNamed is placeOf for what messages call title.
func (r *run) placeNamed(title, argument string) (p place, err error) {
	p.title = title
	scheme, _, isURL := strings.Cut(argument, ":")
	kind, known := r.Adaptors.Kind(scheme)
	switch {
	case isURL && known:
		err = p.fromURL(kind, argument)
	case strings.Contains(argument, "://"):
		err = usagef("%s: there is no adaptor %q%s", p.title, scheme, didYouMean(nearest(scheme, r.schemes())))
	default:
		err = r.fromService(&p, argument)
	}
	if err == nil && p.kind.Volatile {
		err = usagef("%s: what the adaptor %s holds ends with its server: nothing can be copied from it or to it", p.title, p.kind.Name)
	}
	return p, err
}

// shown returns an argument as messages have it: without the user and the query
// of a URL, since someone may have written a secret there.
func shown(argument string) string {
	scheme, rest, isURL := strings.Cut(argument, "://")
	if !isURL {
		return argument
	}
	rest, _, _ = strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 && rest[0] != '/' {
		rest = "..." + rest[at:]
	}
	return scheme + "://" + rest
}

// schemes returns the names of the adaptors that have URLs.
func (r *run) schemes() (names []string) {
	for _, k := range r.Adaptors.Kinds() {
		if k.FromURL != nil {
			names = append(names, k.Name)
		}
	}
	return names
}

// fromURL is placeOf for a URL.
func (p *place) fromURL(kind adaptors.Kind, text string) error {
	p.kind = kind
	if kind.Volatile {
		return nil // which is told for any argument
	}
	if kind.FromURL == nil || kind.Of != adaptors.StoreInterface {
		return usagef("%s: no URL stands for an adaptor %s: write services.json#NAME for the service that has it", p.title, kind.Name)
	}
	u, err := url.Parse(text)
	if err != nil { // it quotes what shown leaves out
		return usagef("%s: it is no URL: write %%25, %%3F and %%23 for %%, ? and # in names", p.title)
	}
	p.config, err = kind.FromURL(u)
	if checker, ok := p.config.(interface{ Check() error }); ok && err == nil {
		err = checker.Check()
	}
	if err != nil {
		return usagef("%s: %w", p.title, err)
	}
	return nil
}

// fromService is placeOf for FILE#SERVICE.
func (r *run) fromService(p *place, argument string) error {
	at := strings.LastIndexByte(argument, '#')
	if at <= 0 || at == len(argument)-1 {
		return usagef("%s: write services.json#NAME with the name of a service, or the URL of an adaptor, such as file:///srv/notes", p.title)
	}
	file, name := filepath.Clean(argument[:at]), argument[at+1:]
	data, err := r.readFile(file)
	if err != nil {
		return err
	}
	conf, err := r.parse(file, data)
	if err != nil {
		return err
	}
	var names []string
	for _, s := range conf.Services {
		if s.Name == name {
			return p.fromSlot(s)
		}
		names = append(names, s.Name)
	}
	return usagef("%s: %s has no service %q%s", p.title, file, name, didYouMean(nearest(name, names)))
}

// fromSlot takes the store of a service.
func (p *place) fromSlot(s *config.Service) error {
	for _, slot := range s.Kind.Adaptors {
		if slot.Of == adaptors.StoreInterface {
			p.kind, p.config = s.Adaptors[slot.Key].Kind, s.Adaptors[slot.Key].Config
			return nil
		}
	}
	return usagef("%s: a service of the Kind %s has no store", p.title, s.Kind.Name)
}

// overlaps reports whether two places have something in common.
func (p place) overlaps(q place) bool {
	if p.kind.Claims == nil || q.kind.Claims == nil {
		return false
	}
	for _, a := range p.kind.Claims(p.config) {
		for _, b := range q.kind.Claims(q.config) {
			if a.Overlaps(b) {
				return true
			}
		}
	}
	return false
}

// A stock is a place that is open.
type stock struct {
	keep  *adaptors.Keep
	close func() error
}

// open opens a place. With existing nothing is made that is not there.
func (p place) open(ctx context.Context, existing bool) (stock, error) {
	env := adaptors.Env{Name: p.title, Log: slog.New(slog.DiscardHandler), Existing: existing}
	made, err := p.kind.New(ctx, p.config, env)
	if err != nil {
		return stock{}, fmt.Errorf("%s: %w", p.title, err)
	}
	s := stock{adaptors.NewKeep(made.(adaptors.Store), 0), func() error { return nil }}
	if closer, ok := made.(io.Closer); ok {
		s.close = closer.Close
	}
	return s, nil
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// nowhere returns a stock without documents.
func nowhere() stock {
	return stock{adaptors.NewKeep(empty{}, 0), func() error { return nil }}
}

// empty is a store without documents, which is only read.
type empty struct{ adaptors.Store }

func (empty) Get(context.Context, adaptors.Key, adaptors.GetOptions) (*bus.Body, adaptors.Info, error) {
	return nil, adaptors.Info{}, fs.ErrNotExist
}

func (empty) List(context.Context, adaptors.Key, adaptors.ListOptions) iter.Seq2[adaptors.Info, error] {
	return func(func(adaptors.Info, error) bool) {}
}

// completePlaces completes FROM and TO: the services of the configuration that
// have a store, and the schemes of URLs.
func (r *run) completePlaces(cmd *cobra.Command, args []string, _ string) (places []string, _ cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if conf, err := r.configuration(cmd.Context()); err == nil && !r.isShared() {
		for _, s := range conf.Services {
			var p place
			if p.fromSlot(s) == nil && !p.kind.Volatile {
				places = append(places, r.config+"#"+s.Name)
			}
		}
	}
	for _, scheme := range r.schemes() {
		places = append(places, scheme+"://")
	}
	return places, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

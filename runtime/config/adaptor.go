package config

import (
	"cmp"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus/spelling"
	"github.com/seed90475182/restspace/services"
)

// slotKeys are the keys of a slot as the file has them.
type slotKeys struct{ kind, config, plugin *hujson.Value }

func (k *slotKeys) fields(key string) []field {
	return []field{
		{name: key, value: reflect.ValueOf(&k.kind).Elem()},
		{name: key + "Config", value: reflect.ValueOf(&k.config).Elem()},
		{name: key + "Plugin", value: reflect.ValueOf(&k.plugin).Elem()},
	}
}

// adaptor reads what a service has in one of its slots.
func (r *reader) adaptor(b *block, slot services.Slot, keys slotKeys, t *together) {
	kind, ok := r.adaptorKind(b, slot, keys)
	if !ok {
		return
	}
	a := Adaptor{Kind: kind, Config: kind.Config(), Canonical: []byte("{}")}
	at := b.at.AppendToken(slot.Key + "Config")
	stands := cmp.Or(keys.config, keys.kind, b.value)
	before := len(r.faults)
	if v := keys.config; v != nil {
		a.Canonical = canonical(v)
		if r.adaptorConfig(v, at, &a); r.broken[v.StartOffset] {
			return
		}
	}
	if before == len(r.faults) {
		r.check(stands, at, a.Config)
	}
	if before == len(r.faults) && r.complete(stands) && kind.Ask != nil && r.lookup.Ask != nil {
		r.tell(stands, at, r.lookup.Ask(kind, a.Config))
	}
	if before == len(r.faults) && r.complete(stands) && kind.Claims != nil {
		for _, c := range kind.Claims(a.Config) {
			t.claims = append(t.claims, claim{c, b.title, stands, at})
		}
	}
	b.Adaptors[slot.Key] = a
}

// adaptorConfig decodes the config of an adaptor. What is read elsewhere only
// has to be an object.
func (r *reader) adaptorConfig(v *hujson.Value, at pointer, a *Adaptor) {
	raw, ok := a.Config.(*adaptors.RawConfig)
	switch {
	case !ok:
		r.object(v, at, fieldsOf(a.Config))
	case v.Value.Kind() != '{':
		r.mistyped(v, at, such("{}"))
	default:
		*raw = a.Canonical
	}
}

// adaptorKind finds the Kind of the adaptor of a slot.
func (r *reader) adaptorKind(b *block, slot services.Slot, keys slotKeys) (kind adaptors.Kind, ok bool) {
	at := b.at.AppendToken(slot.Key)
	p := r.pluginKeys(b, slot, keys)
	if keys.kind == nil && slot.Optional {
		if keys.config != nil {
			r.fault(keys.config, at+"Config", "it is about an adaptor, and there is none: write %q", slot.Key)
		}
		return kind, false
	}
	if keys.kind == nil {
		if kind, ok = r.kinds.Adaptors.Kind(slot.Default); !ok {
			r.missing(b.value, b.at, slot.Key, "%s has no %q: write %s", b.title, slot.Key, spelling.OneOf(r.fitting(slot)))
		}
		return kind, ok
	}
	name, ok := r.text(keys.kind, at)
	if !ok {
		return kind, false
	}
	if p.Path = name; strings.Contains(name, "/") {
		return r.plugin(b, slot, keys, p)
	}
	if keys.plugin != nil {
		r.fault(keys.plugin, b.at.AppendToken(slot.Key+"Plugin"), "it is about a plugin, and %s is built in: leave it out", quote(name))
	}
	kind, ok = r.kinds.Adaptors.Kind(name)
	switch {
	case !ok:
		r.fault(keys.kind, at, "unknown adaptor %s: %s", quote(name), chooseKind(name, r.fitting(slot)))
	case kind.Of != slot.Of:
		r.fault(keys.kind, at, "%s is of the interface %s, and the Kind %s needs %s here: write %s", name, kind.Of, b.Kind.Name, slot.Of, spelling.OneOf(r.fitting(slot)))
		ok = false
	}
	return kind, ok
}

// plugin returns the Kind that a program serves.
func (r *reader) plugin(b *block, slot services.Slot, keys slotKeys, p adaptors.Plugin) (kind adaptors.Kind, ok bool) {
	at, stands := b.at.AppendToken(slot.Key+"Plugin"), cmp.Or(keys.plugin, keys.kind)
	if r.broken[stands.StartOffset] || !r.complete(stands) {
		return kind, false
	}
	kind, err := r.kinds.Adaptors.Plugin(p, slot.Of)
	if pointerOf(err) != "" {
		r.tell(stands, at, err)
	} else {
		r.tell(keys.kind, b.at.AppendToken(slot.Key), err)
	}
	return kind, err == nil
}

// pluginKeys reads how a plugin is run.
func (r *reader) pluginKeys(b *block, slot services.Slot, keys slotKeys) (p adaptors.Plugin) {
	if v := keys.plugin; v != nil {
		at, fields := b.at.AppendToken(slot.Key+"Plugin"), fieldsOf(&p)
		r.object(v, at, fields)
		r.positive(v, at, "", fields)
	}
	return p
}

// chooseKind says what may stand in the place of the name of an adaptor.
func chooseKind(name string, names []string) string {
	text := spelling.Choice(name, names)
	if !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text + " A plugin is written as a path, such as ./name"
}

// fitting returns the names of the adaptors that a slot takes.
func (r *reader) fitting(slot services.Slot) []string {
	var names []string
	for _, k := range r.kinds.Adaptors.Kinds() {
		if k.Of == slot.Of {
			names = append(names, k.Name)
		}
	}
	return names
}

// claim is a claim of the adaptor of a service.
type claim struct {
	adaptors.Claim
	title string
	value *hujson.Value
	at    pointer
}

// claimed tells of the claims that overlap. In their order those that begin
// with another one come right after it.
func (t *together) claimed() {
	slices.SortStableFunc(t.claims, func(a, b claim) int {
		return cmp.Or(strings.Compare(a.Space, b.Space), slices.Compare(a.Path, b.Path))
	})
	above := 0
	for i := 1; i < len(t.claims); i++ {
		if !t.claims[above].Overlaps(t.claims[i].Claim) {
			above = i
			continue
		}
		first, second := &t.claims[above], &t.claims[i]
		if second.value.StartOffset < first.value.StartOffset {
			first, second = second, first
		}
		t.r.fault(second.value, second.at, "what it keeps overlaps what %s keeps at %s: give each a place of its own", first.title, t.r.place(first.value))
	}
}

// private faults the stores that would give out what must stay private: the
// signing keys, and the configuration itself.
func (t *together) private(files map[string]string) {
	for _, path := range slices.Sorted(maps.Keys(files)) {
		own := fileClaim(path)
		for i := range t.claims {
			if c := &t.claims[i]; c.Overlaps(own) {
				t.r.fault(c.value, c.at, "what it keeps holds %s, %s: give it a directory of its own", files[path], path)
			}
		}
	}
}

// apart faults the stores that have the configuration among their documents:
// readers would see it, and writers could run programs.
func (t *together) apart(own []adaptors.Claim) {
	for _, claim := range own {
		for i := range t.claims {
			if c := &t.claims[i]; c.Overlaps(claim) {
				t.r.fault(c.value, c.at, "what it keeps holds the configuration itself, %s: give it a place of its own", t.r.file)
			}
		}
	}
}

// fileClaim returns the claim on a file, as stores of files make theirs.
func fileClaim(path string) adaptors.Claim {
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	return adaptors.Claim{Space: "file", Path: strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator })}
}

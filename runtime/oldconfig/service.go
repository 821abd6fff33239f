package oldconfig

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"
)

// service is one service on its way.
type service struct {
	*converter
	*keys
	at    *hujson.Value
	title string // in messages: service "notes"
	mount string
	list  bool // it is of the form of a list
	kind  kind
	block block
}

// service reads a service. mount is the key that it stands at, "" in a list.
func (c *converter) service(mount string, v *hujson.Value) error {
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		return fmt.Errorf("%s: a service that is no object: %w", c.place(v.StartOffset), errForm)
	}
	s := &service{converter: c, keys: newKeys(object), at: v}
	base := textOf(s.take("basePath"))
	mount = cmp.Or(mount, base)
	s.mount = "/" + strings.Trim(mount, "/")
	name := textOf(s.take("name"))
	s.title = "service " + strconv.Quote(cmp.Or(name, s.mount))
	source := s.take("serviceName")
	if s.list = source != nil; !s.list {
		source = s.take("source")
	}
	if source == nil {
		return fmt.Errorf("%s: %s has neither a serviceName nor a source: %w", c.place(v.StartOffset), s.title, errForm)
	}
	if mount == "" {
		c.note(v, "%s has no basePath: it stands at / until you write another one", s.title)
	}
	if s.kind, ok = findKind(textOf(source)); !ok {
		c.note(source, "%s is left out: no Kind does what %s did%s", s.title, textOf(source), instead(textOf(source)))
		c.blocks = append(c.blocks, block{comment: oneLine(fmt.Sprintf("Left out: %s at %s, which was %s.", s.title, s.mount, textOf(source)))})
		return nil
	}
	s.block.line(pair("name", text(s.named(name))), pair("basePath", text(s.mount)), pair("service", text(s.kind.name)))
	s.adapter()
	s.own()
	s.roles()
	s.settings()
	s.leftovers()
	c.blocks = append(c.blocks, s.block)
	return nil
}

// instead says what to use in the place of a service that has no counterpart.
func instead(source string) string {
	if stem(source, "service") == "services" {
		return ": server.adminRoles say who may read and replace the configuration over HTTP"
	}
	return ""
}

// named returns the name of the service: its own where it can be one.
func (s *service) named(old string) string {
	const longest = 60 // and a number
	unfit := regexp.MustCompile(`[^A-Za-z0-9._-]+`)
	plain := strings.Trim(unfit.ReplaceAllString(cmp.Or(old, s.mount), "-"), "-")
	plain = cmp.Or(plain[:min(len(plain), longest)], "root")
	name := plain
	for n := 2; s.names[name]; n++ {
		name = plain + "-" + strconv.Itoa(n)
	}
	s.names[name] = true
	if old != "" && name != old {
		s.note(s.at, "%s is named %s: a name is unique, and of letters, digits and - _ .", s.title, name)
	}
	return name
}

// own carries over the keys of the Kind.
func (s *service) own() {
	rest := s.rest
	s.rest = nil
	for _, m := range rest {
		key, ok := s.kind.keys[textOf(&m.Name)]
		if !ok {
			s.rest = append(s.rest, m)
			continue
		}
		if key == "pipeline" && s.list {
			renameSteps(&m.Value)
		}
		s.block.line(pair(key, m.Value))
	}
	s.adaptorConfig()
	if s.kind.note != "" {
		s.note(s.at, "%s: %s", s.title, s.kind.note)
	}
}

// adaptorConfig carries over the keys of the service that are its adaptor's now.
func (s *service) adaptorConfig() {
	var config []member
	for _, key := range s.kind.settings {
		if v := s.take(key.old); v != nil {
			config = append(config, pair(key.now, *v))
		}
	}
	if config != nil {
		s.block.line(pair("adaptorConfig", object(config...)))
	}
}

// renameSteps writes the names of steps in a pipeline as they are now: ":name"
// for "~name".
func renameSteps(v *hujson.Value) {
	switch part := v.Value.(type) {
	case *hujson.Array:
		for i := range part.Elements {
			renameSteps(&part.Elements[i])
		}
	case hujson.Literal:
		step := textOf(v)
		if at := strings.LastIndexByte(step, ' ') + 1; strings.HasPrefix(step[at:], "~") {
			v.Value = hujson.String(step[:at] + ":" + step[at+1:])
		}
	}
}

// roles carries over who may do what.
func (s *service) roles() {
	from := s.keys
	if access := s.take("access"); access != nil {
		from = s.members("access", access)
	}
	read := from.take("readRoles")
	if read == nil {
		s.note(s.at, "%s has no readRoles: nobody may read it until you write who may", s.title)
	}
	line := []member{pair("readRoles", text(cmp.Or(s.string("readRoles", read), "none")))}
	for _, key := range []string{"writeRoles", "createRoles", "manageRoles"} {
		v := from.take(key)
		roles := s.string(key, v)
		switch {
		case roles == "":
		case key == "createRoles" && !s.kind.makes:
			s.note(v, "%s: createRoles are left out: the Kind %s keeps no documents", s.title, s.kind.name)
		case s.kind.shows && roles != "none":
			s.note(v, "%s: %s are left out: the Kind %s only reads, so write its directory in another way", s.title, key, s.kind.name)
		case !s.kind.shows:
			line = append(line, pair(key, text(roles)))
		}
	}
	s.block.line(line...)
	if from != s.keys {
		s.dropped("access.", from)
	}
}

// settings carries over what is the same for all Kinds.
func (s *service) settings() {
	if caching := s.take("caching"); caching != nil {
		s.caching(caching)
	}
	for _, key := range []string{"prePipeline", "postPipeline"} {
		if v := s.take(key); v != nil {
			if s.list {
				renameSteps(v)
			}
			s.block.line(pair(key, *v))
		}
	}
}

func (s *service) caching(v *hujson.Value) {
	old := s.members("caching", v)
	cache, age := old.take("cache"), old.take("maxAge")
	old.take("sendETag") // always sent
	switch {
	case cache != nil && cache.Value.Kind() == 'f': // as without the key
	case age != nil:
		s.block.line(pair("caching", hujson.Value{Value: &hujson.Object{Members: []member{pair("maxAge", *age)}}}))
	case cache != nil:
		s.note(cache, `%s: caching is left out: write for how many seconds, as in {"maxAge": 60}`, s.title)
	}
	s.dropped("caching.", old)
}

// members returns the members of what stands at a key, none if it is no object.
func (s *service) members(key string, v *hujson.Value) *keys {
	if object, ok := v.Value.(*hujson.Object); ok {
		return newKeys(object)
	}
	s.note(v, "%s: %s is left out: it is no object", s.title, key)
	return &keys{}
}

// string returns the string at a key, "" if it is none.
func (s *service) string(key string, v *hujson.Value) string {
	if v != nil && v.Value.Kind() != '"' {
		s.note(v, "%s: %s is left out: it is no string", s.title, key)
	}
	return textOf(v)
}

// leftovers tells of the keys that nobody has read.
func (s *service) leftovers() { s.dropped("", s.keys) }

// dropped tells of the keys that are left in an object of the service.
func (s *service) dropped(prefix string, k *keys) {
	for _, m := range k.rest {
		key := prefix + textOf(&m.Name)
		advice := cmp.Or(s.kind.advice[key], "the Kind "+s.kind.name+" has no such key")
		s.note(&m.Name, "%s: %q is left out: %s", s.title, key, advice)
	}
}

package config

import (
	"errors"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tailscale/hujson"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus/spelling"
	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/services"
)

// A Service is one of the list services.
type Service struct {
	Name     string
	Base     []string // decoded segments; none is "/"
	Exact    bool     // the base path only, nothing below it
	Kind     services.Kind
	Config   any                // what Kind.Config makes, decoded and checked
	Adaptors map[string]Adaptor // by services.Slot.Key
	Hosts    []string           // other servers that Config names, as urlpattern.URL has hosts
	Rules    access.Rules
	Internal bool // only other services may call it

	// GetWrites says that a GET may change something; it needs Rules.Write then.
	GetWrites bool

	Caching *Caching
	CORS    []Origin // nil leaves it to the server
	Limits  ServiceLimits
	Around  Around

	// Canonical is the whole block as canonical JSON, with the values from
	// outside the file in it: services are the same while it is.
	Canonical []byte
}

// An Adaptor is what a service has in one of its slots.
type Adaptor struct {
	Kind      adaptors.Kind
	Config    any    // what Kind.Config makes, decoded and checked
	Canonical []byte // the config as canonical JSON, like a Service's
}

// Around is the pipelines before and after a service.
type Around struct {
	Kind          services.Kind
	Before, After any // configs of Kind; nil: there is none
}

// Caching is what Cache-Control of a successful GET says.
type Caching struct {
	MaxAge int  `json:"maxAge" doc:"seconds for which an answer may be kept"`
	Public bool `json:"public" doc:"also by caches that many users share"`
}

// ServiceLimits are limits of one service. Zero leaves it to the server's.
type ServiceLimits struct {
	MaxBody  Size     `json:"maxBody" doc:"of a request's body"`
	InFlight int      `json:"inFlight" doc:"requests that are worked on at one time"`
	Rate     Rate     `json:"rate" doc:"of each caller"`
	Timeout  Duration `json:"timeout" doc:"to the first byte of an answer"`
}

// serviceKeys are the keys of every service as the file has them.
type serviceKeys struct {
	Name        *hujson.Value `json:"name" form:"name" required:"true" doc:"unique: what X-Restspace-Service says"`
	BasePath    *hujson.Value `json:"basePath" form:"basePath" required:"true" doc:"/abc answers /abc and all below it, /abc. exactly /abc, / everything else"`
	Service     *hujson.Value `json:"service" form:"kind" required:"true" doc:"the Kind"` // read before the others
	ReadRoles   *hujson.Value `json:"readRoles" form:"roles" required:"true" doc:"who may GET, HEAD and, where POST only computes, POST"`
	WriteRoles  *hujson.Value `json:"writeRoles" form:"roles" doc:"who may use the other methods; none if it is missing"`
	CreateRoles *hujson.Value `json:"createRoles" form:"roles" doc:"who may make documents that are not there yet; as writeRoles if it is missing"`
	ManageRoles *hujson.Value `json:"manageRoles" form:"roles" doc:"who may delete whole directories and write .schema.json; none if it is missing"`
	Internal    bool          `json:"internal" doc:"true: only other services may call it; from outside it is a 404"`
	Caching     *Caching      `json:"caching" doc:"Cache-Control of successful GETs"`
	CORS        []Origin      `json:"cors" doc:"origins whose pages may read answers, instead of the server's; * is any"`
	Limits      ServiceLimits `json:"limits" doc:"of this service, instead of the server's"`

	PrePipeline  *hujson.Value `json:"prePipeline" form:"pipeline" doc:"steps that a request goes through before the service"`
	PostPipeline *hujson.Value `json:"postPipeline" form:"pipeline" doc:"steps that an answer of the service goes through"`
}

// block is a service while it is read.
type block struct {
	*Service
	keys  serviceKeys
	value *hujson.Value
	at    pointer
	title string // in messages: service "orders"

	mounted bool // the base path is known
	read    bool // the config has what the file says, right or wrong
}

// services reads the list, and says what is there without it. Services without a
// base path, which are an error, are left out. What they share is nil where
// there is no list.
func (r *reader) services(v *hujson.Value) (list, inside []*Service, _ *together) {
	const at = pointer("/services")
	array, ok := v.Value.(*hujson.Array)
	switch {
	case !ok:
		r.mistyped(v, at, "the list of the services, such as []")
		return nil, nil, nil
	case len(array.Elements) > maxServices:
		r.fault(v, at, "%d services: write at most %d", len(array.Elements), maxServices)
		return nil, nil, nil
	}
	t := newTogether(r)
	list = make([]*Service, 0, len(array.Elements))
	blocks := make([]*block, 0, len(array.Elements))
	for i := range array.Elements {
		b := &block{Service: &Service{}, value: &array.Elements[i], at: at.AppendToken(strconv.Itoa(i))}
		r.service(b, t)
		if b.mounted {
			list, blocks = append(list, b.Service), append(blocks, b)
		}
	}
	t.claimed()
	inside = r.inside(list)
	r.link(blocks, inside)
	return list, inside, t
}

// service reads one service.
func (r *reader) service(b *block, t *together) {
	object, ok := b.value.Value.(*hujson.Object)
	if !ok {
		r.object(b.value, b.at, nil)
		return
	}
	kindKnown := r.kind(b, object)
	fields := fieldsOf(&b.keys)
	if !kindKnown {
		r.known(object, b.at, fields)
		r.mount(b, t)
		r.rules(b)
		return
	}
	slots := make([]slotKeys, len(b.Kind.Adaptors))
	for i, slot := range b.Kind.Adaptors {
		fields = append(fields, slots[i].fields(slot.Key)...)
	}
	b.Config = b.Kind.Config()
	fields = append(fields, fieldsOf(b.Config)...)
	before := len(r.faults)
	b.read = r.whole(object, b.at, fields) && r.complete(b.value)
	r.mount(b, t)
	r.rules(b)
	r.settings(b)
	b.Adaptors = make(map[string]Adaptor, len(slots))
	for i, slot := range b.Kind.Adaptors {
		r.adaptor(b, slot, slots[i], t)
	}
	if b.read {
		r.check(b.value, b.at, b.Config)
		r.checkAdaptors(b)
		r.peer(b)
	}
	if r.noUsers && b.Kind.Users && !b.Kind.Documents {
		r.member(b.value, b.at, "/service", errors.New(`it signs in the users of auth.userUrlPattern, which is missing: write "auth": {"userUrlPattern": "/user/${email}"}, and mount a service of the Kind user there`))
	}
	r.around(b)
	if names, ok := b.Config.(interface{ Hosts() []string }); ok && b.read && before == len(r.faults) {
		b.Hosts = append(b.Hosts, names.Hosts()...)
	}
	b.Canonical = canonical(b.value)
}

// kind finds the Kind of a service, and says how messages call the service.
func (r *reader) kind(b *block, object *hujson.Object) bool {
	b.title = "the service"
	if v := memberOf(object, "name"); v != nil && v.Value.Kind() == '"' && len(r.secretsIn(v)) == 0 {
		b.title = "service " + quote(v.Value.(hujson.Literal).String())
	}
	v := memberOf(object, "service")
	if v == nil {
		r.fault(b.value, b.at, `%s has no "service": write its Kind, %s`, b.title, spelling.OneOf(namesOf(r.kinds.Services)))
		return false
	}
	at := b.at.AppendToken("service")
	name, ok := r.text(v, at)
	if !ok {
		return false
	}
	if b.Kind, ok = r.kinds.Services.Kind(name); !ok {
		r.fault(v, at, "unknown Kind %s: %s", quote(name), spelling.Choice(name, namesOf(r.kinds.Services)))
	}
	return ok
}

func namesOf(kinds services.Registry) []string {
	var names []string
	for _, k := range kinds.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

func memberOf(object *hujson.Object, name string) *hujson.Value {
	for i := range object.Members {
		if nameOf(&object.Members[i]) == name {
			return &object.Members[i].Value
		}
	}
	return nil
}

// settings takes over and checks what is the same for every Kind.
func (r *reader) settings(b *block) {
	b.Internal, b.Caching, b.CORS, b.Limits = b.keys.Internal, b.keys.Caching, b.keys.CORS, b.keys.Limits
	r.positive(b.value, b.at, "/limits", fieldsOf(&b.Limits))
	if b.Caching != nil && b.Caching.MaxAge < 0 {
		r.member(b.value, b.at, "/caching/maxAge", errors.New("less than no time: write a number of seconds"))
	}
}

// check calls the Check of a config, which stands in v.
func (r *reader) check(v *hujson.Value, at pointer, config any) {
	if checker, ok := config.(interface{ Check() error }); ok && r.complete(v) {
		r.tell(v, at, checker.Check())
	}
}

// checkAdaptors has a config say whether it goes with the adaptors that were
// chosen.
func (r *reader) checkAdaptors(b *block) {
	if checker, ok := b.Config.(services.ChecksAdaptors); ok && r.complete(b.value) {
		r.tell(b.value, b.at, checker.CheckAdaptors(b.chosen))
	}
}

// chosen reports whether the service names an adaptor for a slot.
func (b *block) chosen(slot string) bool {
	object, ok := b.value.Value.(*hujson.Object)
	return ok && memberOf(object, slot) != nil
}

// tell tells of the errors of a config, which stands in v. They may say where in
// the config they belong.
func (r *reader) tell(v *hujson.Value, at pointer, err error) {
	for _, err := range flatten(err) {
		rest := pointerOf(err)
		r.faultAbout(v, nearestValue(v, rest), at+rest, err.Error())
	}
}

// pointerOf returns where in its config an error says that it belongs: one with
// a method Pointer does.
func pointerOf(err error) pointer {
	if pointed, ok := errors.AsType[interface {
		error
		Pointer() string
	}](err); ok {
		return pointer(pointed.Pointer())
	}
	return ""
}

// flatten returns the errors that were joined in err.
func flatten(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []error
		for _, e := range joined.Unwrap() {
			list = append(list, flatten(e)...)
		}
		return list
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// nearestValue returns the value at a pointer in v, or what it would be in.
func nearestValue(v *hujson.Value, at pointer) *hujson.Value {
	for {
		if inner := v.Find(string(at)); inner != nil {
			return inner
		}
		if at == "" {
			return v
		}
		at = at.Parent()
	}
}

// canonical returns v as canonical JSON (RFC 8785, but for integers, which keep
// all their digits).
func canonical(v *hujson.Value) []byte {
	text := jsontext.Value(plain(v))
	if err := text.Canonicalize(jsontext.CanonicalizeRawInts(false)); err != nil {
		return nil // the fault was told
	}
	return text
}

package runtime

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/access"
	"github.com/seed90475182/restspace/runtime/config"
	"github.com/seed90475182/restspace/services"
)

// administration answers /.well-known/restspace/config: GET shows the
// configuration as its Source holds it, PUT replaces it.
type administration struct {
	runtime *Runtime
	roles   *access.Spec
}

// administrated reports whether there is somebody who may see or change
// something.
func (r *Runtime) administrated(conf *config.Config) bool {
	return !r.options.DryRun && r.options.Source != nil && !conf.Server.AdminRoles.Nobody()
}

// page returns where a answers.
func (a *administration) page() page {
	return page{[]string{".well-known", "restspace", "config"}, []string{http.MethodGet, http.MethodPut}, a.answer}
}

// answer answers m. tokenErr says why a token that came was not believed.
func (a *administration) answer(ctx context.Context, m *bus.Message, tokenErr error) (*bus.Message, error) {
	defer m.Close()
	if !a.roles.Admits(m.User, nil) {
		return nil, challenge(a.roles.Refuse(m.User, nil, "administrate this server"), tokenErr)
	}
	var c adaptors.Condition
	for _, field := range m.Header {
		if err := c.Add(field.Name, field.Value); err != nil {
			return nil, err
		}
	}
	switch m.Method {
	case http.MethodGet, http.MethodHead:
		return a.get(ctx, c)
	case http.MethodPut:
		return a.put(ctx, m, c)
	}
	return nil, services.MethodNotAllowed(m.Method, a.page().methods)
}

// get answers with what the Source holds: where that has errors, it is another
// one than what is served.
func (a *administration) get(ctx context.Context, c adaptors.Condition) (*bus.Message, error) {
	data, info, err := a.runtime.stored(ctx)
	cached := adaptors.Condition{Absent: c.Absent, NoneMatch: c.NoneMatch}
	c.Absent, c.NoneMatch = false, nil
	switch {
	case err != nil:
		return nil, err
	case c.Check(info) != nil:
		return nil, changed(adaptors.ErrCondition)
	case info == nil:
		return nil, bus.Errorf(http.StatusNotFound, "%s is not there: what is served is what it was before", a.runtime.options.Source.Name())
	}
	reply := bus.Reply(http.StatusOK, bus.NewBody(data, mediaTypeOf(data)))
	if cached.Check(info) != nil {
		reply = bus.Reply(http.StatusNotModified, nil)
	}
	reply.Header.Set("ETag", `"`+info.ETag+`"`)
	reply.Header.Set("Cache-Control", "no-store")
	return reply, nil
}

// mediaTypeOf tells JSON from JSON with comments, which many a parser refuses.
func mediaTypeOf(data []byte) string {
	if jsontext.Value(data).IsValid() {
		return "application/json"
	}
	return "application/jsonc"
}

// put replaces the configuration. The reply comes when the new one is stored
// and served.
func (a *administration) put(ctx context.Context, m *bus.Message, c adaptors.Condition) (*bus.Message, error) {
	if !c.Exists && !c.Absent && c.Match == nil {
		return nil, bus.Errorf(http.StatusPreconditionRequired,
			"a write that may undo another's: send If-Match with the ETag of what yours was made from, or If-Match: * to replace whatever is there")
	}
	if err := unpacked(m.Header); err != nil {
		return nil, err
	}
	data, err := m.Body.Bytes(config.MaxBytes)
	switch {
	case bus.Classify(err).Status == http.StatusRequestEntityTooLarge:
		return nil, tooLarge(config.MaxBytes)
	case err != nil:
		return nil, err
	case len(data) == 0:
		return nil, bus.Errorf(http.StatusBadRequest, "no body: send the whole configuration")
	}
	data = bytes.Clone(data) // it lives longer than the request
	building, end := detached(ctx, a.runtime.life)
	defer end()
	created, err := a.runtime.replace(building, m.User.Email, &c, data)
	if err != nil {
		return nil, refused(err)
	}
	reply := bus.Reply(http.StatusOK, nil)
	if created {
		reply.Status = http.StatusCreated
	}
	reply.Header.Set("ETag", `"`+versionOf(data)+`"`)
	return reply, nil
}

// detached returns a context that ends with both of these, or when end is
// called, and has nothing else of ctx: services that are built are not part of
// a request.
func detached(ctx, life context.Context) (building context.Context, end func()) {
	building, cancel := context.WithCancel(life)
	stop := context.AfterFunc(ctx, cancel)
	return building, func() { stop(); cancel() }
}

// refused returns what an error of replace means to the client. Who may send
// configurations may know why one does not work.
func refused(err error) error {
	var faults config.Errors
	var build *buildError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &faults):
		return invalid(faults)
	case errors.Is(err, adaptors.ErrCondition):
		return changed(err)
	case errors.Is(err, adaptors.ErrReadOnly):
		return &bus.Error{Status: http.StatusForbidden, Detail: "where the configuration is kept it can only be read: change it there", Err: err}
	case errors.As(err, &build):
		return &bus.Error{Status: http.StatusUnprocessableEntity, Detail: "the configuration can't be served, and nothing has changed: " + build.text}
	}
	return err
}

func changed(err error) error {
	return &bus.Error{Status: http.StatusPreconditionFailed, Err: err,
		Detail: "the configuration is not in the state that the request's conditions ask for: read it again"}
}

// invalid tells all that is wrong with a configuration.
func invalid(faults config.Errors) error {
	list := make([]fault, len(faults))
	for i, f := range faults {
		list[i] = fault{f.Message, f.Pointer, f.Line, f.Column}
	}
	return &bus.Error{Status: http.StatusBadRequest, Type: bus.TypeConfiguration, Err: faults,
		Detail: "the configuration has errors: nothing has changed", Members: map[string]any{"errors": list}}
}

// fault is an error as the member errors has it.
type fault struct {
	Detail  string `json:"detail"`
	Pointer string `json:"pointer"` // RFC 6901
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

package runtime

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/record"
)

// traceField asks for the record of a request, with the value 1.
const traceField = "X-Restspace-Trace"

// tracedReply is the answer to a request that asks for its record: a document
// with the record, and the reply that there would have been. A field of the
// header has too little room for a tree, multipart is hard to read by hand, and
// a record that is kept for a second request would have to be kept on each of
// many servers. So the status of the answer is 200 whatever that of the reply
// is: also a 204 and a 304 have something to show then. The record has no bodies:
// those inside are for who may ask for them.
type tracedReply struct {
	Trace record.Entry `json:"trace"`
	Reply shownReply   `json:"reply"`
}

// shownReply is a reply in JSON.
type shownReply struct {
	Status int            `json:"status"`
	Fields [][2]string    `json:"fields"`
	JSON   jsontext.Value `json:"json,omitzero"`   // a body that is JSON
	Text   string         `json:"text,omitzero"`   // one that is text
	Base64 []byte         `json:"base64,omitzero"` // any other
	Error  string         `json:"error,omitzero"`  // why there is no body: it is too large, or ended early
}

// tracing reports whether m asks for its record, and takes the field out of it: it
// is for no other server.
func tracing(m *bus.Message) bool {
	if !m.Header.Has(traceField) {
		return false
	}
	wanted := m.Header.Get(traceField)
	m.Header.Del(traceField)
	return wanted == "1" && !m.Header.Has("Upgrade")
}

// traced has a mount answer m, and answers with the record. Whose user does not
// have manageRoles is refused before anything is done: to answer as if the
// field was not there would do what was to be looked at.
func (g *generation) traced(ctx context.Context, root *bus.Root, m *bus.Message, mount *mounted, tokenErr error) (*bus.Message, error) {
	m.URL.Base = len(mount.Base)
	if manage := mount.conf.Rules.Manage; !manage.Admits(m.User, m.ServicePath()) {
		refusal := manage.Refuse(m.User, m.ServicePath(), "trace requests here")
		return nil, errors.Join(challenge(refusal, tokenErr), m.Close())
	}
	accept := m.Header.List("Accept")
	m.Header.Del("Accept-Encoding") // the body is shown as it is
	ctx, node := record.Start(ctx, record.Options{Opens: managedBy(m.User)}, record.RequestEntry(m))
	reply, err := node.Serve(ctx, bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		return mount.answer(ctx, root, m, tokenErr)
	}), m)
	if err != nil {
		root.Seen.Err = err
		reply = bus.Problem(err, root.ID, accept)
	}
	secrets := record.NewRedactor(g.conf.Secrets)
	shown := show(reply, secrets, mount.instance.env.Limits.Body)
	text, err := json.Marshal(tracedReply{node.Tree(secrets), shown}, jsontext.AllowInvalidUTF8(true)) // fields may hold any bytes
	if err != nil {
		return nil, err
	}
	answer := bus.Reply(http.StatusOK, bus.NewBody(text, "application/json"))
	answer.Header.Add("Cache-Control", "no-store")
	return answer, nil
}

// managedBy returns what opens the mounts that u manages. Who manages a pipeline
// sees which calls it makes and what these answer in short, but of a pipeline of
// somebody else that it calls no more than a caller does.
func managedBy(u *bus.User) func(*bus.Mount, *bus.Message) bool {
	return func(mount *bus.Mount, m *bus.Message) bool {
		return mount.Service.(*mounted).conf.Rules.Manage.Admits(u, m.URL.Path[len(mount.Base):])
	}
}

// show reads a reply. Its body is what its user gets without a record, too; of
// its fields the secrets are left out, so that no script sees a cookie. limit is
// how large a body may be.
func show(reply *bus.Message, secrets *record.Redactor, limit int64) shownReply {
	shown := shownReply{Status: reply.Status, Fields: [][2]string{}}
	for _, f := range reply.Header {
		shown.Fields = append(shown.Fields, [2]string{f.Name, secrets.Field(f.Name, f.Value)})
	}
	mediaType, payload := reply.Body.MediaType(), reply.Body.Payload()
	data, err := reply.Body.Bytes(limit)
	if mediaType != "" {
		shown.Fields = append(shown.Fields, [2]string{"Content-Type", mediaType})
	}
	err = errors.Join(err, reply.Close())
	switch {
	case err != nil:
		shown.Error = bus.Classify(err).ForClient()
	case payload == bus.Data && jsontext.Value(data).IsValid():
		shown.JSON = slices.Clone(data)
	case payload != bus.Binary && utf8.Valid(data):
		shown.Text = string(data)
	default:
		shown.Base64 = data
	}
	return shown
}

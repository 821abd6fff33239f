package documents

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
)

// unzip answers PUT to a directory: the documents of the zip in the body are
// stored below it. All of it is checked before anything is written.
func (d *Documents) unzip(ctx context.Context, m *bus.Message) (*bus.Message, error) {
	condition, err := d.acceptZip(m)
	if err != nil {
		return nil, err
	}
	body, err := newSpool(m.Body, d.MaxBody, d.MaxFile)
	if err != nil {
		return nil, err
	}
	defer body.close()
	files, err := openZip(body)
	if err != nil {
		return nil, err
	}
	u := unzipping{Documents: d, m: m, condition: condition,
		names:   names{make(map[string]bool), make(map[string]bool)},
		schemas: make(zipSchemas), began: time.Now()}
	for _, file := range files {
		if err := u.faults.add(file.Name, u.add(file)); err != nil {
			return nil, err
		}
	}
	if err := checkTotal(u.packed(), body.size, d.MaxFile); err != nil {
		return nil, err
	}
	if err := u.check(ctx); err != nil {
		return nil, unchecked(err)
	}
	return u.write(ctx)
}

// acceptZip returns the condition for each document of a zip.
func (d *Documents) acceptZip(m *bus.Message) (adaptors.Condition, error) {
	none := adaptors.Condition{}
	if err := checkQuery(m.URL.Query); err != nil {
		return none, err
	}
	mediaType, _, _ := strings.Cut(m.Body.MediaType(), ";")
	switch strings.ToLower(strings.TrimSpace(mediaType)) {
	case mediaTypeZip, "application/x-zip-compressed": // as some browsers call it
	default:
		return none, bus.Errorf(http.StatusUnsupportedMediaType, "what is put to a directory is unpacked into it: send a zip as %s, or put a document to its own name", mediaTypeZip)
	}
	if m.Header.Has("Content-Range") { // RFC 9110 section 14.5
		return none, bus.Errorf(http.StatusBadRequest, "a part of a zip can't be unpacked: send all of it, without Content-Range")
	}
	if m.Body.Size() == 0 {
		return none, noBody()
	}
	c, err := parseConditions(m.Header)
	if err != nil {
		return none, err
	}
	if c.Match != nil || c.NoneMatch != nil || !c.Unmodified.IsZero() {
		return none, bus.Errorf(http.StatusBadRequest, "a directory has no ETag and no date: write If-None-Match: * to make documents only, If-Match: * to replace them only, or neither")
	}
	return c.Condition, nil
}

// unzipping is the writing of a zip into a directory.
type unzipping struct {
	*Documents
	m         *bus.Message
	condition adaptors.Condition
	names     names
	schemas   zipSchemas
	list      []packed
	faults    faults

	began             time.Time // when all of the zip had come
	created, replaced atomic.Int64
}

// packed yields the entries that are stored.
func (u *unzipping) packed() iter.Seq[*zip.File] {
	return func(yield func(*zip.File) bool) {
		for i := range u.list {
			if !yield(u.list[i].File) {
				return
			}
		}
	}
}

// add takes an entry to be stored, or returns what is wrong with it.
func (u *unzipping) add(file *zip.File) error {
	if err := checkEntry(file); err != nil {
		return err
	}
	path, dir, err := place(u.m.URL, file.Name)
	switch {
	case err != nil:
		return err
	case dir: // it exists while something is below it
		return u.names.addDir(path)
	}
	key, err := u.keyOf(path)
	if err == nil {
		err = u.names.addDocument(key)
	}
	u.list = append(u.list, packed{File: file, key: key})
	return err
}

// check returns an error unless all documents can be stored.
func (u *unzipping) check(ctx context.Context) error {
	if u.faults.count == 0 && len(u.list) == 0 {
		return bus.Errorf(http.StatusBadRequest, "there is no document in the zip: put one into it")
	}
	if err := u.faults.err(); err != nil {
		return err
	}
	u.schemasFirst()
	store := newNeighbors(u.Documents, u.names)
	buffer := make([]byte, 32<<10)
	for i := range u.list {
		p := &u.list[i]
		err := u.admit(ctx, store, p)
		if err == nil {
			err = u.checkContent(ctx, p, buffer)
		}
		if err := u.faults.add(p.Name, cmp.Or(err, ctx.Err())); err != nil {
			return err
		}
	}
	return u.faults.err()
}

// unchecked says of an error of a check that the time was over, if it was.
func unchecked(err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &bus.Error{Status: http.StatusGatewayTimeout, Type: bus.TypeTimeout, Err: err,
		Detail: "nothing was stored, since the time for the request was over before all of the zip was checked: send it in parts, or raise limits.timeout of the service"}
}

// admit sets the condition of a document: what the request asks for, and what
// its user may do there. It returns why the document can't be written.
func (u *unzipping) admit(ctx context.Context, store *neighbors, p *packed) error {
	creates, replaces := true, true
	if u.m.Writes != nil {
		creates, replaces = u.m.Writes(p.key)
	}
	if !creates && !replaces {
		return bus.Errorf(http.StatusForbidden, "you may not write it")
	}
	p.condition = u.condition
	p.condition.Absent = p.condition.Absent || !replaces
	p.condition.Exists = p.condition.Exists || !creates
	there, err := store.look(ctx, p.key)
	switch {
	case err != nil:
		return err
	case there && !replaces:
		return bus.Errorf(http.StatusForbidden, "it is there, and you may only make documents")
	case !there && !creates:
		return bus.Errorf(http.StatusForbidden, "it is not there, and you may only replace documents")
	case there && p.condition.Absent:
		return bus.Errorf(http.StatusPreconditionFailed, "it is already there: send the zip without it, or without If-None-Match to replace it")
	case !there && p.condition.Exists:
		return bus.Errorf(http.StatusPreconditionFailed, "it is not there: send the zip without it, or without If-Match to make it")
	}
	return nil
}

// write stores the documents, schemas first and one by one, then several at one
// time. There are no transactions: an error tells how far it came.
func (u *unzipping) write(ctx context.Context) (*bus.Message, error) {
	crew := newCrew()
	for i := range u.list {
		p := &u.list[i]
		places := share(p.UncompressedSize64)
		if u.isSchema(p.key) {
			places = crewSize
		}
		if !crew.do(ctx, places, func() error { return u.store(ctx, p) }) {
			break
		}
	}
	err := crew.wait()
	if err != nil {
		return nil, u.incomplete(err)
	}
	text := fmt.Appendf(nil, `{"created":%d,"replaced":%d}`, u.created.Load(), u.replaced.Load())
	return bus.Reply(http.StatusOK, bus.NewBody(text, mediaTypeJSON)), nil
}

// store writes a document and counts it. An error has its name.
func (u *unzipping) store(ctx context.Context, p *packed) error {
	info, err := u.unpack(ctx, p)
	switch {
	case err != nil:
		return &unstored{p.Name, err}
	case info.Created:
		u.created.Add(1)
	default:
		u.replaced.Add(1)
	}
	return nil
}

func (u *unzipping) unpack(ctx context.Context, p *packed) (adaptors.Info, error) {
	if u.JSON {
		data, err := p.content()
		if err != nil {
			return adaptors.Info{}, err
		}
		return u.putJSON(ctx, p, data)
	}
	from, err := p.open()
	if err != nil {
		return adaptors.Info{}, err
	}
	return u.put(ctx, p.key, bus.NewStream(from, int64(p.UncompressedSize64), ""), p.condition)
}

// putJSON stores a document as put does, but does not look for its schema again
// and again: what was found since the request came holds for a second.
func (u *unzipping) putJSON(ctx context.Context, p *packed, data []byte) (adaptors.Info, error) {
	body := bus.NewBody(data, mediaTypeJSON)
	if u.isSchema(p.key) {
		return u.put(ctx, p.key, body, p.condition)
	}
	maxAge := min(time.Second, time.Since(u.began))
	return u.held(ctx, p.key[:len(p.key)-1], data, maxAge, func(governing) (adaptors.Info, error) {
		return u.Documents.store(ctx, p.key, body, p.condition)
	})
}

// unstored is why an entry could not be written.
type unstored struct {
	name string
	error
}

// Unwrap returns why.
func (e *unstored) Unwrap() error { return e.error }

// incomplete returns the error for a zip of which some documents were stored,
// and then one could not be.
func (u *unzipping) incomplete(err error) error {
	known := bus.Classify(explain(err))
	failed := *known
	reason := known.Detail
	switch {
	case known.Status == http.StatusPreconditionFailed: // it was checked: somebody else writes here too
		failed.Status = http.StatusConflict
	case errors.Is(err, context.DeadlineExceeded):
		reason = "the time for the request is over: send the zip again in parts, or raise limits.timeout of the service"
	case known.Status >= 500 && known.Type == "":
		reason = "the server could not store it"
	}
	created, replaced := int(u.created.Load()), int(u.replaced.Load())
	stored := created + replaced
	failed.Type = cmp.Or(known.Type, bus.TypeIncomplete)
	failed.Detail = fmt.Sprintf("of %d documents %d are stored, and the others are not", len(u.list), stored)
	failed.Members = map[string]any{"created": created, "replaced": replaced, "missing": len(u.list) - stored}
	var entry *unstored
	if errors.As(err, &entry) {
		failed.Detail += fmt.Sprintf(", since %q could not be", shorten(entry.name))
		failed.Members["failed"] = entry.name
	}
	if reason != "" {
		failed.Detail += ": " + reason
	}
	failed.Err = err
	return &failed
}

package email

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/requestspec"
	"github.com/seed90475182/restspace/urlpattern"
)

// attachment is a file that is to be fetched.
type attachment struct {
	member string // where the data names it
	url    urlpattern.URL
	name   string
}

// maxAttached is how many bytes all attachments of a mail may have.
const maxAttached = 20 << 20

// readAttachments reads a list of request specs, or of objects with one as url,
// and a name.
func (c *Config) readAttachments(r *request, name string, value gjson.Result) error {
	if !value.IsArray() {
		return badf(name, `write a list, such as ["GET /files/report.pdf"]`)
	}
	list := value.Array()
	if len(list) > c.MaxAttachments {
		return badf(name, "%d attachments: a mail may have %d", len(list), c.MaxAttachments)
	}
	for i, entry := range list {
		a, err := readAttachment(fmt.Sprintf("%s/%d", name, i), entry)
		if err != nil {
			return err
		}
		r.attachments = append(r.attachments, a)
	}
	return nil
}

func readAttachment(member string, entry gjson.Result) (attachment, error) {
	a := attachment{member: member}
	spec := entry
	if entry.IsObject() {
		var unknown error
		entry.ForEach(func(key, value gjson.Result) bool {
			switch key.String() {
			case "url":
				spec = value
			case "name":
				unknown = readHeader(&a.name, member+"/name", value)
			default:
				unknown = badf(member, "an attachment has no member %.100q: write url, and name if it is to have another", key.String())
			}
			return unknown == nil
		})
		if unknown != nil {
			return a, unknown
		}
	}
	if spec.Type != gjson.String {
		return a, badf(member, `write a request such as "GET /files/report.pdf", or an object {"url": "GET /files/7", "name": "report.pdf"}`)
	}
	var err error
	if a.url, err = target(spec.String()); err != nil {
		return a, bad(member, err)
	}
	return a, a.checkName()
}

// target returns the URL of a request for a file.
func target(text string) (urlpattern.URL, error) {
	wrong := fmt.Errorf("%.200q is no request for a file of this server: write one such as GET /files/report.pdf", text)
	spec, err := requestspec.Parse(text, http.MethodGet)
	if err != nil || spec.Method != http.MethodGet || spec.Part != nil || spec.Whole {
		return urlpattern.URL{}, wrong
	}
	urls, err := spec.URL.Expand(&urlpattern.Values{})
	if err != nil || len(urls) != 1 || urls[0].Host != "" || urls[0].Dir || len(urls[0].Path) == 0 {
		return urlpattern.URL{}, wrong
	}
	return urls[0], nil
}

// checkName gives an attachment the name of its file if it has no other.
func (a *attachment) checkName() error {
	if a.name == "" {
		a.name = a.url.Path[len(a.url.Path)-1]
	}
	if err := checkText(a.name); err != nil {
		return bad(a.member+"/name", err)
	}
	if len(a.name) > 255 || strings.ContainsAny(a.name, `/\`) || strings.Trim(a.name, ". ") == "" {
		return badf(a.member+"/name", "%.300q is no name of a file: write one such as report.pdf", a.name)
	}
	return nil
}

// fetch reads the files of a mail, with the rights of who asks for it and no
// more: their names come out of data.
func (s *service) fetch(ctx context.Context, m *bus.Message, list []attachment) ([]adaptors.Attachment, error) {
	var files []adaptors.Attachment
	left := min(maxAttached, s.limits.File)
	for _, a := range list {
		reply, err := s.asCaller.Serve(ctx, m.Call(http.MethodGet, a.url, nil))
		if err != nil {
			return nil, a.missing(bus.Classify(err).Status, err)
		}
		if reply.Status != http.StatusOK {
			return nil, a.missing(reply.Status, reply.Close())
		}
		data, err := reply.Body.Bytes(left)
		err = errors.Join(err, reply.Close())
		if known := bus.Classify(err); err != nil && known.Status == http.StatusRequestEntityTooLarge {
			return nil, &bus.Error{Status: http.StatusRequestEntityTooLarge, Type: bus.TypeBodyTooLarge,
				Detail: fmt.Sprintf("%s: the attachments of a mail may have %d bytes together", a.member, min(maxAttached, s.limits.File))}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.member, err)
		}
		left -= int64(len(data))
		files = append(files, adaptors.Attachment{Name: a.name, Body: bus.NewBody(data, reply.Body.MediaType())})
	}
	return files, nil
}

// missing returns what it means that there is no file, but an answer with another
// status. A server that fails is no fault of the data.
func (a *attachment) missing(status int, err error) error {
	switch {
	case status < 500:
		return &bus.Error{Status: http.StatusBadRequest, Err: err,
			Detail: fmt.Sprintf("%s: it can't be read: %d %s", a.member, status, http.StatusText(status))}
	case err == nil:
		return &bus.Error{Status: http.StatusBadGateway, Type: bus.TypeUpstream, Detail: fmt.Sprintf("%s: the answer is %d", a.member, status)}
	}
	return fmt.Errorf("%s: %w", a.member, err)
}

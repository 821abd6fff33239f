package email

import (
	"fmt"
	"net/http"
	netmail "net/mail"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/seed90475182/restspace/bus"
)

// request is what data says about a mail.
type request struct {
	from             *netmail.Address // nil: the one of the config
	cc, bcc, replyTo []*netmail.Address
	subject          string
	attachments      []attachment
	text, html       string // of /to
}

// bad is a request that nobody can fulfil: it names the member that is wrong.
func bad(member string, err error) error {
	return &bus.Error{Status: http.StatusBadRequest, Detail: member + ": " + err.Error()}
}

func badf(member, format string, args ...any) error {
	return bad(member, fmt.Errorf(format, args...))
}

// member reads one member of the data into a request.
type member func(r *request, name string, value gjson.Result) error

// headers are the members that say something about a mail beside its text.
func (c *Config) headers() map[string]member {
	return map[string]member{
		"from":        c.readFrom,
		"subject":     func(r *request, name string, v gjson.Result) error { return readHeader(&r.subject, name, v) },
		"cc":          func(r *request, name string, v gjson.Result) error { return readMailboxes(&r.cc, name, v) },
		"bcc":         func(r *request, name string, v gjson.Result) error { return readMailboxes(&r.bcc, name, v) },
		"replyTo":     func(r *request, name string, v gjson.Result) error { return readMailboxes(&r.replyTo, name, v) },
		"attachments": c.readAttachments,
	}
}

// contents are the members that are the text of a mail.
func contents() map[string]member {
	return map[string]member{
		"text": func(r *request, name string, v gjson.Result) error { return readString(&r.text, name, v) },
		"html": func(r *request, name string, v gjson.Result) error { return readString(&r.html, name, v) },
	}
}

// read reads those members of an object that are known. Others are an error if
// only those may be there. null is a member that is missing.
func (r *request) read(data gjson.Result, known map[string]member, only bool) (err error) {
	data.ForEach(func(key, value gjson.Result) bool {
		read, ok := known[key.String()]
		switch {
		case ok && value.Type != gjson.Null:
			err = read(r, key.String(), value)
		case !ok && only:
			err = badf(fmt.Sprintf("%.100q", key.String()), "a mail has no such member: write text, html, subject, from, cc, bcc, replyTo or attachments")
		}
		return err == nil
	})
	return err
}

func readString(to *string, name string, value gjson.Result) error {
	if value.Type != gjson.String {
		return badf(name, "write a text")
	}
	*to = value.String()
	return nil
}

func readHeader(to *string, name string, value gjson.Result) error {
	if err := readString(to, name, value); err != nil {
		return err
	}
	if err := checkText(*to); err != nil {
		return bad(name, err)
	}
	return nil
}

// readMailboxes reads one text of addresses, or a list of texts.
func readMailboxes(to *[]*netmail.Address, name string, value gjson.Result) error {
	texts := []gjson.Result{value}
	if value.IsArray() {
		texts = value.Array()
	}
	for _, text := range texts {
		if text.Type != gjson.String {
			return badf(name, "write an address, or a list of addresses")
		}
		list, err := mailboxes(text.String())
		if err != nil {
			return bad(name, err)
		}
		*to = append(*to, list...)
	}
	return nil
}

// readFrom reads the sender. The address of the config always may be one, and
// then has the name that the config gives it.
func (c *Config) readFrom(r *request, name string, value gjson.Result) error {
	var list []*netmail.Address
	if err := readMailboxes(&list, name, value); err != nil {
		return err
	}
	if len(list) != 1 {
		return badf(name, "%d addresses: write one", len(list))
	}
	own, err := mailboxes(c.From)
	switch {
	case err != nil:
		return err
	case c.mayBe(list[0]):
		r.from = list[0]
	case !strings.EqualFold(own[0].Address, list[0].Address):
		return badf(name, "%s may not be the sender here: leave it out, write it as replyTo, or add it to allowFrom of the service", list[0].Address)
	}
	return nil
}

// texts returns addresses as a mailer takes them.
func texts(list []*netmail.Address) []string {
	var all []string
	for _, a := range list {
		all = append(all, a.String())
	}
	return slices.Clip(all)
}

package bus

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Problem returns the reply that shows err to a client: RFC 9457
// application/problem+json, or a plain page of the same facts where accept
// (the value of Accept) prefers that. instance is the id of the request.
// A status of 500 or more says nothing about the inside: its detail and members
// are left out, unless it has a Type, and so was written for the client.
func Problem(err error, instance, accept string) *Message {
	known := Classify(err)
	facts := problem{Type: known.Type, Title: known.Title, Status: known.Status, Detail: known.Detail, Instance: instance}
	if facts.Type == "" {
		facts.Type = "about:blank"
	}
	if facts.Title == "" {
		facts.Title = http.StatusText(known.Status)
	}
	members := known.Members
	if known.Status >= 500 && known.Type == "" {
		facts.Detail, members = "", nil
	}
	reply := Reply(known.Status, nil)
	reply.Header = append(reply.Header, known.Header...)
	reply.Header.Add("Vary", "Accept")
	if prefersHTML(accept) {
		reply.Body = facts.html()
		reply.Header.Add("Content-Security-Policy", "default-src 'none'")
	} else {
		reply.Body = facts.json(members)
	}
	return reply
}

type problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail,omitempty"`
	Instance string         `json:"instance,omitempty"`
	Members  map[string]any `json:",embed"`
}

func (p problem) json(members map[string]any) *Body {
	p.Members = members
	text, err := json.Marshal(p, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil { // a member that is no JSON, or has the name of a fact: the rest is worth more than it
		p.Members = nil
		text, _ = json.Marshal(p, jsontext.AllowInvalidUTF8(true))
	}
	return NewBody(text, "application/problem+json")
}

func (p problem) html() *Body {
	var page bytes.Buffer
	_ = problemPage.Execute(&page, p)
	return NewBody(page.Bytes(), "text/html; charset=utf-8")
}

var problemPage = template.Must(template.New("problem").Parse(`<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{{.Status}} {{.Title}}</title>
<h1>{{.Status}} {{.Title}}</h1>
{{with .Detail}}<p>{{.}}</p>
{{end}}{{with .Instance}}<p>Request {{.}}</p>
{{end}}</html>
`))

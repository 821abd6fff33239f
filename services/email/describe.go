package email

import (
	"net/http"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services"
)

// describe tells what can be sent. Without templates nothing can be made of them.
func describe(c *Config) []services.Operation {
	recipients := services.Parameter{Name: "recipients", In: services.InPath, Doc: "addresses, with commas between them"}
	sent := []services.Answer{{Status: http.StatusAccepted, Doc: "The mail is on its way",
		Content: []services.Content{{MediaType: "application/json", Schema: &services.Schema{Text: jsontext.Value(`{"type":"object","properties":{"messageId":{"type":"string"}}}`)}}}}}
	list := (*service)(nil).routes().Operations(
		services.Operation{Method: http.MethodPost, Path: "/to/:recipients", Name: "mail", Doc: "Send a mail",
			Parameters: []services.Parameter{recipients},
			Sends: []services.Content{
				{MediaType: "application/json", Schema: &services.Schema{Text: jsontext.Value(mailSchema)}},
				{MediaType: "text/plain"}, {MediaType: "text/html"},
			},
			Answers: sent},
		services.Operation{Method: http.MethodPost, Path: "/send/:template/:recipients", Name: "send", Doc: "Send what a template makes of data",
			Parameters: []services.Parameter{recipients, {Name: "template", In: services.InPath, Doc: "the name of a template"}},
			Sends:      []services.Content{{MediaType: "application/json"}},
			Answers:    sent},
	)
	if c.Templates == "" {
		list = slices.DeleteFunc(list, func(o services.Operation) bool { return o.Name == "send" })
	}
	return list
}

const mailSchema = `{
	"type": "object",
	"properties": {
		"text": {"type": "string"},
		"html": {"type": "string"},
		"subject": {"type": "string"},
		"from": {"type": "string"},
		"cc": {"type": ["string", "array"], "items": {"type": "string"}},
		"bcc": {"type": ["string", "array"], "items": {"type": "string"}},
		"replyTo": {"type": ["string", "array"], "items": {"type": "string"}},
		"attachments": {"type": "array", "items": {"type": ["string", "object"]}}
	},
	"additionalProperties": false
}`

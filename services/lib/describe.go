package lib

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services"
)

// describe tells what each function does.
func describe(any) []services.Operation {
	list := library{}.routes().Operations()
	docs := docs()
	for i := range list {
		o := &list[i]
		o.Doc = docs[o.Path]
		if o.Method == http.MethodPost {
			o.Sends = []services.Content{{MediaType: "*/*"}, {}}
		}
		o.Parameters = append(o.Parameters,
			services.Parameter{Name: "status", In: services.InPath, Schema: jsontext.Value(`{"type":"integer","minimum":200,"maximum":599}`)},
			services.Parameter{Name: "ms", In: services.InPath, Doc: "milliseconds", Schema: jsontext.Value(`{"type":"integer","minimum":0,"maximum":60000}`)})
	}
	return list
}

// docs returns what the functions do, by their paths.
func docs() map[string]string {
	return map[string]string{
		"/bypass":                         "Hand the body on as it is",
		"/devnull":                        "Take the body, and answer without one",
		"/to-text":                        "Make text of the body",
		"/to-b64":                         "Make base64 of the body",
		"/from-b64":                       "Make bytes of base64",
		"/set-status/:status":             "Answer with a status",
		"/set-status/:status/:reason":     "Answer with a status and a text",
		"/redirect/*path":                 "Redirect to a path on this server (302)",
		"/see-other/*path":                "Redirect to a path on this server (303)",
		"/log":                            "Write a line to the log",
		"/log/body":                       "Write the body to the log",
		"/delay/:ms":                      "Wait",
		"/set-name/*name":                 "Name the message",
		"/check-user-field/:field/:value": "Refuse users whose field has another value",
	}
}

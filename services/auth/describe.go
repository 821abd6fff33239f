package auth

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services"
)

// describe tells what the service can be asked for, as it is configured.
func describe(c *Config) []services.Operation {
	sent := []services.Answer{{Status: http.StatusAccepted, Doc: "A mail is sent if there is such a user"}}
	done := []services.Answer{{Status: http.StatusNoContent, Doc: "It is done"}}
	shown := []services.Answer{{Status: http.StatusOK, Doc: "The user",
		Content: []services.Content{{MediaType: "application/json", Schema: &services.Schema{Text: jsontext.Value(userSchema)}}}}}
	email := []services.Parameter{{Name: "email", In: services.InPath, Doc: "of a user"}}
	inBody := []services.Parameter{{Name: "token", In: services.InQuery, Doc: "body: the answer has the token", Schema: jsontext.Value(`{"const":"body"}`)}}

	list := (&service{config: c}).routes().Operations(
		operation("POST /login", "login", "Sign in, and get a cookie with a token", inBody, credentialsOf("email", "password"), shown),
		operation("POST /logout", "logout", "Sign out", nil, nil, done),
		operation("GET /user", "user", "Show who is signed in", nil, nil, shown),
		operation("POST /impersonate/:email", "impersonate", "Act as another user", email, nil, shown),
		operation("POST /impersonate/:email/with-roles", "impersonate-with-roles", "Act as another user, with some of their roles", email, credentialsOf("roles"), shown),
		operation("POST /reset-password", "reset-password", "Have a mail sent with which a password can be set", nil, credentialsOf("email"), sent),
		operation("POST /reset-password/:email", "reset-password-of", "Have a mail sent with which a password can be set", email, nil, sent),
		operation("POST /token-update-password", "update-password", "Set a password with the token of a mail", nil, credentialsOf("email", "token", "password"), done),
		operation("POST /token-update-password/:email", "update-password-of", "Set a password with the token of a mail", email, credentialsOf("token", "password"), done),
	)
	return slices.DeleteFunc(list, func(o services.Operation) bool { return c.hasNo(o.Path) })
}

// hasNo reports whether a path leads nowhere as the service is configured.
func (c *Config) hasNo(path string) bool {
	return c.ImpersonateRoles == "" && strings.HasPrefix(path, "/impersonate") ||
		c.emailSend == nil && (strings.HasPrefix(path, "/reset-password") || strings.HasPrefix(path, "/token-update-password"))
}

func operation(pattern, name, doc string, parameters []services.Parameter, sends []services.Content, answers []services.Answer) services.Operation {
	method, path, _ := strings.Cut(pattern, " ")
	return services.Operation{Method: method, Path: path, Name: name, Doc: doc, Parameters: parameters, Sends: sends, Answers: answers}
}

const userSchema = `{
	"type": "object",
	"required": ["email", "roles"],
	"properties": {"email": {"type": "string"}, "roles": {"type": "array", "items": {"type": "string"}}}
}`

// credentialsOf describes a body with these members, which are texts.
func credentialsOf(members ...string) []services.Content {
	properties := make(map[string]any, len(members))
	for _, name := range members {
		properties[name] = map[string]string{"type": "string"}
	}
	schema, _ := json.Marshal(map[string]any{"type": "object", "required": members, "properties": properties}, json.Deterministic(true))
	return []services.Content{{MediaType: "application/json", Schema: &services.Schema{Text: schema}}}
}

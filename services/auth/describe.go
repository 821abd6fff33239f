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

	list := (&service{config: c}).routes().Operations(append(c.pages(),
		services.Operation{Method: http.MethodPost, Path: "/login", Name: "login", Doc: "Sign in, and get a cookie with a token",
			Parameters: inBody, Sends: credentialsOf("email", "password"), Answers: shown},
		services.Operation{Method: http.MethodPost, Path: "/logout", Name: "logout", Doc: "Sign out",
			Answers: done},
		services.Operation{Method: http.MethodGet, Path: "/user", Name: "user", Doc: "Show who is signed in",
			Answers: shown},
		services.Operation{Method: http.MethodPost, Path: "/impersonate/:email", Name: "impersonate", Doc: "Act as another user",
			Parameters: email, Answers: shown},
		services.Operation{Method: http.MethodPost, Path: "/impersonate/:email/with-roles", Name: "impersonate-with-roles", Doc: "Act as another user, with some of their roles",
			Parameters: email, Sends: credentialsOf("roles"), Answers: shown},
		services.Operation{Method: http.MethodPost, Path: "/reset-password", Name: "reset-password", Doc: "Have a mail sent with which a password can be set",
			Sends: credentialsOf("email"), Answers: sent},
		services.Operation{Method: http.MethodPost, Path: "/reset-password/:email", Name: "reset-password-of", Doc: "Have a mail sent with which a password can be set",
			Parameters: email, Answers: sent},
		services.Operation{Method: http.MethodPost, Path: "/token-update-password", Name: "update-password", Doc: "Set a password with the token of a mail",
			Sends: credentialsOf("email", "token", "password"), Answers: done},
		services.Operation{Method: http.MethodPost, Path: "/token-update-password/:email", Name: "update-password-of", Doc: "Set a password with the token of a mail",
			Parameters: email, Sends: credentialsOf("token", "password"), Answers: done},
	)...)
	return slices.DeleteFunc(list, func(o services.Operation) bool { return c.hasNo(o.Path) })
}

// pages describes the pages that addPages adds.
func (c *Config) pages() []services.Operation {
	page := func(path, doc string) services.Operation {
		return services.Operation{Method: http.MethodGet, Path: path, Doc: doc,
			Answers: []services.Answer{{Status: http.StatusOK, Content: []services.Content{{MediaType: "text/html"}}}}}
	}
	switch {
	case c.LoginPage != "":
		return nil
	case c.EmailSendURLPattern == "":
		return []services.Operation{page("/login", "Show the page to sign in")}
	}
	return []services.Operation{
		page("/login", "Show the page to sign in"),
		page("/reset-password", "Show the page to ask for a new password"),
		page("/new-password", "Show the page to set a new password"),
	}
}

// hasNo reports whether a path leads nowhere as the service is configured.
func (c *Config) hasNo(path string) bool {
	return c.ImpersonateRoles == "" && strings.HasPrefix(path, "/impersonate") ||
		c.emailSend == nil && (strings.HasPrefix(path, "/reset-password") || strings.HasPrefix(path, "/token-update-password"))
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

package services_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/urlpattern"
)

func someRoutes() services.Routes {
	route := func(context.Context, *bus.Message, services.Args) (*bus.Message, error) {
		return bus.Reply(204, nil), nil
	}
	return services.Routes{
		"GET /":                    route,
		"POST /log":                route,
		"GET /log":                 route,
		"POST /log/body":           route,
		"POST /send/:template/:to": route,
		"POST /to/:recipients":     route,
		"GET /files/*path":         route,
	}
}

// TestRoutesAcceptWhatTheyAnswer holds what is said before a call to what becomes
// of it.
func TestRoutesAcceptWhatTheyAnswer(t *testing.T) {
	routes := someRoutes()
	service, err := routes.Service()
	require.NoError(t, err)
	for _, path := range []string{"/", "/log", "/log/", "/logs", "/log/body", "/log/body/x", "/log/x", "/send", "/send/",
		"/send/a", "/send/a/b", "/send/a%2Fb/c", "/send/a/b/", "/send/a/b/c", "/to/x", "/to/x%2Fy", "/to/", "/files", "/files/",
		"/files/a/b", "/files/a/", "/nowhere", "/nowhere/"} {
		for _, method := range []string{"GET", "POST", "PUT"} {
			u, err := urlpattern.ParseURL("/base" + path)
			require.NoError(t, err)
			u.Base = 1
			_, err = service.Serve(t.Context(), &bus.Message{Method: method, URL: u})
			accepts := routes.Accepts(services.Call{Method: method, URL: u})
			assert.Equal(t, err == nil, accepts == nil, "%s %s: %v, but %v", method, path, err, accepts)
		}
	}
}

func TestRoutesAccept(t *testing.T) {
	for text, want := range map[string]string{
		"HEAD /m/log":             "",
		"GET /m/${x}":             "",
		"GET /m/$*":               "",
		"POST /m/send/${x}":       "",
		"POST /m/send/a/${x}":     "",
		"POST /m/send/a/b/${x}":   "",
		"POST /m/send/a/b/c/${x}": "the service has no such call: write /m/send/TEMPLATE/TO",
		"GET /m/send/${x}":        "the service has no GET there: write POST",
		"DELETE /m/log/${x}":      "the service has no DELETE there: write GET or POST",
		"HEAD /m/log/body":        "the service has no HEAD there: write POST",
		"PUT /m/${x}":             "the service has no PUT there: write GET or POST",
		"GET /m/files/a/${x}":     "",
		"POST /m/sned/${x}":       "the service has no such call: did you mean /m/send/TEMPLATE/TO?",
		"POST /m/log/boddy":       "the service has no such call: did you mean /m/log/body?",
		"POST /m/elsewhere":       "the service has no such call: write one of /m/, /m/files/PATH, /m/log, /m/log/body, /m/send/TEMPLATE/TO, /m/to/RECIPIENTS",
		"POST /m/log/body/${x}/y": "",
		"POST /m/send":            "the service has no such call: write /m/send/TEMPLATE/TO",
		" /m/send/a/b":            "",
	} {
		method, pattern, _ := strings.Cut(text, " ")
		p, err := urlpattern.Parse(pattern)
		require.NoError(t, err)
		call := services.CallOf(method, p)
		call.URL.Base = 1
		if err := someRoutes().Accepts(call); want == "" {
			assert.NoError(t, err, text)
		} else {
			assert.EqualError(t, err, want, text)
		}
	}
}

func TestCallsAsText(t *testing.T) {
	for pattern, want := range map[string]string{
		"/a/b":       "GET /a/b",
		"/a/":        "GET /a/",
		"/a/b?x=$>0": "GET /a/b",
		"/a/b$>0/c":  "GET /a/...",
		"/$*":        "GET /...",
	} {
		p, err := urlpattern.Parse(pattern)
		require.NoError(t, err)
		assert.Equal(t, want, services.CallOf("GET", p).String(), pattern)
	}
}

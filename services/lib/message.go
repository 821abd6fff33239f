package lib

import (
	"context"
	"net/http"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// setName names the message for the pipeline that calls.
func (library) setName(_ context.Context, m *bus.Message, _ services.Args) (*bus.Message, error) {
	name := strings.Join(m.ServicePath()[1:], "/")
	if name == "" {
		return nil, bus.Errorf(http.StatusBadRequest, "a name is missing: write one, as in /set-name/contact")
	}
	m.Name = name
	return pass(m, http.StatusOK), nil
}

// checkUserField hands the message on if a fact about the user has the value.
func (library) checkUserField(_ context.Context, m *bus.Message, args services.Args) (*bus.Message, error) {
	switch value, ok := m.User.Field(args[0]); {
	case m.User == nil:
		return nil, &bus.Error{Status: http.StatusUnauthorized, Detail: "only some users may do this: sign in",
			Header: bus.Header{{Name: "WWW-Authenticate", Value: "Bearer"}}}
	case !ok || value != args[1]:
		return nil, bus.Errorf(http.StatusForbidden, "your %s is not the one that may do this", args[0])
	}
	return pass(m, http.StatusOK), nil
}

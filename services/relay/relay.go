// Package relay is what Kinds share that have other servers answer: which fields go
// on, where the URLs of an answer lead here, and what a failure is to clients.
package relay

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services"
)

// Methods returns those that go on, for services.Methods. Others are for a server
// that stands between, or of protocols that need more than this.
func Methods() []string {
	return []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut}
}

// Operations returns what such a service can be asked for: what the other server
// makes of it is that one's.
func Operations() []services.Operation {
	var list []services.Operation
	for _, path := range []string{"", "/*path"} {
		for _, method := range Methods() {
			o := services.Operation{Method: method, Path: path, Doc: "Pass the request on"}
			if method != http.MethodGet && method != http.MethodDelete {
				o.Sends = []services.Content{{MediaType: "*/*"}, {}}
			}
			list = append(list, o)
		}
	}
	return list
}

// smallBody is up to what size the body of a request is read before it is sent: so
// that it can be sent again.
const smallBody = 64 << 10

// Prepare makes m ready to go on, or says why it can't. It does not close m.
func Prepare(m *bus.Message) error {
	switch m.Method {
	case http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut:
	default:
		return services.MethodNotAllowed(m.Method, Methods())
	}
	for _, segment := range m.ServicePath() {
		if strings.Contains(segment, "..;") { // a server may cut parameters off (RFC 3986 section 3.3) before it looks for dots
			return bus.Errorf(http.StatusBadRequest, "a segment of the path has ..; in it, which some servers take for the directory above: leave it out")
		}
	}
	if size := m.Body.Size(); size >= 0 && size <= smallBody {
		if _, err := m.Body.Bytes(smallBody); err != nil {
			return err
		}
	}
	return nil
}

// Complaint returns what the failure of a call is to the clients of a mount; nil
// if it is no failure of the other server.
func Complaint(mount string, err error) *bus.Error {
	server := "the server behind " + strconv.Quote(mount)
	var told *bus.Error
	switch {
	case errors.Is(err, context.Canceled):
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return &bus.Error{Status: http.StatusGatewayTimeout, Type: bus.TypeTimeout, Err: err, Detail: server + " does not answer in time"}
	case errors.As(err, &told) && ofServer(told.Type):
		return &bus.Error{Status: told.Status, Type: told.Type, Err: told.Err, Detail: strings.Replace(told.Detail, "the other server", server, 1)}
	}
	return nil
}

// ofServer reports whether an error of this type says something about the other
// server.
func ofServer(problem string) bool {
	return problem == bus.TypeUnreachable || problem == bus.TypeUpstream || problem == bus.TypeTimeout
}

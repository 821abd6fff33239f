// Package edge is the HTTP server in front of a bus.Service, and the only part
// of the runtime that knows net/http: HTTP/1.1 and, over TLS, HTTP/2. It turns each request into a message
// with a canonical path and clean fields, bounds what a client may take of the
// server (connections, time, bytes, requests in flight), writes the reply, and
// notes one line in the log.
package edge

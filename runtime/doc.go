// Package runtime serves a configuration: it builds the services that
// services.json names, mounts them, and holds requests from outside to the
// rules.
//
// # A request, in steps
//
//  1. [edge] reads it, bounds it, and makes a message of it with a canonical
//     path (400 if it has none), clean fields, an id and a trace.
//  2. [Runtime.Serve] pins the current generation, whose table finds the mount
//     with the longest base path, or a page of the server itself (front.go,
//     page.go, health.go, measure.go, described.go).
//  3. It finds out who asks (identify.go, [identity]), or believes another
//     server of the installation who does (peers.go). A token that does not
//     hold is nobody's, and so is the cookie of a page that the mount does not
//     trust (cors.go). 404 if no mount was found, or an internal one.
//  4. OPTIONS ends here. The rules of the mount admit the user for the method
//     and the service path, or not: 401 for nobody, 403 for somebody
//     (admit.go, [access]).
//  5. The limits of the mount (mounted.go), then the service (instance.go).
//  6. What browsers could run is sandboxed (browser.go), and text and JSON are
//     packed for clients that want that ([coding]). Errors become problem
//     documents, the reply names its service and says whose pages may read it,
//     and HEAD loses the body (front.go, bus.Problem).
//  7. The edge writes the reply; closing its body lets the generation go. What
//     came of the request is counted ([metrics]) and logged, and the span of its
//     trace ends ([traces], collecting.go).
//
// A call from a service to another enters at step 5, through [inside]: with
// the same user, one level deeper, within the budget of the request. One to
// another server leaves through [outgoing], to one of the installation with a token
// that says who asks.
//
// A request with X-Restspace-Trace: 1 of a user who manages the mount is answered
// with what steps 4 to 6 led to (tracing.go, package record). With
// [Options.DryRun] a service is asked at step 5 only for what reads, or if its
// Kind composes others: all else is planned (dryrun.go).
//
// # A configuration's life
//
//	bytes - parse - check - build a generation - swap one pointer - drain the old - close the old
//
// All that can fail fails before the swap ([Runtime.Load], build.go,
// listening.go). A service whose configuration has not changed is carried over
// to the next generation (instance.go). Background work starts after the swap.
// Connections that last go on with their service, and end with it (lasting.go).
//
// The bytes come from a [Source], which is read again when it is said to have
// changed (source.go, package configfile), or which is replaced over HTTP
// (administration.go): after the build, and before the swap.
//
// The package shadows the standard library's of the same name: who needs both
// imports that one as goruntime.
package runtime

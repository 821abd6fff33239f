// Package openapi describes what a configuration mounts, to clients and their
// tools: as a document of OpenAPI 3.1, and as a list of the mounts.
//
// What there is to tell comes of the configuration alone: the base paths, what
// the Kinds say of their services (services.Kind.Describe), and the rules. No
// service is asked, so that a command can describe what a server will be.
//
// Everybody is shown what the rules let them ask for, and nothing else. A path
// stands for many, of which a rule may let a user into some: it is shown to who
// may be let into one. Internal mounts are never shown, nor what a deeper mount
// answers in the place of another.
//
// A description is written from its beginning to its end and never held: one of
// 10,000 mounts has tens of megabytes.
package openapi

// Package adaptors says what services need of the outside world, and keeps the
// list of who provides it.
//
// A [Store] holds bodies under keys; the drivers are packages below this one
// (memstore, filestore, s3store). Services never hold a driver: they hold a [Keep],
// which adds what every Store needs. A driver returns errors, never statuses of
// HTTP, and says fs.ErrNotExist only when it knows.
//
// A [Kind] describes an adaptor to the configuration; a [Registry] is a list of
// them. [EscapeName] is the one escape of names, so that files and buckets list
// in the same order.
package adaptors

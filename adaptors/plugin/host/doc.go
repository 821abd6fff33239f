// Package host runs adaptor plugins: it starts their programs, speaks the
// protocol of package plugin's to them, and looks after them. To the rest of the
// server they are adaptors like any other.
//
// One process serves one adaptor config, and all the mounts that have it, of one
// configuration and the next (adaptors.Pool). It is started with the first of
// them, and again when it ends by itself; it ends after the last call of the
// last mount. See supervisor for when, and process for how.
package host

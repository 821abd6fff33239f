// Package smtpmail sends mail over SMTP (RFC 5321): the adaptor "smtp".
//
// Each mail has a connection of its own, and goes to all of its recipients or
// to none. The context ends it in whatever stage it is.
package smtpmail

// Package browsing tests the pages of services as people have them: in Chromium,
// with the keyboard and the mouse, and as its accessibility tree tells them.
package browsing

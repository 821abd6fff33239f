// Package urlpattern reads and writes paths, URLs and URL patterns.
package urlpattern

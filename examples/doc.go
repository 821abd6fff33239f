// Package examples holds configurations to learn from, each a folder with its
// services.json, a README.md and a script or a program that tests it.
package examples

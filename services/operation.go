package services

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// An Operation is what a service does for one method, at the service paths of
// one pattern: what the description of a server tells of it.
type Operation struct {
	Method string
	Path   string // as in Routes, where "" is the base path itself, and a slash at the end means a directory: "/:year/*rest"
	Name   string // of letters, digits, - and _, which no other of the service has; "": method and path make one
	Doc    string // what it does, in a few words

	Parameters []Parameter // those of the path may be left out: they are texts
	Sends      []Content   // of one of these types is the body; none: there is no body
	Answers    []Answer    // where it succeeds; none: it says nothing of them

	Manages bool // it needs manageRoles
}

// In is the part of a request that a Parameter is in.
type In string

// The parts of a request.
const (
	InPath   In = "path"
	InQuery  In = "query"
	InHeader In = "header"
)

// A Parameter is a value in a request beside its body.
type Parameter struct {
	Name     string
	In       In
	Doc      string         // what it says, in a few words
	Required bool           // one of the path always is
	Schema   jsontext.Value // nil: a text
}

// Content is what a body may be.
type Content struct {
	MediaType string // or a range of them, such as */*
	Schema    *Schema
}

// A Schema is a JSON Schema (2020-12). nil is that of any value.
type Schema struct {
	Name string // by which the operations of one service share it; "": it stands where it is used
	Text jsontext.Value
}

// An Answer is a reply that is no error.
type Answer struct {
	Status  int
	Doc     string // what it means; "": what its status does
	Content []Content
	Header  []Parameter // fields that clients look for; In and Required mean nothing
}

// Operations returns what can be known of routes by their patterns, in the order
// of paths. Each one that is told takes the place of that with its method and
// path. It panics over one that is of no route: a programmer's mistake.
func (r Routes) Operations(told ...Operation) []Operation {
	var list []Operation
	for pattern := range r {
		method, path, _ := strings.Cut(pattern, " ")
		if path == "/" || strings.HasPrefix(path, "/*") {
			list = append(list, Operation{Method: method})
		}
		if path != "/" {
			list = append(list, Operation{Method: method, Path: path})
		}
	}
	slices.SortFunc(list, func(a, b Operation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	for _, o := range told {
		at := slices.IndexFunc(list, func(of Operation) bool { return of.Method == o.Method && of.Path == o.Path })
		if at < 0 {
			panic(fmt.Sprintf("services: %s %s is no route", o.Method, o.Path))
		}
		list[at] = o
	}
	return list
}

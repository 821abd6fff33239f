package main

import (
	"encoding/json"
	"strings"
)

// The pipelines, and the documents that they read beside smallDocument.
const (
	nextPath = "/next" // the document that another one names
	madePath = "/made" // some members of a document
	farPath  = "/far"  // as nextPath, from the upstream

	firstDocument = "first.json"
	firstContent  = `{"title":"The first","next":"` + smallDocument + `"}`
	madeDocument  = "made.json"
)

// pipelineMount returns the service of a pipeline.
func pipelineMount(path, readRoles string, elements ...any) any {
	return map[string]any{
		"name": strings.TrimPrefix(path, "/"), "basePath": path, "service": "pipeline", "readRoles": readRoles,
		"pipeline": elements,
	}
}

// farMount returns the service that gets two documents from an address.
func farMount(address string) any {
	return pipelineMount(farPath, "all", "GET http://"+address+"/"+firstDocument, "GET http://"+address+"/${next}")
}

// madeTransform returns a transform of a document.
func madeTransform() any {
	return map[string]any{"name": "title", "by": "author", "content": "text", "size": "text.length"}
}

// madeContent returns what madeTransform makes of a document.
func madeContent(document string) (string, error) {
	var d struct{ Title, Author, Text string }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return "", err
	}
	made, err := json.Marshal(map[string]any{"name": d.Title, "by": d.Author, "content": d.Text, "size": len(d.Text)})
	return string(made), err
}

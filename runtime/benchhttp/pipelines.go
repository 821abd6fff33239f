package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The pipelines, and the documents that they read beside smallDocument.
const (
	nextPath = "/next" // the document that another one names
	pagePath = "/page" // a document, shown by a template
	farPath  = "/far"  // as nextPath, from the upstream

	firstDocument = "first.json"
	firstContent  = `{"title":"The first","next":"` + smallDocument + `"}`
	pageFile      = "page.html"
)

// pipelineMount returns the service of a pipeline.
func pipelineMount(path, readRoles string, elements ...any) map[string]any {
	return map[string]any{
		"name": strings.TrimPrefix(path, "/"), "basePath": path, "service": "pipeline", "readRoles": readRoles,
		"pipeline": elements,
	}
}

// farMount returns the service that gets two documents from an address.
func farMount(address string) any {
	return pipelineMount(farPath, "all", "GET http://"+address+"/"+firstDocument, "GET http://"+address+"/${next}")
}

// pageElements is the pipeline of pagePath: a document, a transform of it, and a
// template that shows that.
func pageElements() []any {
	return []any{
		"GET /docs/" + smallDocument,
		map[string]any{"name": "title", "by": "author", "content": "text", "size": "text.length"},
		"POST /pages/" + pageFile,
	}
}

const pageTemplate = `<h1>{{.name}}</h1>
<p>{{.content}} ({{.size}})</p>
<p>{{.by}}</p>
`

// pageContent returns what the pipeline of pagePath makes of a document.
func pageContent(document string) (string, error) {
	var d struct{ Title, Author, Text string }
	err := json.Unmarshal([]byte(document), &d)
	return fmt.Sprintf("<h1>%s</h1>\n<p>%s (%d)</p>\n<p>%s</p>\n", d.Title, d.Text, len(d.Text), d.Author), err
}

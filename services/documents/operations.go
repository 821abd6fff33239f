package documents

import (
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/services"
)

// Operations describes a service with such a config, of which it looks only at
// JSON, and whether there is a MaxFile. schema is the text of Schema; nil is
// none.
func (c *Config) Operations(schema jsontext.Value) []services.Operation {
	d := description{Config: c, document: anything()}
	if c.JSON {
		d.document = []services.Content{{MediaType: mediaTypeJSON}}
		if schema != nil {
			d.document[0].Schema = &services.Schema{Name: "document", Text: schema}
		}
	}
	list := append(d.directory("/", ""), d.directory("/*path/", "-below")...)
	list = append(list, d.documents()...)
	if c.JSON {
		list = append(list, d.schemas()...)
	}
	return list
}

// description makes the operations of a service.
type description struct {
	*Config
	document []services.Content
}

// directory describes what is done to directories; the names end in suffix.
func (d *description) directory(path, suffix string) []services.Operation {
	list := []services.Operation{
		{Method: http.MethodGet, Path: path, Name: "list" + suffix, Doc: "List a directory", Parameters: d.listing(), Answers: []services.Answer{
			{Status: http.StatusOK, Doc: "Names, or what $list and the search ask for", Content: d.listed(),
				Header: []services.Parameter{{Name: "Link", Doc: "the next page (rel=next), where there is one"}}},
		}},
		{Method: http.MethodPost, Path: path, Name: "create" + suffix, Doc: "Make a document, whose name the service picks", Sends: d.document,
			Answers: []services.Answer{{Status: http.StatusCreated, Doc: "It is made", Header: []services.Parameter{etag(), location()}}}},
	}
	if d.MaxFile > 0 {
		list = append(list, services.Operation{Method: http.MethodPut, Path: path, Name: "unzip" + suffix, Doc: "Unpack a zip into a directory",
			Sends:   []services.Content{{MediaType: mediaTypeZip}},
			Answers: []services.Answer{{Status: http.StatusOK, Doc: "What became of each document", Content: []services.Content{{MediaType: mediaTypeJSON}}}}})
	}
	return append(list, services.Operation{Method: http.MethodDelete, Path: path, Name: "remove" + suffix, Doc: "Delete a directory with all that is in it", Manages: true,
		Parameters: []services.Parameter{{Name: recursiveKey, In: services.InQuery, Doc: "needed where anything is below it", Schema: jsontext.Value(`{"const":true}`)}},
		Answers:    deleted()})
}

// listing returns the query of a directory.
func (d *description) listing() []services.Parameter {
	list := []services.Parameter{
		query(listKey, "flags with commas between them: "+listFlags, nil),
		query(takeKey, "how many entries a page has", jsontext.Value(`{"type":"integer","minimum":1,"maximum":10000}`)),
		query(skipKey, "how many entries are left out", jsontext.Value(`{"type":"integer","minimum":0}`)),
		query(afterKey, "the name before the page", nil),
	}
	if !d.JSON {
		return list
	}
	return append(list,
		query(filterKey, "a search (OData), such as age gt 30", nil),
		query(orderKey, "members to sort by, such as name desc", nil),
		query(selectKey, "the members of each document that are wanted, with commas between them", nil),
		query(topKey, "how many documents a search finds at most", jsontext.Value(`{"type":"integer","minimum":0,"maximum":10000}`)),
		query(countKey, "whether the answer says how many there are", jsontext.Value(`{"type":"boolean"}`)),
	)
}

func (d *description) listed() []services.Content {
	list := []services.Content{
		{MediaType: mediaTypeListing, Schema: &services.Schema{Text: jsontext.Value(`{"type":["array","object"],"items":{"type":["string","object"]}}`)}},
		{MediaType: mediaTypeZip},
	}
	if d.JSON {
		list = append(list, services.Content{MediaType: mediaTypeJSON}) // what a search finds
	}
	return list
}

// documents describes what is done to documents.
func (d *description) documents() []services.Operation {
	const path = "/*path"
	reading := []services.Parameter{header("If-None-Match", "the ETag of what the client has")}
	if d.JSON {
		reading = append(reading, query(pathKey, "a value inside, such as likes[0]", nil))
	} else {
		reading = append(reading, header("Range", "the bytes that are wanted (RFC 9110 section 14)"))
	}
	list := []services.Operation{
		{Method: http.MethodGet, Path: path, Name: "read", Doc: "Read a document", Parameters: reading, Answers: d.read()},
		{Method: http.MethodPut, Path: path, Name: "put", Doc: "Make or replace a document", Parameters: conditional(), Sends: d.document, Answers: stores(nil)},
		{Method: http.MethodPost, Path: path, Name: "store", Doc: "Make or replace a document, and read it", Parameters: conditional(), Sends: d.document, Answers: stores(d.document)},
		{Method: http.MethodDelete, Path: path, Name: "delete", Doc: "Delete a document", Parameters: conditional(), Answers: deleted()},
	}
	if !d.JSON {
		return list
	}
	return append(list, services.Operation{Method: http.MethodPatch, Path: path, Name: "patch", Doc: "Change parts of a document", Parameters: conditional(),
		Sends:   []services.Content{{MediaType: mediaTypeMergePatch}, {MediaType: mediaTypeJSONPatch}, {MediaType: mediaTypeJSON}},
		Answers: []services.Answer{{Status: http.StatusOK, Doc: "It is changed", Header: []services.Parameter{etag()}}}})
}

func (d *description) read() []services.Answer {
	fields := []services.Parameter{etag()}
	if d.JSON {
		fields = append(fields, services.Parameter{Name: "Link", Doc: "the JSON Schema (rel=describedby), where there is one"})
	}
	list := []services.Answer{
		{Status: http.StatusOK, Doc: "The document", Content: d.document, Header: fields},
		{Status: http.StatusNotModified, Doc: "The client has it already"},
	}
	if !d.JSON {
		list = append(list, services.Answer{Status: http.StatusPartialContent, Doc: "The part that was asked for", Content: d.document, Header: fields})
	}
	return list
}

// schemas describes the schema of the whole service.
func (d *description) schemas() []services.Operation {
	const path = "/" + schemaName
	schema := []services.Content{{MediaType: mediaTypeJSON, Schema: &services.Schema{Text: jsontext.Value(`{"type":["object","boolean"]}`)}}}
	strict := query(validateKey, "with strict, nothing is stored that documents do not satisfy", jsontext.Value(`{"const":"strict"}`))
	return []services.Operation{
		{Method: http.MethodGet, Path: path, Name: "read-schema", Doc: "Read the JSON Schema of the documents", Answers: []services.Answer{
			{Status: http.StatusOK, Doc: "The schema", Content: schema, Header: []services.Parameter{etag()}}}},
		{Method: http.MethodPut, Path: path, Name: "put-schema", Doc: "Make or replace the JSON Schema of the documents", Manages: true,
			Parameters: append(conditional(), strict), Sends: schema, Answers: stores([]services.Content{{MediaType: mediaTypeJSON}})},
		{Method: http.MethodDelete, Path: path, Name: "delete-schema", Doc: "Delete the JSON Schema of the documents", Manages: true,
			Parameters: conditional(), Answers: deleted()},
	}
}

func anything() []services.Content { return []services.Content{{MediaType: "*/*"}} }

func query(name, doc string, schema jsontext.Value) services.Parameter {
	return services.Parameter{Name: name, In: services.InQuery, Doc: doc, Schema: schema}
}

func header(name, doc string) services.Parameter {
	return services.Parameter{Name: name, In: services.InHeader, Doc: doc}
}

// conditional returns the conditions of a write (RFC 9110 section 13.1).
func conditional() []services.Parameter {
	return []services.Parameter{
		header("If-Match", "the ETag of what it is to be done to, or * for whatever is there"),
		header("If-None-Match", "* where nothing may be there"),
	}
}

func etag() services.Parameter {
	return services.Parameter{Name: "ETag", Doc: "tells this state of it from others"}
}

func location() services.Parameter {
	return services.Parameter{Name: "Location", Doc: "where it is"}
}

func deleted() []services.Answer {
	return []services.Answer{{Status: http.StatusNoContent, Doc: "It is deleted"}}
}

// stores returns the answers of a write.
func stores(content []services.Content) []services.Answer {
	return []services.Answer{
		{Status: http.StatusOK, Doc: "It is replaced", Content: content, Header: []services.Parameter{etag()}},
		{Status: http.StatusCreated, Doc: "It is made", Content: content, Header: []services.Parameter{etag(), location()}},
	}
}

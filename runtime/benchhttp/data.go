package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// What the servers answer with, and how many documents a long listing has.
const (
	smallDocument = "note.json"
	mediumFile    = "100k.bin"
	largeFile     = "10m.bin"
	listFile      = "list.json" // 100 KB
	manyDocuments = 100_000
	manyPath      = "/many/"
)

// data is a temporary directory for a run: documents and files that both
// servers read, and a directory for each to write to.
type data struct {
	dir        string
	fileSystem string
	document   string // the content of a document of 1 KB
}

// newData makes the directory. The caller removes it.
func newData(ctx context.Context) (*data, error) {
	dir, err := os.MkdirTemp("", "benchhttp-")
	if err != nil {
		return nil, err
	}
	d := &data{dir: dir, document: document(1 << 10)}
	if d.fileSystem, err = fileSystem(ctx, dir); err == nil {
		err = d.fill()
	}
	if err != nil {
		d.remove()
		return nil, err
	}
	return d, nil
}

func (d *data) remove() { _ = os.RemoveAll(d.dir) } // it is in the directory for temporary files

func (d *data) path(elements ...string) string {
	return filepath.Join(d.dir, filepath.Join(elements...))
}

// fill makes all but the documents to list. The directories for temporary files
// are made side by side, since the place of a directory on the disk decides
// what it costs to make a file in it.
func (d *data) fill() error {
	for _, dir := range []string{"docs", "files", "many", "pages", "put/.tmp", "bare-put/.tmp"} {
		if err := os.MkdirAll(d.path(dir), 0o700); err != nil {
			return err
		}
	}
	page, err := pageContent(d.document)
	if err != nil {
		return err
	}
	files := map[string]string{
		d.path("docs", smallDocument): d.document,
		d.path("docs", firstDocument): firstContent,
		d.path("files", mediumFile):   strings.Repeat("x", 100<<10),
		d.path("files", largeFile):    strings.Repeat("x", 10<<20),
		d.path("files", pageFile):     page,
		d.path("pages", pageFile):     pageTemplate,
	}
	for path, content := range files {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fillMany makes the documents to list, if they are not there. They take
// seconds to make, and crowd the disk around them.
func (d *data) fillMany(n int) error {
	if _, err := os.Stat(d.path("many", "note-000000.json")); err == nil {
		return nil
	}
	for i := range n {
		if err := os.WriteFile(d.path("many", fmt.Sprintf("note-%06d.json", i)), []byte("{}"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fillStatic makes the files of the mount static.
func (d *data) fillStatic() error {
	if err := os.MkdirAll(d.path("static"), 0o755); err != nil {
		return err
	}
	item := document(1<<10 - 1) // and a comma
	list := `{"items":[` + strings.Repeat(item+",", 99) + item + "]}"
	for name, content := range map[string]string{smallDocument: d.document, listFile: list} {
		if err := os.WriteFile(d.path("static", name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// staticMount returns the service that shows them.
func (d *data) staticMount() any {
	return map[string]any{"name": "static", "basePath": "/static", "service": "static", "readRoles": "all",
		"adaptor": "file", "adaptorConfig": map[string]any{"root": d.path("static")}}
}

// document returns a JSON document of a size.
func document(size int) string {
	const head, tail = `{"title":"A note","author":"ann@example.com","text":"`, `"}`
	return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
}

// fileSystem returns the type of the file system that dir is on. One in memory
// is an error, since writes to it cost nothing.
func fileSystem(ctx context.Context, dir string) (string, error) {
	output, err := exec.CommandContext(ctx, "df", "--output=fstype", dir).Output()
	if err != nil {
		return "", fmt.Errorf("df: %w", err)
	}
	fields := strings.Fields(string(output)) // a title, and the type
	kind := fields[len(fields)-1]
	if kind == "tmpfs" || kind == "ramfs" {
		return "", fmt.Errorf("%s is in memory (%s): set TMPDIR to a directory on a disk", dir, kind)
	}
	return kind, nil
}

// configuration returns a services.json.
func (d *data) configuration(address string, s *site) ([]byte, error) {
	server := map[string]any{"listen": address, "log": map[string]any{"level": "error"}}
	if s.limits != nil {
		server["limits"] = s.limits
	}
	auth := map[string]any{"keyFile": d.path("auth.key")}
	if s.users {
		auth["userUrlPattern"] = "/users/${email}"
	}
	return json.MarshalIndent(map[string]any{
		"server":   server,
		"auth":     auth,
		"services": s.services,
	}, "", "  ")
}

// writeConfiguration writes a services.json and returns its path.
func (d *data) writeConfiguration(address string, s *site) (string, error) {
	content, err := d.configuration(address, s)
	if err != nil {
		return "", err
	}
	path := d.path("services.json")
	return path, os.WriteFile(path, content, 0o600)
}

// mounts returns the services of all scenarios but start: maps of keys.
func (d *data) mounts() []any {
	mount := func(name, service, readRoles, writeRoles string) any {
		return map[string]any{
			"name": name, "basePath": "/" + name, "service": service, "readRoles": readRoles, "writeRoles": writeRoles,
			"adaptor": "file", "adaptorConfig": map[string]any{"root": d.path(name), "durability": "full"},
		}
	}
	return []any{
		map[string]any{"name": "lib", "basePath": "/lib", "service": "lib", "readRoles": "all"},
		pipelineMount(nextPath, "U", "GET /docs/"+firstDocument, "GET /docs/${next}"),
		pipelineMount(pagePath, "U", pageElements()...),
		mount("pages", "template", "none", "none"),
		mount("docs", "json", "U", "none"),
		mount("files", "file", "all", "none"),
		mount("many", "json", "all", "none"),
		mount("put", "json", "none", "all"),
	}
}

// Package languages has what a new plugin begins with, in each language that it
// can be written in: a store in memory that keeps the contract, and a test of it.
//
// Each template is a program that works as it is, of the name mystore. It is
// tested as such. A language is added by its line in the list of languages.
package languages

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/seed90475182/restspace/adaptors/plugin"
)

// What npm installs is not part of the project in Node.
//
//go:embed all:go
//go:embed node/.gitignore node/README.md node/mystore node/*.js node/*.json
//go:embed node/restspace-plugin/README.md node/restspace-plugin/*.js node/restspace-plugin/*.json
//go:embed python/.gitignore python/README.md python/mystore python/*.py python/services.json
//go:embed python/restspace_plugin/README.md python/restspace_plugin/*.py
var files embed.FS

// language is one that there is a template for.
type language struct {
	name  string
	from  []string // the directories and files of a project, in files
	proto string   // the place of adaptor.proto in it; "" is none
}

func languages() []language {
	return []language{
		{name: "go", from: []string{"go"}},
		{name: "node", from: []string{"node"}, proto: "restspace-plugin/adaptor.proto"},
		{name: "python", from: []string{"python"}},
	}
}

// Names returns the names of the languages, the first of which is the usual one.
func Names() (names []string) {
	for _, l := range languages() {
		names = append(names, l.name)
	}
	return names
}

// A File is one of a project.
type File struct {
	Path string // with slashes, in the directory of the project
	Data []byte
	Mode fs.FileMode
}

// mystore is the name of all templates.
const mystore = "mystore"

// CheckName returns what is wrong with the name of a plugin.
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return fmt.Errorf("%q can't be the name of a plugin: write a lower-case letter first, then up to 40 of those, digits and hyphens", name)
	}
	return nil
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,40}$`)

// Project returns the files of a new plugin, in the order of their paths. The
// language is one of Names, and the name passes CheckName.
func Project(lang, name string) (list []File, err error) {
	i := slices.IndexFunc(languages(), func(l language) bool { return l.name == lang })
	if i < 0 {
		return nil, fmt.Errorf("there is no template in %q: the languages are %s", lang, strings.Join(Names(), ", "))
	}
	l := languages()[i]
	for _, from := range l.from {
		err := fs.WalkDir(files, from, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := files.ReadFile(file)
			under := strings.TrimPrefix(file, from+"/")
			if file == from {
				under = path.Base(file)
			}
			list = append(list, fileOf(under, data, name))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if l.proto != "" {
		list = append(list, File{Path: l.proto, Data: []byte(plugin.Protocol()), Mode: 0o644})
	}
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return list, nil
}

// fileOf returns a file of a template as one of a project. A script can be run.
func fileOf(file string, data []byte, name string) File {
	f := File{Path: strings.ReplaceAll(file, mystore, name), Mode: 0o644}
	f.Data = bytes.ReplaceAll(data, []byte(mystore), []byte(name))
	f.Data = bytes.ReplaceAll(f.Data, []byte(title(mystore)), []byte(title(name)))
	if path.Base(f.Path) == "go.mod.txt" { // a go.mod would keep it from this package
		f.Path = strings.TrimSuffix(f.Path, ".txt")
	}
	if bytes.HasPrefix(data, []byte("#!")) {
		f.Mode = 0o755
	}
	return f
}

// title returns a name as it begins a sentence.
func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

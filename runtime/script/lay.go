package script

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lay puts the files and folders of a script, which is in dir, below the working
// directory.
func lay(script *Script, dir string) error {
	for _, folder := range script.Folders {
		if err := layFolder(os.DirFS(dir), folder.Path); err != nil {
			return fmt.Errorf("%s:%d: part %q: %w", script.Name, folder.Line, folder.Path+"/", err)
		}
	}
	for path, data := range script.Files {
		if err := layFile(path, data); err != nil {
			return err
		}
	}
	return nil
}

// layFolder copies the files of a folder, but not what is hidden: that belongs to
// the server which has it open.
func layFolder(beside fs.FS, folder string) error {
	info, err := fs.Stat(beside, folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such directory beside the script")
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("it is a file beside the script: leave the slash out, and write below it what is in it")
	}
	return fs.WalkDir(beside, folder, func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(filepath.Base(path), ".")
		switch {
		case err != nil:
			return err
		case hidden && entry.IsDir():
			return fs.SkipDir
		case hidden || !entry.Type().IsRegular():
			return nil
		}
		data, err := fs.ReadFile(beside, path)
		if err != nil {
			return err
		}
		return layFile(filepath.FromSlash(path), data)
	})
}

func layFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// identity tells the programs apart that a path has named.
type identity string

// identify returns that of the program that a path names.
func identify(info fs.FileInfo) identity {
	stat, _ := info.Sys().(*syscall.Stat_t)
	return identity(fmt.Sprint(stat.Dev, stat.Ino, info.Size(), info.ModTime().UnixNano()))
}

// checkProgram returns what is wrong with the file of a plugin: it has to be a
// regular file that can be run, that nobody else can write to or replace, and
// of the checksum that is asked for. So has what it is run with.
func checkProgram(p *adaptors.Plugin) (identity, error) {
	if slices.Contains(strings.Split(p.Path, "/"), "..") {
		return "", fmt.Errorf("the plugin %s has a .. in its path: write the path without it", p.Path)
	}
	info, err := os.Lstat(p.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no plugin %s: write the path of an executable", p.Path)
	case err != nil:
		return "", fmt.Errorf("the plugin %s can't be looked at: %w", p.Path, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return "", fmt.Errorf("the plugin %s is a link: write the path of the program itself", p.Path)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("the plugin %s is no file: write the path of an executable", p.Path)
	case info.Mode()&0o111 == 0:
		return "", fmt.Errorf("the plugin %s is not executable: chmod +x it", p.Path)
	case info.Mode()&0o002 != 0:
		return "", fmt.Errorf("everybody can write to the plugin %s: chmod o-w it", p.Path)
	}
	if err := checkFolder(p.Path); err != nil {
		return "", err
	}
	return identify(info), errors.Join(checkSum(p), checkEnv(p.Env))
}

// checkFolder sees that nobody else can put another program in the place of
// one: in none of the folders that its path goes through, and in none that links
// on the way lead to.
func checkFolder(path string) error {
	whole, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	target, err := filepath.EvalSymlinks(whole)
	if err != nil {
		return err
	}
	for _, way := range []string{whole, target} {
		for dir := filepath.Dir(way); ; dir = filepath.Dir(dir) {
			info, err := os.Stat(dir)
			if err != nil {
				return err
			}
			if info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
				return fmt.Errorf("everybody can replace the plugin %s: chmod o-w %s", path, dir)
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return nil
}

// checkSum sees that the program is the one that is meant.
func checkSum(p *adaptors.Plugin) error {
	if p.SHA256 == "" {
		return nil
	}
	want, err := hex.DecodeString(p.SHA256)
	if err != nil || len(want) != sha256.Size {
		return &pointed{"/sha256", fmt.Errorf("not a SHA-256: write its 64 hexadecimal digits, as sha256sum prints them")}
	}
	f, err := os.Open(p.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := sum.Sum(nil); !slices.Equal(got, want) {
		return &pointed{"/sha256", fmt.Errorf("the program %s is another one, of the SHA-256 %x: see who has changed it, and write that if it is meant", p.Path, got)}
	}
	return nil
}

// checkEnv returns what is wrong with the environment that a program is to
// have: nothing of it may get lost, or in the way of the protocol.
func checkEnv(env map[string]string) error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if problem := problemOf(name, env[name]); problem != "" {
			faults = append(faults, &pointed{string(jsontext.Pointer("/env").AppendToken(name)), errors.New(problem)})
		}
	}
	return errors.Join(faults...)
}

func problemOf(name, value string) string {
	switch {
	case name == "":
		return "the variable has no name: write one, such as LANG"
	case strings.ContainsAny(name, "=\x00"):
		return fmt.Sprintf("%q can't be the name of a variable: write it without = and NUL", name)
	case strings.Contains(value, "\x00"):
		return fmt.Sprintf("the value of %q has a NUL in it: write it without", name)
	case name == wire.Handshake().MagicCookieKey, strings.HasPrefix(name, "PLUGIN_"):
		return fmt.Sprintf("%q is a variable of the protocol: leave it out, or write another name", name)
	}
	return ""
}

// pointed is an error of a value in a config.
type pointed struct {
	pointer string
	err     error
}

func (p *pointed) Error() string   { return p.err.Error() }
func (p *pointed) Unwrap() error   { return p.err }
func (p *pointed) Pointer() string { return p.pointer }

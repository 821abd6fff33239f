package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/runtime/identity"
)

// user tells as whom the server would run.
func user(context.Context, *Patient) []adaptors.Finding {
	if os.Geteuid() == 0 {
		return []adaptors.Finding{warning("run the server and restspace doctor as a user of its own, such as that of the systemd unit",
			"this is the user root, whom no permission holds back")}
	}
	return []adaptors.Finding{good("looked at as the user %d", os.Geteuid())}
}

// configFile looks at who may change the configuration, and with it run programs.
func configFile(_ context.Context, p *Patient) []adaptors.Finding {
	info, err := os.Stat(p.File)
	if err != nil {
		return nil // it was told already
	}
	if found := tampering(p.File, info); found != nil {
		return found
	}
	return []adaptors.Finding{good("only its owner can change %s", p.File)}
}

// tampering tells who else could change a file or put another in its place.
func tampering(path string, info fs.FileInfo) (found []adaptors.Finding) {
	switch {
	case info.Mode()&0o002 != 0:
		found = append(found, problem("chmod o-w "+path, "everybody can change %s (mode %#o)", path, info.Mode().Perm()))
	case info.Mode()&0o020 != 0:
		found = append(found, warning("chmod g-w "+path+", unless that is meant", "its group can change %s (mode %#o)", path, info.Mode().Perm()))
	}
	if dir := open(path); dir != "" {
		found = append(found, problem("chmod o-w "+dir, "everybody can put another file in the place of %s", path))
	}
	return found
}

// open returns the first folder above a path, or above what links there lead to, in
// which everybody can replace what is in it, "" for none.
func open(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if dir := openAbove(whole); dir != "" {
		return dir
	}
	if real, err := filepath.EvalSymlinks(whole); err == nil {
		return openAbove(real)
	}
	return ""
}

// openAbove is open for a path whose links are not followed.
func openAbove(path string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
			return dir
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// keyFiles looks at the files that nobody else may read.
func keyFiles(_ context.Context, p *Patient) (found []adaptors.Finding) {
	found = secret(p.Config.Auth.KeyFile, "the signing keys")
	switch _, err := identity.LoadKeys(p.Config.Auth.KeyFile); {
	case err == nil, unfit(found):
	case errors.Is(err, fs.ErrNotExist):
		found = p.keyless(found)
	default:
		found = []adaptors.Finding{problem("put back the file that was there, or remove it to have a new key made, which signs everybody out", "%v", err)}
	}
	if p.Config.Server.TLS != nil {
		found = append(found, secret(p.Config.Server.TLS.KeyFile, "the key of the certificate")...)
	}
	return found
}

// keyless tells of signing keys that are not there, where made is told of who would
// make them.
func (p *Patient) keyless(made []adaptors.Finding) []adaptors.Finding {
	file := p.Config.Auth.KeyFile
	for _, h := range listeners(p.Config.Server.Listen) {
		if h.serves(p) {
			return []adaptors.Finding{problem("look in the directory that the server was started in, or put the file back before it starts again: it would make others, which signs everybody out",
				"the server runs, as process %d, and its signing keys are not at %s", h.pid, file)}
		}
	}
	if len(p.Config.Server.Peers) > 0 {
		return []adaptors.Finding{warning("copy the file from a server that has them, unless this is the first one", "there are no signing keys, %s, and the server would make its own, which the others do not believe", file)}
	}
	return made
}

// unfit reports whether one of the findings is a problem.
func unfit(found []adaptors.Finding) bool {
	return slices.ContainsFunc(found, func(f adaptors.Finding) bool { return f.Grade == adaptors.Problem })
}

// secret looks at who may read a file.
func secret(path, what string) (found []adaptors.Finding) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return made(path, what)
	case err != nil:
		return []adaptors.Finding{problem("have the user of the server own it", "%s can't be read: %v", what, err)}
	case info.Mode()&0o077 != 0:
		found = append(found, problem("chmod 600 "+path, "others can read %s, %s (mode %#o)", what, path, info.Mode().Perm()))
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		grade := problem
		if readable(path) {
			grade = warning
		}
		found = append(found, grade("chown it to the user of the server", "%s, %s, belong to the user %d, and this is %d", what, path, owner.Uid, os.Geteuid()))
	}
	if dir := open(path); dir != "" {
		found = append(found, problem("chmod o-w "+dir, "everybody can put another file in the place of %s, %s", what, path))
	}
	if len(found) == 0 {
		found = append(found, good("only its owner can read %s, %s", what, path))
	}
	return found
}

func readable(path string) bool { return unix.Access(path, unix.R_OK) == nil }

// writable reports whether a directory can be written to.
func writable(dir string) error { return unix.Access(dir, unix.W_OK|unix.X_OK) }

// owning says what has the server write to a directory, where it can't for err.
func owning(dir string, err error) string {
	if errors.Is(err, unix.EROFS) {
		return "have its file system mounted so that it can be written to: in the unit ReadWritePaths says so"
	}
	return "have the user of the server own " + dir
}

// made tells of something that the server will make.
func made(path, what string) []adaptors.Finding {
	above := existing(path)
	if err := writable(above); err != nil {
		return []adaptors.Finding{problem(owning(above, err)+", or name another place", "%s can't be made as %s (%v)", what, path, err)}
	}
	if dir := open(path); dir != "" {
		return []adaptors.Finding{problem("chmod o-w "+dir, "everybody can put something in the place of %s, %s", what, path)}
	}
	if info, err := os.Stat(above); err == nil && info.Mode()&0o002 != 0 { // such as /tmp
		return []adaptors.Finding{problem("name another place, or make it yourself", "everybody can make %s, %s, before the server does", what, path)}
	}
	return []adaptors.Finding{good("the server will make %s, %s", what, path)}
}

// existing returns the nearest directory above a path that is there.
func existing(path string) string {
	path, err := filepath.Abs(path)
	for dir := filepath.Dir(path); err == nil; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err == nil && info.IsDir() || dir == filepath.Dir(dir) {
			return dir
		}
	}
	return "."
}

// directories looks at the directories of stores.
func directories(_ context.Context, p *Patient) (found []adaptors.Finding) {
	for _, dir := range p.directories() {
		found = append(found, directory(dir)...)
	}
	return found
}

// directories returns the directories that adaptors claim.
func (p *Patient) directories() (dirs []string) {
	for _, a := range p.adaptors() {
		if a.Kind.Claims == nil {
			continue
		}
		for _, c := range a.Kind.Claims(a.Config) {
			if c.Space == "file" {
				dirs = append(dirs, "/"+filepath.Join(c.Path...))
			}
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func directory(dir string) []adaptors.Finding {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return made(dir, "a directory")
	case err != nil:
		return []adaptors.Finding{problem("have the user of the server own it", "the directory %s can't be looked at: %v", dir, err)}
	case !info.IsDir():
		return []adaptors.Finding{problem("name another place, or move it away", "%s is no directory", dir)}
	case info.Mode()&0o002 != 0:
		return []adaptors.Finding{problem("chmod o-w "+dir, "everybody can write to the directory %s (mode %#o), so that the server does not take it", dir, info.Mode().Perm())}
	}
	if above := open(dir); above != "" {
		return []adaptors.Finding{problem("chmod o-w "+above, "everybody can put another directory in the place of %s", dir)}
	}
	if err := writable(dir); err != nil {
		return []adaptors.Finding{warning(owning("it", err)+", unless that is meant", "the directory %s can only be read (%v)", dir, err)}
	}
	return []adaptors.Finding{good("the directory %s can be written to, by nobody unknown", dir)}
}

package doctor

import (
	"cmp"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A process is one that listens, as /proc knows it. On systems without that none
// is known.
type process struct {
	pid  int
	args []string
}

// listeners returns the processes that listen on the port of an address, as far
// as this user may know.
func listeners(address string) (found []process) {
	_, port, err := net.SplitHostPort(address)
	number, numberErr := strconv.ParseUint(port, 10, 16)
	if err != nil || numberErr != nil {
		return nil
	}
	sockets := socketsOn(uint16(number))
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // the pattern is good
	for _, link := range links {
		to, err := os.Readlink(link)
		if err != nil || !slices.Contains(sockets, to) {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
		if slices.ContainsFunc(found, func(p process) bool { return p.pid == pid }) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		found = append(found, process{pid, strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")})
	}
	slices.SortFunc(found, func(a, b process) int { return cmp.Compare(a.pid, b.pid) })
	return found
}

// socketsOn returns the sockets that listen on a port, as links to them read.
func socketsOn(port uint16) (sockets []string) {
	const listening = "0A"
	suffix := ":" + strings.ToUpper(strconv.FormatUint(1<<16|uint64(port), 16)[1:])
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // a system may lack either
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if len(words) > 9 && strings.HasSuffix(words[1], suffix) && words[3] == listening {
				sockets = append(sockets, "socket:["+words[9]+"]")
			}
		}
	}
	return sockets
}

// name returns what a process is called.
func (p process) name() string {
	return filepath.Base(p.args[0])
}

// serves reports whether the process is a server of a configuration.
func (p process) serves(file string) bool {
	at := slices.Index(p.args, "serve")
	if at < 1 {
		return false
	}
	theirs := "services.json"
	for i, arg := range p.args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			theirs = value
		} else if arg == "--config" && i+1 < len(p.args) {
			theirs = p.args[i+1]
		}
	}
	if strings.Contains(file, "://") {
		return theirs == file
	}
	if !filepath.IsAbs(theirs) {
		theirs = filepath.Join("/proc", strconv.Itoa(p.pid), "cwd", theirs)
	}
	one, err := os.Stat(theirs)
	if err != nil {
		return false
	}
	other, err := os.Stat(file)
	return err == nil && os.SameFile(one, other)
}

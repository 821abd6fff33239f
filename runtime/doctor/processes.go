package doctor

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
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

// listeners returns the processes that keep a server from listening at an address,
// as far as this user may know.
func listeners(address string) (found []process) {
	wanted, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil
	}
	sockets := socketsAt(wanted.AddrPort())
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

// socketsAt returns the sockets that listen where another can't then, as links to
// them read.
func socketsAt(wanted netip.AddrPort) (sockets []string) {
	const listening = "0A"
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table) // a system may lack either
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if len(words) > 9 && words[3] == listening && excludes(addressOf(words[1]), wanted) {
				sockets = append(sockets, "socket:["+words[9]+"]")
			}
		}
	}
	return sockets
}

// excludes reports whether nobody can listen at an address while a socket listens
// at the one held. An address that is no IP is all of them, as in ":3100".
func excludes(held, wanted netip.AddrPort) bool {
	if held.Port() != wanted.Port() {
		return false
	}
	one, other := held.Addr(), wanted.Addr().Unmap().WithZone("")
	return one == other || !other.IsValid() || other.IsUnspecified() || one.IsUnspecified() && (one.Is6() || other.Is4())
}

// addressOf reads an address as the tables of sockets have it: words of four bytes
// as numbers of this machine, and the port. It is the zero one where it is none.
func addressOf(text string) netip.AddrPort {
	digits, port, _ := strings.Cut(text, ":")
	ip, err := hex.DecodeString(digits)
	number, portErr := strconv.ParseUint(port, 16, 16)
	if err != nil || portErr != nil || len(ip)%4 != 0 {
		return netip.AddrPort{}
	}
	for word := range slices.Chunk(ip, 4) {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	address, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(address.Unmap(), uint16(number))
}

// name returns what a process is called.
func (p process) name() string {
	return filepath.Base(p.args[0])
}

// serves reports whether the process is a server of the configuration.
func (p process) serves(patient *Patient) bool {
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
	if strings.Contains(patient.File, "://") {
		return theirs == patient.File || strings.Contains(theirs, "://") && patient.Same(theirs)
	}
	if !filepath.IsAbs(theirs) {
		theirs = filepath.Join("/proc", strconv.Itoa(p.pid), "cwd", theirs)
	}
	one, err := os.Stat(theirs)
	if err != nil {
		return false
	}
	other, err := os.Stat(patient.File)
	return err == nil && os.SameFile(one, other)
}

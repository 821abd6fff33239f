package cli

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is a pseudo-terminal: what is written to tty is what its user sees.
type terminal struct{ user, tty *os.File }

func openTerminal(t *testing.T) terminal {
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = user.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = tty.Close() })
	_, err = term.MakeRaw(int(tty.Fd())) // a line feed stays one byte
	require.NoError(t, err)
	return terminal{user, tty}
}

// seen returns what has been written, and hangs up.
func (tm terminal) seen(t *testing.T) string {
	require.NoError(t, tm.tty.Close())
	seen, err := io.ReadAll(tm.user)
	require.ErrorIs(t, err, unix.EIO, "the end of a terminal that nobody writes to")
	return string(seen)
}

func TestTerminal(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("services.json", []byte(`{"services": [{"name": "echo", "basePath": "/", "service": "echo", "readRoles": "all"}]}`), 0o600))
	const (
		plainHead = "HTTP 200 OK\nContent-Length: 2\nContent-Type: text/plain; charset=utf-8\nX-Restspace-Service: echo\n\n"
		colorHead = "HTTP \x1b[32m200 OK\x1b[0m\n\x1b[2mContent-Length:\x1b[0m 2\n\x1b[2mContent-Type:\x1b[0m text/plain; charset=utf-8\n\x1b[2mX-Restspace-Service:\x1b[0m echo\n\n"
	)
	text := []string{"call", "POST", "/x", "-d", "ab"}
	for _, test := range []struct {
		name string
		args []string
		env  []string
		want string
	}{
		{"colors", text, nil, colorHead + "ab\n"},
		{"no colors", text, []string{"NO_COLOR=1"}, plainHead + "ab\n"},
		{"empty NO_COLOR", text, []string{"NO_COLOR="}, colorHead + "ab\n"},
		{"dumb terminal", text, []string{"TERM=dumb"}, plainHead + "ab\n"},
		{"body with a newline", []string{"call", "POST", "/x", "-d", "ab\n", "--body"}, nil, "ab\n"},
		{"error status", []string{"call", "GET", "/error"}, nil, "HTTP \x1b[31m418 I'm a teapot\x1b[0m\n\x1b[2mX-Restspace-Service:\x1b[0m echo\n\n"},
		{"escape sequence in a field", []string{"call", "GET", "/escape"}, []string{"NO_COLOR=1"}, "HTTP 200 OK\nX-Restspace-Service: echo\nX-Title: \uFFFD[31mred\n\n"},
		{"binary body", []string{"call", "POST", "/x", "-d", "\xff\x00", "--body"}, nil, "(a binary body of 2 bytes: write --body and > FILE to keep it)\n"},
		{"headings", []string{"help", "service", "echo"}, nil, "\x1b[1m# echo\x1b[0m\n\nAnswers with what it is sent. For tests.\n\n```\n# no heading\n```\n"},
		{"error", []string{"check", "--config", "none.json"}, nil, "\x1b[31mrestspace: there is no file none.json: write it (restspace help services lists what it can mount), or say with --config FILE where it is\x1b[0m\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			tm := openTerminal(t)
			testApp().Run(t.Context(), test.args, test.env, tm.tty, tm.tty, tm.tty)
			assert.Equal(t, test.want, tm.seen(t))
		})
	}
}

// TestRecordOnATerminal has the tree of a call be as wide as the terminal, and in
// colors.
func TestRecordOnATerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("services.json", []byte(`{"services": [{"name": "echo", "basePath": "/", "service": "echo", "readRoles": "all"}]}`), 0o600))
	long := "/" + strings.Repeat("x", 100)
	for _, test := range []struct {
		name    string
		columns uint16
		url     string
		env     []string
		want    string
	}{
		{"good", 0, "/x", nil, `^POST  /x  echo  \x1b\[32m200\x1b\[0m  +[\d.]+m?s  2 B > 2 B\n$`},
		{"bad", 0, "/error", nil, `^POST  /error  echo  \x1b\[31m418\x1b\[0m  `},
		{"no colors", 0, "/x", []string{"NO_COLOR=1"}, `^POST  /x  echo  200  `},
		{"wide", 200, long, []string{"NO_COLOR=1"}, `^POST  ` + long + `  echo  200  `},
		{"narrow", 60, long, []string{"NO_COLOR=1"}, `^POST  /x{22,30}…  echo  200  `},
	} {
		t.Run(test.name, func(t *testing.T) {
			tm := openTerminal(t)
			if test.columns > 0 {
				require.NoError(t, unix.IoctlSetWinsize(int(tm.tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: test.columns}))
			}
			testApp().Run(t.Context(), []string{"call", "POST", test.url, "-d", "ab", "--trace"}, test.env, tm.tty, io.Discard, tm.tty)
			seen := tm.seen(t)
			assert.Regexp(t, test.want, seen)
			if test.columns > 0 {
				assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(seen, "\n")), int(test.columns))
			}
		})
	}
}

// TestPlayOnATerminal has a script that is not answered as expected: what came is
// shown without its escape sequences.
func TestPlayOnATerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("services.json", []byte(`{"services": [{"name": "echo", "basePath": "/", "service": "echo", "readRoles": "all"}]}`), 0o600))
	good := "-- request: good --\nPOST /x\n\nab\n-- reply --\n200\n"
	require.NoError(t, os.WriteFile("good.txtar", []byte(good), 0o600))
	require.NoError(t, os.WriteFile("bad.txtar", []byte(good+"-- request: an \x1b[35mescape --\nPOST /x\n\n\x1b[31mred\n-- reply --\n200\n\nblue\n"), 0o600))
	seen := func(env ...string) string {
		tm := openTerminal(t)
		testApp().Run(t.Context(), []string{"test", "-v", "good.txtar", "bad.txtar"}, env, tm.tty, tm.tty, tm.tty)
		var lines []string
		for line := range strings.Lines(tm.seen(t)) {
			if !strings.HasPrefix(line, "{") { // the log
				lines = append(lines, regexp.MustCompile(`\d+\.\ds`).ReplaceAllString(line, "0.0s"))
			}
		}
		return strings.Join(lines, "")
	}
	const want = "<g>ok     </> good.txtar:1: good\n" +
		"<g>ok     </> good.txtar (1 request, 0.0s)\n" +
		"<g>ok     </> bad.txtar:1: good\n" +
		"<r>FAILED </> bad.txtar:7: an \uFFFD[35mescape\n" +
		"          POST /x\n" +
		"          200\n" +
		"\n" +
		"        <r>- blue</>\n" +
		"        <g>+ \uFFFD[31mred</>\n" +
		"<r>2 passed, 1 failed</>\n"
	assert.Equal(t, strings.NewReplacer("<g>", "\x1b[32m", "<r>", "\x1b[31m", "</>", "\x1b[0m").Replace(want), seen())
	assert.Equal(t, strings.NewReplacer("<g>", "", "<r>", "", "</>", "").Replace(want), seen("NO_COLOR=1"))
}

// TestTrialOnATerminal has a store that is put to the contract: what it says is
// shown without its escape sequences.
func TestTrialOnATerminal(t *testing.T) {
	seen := func(path string) string {
		tm := openTerminal(t)
		printed := make(chan string)
		go func() {
			all, _ := io.ReadAll(tm.user) // the end of a terminal that nobody writes to is an error
			printed <- string(all)
		}()
		testApp().Run(t.Context(), []string{"plugin", "test", path}, nil, tm.tty, tm.tty, tm.tty)
		require.NoError(t, tm.tty.Close())
		return <-printed
	}
	good := seen("./good")
	assert.Contains(t, good, "\x1b[32mok    \x1b[0m  a deleted key is gone\n")
	assert.Regexp(t, `\n\x1b\[32m(\d+) of \d+ clauses kept \(\d+\.\ds\)\x1b\[0m\n$`, good)
	broken := seen("./broken")
	assert.Contains(t, broken, "\x1b[31mFAILED\x1b[0m  a deleted key is gone\n          delete a: unexpected error: \uFFFD[31mmine\n")
	assert.Regexp(t, `\nrestspace: rstest-\w+ could not be emptied and is left in the store\n`, broken)
	assert.Regexp(t, `\n\x1b\[31m\d+ of \d+ clauses kept`, broken)
}

func TestAPasswordIsAskedForTwice(t *testing.T) {
	for typed, want := range map[string]string{
		"three odd words\nthree odd words\n": "",
		"three odd words\nthree odd wards\n": "the two passwords differ: nothing is changed",
		"\n\n":                               "no password was typed: nothing is changed",
	} {
		tm := openTerminal(t)
		var asked strings.Builder
		r := &run{stdin: tm.tty, stderr: &asked}
		_, err := tm.user.WriteString(typed)
		require.NoError(t, err)
		password, err := r.password(asking{})
		assert.Equal(t, "New password: \nOnce more: \n", asked.String())
		if want != "" {
			assert.EqualError(t, err, want)
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, "three odd words", password)
		assert.Empty(t, tm.seen(t), "nobody sees it")
	}
}

// TestLogOnATerminal has the log be read by a person there.
func TestLogOnATerminal(t *testing.T) {
	assert.Equal(t, "text", (&run{stderr: openTerminal(t).tty}).logFormat())
	assert.Equal(t, "json", (&run{stderr: new(strings.Builder)}).logFormat())
}

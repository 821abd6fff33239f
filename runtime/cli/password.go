package cli

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

const aboutPasswords = ` The password is
asked for on the terminal, twice; --password-stdin takes the first line of
standard input, and --generate makes one and prints it, this once.`

// asking is where a password comes from.
type asking struct{ stdin, generate bool }

func (p *asking) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.stdin, "password-stdin", false, "take the password from standard input")
	cmd.Flags().BoolVar(&p.generate, "generate", false, "make a password and print it")
	cmd.MarkFlagsMutuallyExclusive("password-stdin", "generate")
}

// password returns a new password.
func (r *run) password(p asking) (string, error) {
	switch {
	case p.generate:
		return rand.Text(), nil
	case p.stdin:
		line, err := bufio.NewReader(r.stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", errors.New("no password came on standard input: write one line")
		}
		return line, nil
	}
	file, ok := r.stdin.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return "", usagef("there is no terminal to ask for the password on: write --password-stdin or --generate")
	}
	first, err := r.ask(int(file.Fd()), "New password: ")
	if err != nil {
		return "", err
	}
	again, err := r.ask(int(file.Fd()), "Once more: ")
	switch {
	case err != nil:
		return "", err
	case first != again:
		return "", errors.New("the two passwords differ: nothing is changed")
	case first == "":
		return "", errors.New("no password was typed: nothing is changed")
	}
	return first, nil
}

// ask reads a line from a terminal that does not show it.
func (r *run) ask(terminal int, prompt string) (string, error) {
	fmt.Fprint(r.stderr, prompt)
	line, err := term.ReadPassword(terminal)
	fmt.Fprintln(r.stderr)
	return string(line), err
}

// told prints what was done, and a password that was generated.
func (r *run) told(p asking, password, format string, args ...any) error {
	r.note(format, args...)
	if !p.generate {
		return nil
	}
	_, err := fmt.Fprintln(r.stdout, password)
	return err
}

package host

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed90475182/restspace/adaptors/plugin/wire"
)

// endedByItself reports whether it has ended without being killed, or does in a
// moment.
func (e *execution) endedByItself() bool {
	select {
	case <-e.ended:
	case <-time.After(2 * lastWords):
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	how, _ := e.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return !e.killed || how.Signal() != syscall.SIGKILL
}

// explain says why a program that was started with ctx can't be used, where err
// is what was seen of that.
func (e *execution) explain(ctx context.Context, err error) error {
	if !e.started() {
		return err
	}
	text, slow := e.line.text(), context.Cause(ctx) == errSlow
	if fault := checkLine(text); text != "" && fault != nil {
		err = fault
	} else if ended := e.endedByItself(); ended && text == "" {
		err = fmt.Errorf("it ended (%s) before it said where it listens", e.state())
	} else if ended {
		err = fmt.Errorf("it ended (%s) before it could be used", e.state())
	} else if slow && text == "" {
		err = fmt.Errorf("it did not say within %s where it listens", startTimeout)
	} else if slow {
		err = fmt.Errorf("it was not ready within %s", startTimeout)
	}
	if said := e.output.said(); said != "" {
		err = fmt.Errorf("%w; it printed: %s", err, said)
	}
	return err
}

// checkLine says what is wrong with the first line of a program.
func checkLine(text string) error {
	parts := strings.Split(strings.TrimSpace(text), "|")
	if _, err := strconv.Atoi(parts[0]); err != nil || len(parts) < 4 {
		return fmt.Errorf("its first line is %.100q, and not where it listens: standard output belongs to the protocol, print to standard error", text)
	}
	parts = append(parts, "", "")
	switch {
	case parts[0] != "1" || parts[1] != "1":
		return fmt.Errorf("it speaks version %.40s of the protocol, and this server 1|1: build it for this one", wire.Text(parts[0]+"|"+parts[1]))
	case parts[2] != "unix":
		return fmt.Errorf("it listens at %s: it has to listen at a Unix socket", wire.Text(parts[2]+" "+parts[3]))
	case parts[4] != "grpc":
		return fmt.Errorf("it speaks %q: it has to speak grpc", parts[4])
	case len(parts[5]) < minCertificate:
		return fmt.Errorf("its first line has no certificate: make one, and write it as the sixth part")
	}
	return nil
}

// minCertificate is shorter than any certificate: what is no longer is not
// taken for one.
const minCertificate = 51

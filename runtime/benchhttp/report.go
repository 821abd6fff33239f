package main

import (
	"bufio"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// A report prints what was measured, as it becomes known, and the verdicts last.
type report struct {
	to     io.Writer
	ending strings.Builder
}

// machine says what was measured on what.
func (r *report) machine(b *bench) error {
	machine, err := machine()
	if err != nil {
		return err
	}
	program, err := buildinfo.ReadFile(b.restspace)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.to, `%s; restspace built with %s, bare with %s
data on %s (%s); restspace logs errors only, bare nothing
core %s serves, core %s its clients; medians of %d rounds of %d s in turns; ratio: 1.00 is par, more is better
`, machine, program.GoVersion, runtime.Version(),
		b.data.dir, b.data.fileSystem, serverCore, clientCore, b.rounds, b.seconds)
	return nil
}

// machine returns what the figures are of: its processor, its cores and its kernel.
func machine() (string, error) {
	processor, err := processor()
	if err != nil {
		return "", err
	}
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	return fmt.Sprintf("%s, %d cores, Linux %s", processor, runtime.NumCPU(), strings.TrimSpace(string(kernel))), err
}

// processor returns the model of the machine's processor.
func processor() (string, error) {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value), nil
		}
	}
	return runtime.GOARCH, lines.Err()
}

// comparison prints the figures of a scenario.
func (r *report) comparison(s scenario, c *comparison) {
	one, other := "restspace", "bare"
	switch {
	case s.beside != "":
		other = "plain GET"
	case s.flooded:
		one, other = "at 3 times", "capacity"
	case s.networks > 0:
		one, other = "in a storm", "quiet"
	}
	fmt.Fprintf(r.to, "\n%-20s %11s %11s %9s\n", s.name, one, other, "ratio")
	for m, values := range c {
		if len(values[restspaceSide]) > 0 {
			both := ""
			if len(values[bareSide]) > 0 {
				both = fmt.Sprintf("%11s %9.2f", number(median(values[bareSide])), c.ratio(metric(m), bareSide))
			}
			fmt.Fprintf(r.to, "  %-18s %11s %s\n", metric(m), number(median(values[restspaceSide])), both)
		}
	}
	for _, t := range s.targets {
		wanted, measured, verdict := t.verdict(c)
		fmt.Fprintf(&r.ending, "  %-16s %-18s %-21s %9s  %s\n", s.name, t.metric, wanted, measured, verdict)
	}
}

// verdicts prints how the figures compare with the targets.
func (r *report) verdicts() {
	fmt.Fprintf(r.to, "\ntargets\n%s", r.ending.String())
}

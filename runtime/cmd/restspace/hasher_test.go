package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// hasher is "hasher": the server has one process that hashes passwords, and no
// other. Its number is then in HASHER. With "!" it has none.
func hasher(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: hasher")
	}
	var found []string
	for _, p := range alive(ts) {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.Pid))
		ts.Check(err)
		for _, task := range tasks {
			children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", p.Pid, task.Name()))
			ts.Check(err)
			found = append(found, strings.Fields(string(children))...)
		}
	}
	switch {
	case neg && len(found) > 0:
		ts.Fatalf("there are %v", found)
	case neg:
		return
	case len(found) != 1:
		ts.Fatalf("there is not one, but %v", found)
	}
	args0, err := os.ReadFile("/proc/" + found[0] + "/cmdline")
	ts.Check(err)
	if string(args0) != "restspace\x00hash-passwords\x00" {
		ts.Fatalf("its arguments are %q", args0)
	}
	ts.Setenv("HASHER", found[0])
}

// vanishes is "vanishes PID": the process ends.
func vanishes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: vanishes PID")
	}
	_, err := strconv.Atoi(args[0])
	ts.Check(err)
	waitFor(ts, "the end of the process "+args[0], func() bool {
		_, err := os.Stat("/proc/" + args[0])
		return errors.Is(err, fs.ErrNotExist)
	})
}

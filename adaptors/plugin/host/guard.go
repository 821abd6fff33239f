package host

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// A group is the process group of a program and of the children that stay in
// it. It ends with this process, however that ends: its leader is a shell that
// waits for the end of its standard input, whose other end only this process
// has, and then kills the group and itself. A child that leaves the group, as
// daemons do, is beyond reach.
//
// Where there is no shell the program leads, and it alone is told of the end of
// this process, by its own standard input.
type group struct {
	id     int       // 0: that of the program, which is started next
	leader *exec.Cmd // nil where the program leads
	alive  io.Closer // the other end
}

// guard is what the shell does; $1 is the directory of the program's socket. It
// is deaf to what a group of its terminal is sent, and to the hangup of a group
// that was stopped.
const guard = `trap '' HUP INT QUIT TERM TSTP; read -r end; rm -rf -- "$1"; kill -9 0`

// newGroup makes the group of a program that is about to be started.
func newGroup(path, dir string) (*group, error) {
	leader := exec.Command("/bin/sh", "-c", guard, "restspace: ends "+path+" with its server", dir)
	leader.Env = []string{"PATH=/usr/bin:/bin"}
	leader.Dir = "/"
	leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	alive, err := leader.StdinPipe()
	if err == nil {
		err = leader.Start()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &group{}, nil
	case err != nil:
		return nil, err
	}
	return &group{id: leader.Process.Pid, leader: leader, alive: alive}, nil
}

// admit has a program start in the group.
func (g *group) admit(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: g.id}
}

// admitted notes the program that has.
func (g *group) admitted(program *os.Process) {
	if g.leader == nil {
		g.id = program.Pid
	}
}

// kill ends all that is in the group. Nobody else has its number before end.
func (g *group) kill() { _ = syscall.Kill(-g.id, syscall.SIGKILL) }

// end is kill, and gives up the group.
func (g *group) end() {
	if g.id != 0 {
		g.kill()
	}
	if g.leader != nil {
		g.alive.Close()
		_ = g.leader.Wait() // it was killed
	}
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// contain stands for the container runtime. The command it becomes dies with the process that started it and, when
// volumes are asked for, sees them at their mount paths in a mount namespace of its own.
func contain(args []string) error {
	flags := flag.NewFlagSet("contain", flag.ContinueOnError)
	parent := flags.Int("parent", os.Getppid(), "process id of the starter; nothing runs when it is gone already")
	workDir := flags.String("workdir", "", "directory to start in")
	scratch := flags.String("scratch", "", "empty directory to build a new root in, needed by --mount")
	var mounts mountFlag
	flags.Var(&mounts, "mount", "SOURCE:TARGET, bound with everything below it; repeatable")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no command")
	}
	// Namespace and death signal belong to the thread, and the thread that calls exec is the one that lives on.
	runtime.LockOSThread()
	if err := dieWith(*parent); err != nil {
		return err
	}
	if len(mounts) > 0 {
		if err := isolate(mounts, *scratch); err != nil {
			return fmt.Errorf("mounting volumes: %w", err)
		}
	}
	if *workDir != "" {
		if err := os.Chdir(*workDir); err != nil {
			return err
		}
	}
	path, err := exec.LookPath(flags.Arg(0))
	if err != nil {
		return err
	}
	return syscall.Exec(path, flags.Args(), os.Environ())
}

func dieWith(parent int) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0)
	if errno != 0 {
		return fmt.Errorf("asking to die with the parent: %w", errno)
	}
	// The parent may have died before it was asked for; then no signal will ever come.
	if os.Getppid() != parent {
		return fmt.Errorf("parent %d is gone", parent)
	}
	return nil
}

type bindMount struct{ source, target string }

type mountFlag []bindMount

func (m *mountFlag) String() string { return "" }

// Set splits at the last colon, which a mountPath cannot contain.
func (m *mountFlag) Set(v string) error {
	i := strings.LastIndex(v, ":")
	if i < 1 || i+1 >= len(v) || v[i+1] != '/' {
		return errors.New("want SOURCE:/TARGET")
	}
	*m = append(*m, bindMount{v[:i], v[i+1:]})
	return nil
}

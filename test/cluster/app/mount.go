package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const openPath = 0x200000 // O_PATH, which package syscall does not name

// isolate gives this thread a mount namespace with every source at its target. A target that does not exist on the
// host is not made there: the nearest directory that does exist is replaced, in this namespace only, by a copy made
// of bind mounts that has it.
func isolate(mounts []bindMount, scratch string) error {
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		return fmt.Errorf("mount namespace: %w", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	sources, err := openAll(mounts)
	if err != nil {
		return err
	}
	for i, m := range mounts {
		if err := bindAt(sources[i], filepath.Clean(m.target), scratch); err != nil {
			return fmt.Errorf("%s: %w", m.target, err)
		}
	}
	return nil
}

// openAll pins every source first: a volume mounted at /tmp hides the directories that later sources are in.
func openAll(mounts []bindMount) ([]*os.File, error) {
	files := make([]*os.File, len(mounts))
	for i, m := range mounts {
		f, err := os.OpenFile(m.source, openPath, 0)
		if err != nil {
			return nil, err
		}
		files[i] = f
	}
	return files, nil
}

func bindAt(source *os.File, target, scratch string) error {
	info, err := source.Stat()
	if err != nil {
		return err
	}
	if err := makeTarget(target, info.IsDir(), scratch); err != nil {
		return err
	}
	return bind(pinned(source), target)
}

func makeTarget(target string, directory bool, scratch string) error {
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	if err := imitate(nearest(target), scratch); err != nil {
		return err
	}
	return place(target, directory)
}

func place(target string, directory bool) error {
	if directory {
		return os.MkdirAll(target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(target, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// nearest is the closest directory above a path that exists, with its links resolved (/var/run is often a link).
func nearest(path string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return real
		}
	}
}

// imitate mounts an empty file system over a directory and binds the directory's entries into it. The root cannot be
// mounted over by a process that lives in it: there the copy is made elsewhere and becomes the root.
func imitate(dir, scratch string) error {
	original, err := os.OpenFile(dir, openPath|syscall.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer original.Close()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	place := dir
	if dir == "/" {
		place = filepath.Join(scratch, "root")
		if err := os.MkdirAll(place, 0o755); err != nil {
			return err
		}
	}
	if err := syscall.Mount("tmpfs", place, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("imitating %s: %w", dir, err)
	}
	for _, entry := range entries {
		if err := copyEntry(pinned(original), place, entry); err != nil {
			return fmt.Errorf("imitating %s: %w", filepath.Join(dir, entry.Name()), err)
		}
	}
	if dir != "/" {
		return nil
	}
	return enterRoot(place)
}

func enterRoot(root string) error {
	cwd, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := syscall.Chroot(root); err != nil {
		return err
	}
	return os.Chdir(cwd)
}

func copyEntry(from, to string, entry fs.DirEntry) error {
	source, target := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
	if entry.Type()&fs.ModeSymlink != 0 {
		link, err := os.Readlink(source)
		if err != nil {
			return err
		}
		return os.Symlink(link, target)
	}
	if err := place(target, entry.IsDir()); err != nil {
		return err
	}
	err := bind(source, target)
	// Entries that went away or may not be bound (other people's mounts) are no part of what a container expects.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func bind(source, target string) error {
	return syscall.Mount(source, target, "", syscall.MS_BIND|syscall.MS_REC, "")
}

func pinned(f *os.File) string {
	return fmt.Sprintf("/proc/self/fd/%d", f.Fd())
}

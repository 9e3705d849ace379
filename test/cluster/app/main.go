// Command sluice-testapp is what pods of the test cluster run (serve), what puts load on them (load) and what the
// kubelet stand-in starts a container through (contain).
package main

import (
	"fmt"
	"os"
)

const usage = `usage: sluice-testapp <command> [flags]

  serve     a small HTTP application whose behaviour comes from the environment
  load      an open-model load generator that counts every failed request
  contain   run a command as a container process: dies with its parent, sees its volumes

Each command explains its flags with -h.
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	args := os.Args[2:]
	var err error
	switch os.Args[1] {
	case "serve":
		err = serve(os.Getenv)
	case "load":
		err = load(args, os.Stdout)
	case "contain":
		err = contain(args)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			// What runtimes report for a container whose process could not be started at all.
			os.Exit(128)
		}
	case "help", "-h", "--help":
		fmt.Print(usage)
	default:
		fmt.Fprintf(os.Stderr, "sluice-testapp: unknown command %q\n\n%s", os.Args[1], usage)
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "sluice-testapp %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// config is everything serve reads from its environment, once.
type config struct {
	address       string
	version       string
	pod           string
	namespace     string
	workload      string
	service       string
	app           string
	startupDelay  time.Duration
	shutdownDelay time.Duration
	crashAfter    time.Duration
	crashes       bool
	exitCode      int
	crashMessage  string
	messagePath   string
	memoryMB      int
	behaviour     behaviour
}

type getenv func(string) string

// parseConfig reports every unusable variable at once.
func parseConfig(env getenv) (config, error) {
	r := reader{env: env}
	pod := r.text("POD_NAME", r.text("HOSTNAME", "unknown"))
	workload := r.text("WORKLOAD_NAME", workloadOf(pod))
	crash, crashes := r.optionalMillis("CRASH_AFTER_MS")
	c := config{
		address:       r.text("POD_IP", "127.0.0.1") + ":" + strconv.Itoa(r.whole("PORT", 8080)),
		version:       r.text("APP_VERSION", "unknown"),
		pod:           pod,
		namespace:     r.text("POD_NAMESPACE", "default"),
		workload:      workload,
		service:       r.text("SERVICE_NAME", workload),
		app:           r.text("APP_LABEL", workload),
		startupDelay:  r.millis("STARTUP_DELAY_MS", 0),
		shutdownDelay: r.millis("SHUTDOWN_DELAY_MS", 3000),
		crashAfter:    crash,
		crashes:       crashes,
		exitCode:      r.whole("EXIT_CODE", 1),
		crashMessage:  env("CRASH_MESSAGE"),
		messagePath:   r.text("TERMINATION_MESSAGE_PATH", "/dev/termination-log"),
		memoryMB:      r.whole("MEMORY_MB", 0),
		behaviour: behaviour{
			ErrorRate:       r.share("ERROR_RATE"),
			ErrorStatus:     r.whole("ERROR_STATUS", 500),
			LatencyMs:       r.whole("LATENCY_MS", 0),
			LatencyJitterMs: r.whole("LATENCY_JITTER_MS", 0),
			FailReadiness:   r.flag("FAIL_READINESS"),
			FailLiveness:    r.flag("FAIL_LIVENESS"),
		},
	}
	return c, errors.Join(r.problems...)
}

// The alphabets and lengths are those of the ReplicaSet hash and of generated pod names: vowels never occur, so a
// Deployment called "my-app" is not mistaken for a hash.
var (
	deploymentPod  = regexp.MustCompile(`^(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$`)
	daemonSetPod   = regexp.MustCompile(`^(.+)-[bcdfghjklmnpqrstvwxz2456789]{5}$`)
	statefulSetPod = regexp.MustCompile(`^(.+)-[0-9]+$`)
)

// workloadOf undoes the naming of pods: <deployment>-<hash>-<suffix>, <daemonset>-<suffix>, <statefulset>-<ordinal>.
func workloadOf(pod string) string {
	for _, shape := range []*regexp.Regexp{deploymentPod, daemonSetPod, statefulSetPod} {
		if m := shape.FindStringSubmatch(pod); m != nil {
			return m[1]
		}
	}
	return pod
}

// reader collects problems instead of stopping at the first.
type reader struct {
	env      getenv
	problems []error
}

func (r *reader) fail(name, wanted string) {
	r.problems = append(r.problems, fmt.Errorf("%s=%q: want %s", name, r.env(name), wanted))
}

func (r *reader) text(name, fallback string) string {
	if v := r.env(name); v != "" {
		return v
	}
	return fallback
}

func (r *reader) whole(name string, fallback int) int {
	v := r.env(name)
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		r.fail(name, "a whole number, 0 or more")
	}
	return n
}

func (r *reader) millis(name string, fallback int) time.Duration {
	return time.Duration(r.whole(name, fallback)) * time.Millisecond
}

func (r *reader) optionalMillis(name string) (time.Duration, bool) {
	return r.millis(name, 0), r.env(name) != ""
}

func (r *reader) share(name string) float64 {
	v := r.env(name)
	if v == "" {
		return 0
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f < 0 || f > 1 {
		r.fail(name, "a number between 0 and 1")
	}
	return f
}

func (r *reader) flag(name string) bool {
	v := strings.ToLower(r.env(name))
	switch v {
	case "", "0", "false", "no":
		return false
	case "1", "true", "yes":
		return true
	}
	r.fail(name, "true or false")
	return false
}

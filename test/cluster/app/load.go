package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

type plan struct {
	url      *url.URL
	host     string
	method   string
	headers  headerFlag
	rps      float64
	workers  int
	duration time.Duration
	timeout  time.Duration
	report   time.Duration
	control  string
	fresh    bool
}

type headerFlag http.Header

func (h headerFlag) String() string { return "" }

func (h headerFlag) Set(v string) error {
	name, value, ok := strings.Cut(v, ":")
	if !ok {
		return fmt.Errorf("want 'Name: value'")
	}
	http.Header(h).Add(strings.TrimSpace(name), strings.TrimSpace(value))
	return nil
}

func parsePlan(args []string) (plan, error) {
	p := plan{headers: headerFlag{}}
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	target := flags.String("url", "", "http URL to request (required)")
	flags.StringVar(&p.host, "host", "", "Host header, when it differs from the URL's")
	flags.StringVar(&p.method, "method", "GET", "HTTP method")
	flags.Var(p.headers, "header", "'Name: value' sent with each request; repeatable")
	flags.Float64Var(&p.rps, "rps", 50, "requests started per second, whatever the answers take")
	flags.IntVar(&p.workers, "workers", 64, "requests in flight at most; one due beyond that is counted as dropped")
	flags.DurationVar(&p.duration, "duration", 0, "how long; 0 is until SIGTERM or SIGINT")
	flags.DurationVar(&p.timeout, "timeout", 5*time.Second, "per request")
	flags.DurationVar(&p.report, "report", time.Second, "time between report lines; 0 is none")
	flags.StringVar(&p.control, "control", "", "ip:port for GET / (summary) and /window?reset=1 (counts since the last reset)")
	flags.BoolVar(&p.fresh, "fresh-connections", false, "a new connection for each request")
	if err := flags.Parse(args); err != nil {
		return p, err
	}
	var err error
	p.url, err = url.Parse(*target)
	return p, errors.Join(err, p.check())
}

func (p plan) check() error {
	var problems []error
	require := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	require(p.url != nil && p.url.Scheme == "http" && p.url.Host != "", "--url: want http://ip:port/path")
	require(p.rps > 0, "--rps: want more than 0")
	require(p.workers > 0, "--workers: want 1 or more")
	require(p.timeout > 0, "--timeout: want more than 0")
	if p.control != "" {
		if err := checkAddress(p.control); err != nil {
			problems = append(problems, fmt.Errorf("--control: %w", err))
		}
	}
	if p.url != nil && net.ParseIP(p.url.Hostname()) != nil {
		port := p.url.Port()
		if port == "" {
			port = "80"
		}
		if err := checkAddress(net.JoinHostPort(p.url.Hostname(), port)); err != nil {
			problems = append(problems, fmt.Errorf("--url: %w", err))
		}
	}
	return errors.Join(problems...)
}

type loader struct {
	plan
	client *http.Client
	ledger *ledger
}

func load(args []string, out io.Writer) error {
	p, err := parsePlan(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if p.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.duration)
		defer cancel()
	}
	return run(ctx, p, out)
}

// run sends until ctx ends, waits for the requests in flight, and writes the summary as the last line.
func run(ctx context.Context, p plan, out io.Writer) error {
	l := &loader{plan: p, client: newClient(p), ledger: newLedger(time.Now())}
	if p.control != "" {
		listener, err := net.Listen("tcp", p.control)
		if err != nil {
			return err
		}
		defer listener.Close()
		go func() { _ = http.Serve(listener, l.controlHandler()) }()
	}
	encoder := json.NewEncoder(out)
	var reporting sync.WaitGroup
	reportCtx, stopReporting := context.WithCancel(context.Background())
	reporting.Add(1)
	go func() { defer reporting.Done(); l.reportTicks(reportCtx, encoder) }()
	l.send(ctx)
	stopReporting()
	reporting.Wait()
	return encoder.Encode(l.summary())
}

func newClient(p plan) *http.Client {
	return &http.Client{
		Timeout: p.timeout,
		Transport: &http.Transport{
			DialContext:         guardedDialer().DialContext,
			MaxIdleConnsPerHost: p.workers,
			DisableKeepAlives:   p.fresh,
			DisableCompression:  true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// send starts request number i at start + i/rps. A stall of this process is caught up at once, never skipped, so the
// number of requests asked for is the number started or counted as dropped.
func (l *loader) send(ctx context.Context) {
	var inFlight sync.WaitGroup
	slots := make(chan struct{}, l.workers)
	start := time.Now()
	for i := 0; ; i++ {
		due := start.Add(time.Duration(float64(i) / l.rps * float64(time.Second)))
		if !pause(ctx, time.Until(due)) || ctx.Err() != nil {
			break
		}
		select {
		case slots <- struct{}{}:
			inFlight.Add(1)
			go func() {
				defer inFlight.Done()
				l.request()
				<-slots
			}()
		default:
			l.ledger.drop()
		}
	}
	inFlight.Wait()
}

// unreplayable is an empty body that cannot be rewound: net/http repeats an idempotent request on its own when a kept
// connection breaks, which would hide exactly the failures this program exists to count.
type unreplayable struct{}

func (unreplayable) Read([]byte) (int, error) { return 0, io.EOF }
func (unreplayable) Close() error             { return nil }

func (l *loader) request() {
	begin := time.Now()
	request := &http.Request{
		Method: l.method, URL: l.url, Host: l.host, Header: http.Header(l.headers).Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: unreplayable{},
	}
	response, err := l.client.Do(request)
	if err != nil {
		l.ledger.add(result{err: err, took: time.Since(begin), detail: err.Error()}, time.Now())
		return
	}
	l.ledger.add(readAnswer(response, begin), time.Now())
}

type tickLine struct {
	Kind  string `json:"kind"`
	Total counts `json:"total"`
	Last  counts `json:"last"`
}

type summaryLine struct {
	Kind    string   `json:"kind"`
	Total   counts   `json:"total"`
	Samples []sample `json:"failureSamples"`
}

func (l *loader) reportTicks(ctx context.Context, encoder *json.Encoder) {
	if l.report <= 0 {
		return
	}
	ticker := time.NewTicker(l.report)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			total, last := l.ledger.takeTick(now)
			_ = encoder.Encode(tickLine{"tick", total, last})
		}
	}
}

func (l *loader) summary() summaryLine {
	total, samples := l.ledger.summary(time.Now())
	return summaryLine{"summary", total, samples}
}

func (l *loader) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, l.summary()) })
	mux.HandleFunc("GET /window", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, l.ledger.readWindow(time.Now(), r.URL.Query().Get("reset") == "1"))
	})
	return mux
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

type application struct {
	config
	conduct  conduct
	metrics  *metrics
	started  time.Time
	stopping atomic.Bool
	ballast  []byte
}

// drainTimeout bounds how long in-flight requests may keep a stopping process alive; kubelet's grace period is the
// real limit.
const drainTimeout = 60 * time.Second

func serve(env getenv) error {
	c, err := parseConfig(env)
	if err != nil {
		return err
	}
	app := newApplication(c)
	if c.crashes && c.crashAfter == 0 {
		app.crash()
	}
	server := &http.Server{Addr: c.address, Handler: app.handler(), Protocols: plainProtocols()}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if c.crashes {
		time.AfterFunc(c.crashAfter, app.crash)
	}
	fmt.Printf("serving version %s of %s on %s\n", c.version, c.workload, c.address)
	select {
	case err := <-failed:
		return err
	case <-stop:
		return app.shutDown(server)
	}
}

func newApplication(c config) *application {
	app := &application{config: c, metrics: newMetrics(c), started: time.Now()}
	app.conduct.current = c.behaviour
	app.ballast = make([]byte, c.memoryMB<<20)
	for i := 0; i < len(app.ballast); i += os.Getpagesize() {
		app.ballast[i] = 1
	}
	return app
}

// plainProtocols adds HTTP/2 without TLS, which is what Envoy speaks to a port named http2 or grpc.
func plainProtocols() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	p.SetUnencryptedHTTP2(true)
	return p
}

// shutDown keeps serving while endpoints and routes forget this pod, then drains.
func (a *application) shutDown(server *http.Server) error {
	a.stopping.Store(true)
	fmt.Printf("terminating: not ready any more, serving for %s\n", a.shutdownDelay)
	time.Sleep(a.shutdownDelay)
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	return server.Shutdown(ctx)
}

func (a *application) crash() {
	message := a.crashMessage
	if message == "" {
		message = fmt.Sprintf("version %s crashed after %s, as CRASH_AFTER_MS asks", a.version, a.crashAfter)
	}
	fmt.Fprintln(os.Stderr, message)
	// Best effort, as for any application: outside a pod the file does not exist and must not be made.
	if f, err := os.OpenFile(a.messagePath, os.O_WRONLY|os.O_TRUNC, 0); err == nil {
		_, _ = f.WriteString(message)
		_ = f.Close()
	}
	os.Exit(a.exitCode)
}

func (a *application) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		health(w, !a.conduct.get().FailLiveness, "told to fail liveness")
	})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		why := a.notReadyBecause()
		health(w, why == "", why)
	})
	mux.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_ = a.metrics.write(w)
	})
	mux.HandleFunc("GET /admin", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, a.conduct.get()) })
	mux.HandleFunc("POST /admin", a.admin)
	mux.HandleFunc("/", a.answer)
	return mux
}

func (a *application) notReadyBecause() string {
	switch {
	case a.stopping.Load():
		return "terminating"
	case time.Since(a.started) < a.startupDelay:
		return "starting"
	case a.conduct.get().FailReadiness:
		return "told to fail readiness"
	}
	return ""
}

func health(w http.ResponseWriter, ok bool, why string) {
	if ok {
		_, _ = w.Write([]byte("ok\n"))
		return
	}
	http.Error(w, why, http.StatusServiceUnavailable)
}

func (a *application) admin(w http.ResponseWriter, r *http.Request) {
	changed, err := a.conduct.get().with(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.conduct.set(changed)
	writeJSON(w, http.StatusOK, changed)
}

func (a *application) answer(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	fate := a.conduct.next()
	if !pause(r.Context(), fate.delay) {
		return
	}
	w.Header().Set("X-Version", a.version)
	if a.stopping.Load() {
		// Hands idle connections back one answer at a time, so that none is cut while a request is on its way.
		w.Header().Set("Connection", "close")
	}
	body := map[string]string{"version": a.version, "pod": a.pod}
	if fate.status != http.StatusOK {
		body["error"] = "told to fail this share of requests"
	}
	writeJSON(w, fate.status, body)
	if !strings.HasPrefix(r.UserAgent(), "kube-probe/") {
		a.metrics.observe(r.Method, fate.status, time.Since(begin))
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

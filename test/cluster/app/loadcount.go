package main

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// result is one request's end. A transport error has no status; a status without a version was not made by the
// application but by a proxy on the way.
type result struct {
	err     error
	status  int
	version string
	took    time.Duration
	detail  string
}

type failure string

const (
	noFailure        failure = ""
	byTransport      failure = "transport"
	byApplication    failure = "application"
	byInfrastructure failure = "infrastructure"
)

// kind counts 4xx without a version as infrastructure's too: the application answers every path, so such an answer
// means that no route was found.
func (r result) kind() failure {
	switch {
	case r.err != nil:
		return byTransport
	case r.status >= 400 && r.version == "":
		return byInfrastructure
	case r.status >= 500:
		return byApplication
	}
	return noFailure
}

// counts is the JSON a reader gets: for the whole run, the last tick, and the window since the last reset.
type counts struct {
	Seconds              float64          `json:"seconds"`
	Requests             int64            `json:"requests"`
	OK                   int64            `json:"ok"`
	Failed               int64            `json:"failed"`
	FailedTransport      int64            `json:"failedTransport"`
	FailedApplication    int64            `json:"failedApplication"`
	FailedInfrastructure int64            `json:"failedInfrastructure"`
	Dropped              int64            `json:"dropped"`
	ByVersion            map[string]int64 `json:"byVersion"`
	FailedByVersion      map[string]int64 `json:"failedByVersion"`
	ByStatus             map[string]int64 `json:"byStatus"`
	ByError              map[string]int64 `json:"byError"`
	LatencyMs            quantiles        `json:"latencyMs"`
}

type quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
	Mean float64 `json:"mean"`
}

type sample struct {
	At     string  `json:"at"`
	Kind   failure `json:"kind"`
	Status int     `json:"status,omitempty"`
	Detail string  `json:"detail"`
}

// span accumulates one period.
type span struct {
	counts
	since   time.Time
	latency [latencySteps]int64
	sumMs   float64
}

func newSpan(now time.Time) *span {
	return &span{since: now, counts: counts{
		ByVersion: map[string]int64{}, FailedByVersion: map[string]int64{}, ByStatus: map[string]int64{}, ByError: map[string]int64{},
	}}
}

func (s *span) add(r result) {
	s.Requests++
	ms := float64(r.took) / float64(time.Millisecond)
	s.latency[latencyStep(ms)]++
	s.sumMs += ms
	s.LatencyMs.Max = math.Max(s.LatencyMs.Max, ms)
	kind := r.kind()
	switch kind {
	case noFailure:
		s.OK++
	case byTransport:
		s.FailedTransport++
		s.ByError[errorName(r.err)]++
	case byApplication:
		s.FailedApplication++
	case byInfrastructure:
		s.FailedInfrastructure++
	}
	if kind != noFailure {
		s.Failed++
	}
	if r.status != 0 {
		s.ByStatus[strconv.Itoa(r.status)]++
	}
	if r.version != "" {
		s.ByVersion[r.version]++
		if kind != noFailure {
			s.FailedByVersion[r.version]++
		}
	}
}

// read returns a copy that later requests do not change.
func (s *span) read(now time.Time) counts {
	c := s.counts
	c.Seconds = round3(now.Sub(s.since).Seconds())
	c.ByVersion, c.FailedByVersion = copied(s.ByVersion), copied(s.FailedByVersion)
	c.ByStatus, c.ByError = copied(s.ByStatus), copied(s.ByError)
	if s.Requests > 0 {
		c.LatencyMs = quantiles{
			P50: s.quantile(0.5), P90: s.quantile(0.9), P95: s.quantile(0.95), P99: s.quantile(0.99),
			Max: round3(s.LatencyMs.Max), Mean: round3(s.sumMs / float64(s.Requests)),
		}
	}
	return c
}

// Latencies are kept in geometric steps of 2 % from 10 µs, which reach past two minutes.
const (
	latencySteps = 840
	latencyBase  = 0.01
	latencyRatio = 1.02
)

func latencyStep(ms float64) int {
	if ms <= latencyBase {
		return 0
	}
	return min(latencySteps-1, int(math.Log(ms/latencyBase)/math.Log(latencyRatio)))
}

func (s *span) quantile(q float64) float64 {
	wanted := int64(math.Ceil(q * float64(s.Requests)))
	seen := int64(0)
	for i, n := range s.latency {
		if seen += n; seen >= wanted {
			return round3(math.Min(latencyBase*math.Pow(latencyRatio, float64(i)+0.5), s.LatencyMs.Max))
		}
	}
	return round3(s.LatencyMs.Max)
}

func round3(v float64) float64 { return math.Round(v*1000) / 1000 }

func copied(m map[string]int64) map[string]int64 {
	c := make(map[string]int64, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func errorName(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(err.Error(), "server closed idle connection"):
		return "connection closed"
	}
	return "other"
}

// ledger keeps the three spans together, so that a request is in all of them or in none.
type ledger struct {
	mu                  sync.Mutex
	total, tick, window *span
	samples             []sample
}

const keptSamples = 20

func newLedger(now time.Time) *ledger {
	return &ledger{total: newSpan(now), tick: newSpan(now), window: newSpan(now), samples: []sample{}}
}

func (l *ledger) add(r result, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range []*span{l.total, l.tick, l.window} {
		s.add(r)
	}
	if kind := r.kind(); kind != noFailure && len(l.samples) < keptSamples {
		l.samples = append(l.samples, sample{At: now.UTC().Format(time.RFC3339Nano), Kind: kind, Status: r.status, Detail: r.detail})
	}
}

func (l *ledger) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range []*span{l.total, l.tick, l.window} {
		s.Dropped++
	}
}

// takeTick returns the totals and the period since the last tick, which it ends.
func (l *ledger) takeTick(now time.Time) (total, last counts) {
	l.mu.Lock()
	defer l.mu.Unlock()
	total, last = l.total.read(now), l.tick.read(now)
	l.tick = newSpan(now)
	return total, last
}

func (l *ledger) readWindow(now time.Time, reset bool) counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.window.read(now)
	if reset {
		l.window = newSpan(now)
	}
	return c
}

func (l *ledger) summary(now time.Time) (counts, []sample) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total.read(now), append([]sample{}, l.samples...)
}

// readAnswer drains the body, so that the connection can be used again, and turns the response into a result.
func readAnswer(response *http.Response, begin time.Time) result {
	defer response.Body.Close()
	head, err := io.ReadAll(io.LimitReader(response.Body, 200))
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
	}
	r := result{err: err, status: response.StatusCode, version: response.Header.Get("X-Version"), took: time.Since(begin)}
	r.detail = strings.TrimSpace(string(head))
	if err != nil {
		r.detail = err.Error()
	}
	return r
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"time"
)

// Bucket bounds: the client libraries' default for seconds, Istio's own for milliseconds.
var (
	secondBounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	milliBounds  = []float64{.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000}
)

type outcome struct {
	method string
	status int
}

type tally struct {
	count   uint64
	seconds *histogram
	millis  *histogram
}

// metrics counts answered requests, once for the application's own metrics and once as its sidecar would.
type metrics struct {
	mu     sync.Mutex
	byKind map[outcome]*tally
	labels string
}

func newMetrics(c config) *metrics {
	return &metrics{byKind: map[outcome]*tally{}, labels: sidecarLabels(c)}
}

func (m *metrics) observe(method string, status int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kind := outcome{method, status}
	t := m.byKind[kind]
	if t == nil {
		t = &tally{seconds: newHistogram(secondBounds), millis: newHistogram(milliBounds)}
		m.byKind[kind] = t
	}
	t.count++
	t.seconds.observe(took.Seconds())
	t.millis.observe(float64(took) / float64(time.Millisecond))
}

// write renders the Prometheus text format, families in one piece and in a stable order.
func (m *metrics) write(out io.Writer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := bufio.NewWriter(out)
	kinds := make([]outcome, 0, len(m.byKind))
	for k := range m.byKind {
		kinds = append(kinds, k)
	}
	sort.Slice(kinds, func(i, j int) bool {
		return kinds[i].method+fmt.Sprint(kinds[i].status) < kinds[j].method+fmt.Sprint(kinds[j].status)
	})
	family(w, "http_requests_total", "counter", "Requests answered by the application.")
	for _, k := range kinds {
		fmt.Fprintf(w, "http_requests_total{%s} %d\n", k.plain(), m.byKind[k].count)
	}
	family(w, "http_request_duration_seconds", "histogram", "Time the application took to answer.")
	for _, k := range kinds {
		m.byKind[k].seconds.write(w, "http_request_duration_seconds", k.plain())
	}
	family(w, "istio_requests_total", "counter", "Requests as the pod's sidecar would report them.")
	for _, k := range kinds {
		fmt.Fprintf(w, "istio_requests_total{%s} %d\n", k.sidecar(m.labels), m.byKind[k].count)
	}
	family(w, "istio_request_duration_milliseconds", "histogram", "Duration as the pod's sidecar would report it.")
	for _, k := range kinds {
		m.byKind[k].millis.write(w, "istio_request_duration_milliseconds", k.sidecar(m.labels))
	}
	return w.Flush()
}

func family(w *bufio.Writer, name, kind, help string) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (k outcome) plain() string {
	return fmt.Sprintf("method=%q,status=\"%d\"", k.method, k.status)
}

func (k outcome) sidecar(common string) string {
	return fmt.Sprintf("%s,response_code=\"%d\"", common, k.status)
}

// sidecarLabels are Istio's standard labels of a destination-side report over plain text: without mutual TLS the
// server side does not know its caller, hence the unknown sources.
func sidecarLabels(c config) string {
	pairs := [][2]string{
		{"reporter", "destination"},
		{"source_workload", "unknown"}, {"source_workload_namespace", "unknown"}, {"source_principal", "unknown"},
		{"source_app", "unknown"}, {"source_version", "unknown"}, {"source_cluster", "unknown"},
		{"source_canonical_service", "unknown"}, {"source_canonical_revision", "latest"},
		{"destination_workload", c.workload}, {"destination_workload_namespace", c.namespace},
		{"destination_principal", "unknown"}, {"destination_app", c.app}, {"destination_version", c.version},
		{"destination_service", c.service + "." + c.namespace + ".svc.cluster.local"},
		{"destination_service_name", c.service}, {"destination_service_namespace", c.namespace},
		{"destination_cluster", "Kubernetes"},
		{"destination_canonical_service", c.app}, {"destination_canonical_revision", c.version},
		{"request_protocol", "http"}, {"grpc_response_status", ""}, {"response_flags", "-"},
		{"connection_security_policy", "none"},
	}
	parts := make([]string, len(pairs))
	for i, p := range pairs {
		parts[i] = p[0] + "=\"" + labelEscaper.Replace(p[1]) + "\""
	}
	return strings.Join(parts, ",")
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func testPlan(t *testing.T, args ...string) plan {
	t.Helper()
	p, err := parsePlan(args)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func lastLine(t *testing.T, out *bytes.Buffer) summaryLine {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var s summaryLine
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil || s.Kind != "summary" {
		t.Fatalf("last line is no summary (%v): %s", err, lines[len(lines)-1])
	}
	return s
}

func TestAnswersAreTakenApartByTheirMaker(t *testing.T) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			w.WriteHeader(503)
		case 1:
			w.Header().Set("X-Version", "v2")
			w.WriteHeader(500)
		case 2:
			w.Header().Set("X-Version", "v1")
		default:
			w.WriteHeader(404)
		}
		if r.Host != "web" {
			t.Errorf("Host is %s", r.Host)
		}
	}))
	defer server.Close()
	p := testPlan(t, "--url", server.URL, "--host", "web", "--rps", "200")
	ctx, stop := context.WithCancel(context.Background())
	out := new(bytes.Buffer)
	go func() {
		for n.Load() < 40 {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	if err := run(ctx, p, out); err != nil {
		t.Fatal(err)
	}
	total := lastLine(t, out).Total
	if total.Requests != n.Load() {
		t.Errorf("%d requests counted, the server saw %d", total.Requests, n.Load())
	}
	if total.OK+total.Failed != total.Requests || total.FailedTransport != 0 || total.FailedApplication+total.FailedInfrastructure != total.Failed {
		t.Errorf("numbers do not add up: %+v", total)
	}
	if total.ByVersion["v2"] != total.FailedApplication || total.FailedByVersion["v2"] != total.ByVersion["v2"] || total.ByVersion["v1"] != total.OK {
		t.Errorf("versions: %+v", total)
	}
	if got := total.ByStatus["503"] + total.ByStatus["404"]; got != total.FailedInfrastructure {
		t.Errorf("%d answers without a version, %d counted as infrastructure", got, total.FailedInfrastructure)
	}
}

// A server that answers once per connection and then cuts it while the next request is on its way: net/http would
// send that request again.
func TestABrokenKeptConnectionIsAFailureNotARetry(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var heads atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				buffer := make([]byte, 4096)
				for i := range 2 {
					if _, err := conn.Read(buffer); err != nil {
						return
					}
					heads.Add(1)
					if i == 0 {
						fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nX-Version: v1\r\nContent-Length: 2\r\n\r\nok")
					}
				}
			}()
		}
	}()
	p := testPlan(t, "--url", "http://"+listener.Addr().String(), "--rps", "100", "--workers", "1")
	l := &loader{plan: p, client: newClient(p), ledger: newLedger(time.Now())}
	for range 4 {
		l.request()
	}
	total, samples := l.ledger.summary(time.Now())
	if total.OK != 2 || total.FailedTransport != 2 || heads.Load() != 4 {
		t.Errorf("ok %d, transport failures %d, requests on the wire %d; want 2, 2, 4", total.OK, total.FailedTransport, heads.Load())
	}
	if len(samples) != 2 || samples[0].Detail == "" {
		t.Errorf("samples: %+v", samples)
	}
}

func TestRequestsBeyondTheWorkersAreDroppedNotQueued(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Header().Set("X-Version", "v1")
	}))
	defer server.Close()
	p := testPlan(t, "--url", server.URL, "--rps", "1000", "--workers", "2")
	ctx, stop := context.WithCancel(context.Background())
	l := &loader{plan: p, client: newClient(p), ledger: newLedger(time.Now())}
	go func() {
		for {
			l.ledger.mu.Lock()
			dropped := l.ledger.total.Dropped
			l.ledger.mu.Unlock()
			if dropped >= 10 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		stop()
		close(release)
	}()
	l.send(ctx)
	total, _ := l.ledger.summary(time.Now())
	if total.Requests < 2 || total.Dropped < 10 || total.Failed != 0 {
		t.Errorf("got %+v", total)
	}
}

func TestWindowCountsSinceItsReset(t *testing.T) {
	l := newLedger(time.Now())
	l.add(result{status: 200, version: "v1"}, time.Now())
	if first := l.readWindow(time.Now(), true); first.Requests != 1 {
		t.Errorf("first window: %+v", first)
	}
	l.add(result{status: 200, version: "v2"}, time.Now())
	second := l.readWindow(time.Now(), false)
	if second.Requests != 1 || second.ByVersion["v1"] != 0 || second.ByVersion["v2"] != 1 {
		t.Errorf("second window: %+v", second)
	}
	if total, _ := l.summary(time.Now()); total.Requests != 2 {
		t.Errorf("total: %+v", total)
	}
}

func TestQuantilesAreWithinTwoPercent(t *testing.T) {
	s := newSpan(time.Now())
	for i := 1; i <= 1000; i++ {
		s.add(result{status: 200, version: "v1", took: time.Duration(i) * time.Millisecond})
	}
	q := s.read(time.Now()).LatencyMs
	for _, row := range []struct{ got, want float64 }{{q.P50, 500}, {q.P90, 900}, {q.P99, 990}} {
		if row.got < row.want*0.98 || row.got > row.want*1.02 {
			t.Errorf("got %v, want about %v", row.got, row.want)
		}
	}
	if q.Max != 1000 || q.Mean != 500.5 {
		t.Errorf("max %v mean %v", q.Max, q.Mean)
	}
}

func TestLoadStaysOnThisMachine(t *testing.T) {
	for address, allowed := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "10.244.3.9:8080": true, "10.96.0.1:443": true, "[::ffff:127.0.0.1]:80": true,
		"10.245.0.1:80": false, "192.0.2.1:80": false, "[2001:db8::1]:80": false, "10.97.0.1:80": false,
	} {
		if err := checkAddress(address); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := parsePlan([]string{"--url", "http://192.0.2.1/"}); err == nil {
		t.Error("a foreign --url was accepted")
	}
	// 0.0.0.0 connects to this machine in practice, but is not in the list: proves that the dialler itself refuses.
	_, err := guardedDialer().Dial("tcp", "0.0.0.0:9")
	if err == nil || !strings.Contains(err.Error(), "not allowed") {
		t.Errorf("dialler says %v", err)
	}
}

func TestTransportErrorsHaveNames(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	p := testPlan(t, "--url", "http://"+address)
	l := &loader{plan: p, client: newClient(p), ledger: newLedger(time.Now())}
	l.request()
	l.ledger.add(result{err: context.DeadlineExceeded}, time.Now())
	l.ledger.add(result{err: errors.New("odd")}, time.Now())
	total, _ := l.ledger.summary(time.Now())
	if total.ByError["connection refused"] != 1 || total.ByError["timeout"] != 1 || total.ByError["other"] != 1 {
		t.Errorf("got %v", total.ByError)
	}
}

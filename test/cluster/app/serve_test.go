package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func environment(pairs map[string]string) getenv {
	return func(name string) string { return pairs[name] }
}

func testApplication(t *testing.T, pairs map[string]string) (*application, *httptest.Server) {
	t.Helper()
	c, err := parseConfig(environment(pairs))
	if err != nil {
		t.Fatal(err)
	}
	app := newApplication(c)
	server := httptest.NewServer(app.handler())
	t.Cleanup(server.Close)
	return app, server
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestErrorsAreSpreadExactly(t *testing.T) {
	for _, row := range []struct {
		rate     float64
		requests int
		want     int
	}{{0, 1000, 0}, {1, 1000, 1000}, {0.05, 1000, 50}, {0.01, 100000, 1000}, {1.0 / 3, 3000, 1000}} {
		c := conduct{current: behaviour{ErrorRate: row.rate, ErrorStatus: 500}}
		failed, longestRun, run := 0, 0, 0
		for range row.requests {
			if c.next().status == 500 {
				failed, run = failed+1, 0
			} else {
				run++
			}
			longestRun = max(longestRun, run)
		}
		if failed != row.want {
			t.Errorf("rate %v: %d of %d failed, want %d", row.rate, failed, row.requests, row.want)
		}
		if row.rate > 0 && float64(longestRun) > 1/row.rate {
			t.Errorf("rate %v: %d answers in a row without an error", row.rate, longestRun)
		}
	}
}

func TestWorkloadIsReadFromThePodName(t *testing.T) {
	for pod, want := range map[string]string{
		"web-7d4b9c6f5d-x2x4z":        "web",
		"web-canary-7d4b9c6f5d-x2x4z": "web-canary",
		"my-db-x2x4z":                 "my-db",
		"store-0":                     "store",
		"bare":                        "bare",
	} {
		if got := workloadOf(pod); got != want {
			t.Errorf("workloadOf(%s) = %s, want %s", pod, got, want)
		}
	}
}

func TestEveryBadVariableIsReported(t *testing.T) {
	_, err := parseConfig(environment(map[string]string{"ERROR_RATE": "2", "LATENCY_MS": "fast", "FAIL_READINESS": "perhaps"}))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, name := range []string{"ERROR_RATE", "LATENCY_MS", "FAIL_READINESS"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
}

func TestAnswersNameVersionAndPod(t *testing.T) {
	_, server := testApplication(t, map[string]string{"APP_VERSION": "v2", "POD_NAME": "web-7d4b9c6f5d-x2x4z"})
	response, err := http.Get(server.URL + "/any/path")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body map[string]string
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != 200 || response.Header.Get("X-Version") != "v2" || body["version"] != "v2" || body["pod"] != "web-7d4b9c6f5d-x2x4z" {
		t.Errorf("got %d %v %v", response.StatusCode, response.Header, body)
	}
}

func TestOnlyRealRequestsAreCounted(t *testing.T) {
	_, server := testApplication(t, map[string]string{
		"POD_NAME": "web-canary-7d4b9c6f5d-x2x4z", "POD_NAMESPACE": "shop", "ERROR_RATE": "0.5", "APP_VERSION": "v2",
	})
	for range 4 {
		get(t, server.URL+"/")
	}
	get(t, server.URL+"/healthz")
	get(t, server.URL+"/readyz")
	probe, _ := http.NewRequest("GET", server.URL+"/", nil)
	probe.Header.Set("User-Agent", "kube-probe/1.36")
	if r, err := http.DefaultClient.Do(probe); err != nil {
		t.Fatal(err)
	} else {
		r.Body.Close()
	}
	_, text := get(t, server.URL+"/metrics")
	for _, line := range []string{
		`http_requests_total{method="GET",status="200"} 2`,
		`http_requests_total{method="GET",status="500"} 2`,
		`http_request_duration_seconds_count{method="GET",status="200"} 2`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "istio_requests_total") && strings.Contains(line, `response_code="500"`) {
			for _, label := range []string{`reporter="destination"`, `destination_workload="web-canary"`, `destination_workload_namespace="shop"`, `destination_service_name="web-canary"`} {
				if !strings.Contains(line, label) {
					t.Errorf("no %s in %s", label, line)
				}
			}
			return
		}
	}
	t.Error("no istio_requests_total for code 500")
}

func TestReadinessFollowsAdminAndTermination(t *testing.T) {
	app, server := testApplication(t, map[string]string{})
	expect := func(when string, want int) {
		t.Helper()
		if status, _ := get(t, server.URL+"/readyz"); status != want {
			t.Errorf("%s: readyz says %d, want %d", when, status, want)
		}
	}
	admin := func(query string, want int) {
		t.Helper()
		response, err := http.Post(server.URL+"/admin?"+query, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("admin %s: %d, want %d", query, response.StatusCode, want)
		}
	}
	expect("at first", 200)
	admin("failReadiness=true", 200)
	expect("told to fail", 503)
	admin("failReadiness=false&errorRate=7", 400)
	expect("after a refused change", 503)
	admin("failReadiness=false", 200)
	expect("told to recover", 200)
	app.stopping.Store(true)
	expect("terminating", 503)
	if status, _ := get(t, server.URL+"/"); status != 200 {
		t.Errorf("terminating: request got %d", status)
	}
}

package main

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// behaviour is what POST /admin may change while the application runs.
type behaviour struct {
	ErrorRate       float64 `json:"errorRate"`
	ErrorStatus     int     `json:"errorStatus"`
	LatencyMs       int     `json:"latencyMs"`
	LatencyJitterMs int     `json:"latencyJitterMs"`
	FailReadiness   bool    `json:"failReadiness"`
	FailLiveness    bool    `json:"failLiveness"`
}

// with returns the behaviour changed by query parameters named as its JSON fields; nothing is changed on an error.
func (b behaviour) with(q url.Values) (behaviour, error) {
	for name, values := range q {
		value := values[len(values)-1]
		var err error
		switch name {
		case "errorRate":
			b.ErrorRate, err = strconv.ParseFloat(value, 64)
			if err == nil && (b.ErrorRate < 0 || b.ErrorRate > 1 || math.IsNaN(b.ErrorRate)) {
				err = fmt.Errorf("want 0 to 1")
			}
		case "errorStatus":
			b.ErrorStatus, err = within(value, 400, 599)
		case "latencyMs":
			b.LatencyMs, err = within(value, 0, 600_000)
		case "latencyJitterMs":
			b.LatencyJitterMs, err = within(value, 0, 600_000)
		case "failReadiness":
			b.FailReadiness, err = strconv.ParseBool(value)
		case "failLiveness":
			b.FailLiveness, err = strconv.ParseBool(value)
		default:
			err = fmt.Errorf("unknown parameter")
		}
		if err != nil {
			return b, fmt.Errorf("%s=%q: %w", name, value, err)
		}
	}
	return b, nil
}

func within(value string, low, high int) (int, error) {
	n, err := strconv.Atoi(value)
	if err == nil && (n < low || n > high) {
		err = fmt.Errorf("want %d to %d", low, high)
	}
	return n, err
}

// conduct decides each request's fate. Errors are spread evenly (every 20th request at 0.05) and jitter follows a
// low-discrepancy sequence, so that a test with a given number of requests sees the same thing every time.
type conduct struct {
	mu       sync.Mutex
	current  behaviour
	debt     float64
	requests uint64
}

type fate struct {
	status int
	delay  time.Duration
}

func (c *conduct) get() behaviour {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

func (c *conduct) set(b behaviour) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = b
}

// Added to the debt so that sums such as 20 × 0.05, a hair under 1 in binary, still pay on the 20th request.
const roundingSlack = 1e-9

const goldenRatio = 0.6180339887498949

func (c *conduct) next() fate {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	_, u := math.Modf(float64(c.requests) * goldenRatio)
	jitter := time.Duration(u * float64(c.current.LatencyJitterMs) * float64(time.Millisecond))
	f := fate{status: 200, delay: time.Duration(c.current.LatencyMs)*time.Millisecond + jitter}
	c.debt += c.current.ErrorRate
	if c.debt >= 1-roundingSlack {
		c.debt--
		f.status = c.current.ErrorStatus
	}
	return f
}

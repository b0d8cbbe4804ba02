// SPDX-License-Identifier: MIT

// A channel for each port, and reflect.Select, which is Go's select over a number that is not known beforehand. The work
// is that of bursts.h.
package main

import (
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	length    = 64
	portShift = 48
)

func fail(status int, text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(status)
}

func number(name string, otherwise int) int {
	value, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		return otherwise
	}
	return value
}

func produce(channels []chan uint64, bursts, warmup uint64, answers <-chan bool, elapsed chan<- time.Duration) {
	posted := make([]uint64, len(channels))
	busy := uint64(number("BENCH_BUSY", len(channels)))
	step := uint64(len(channels)) / busy
	random := uint64(0)
	var start time.Time
	for i := uint64(0); i < bursts; i++ {
		if i == warmup {
			start = time.Now()
		}
		for j := 0; j < length; j++ {
			random = random*6364136223846793005 + 1442695040888963407
			port := (random >> 33) % busy * step
			channels[port] <- port<<portShift | posted[port]
			posted[port]++
		}
		<-answers
	}
	elapsed <- time.Since(start)
}

func consume(channels []chan uint64, messages uint64, answers chan<- bool) {
	next := make([]uint64, len(channels))
	cases := make([]reflect.SelectCase, len(channels))
	for i, channel := range channels {
		cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(channel)}
	}
	for n := uint64(1); n <= messages; n++ {
		port, value, _ := reflect.Select(cases)
		if value.Uint() != uint64(port)<<portShift|next[port] {
			fail(1, "a wrong message, or out of order")
		}
		next[port]++
		if n%length == 0 {
			answers <- true
		}
	}
}

func main() {
	if len(os.Args) != 6 || os.Args[1] != "select" {
		fail(2, "unknown work")
	}
	count, _ := strconv.ParseUint(os.Args[5], 10, 64)
	ports := number("BENCH_PORTS", 1)
	warmup := count/length/10 + 1
	bursts := count/length + 1 + warmup
	channels := make([]chan uint64, ports)
	for i := range channels {
		channels[i] = make(chan uint64, length)
	}
	answers, elapsed := make(chan bool, 1), make(chan time.Duration)
	go produce(channels, bursts, warmup, answers, elapsed)
	consume(channels, bursts*length, answers)
	nanoseconds := (<-elapsed).Nanoseconds()
	fmt.Printf("{\"version\": %q, \"rate\": %.1f, \"elapsed_ns\": %d}\n", strings.TrimPrefix(runtime.Version(), "go"),
		float64((bursts-warmup)*length)*1e9/float64(nanoseconds), nanoseconds)
}

// SPDX-License-Identifier: MIT

// Goroutines, a channel of tasks and one of results; main sends and receives. The task and its check are those of
// tasks.h.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

const (
	factor = 6364136223846793005
	addend = 1442695040888963407
)

var steps uint64

type task struct{ input, result uint64 }

func run(x uint64) uint64 {
	for i := uint64(0); i < steps; i++ {
		x = x*factor + addend
	}
	return x
}

func work(in <-chan task, out chan<- task) {
	for t := range in {
		t.result = run(t.input)
		out <- t
	}
}

func main() {
	if len(os.Args) != 6 || os.Args[1] != "pool" {
		fmt.Fprintln(os.Stderr, "unknown work")
		os.Exit(2)
	}
	count, _ := strconv.ParseUint(os.Args[5], 10, 64)
	steps, _ = strconv.ParseUint(os.Getenv("BENCH_STEPS"), 10, 64)
	count++
	warmup := count/10 + 1
	total := count + warmup
	allFactor, allAddend := uint64(1), uint64(0)
	for i := uint64(0); i < steps; i++ {
		allFactor *= factor
		allAddend = allAddend*factor + addend
	}
	window, _ := strconv.ParseUint(os.Getenv("BENCH_WINDOW"), 10, 64)
	if window == 0 {
		window = 1024
	}
	in, out := make(chan task, window), make(chan task, window)
	workers, _ := strconv.Atoi(os.Getenv("BENCH_WORKERS"))
	if workers == 0 {
		workers = 2
	}
	for i := 0; i < workers; i++ {
		go work(in, out)
	}
	var submitted, finished, sum uint64
	var start time.Time
	for finished < total {
		part := total
		if finished < warmup {
			part = warmup
		}
		for submitted < part && submitted-finished < window {
			in <- task{input: submitted}
			submitted++
		}
		// Half of them come back before the next are sent: one by one is slower.
		for n := (submitted-finished)/2 + 1; n > 0 && finished < submitted; n-- {
			t := <-out
			if t.result != t.input*allFactor+allAddend {
				fmt.Fprintln(os.Stderr, "a task has a wrong result")
				os.Exit(1)
			}
			sum += t.input
			if finished++; finished == warmup {
				start = time.Now()
			}
		}
	}
	elapsed := time.Since(start).Nanoseconds()
	if sum != total*(total-1)/2 {
		fmt.Fprintln(os.Stderr, "tasks are missing, or came twice")
		os.Exit(1)
	}
	fmt.Printf("{\"version\": \"%s\", \"rate\": %.1f, \"elapsed_ns\": %d}\n", runtime.Version()[2:],
		float64(total-warmup)*1e9/float64(elapsed), elapsed)
}

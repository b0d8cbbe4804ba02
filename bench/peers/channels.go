// SPDX-License-Identifier: MIT

// Go's buffered channels, elements by value. Goroutines are scheduled as usual, on as many threads as there are CPUs.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// The payload, the checks and the timing are those of harness.h and harness.c.
const (
	offsetFactor    = 0x9e3779b97f4a7c15
	lineWords       = 8
	producersMax    = 64
	tripsPerBatch   = 8
	exitWrong       = 1
	exitUnknown     = 2
	capacityUsual   = 1024
	capacityOf16KiB = 64
	sizeOf16KiB     = 16384
	producerShift   = 56
	nanosPerSecond  = 1e9
	warmupPart      = 10
)

type args struct {
	work, variant string
	size          int
	producers     int
	count, warmup uint64
	capacity      int
}

type payload interface {
	[1]uint64 | [8]uint64 | [32]uint64 | [128]uint64 | [2048]uint64
}

func wordsOf[T payload](element *T) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(element)), unsafe.Sizeof(*element)/8)
}

func stamp(words []uint64, producer int, sequence uint64) {
	id := uint64(producer)<<producerShift | sequence
	for i := 0; i < len(words); i += lineWords {
		words[i] = id + uint64(i)*8*offsetFactor
	}
	last := len(words) - 1
	words[last] = id + uint64(last)*8*offsetFactor
}

type checker struct {
	wrong uint64
	next  [producersMax]uint64
}

func (c *checker) check(words []uint64) {
	id := words[0]
	producer := (id >> producerShift) % producersMax
	bad := id ^ (producer<<producerShift | c.next[producer])
	c.next[producer]++
	for i := lineWords; i < len(words); i += lineWords {
		bad |= words[i] ^ (id + uint64(i)*8*offsetFactor)
	}
	last := len(words) - 1
	bad |= words[last] ^ (id + uint64(last)*8*offsetFactor)
	if bad != 0 {
		c.wrong++
	}
}

func (c *checker) end(a *args) {
	for i := 0; i < a.producers; i++ {
		if c.wrong != 0 || c.next[i] != a.warmup+a.count {
			fail(exitWrong, a.work+": wrong payload")
		}
	}
}

func fail(status int, text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(status)
}

func version() string {
	return strings.TrimPrefix(runtime.Version(), "go")
}

func produce[T payload](a *args, channel chan<- T, producer int, warm *sync.WaitGroup) {
	var own T
	words := wordsOf(&own)
	for i := uint64(0); i < a.warmup+a.count; i++ {
		if i == a.warmup {
			warm.Wait()
		}
		stamp(words, producer, i)
		channel <- own
	}
}

func stream[T payload](a *args) {
	var element T
	var check checker
	var warm sync.WaitGroup
	words := wordsOf(&element)
	channel := make(chan T, a.capacity)

	warm.Add(1)
	for i := 0; i < a.producers; i++ {
		go produce(a, channel, i, &warm)
	}
	consume := func(count uint64) {
		for ; count > 0; count-- {
			element = <-channel
			check.check(words)
		}
	}
	consume(uint64(a.producers) * a.warmup)
	start := time.Now()
	warm.Done()
	total := uint64(a.producers) * a.count
	consume(total)
	elapsed := time.Since(start).Nanoseconds()
	check.end(a)
	fmt.Printf("{\"version\": %q, \"rate\": %.1f, \"elapsed_ns\": %d}\n",
		version(), float64(total)*nanosPerSecond/float64(elapsed), elapsed)
}

// A channel for each receiver, as there is no broadcast; producers of the arguments is their number.
func broadcast(a *args) {
	var warm, done sync.WaitGroup
	channels := make([]chan [8]uint64, a.producers)
	wrong := make([]uint64, a.producers)

	warm.Add(a.producers)
	done.Add(a.producers)
	for i := range channels {
		channels[i] = make(chan [8]uint64, a.capacity)
		go func(i int) {
			var element [8]uint64
			var check checker
			words := element[:]
			for n := uint64(0); n < a.warmup+a.count; n++ {
				if n == a.warmup {
					warm.Done()
				}
				element = <-channels[i]
				check.check(words)
			}
			wrong[i] = check.wrong
			done.Done()
		}(i)
	}
	var own [8]uint64
	post := func(from, to uint64) {
		for n := from; n < to; n++ {
			stamp(own[:], 0, n)
			for _, channel := range channels {
				channel <- own
			}
		}
	}
	post(0, a.warmup)
	warm.Wait()
	start := time.Now()
	post(a.warmup, a.warmup+a.count)
	done.Wait()
	elapsed := time.Since(start).Nanoseconds()
	for _, count := range wrong {
		if count != 0 {
			fail(exitWrong, "broadcast: wrong payload")
		}
	}
	fmt.Printf("{\"version\": %q, \"rate\": %.1f, \"elapsed_ns\": %d}\n",
		version(), float64(uint64(a.producers)*a.count)*nanosPerSecond/float64(elapsed), elapsed)
}

func inOrder(times []int64) []int64 {
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	return times
}

func ofThousand(sorted []int64, permille int) int64 {
	return sorted[(len(sorted)-1)*permille/1000]
}

func batches(a *args) uint64 {
	return a.count/tripsPerBatch + 1
}

func tripsTotal(a *args) uint64 {
	return a.warmup + batches(a)*tripsPerBatch + a.count
}

func trips(a *args, trip func(sequence uint64)) {
	batchTimes := make([]int64, batches(a))
	times := make([]int64, a.count)
	sequence := uint64(0)
	for ; sequence < a.warmup; sequence++ {
		trip(sequence)
	}
	start := time.Now()
	before := start
	for i := range batchTimes {
		for j := 0; j < tripsPerBatch; j++ {
			trip(sequence)
			sequence++
		}
		after := time.Now()
		batchTimes[i] = after.Sub(before).Nanoseconds()
		before = after
	}
	for i := range times {
		trip(sequence)
		sequence++
		after := time.Now()
		times[i] = after.Sub(before).Nanoseconds()
		before = after
	}
	inOrder(times)
	fmt.Printf("{\"version\": %q, \"median_ns\": %.1f, \"p50_ns\": %d, \"p99_ns\": %d, \"p999_ns\": %d, "+
		"\"elapsed_ns\": %d}\n", version(), float64(ofThousand(inOrder(batchTimes), 500))/tripsPerBatch,
		ofThousand(times, 500), ofThousand(times, 990), ofThousand(times, 999), before.Sub(start).Nanoseconds())
}

func pingpong(a *args) {
	there, back := make(chan uint64, a.capacity), make(chan uint64, a.capacity)
	go func() {
		for i := tripsTotal(a); i > 0; i-- {
			back <- <-there
		}
	}()
	trips(a, func(sequence uint64) {
		there <- sequence
		if <-back != sequence {
			fail(exitWrong, "round trip: wrong answer")
		}
	})
}

// A goroutine is no thread; the row is there because it is what a Go program does instead.
func spawn(a *args) {
	trips(a, func(sequence uint64) {
		message := make(chan uint64, 1)
		var done sync.WaitGroup
		done.Add(1)
		go func() {
			message <- sequence
			done.Done()
		}()
		if <-message != sequence {
			fail(exitWrong, "spawn: wrong message")
		}
		done.Wait()
	})
}

const idleGoroutines = 200000 // small things, of which a program has many

func residentKiB() float64 {
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		fail(exitWrong, err.Error())
	}
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Rss:" {
			return float64(number(fields[1]))
		}
	}
	fail(exitWrong, "no Rss")
	return 0
}

func memory(a *args) {
	var online sync.WaitGroup
	never := make(chan uint64)
	before := residentKiB()
	online.Add(idleGoroutines)
	for i := 0; i < idleGoroutines; i++ {
		go func() {
			online.Done()
			<-never
		}()
	}
	online.Wait()
	time.Sleep(200 * time.Millisecond)
	fmt.Printf("{\"version\": %q, \"kib\": %.2f}\n", version(), (residentKiB()-before)/idleGoroutines)
}

func number(text string) uint64 {
	value, err := strconv.ParseUint(text, 10, 40)
	if err != nil || value == 0 {
		fail(exitUnknown, "not a number: "+text)
	}
	return value
}

func parse(argv []string) *args {
	if len(argv) != 6 {
		fail(exitUnknown, "usage: WORK VARIANT SIZE PRODUCERS COUNT")
	}
	a := &args{work: argv[1], variant: argv[2], size: int(number(argv[3])), producers: int(number(argv[4]))}
	if a.producers > producersMax {
		fail(exitUnknown, "too many producers")
	}
	a.count = number(argv[5])/uint64(a.producers) + 1
	a.warmup = a.count/warmupPart + 1
	a.capacity = capacityUsual
	if a.size >= sizeOf16KiB {
		a.capacity = capacityOf16KiB
	}
	return a
}

func main() {
	a := parse(os.Args)
	streams := map[int]func(*args){
		8: stream[[1]uint64], 64: stream[[8]uint64], 256: stream[[32]uint64],
		1024: stream[[128]uint64], 16384: stream[[2048]uint64],
	}
	works := map[string]func(*args){
		"stream": streams[a.size], "fanin": streams[a.size], "pingpong": pingpong, "spawn": spawn,
		"memory": memory,
	}
	if a.size == 64 {
		works["broadcast"] = broadcast
	}
	work := works[a.work]
	if work == nil {
		fail(exitUnknown, "unknown: "+a.work)
	}
	work(a)
}

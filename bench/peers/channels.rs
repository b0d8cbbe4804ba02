// SPDX-License-Identifier: MIT

//! Rust's channels, elements by value: std's `sync_channel` ("sync") and `channel` ("std"), crossbeam-channel's `bounded`
//! ("crossbeam", when built with `--cfg crossbeam`).

use std::sync::{mpsc, Arc, Barrier};
use std::time::Instant;
use std::{env, process, thread};

// The payload, the checks and the timing are those of harness.h and harness.c.
const OFFSET_FACTOR: u64 = 0x9e3779b97f4a7c15;
const LINE_WORDS: usize = 8;
const PRODUCERS_MAX: usize = 64;
const PRODUCER_SHIFT: u32 = 56;
const TRIPS_PER_BATCH: u64 = 8;

#[derive(Clone)]
struct Args {
    work: String,
    variant: String,
    size: usize,
    producers: usize,
    count: u64,
    warmup: u64,
    capacity: usize,
}

trait Send1<T>: Clone + Send + 'static {
    fn send(&self, element: T);
}

trait Receive1<T>: Send + 'static {
    fn receive(&self) -> T;
}

macro_rules! sender_end {
    ($sender:ty) => {
        impl<T: Send + 'static> Send1<T> for $sender {
            #[inline(always)]
            fn send(&self, element: T) {
                if <$sender>::send(self, element).is_err() {
                    fail(1, "send: the receiver is gone");
                }
            }
        }
    };
}

macro_rules! receiver_end {
    ($receiver:ty) => {
        impl<T: Send + 'static> Receive1<T> for $receiver {
            #[inline(always)]
            fn receive(&self) -> T {
                self.recv().expect("receive")
            }
        }
    };
}

trait Channel {
    type Sender<T: Send + 'static>: Send1<T>;
    type Receiver<T: Send + 'static>: Receive1<T>;
    fn open<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>);
    fn version() -> &'static str;
}

struct StdSync;
struct StdUnbounded;

sender_end!(mpsc::SyncSender<T>);
sender_end!(mpsc::Sender<T>);
receiver_end!(mpsc::Receiver<T>);

impl Channel for StdSync {
    type Sender<T: Send + 'static> = mpsc::SyncSender<T>;
    type Receiver<T: Send + 'static> = mpsc::Receiver<T>;
    fn open<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        mpsc::sync_channel(capacity)
    }
    fn version() -> &'static str {
        env!("BENCH_RUSTC_VERSION")
    }
}

impl Channel for StdUnbounded {
    type Sender<T: Send + 'static> = mpsc::Sender<T>;
    type Receiver<T: Send + 'static> = mpsc::Receiver<T>;
    fn open<T: Send + 'static>(_capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        mpsc::channel()
    }
    fn version() -> &'static str {
        env!("BENCH_RUSTC_VERSION")
    }
}

#[cfg(crossbeam)]
struct Crossbeam;

#[cfg(crossbeam)]
sender_end!(crossbeam_channel::Sender<T>);
#[cfg(crossbeam)]
receiver_end!(crossbeam_channel::Receiver<T>);

#[cfg(crossbeam)]
impl Channel for Crossbeam {
    type Sender<T: Send + 'static> = crossbeam_channel::Sender<T>;
    type Receiver<T: Send + 'static> = crossbeam_channel::Receiver<T>;
    fn open<T: Send + 'static>(capacity: usize) -> (Self::Sender<T>, Self::Receiver<T>) {
        crossbeam_channel::bounded(capacity)
    }
    fn version() -> &'static str {
        env!("BENCH_CROSSBEAM_VERSION")
    }
}

fn fail(status: i32, text: &str) -> ! {
    eprintln!("{text}");
    process::exit(status)
}

#[inline(always)]
fn word_at(id: u64, index: usize) -> u64 {
    id.wrapping_add((index as u64 * 8).wrapping_mul(OFFSET_FACTOR))
}

#[inline(always)]
fn stamp<const W: usize>(words: &mut [u64; W], producer: usize, sequence: u64) {
    let id = (producer as u64) << PRODUCER_SHIFT | sequence;
    for i in (0..W).step_by(LINE_WORDS) {
        words[i] = word_at(id, i);
    }
    words[W - 1] = word_at(id, W - 1);
}

struct Check {
    wrong: u64,
    next: [u64; PRODUCERS_MAX],
}

impl Default for Check {
    fn default() -> Self {
        Check { wrong: 0, next: [0; PRODUCERS_MAX] }
    }
}

impl Check {
    #[inline(always)]
    fn check<const W: usize>(&mut self, words: &[u64; W]) {
        let id = words[0];
        let producer = (id >> PRODUCER_SHIFT) as usize % PRODUCERS_MAX;
        let mut bad = id ^ ((producer as u64) << PRODUCER_SHIFT | self.next[producer]);
        self.next[producer] += 1;
        for i in (LINE_WORDS..W).step_by(LINE_WORDS) {
            bad |= words[i] ^ word_at(id, i);
        }
        bad |= words[W - 1] ^ word_at(id, W - 1);
        self.wrong += (bad != 0) as u64;
    }

    fn end(&self, args: &Args) {
        let short = self.next[..args.producers]
            .iter()
            .any(|next| *next != args.warmup + args.count);
        if self.wrong != 0 || short {
            fail(1, "wrong payload");
        }
    }
}

fn stream<C: Channel, const W: usize>(args: &Args) {
    let (sender, receiver) = C::open::<[u64; W]>(args.capacity);
    let barrier = Arc::new(Barrier::new(args.producers + 1));
    let mut check = Check::default();
    let mut threads = Vec::new();

    for producer in 0..args.producers {
        let (sender, barrier, args) = (sender.clone(), barrier.clone(), args.clone());
        threads.push(thread::spawn(move || {
            let mut own = [0u64; W];
            for i in 0..args.warmup + args.count {
                if i == args.warmup {
                    barrier.wait();
                }
                stamp(&mut own, producer, i);
                sender.send(own);
            }
        }));
    }
    let mut consume = |count: u64| {
        for _ in 0..count {
            check.check(&receiver.receive());
        }
    };
    consume(args.producers as u64 * args.warmup);
    let start = Instant::now();
    barrier.wait();
    let total = args.producers as u64 * args.count;
    consume(total);
    let elapsed = start.elapsed().as_nanos();
    for thread in threads {
        thread.join().expect("join");
    }
    check.end(args);
    let rate = total as f64 * 1e9 / elapsed as f64;
    println!(
        "{{\"version\": \"{}\", \"rate\": {rate:.1}, \"elapsed_ns\": {elapsed}}}",
        C::version()
    );
}

/// One poster and a channel for each receiver, as there is no broadcast; `producers` of the arguments is their number.
fn broadcast<C: Channel, const W: usize>(args: &Args) {
    let barrier = Arc::new(Barrier::new(args.producers + 1));
    let (mut senders, mut threads) = (Vec::new(), Vec::new());

    for _ in 0..args.producers {
        let (sender, receiver) = C::open::<[u64; W]>(args.capacity);
        let (barrier, args) = (barrier.clone(), args.clone());
        senders.push(sender);
        threads.push(thread::spawn(move || {
            let mut check = Check::default();
            for i in 0..args.warmup + args.count {
                if i == args.warmup {
                    barrier.wait();
                }
                check.check(&receiver.receive());
            }
            check.wrong
        }));
    }
    let mut own = [0u64; W];
    let mut post = |from: u64, to: u64| {
        for i in from..to {
            stamp(&mut own, 0, i);
            for sender in &senders {
                sender.send(own);
            }
        }
    };
    post(0, args.warmup);
    barrier.wait();
    let start = Instant::now();
    post(args.warmup, args.warmup + args.count);
    let wrong: u64 = threads.into_iter().map(|thread| thread.join().expect("join")).sum();
    let elapsed = start.elapsed().as_nanos();
    if wrong != 0 {
        fail(1, "wrong payload");
    }
    let rate = (args.producers as u64 * args.count) as f64 * 1e9 / elapsed as f64;
    println!(
        "{{\"version\": \"{}\", \"rate\": {rate:.1}, \"elapsed_ns\": {elapsed}}}",
        C::version()
    );
}

fn of_thousand(sorted: &[u64], permille: usize) -> u64 {
    sorted[(sorted.len() - 1) * permille / 1000]
}

fn batches(args: &Args) -> u64 {
    args.count / TRIPS_PER_BATCH + 1
}

fn trips_total(args: &Args) -> u64 {
    args.warmup + batches(args) * TRIPS_PER_BATCH + args.count
}

fn trips(args: &Args, version: &str, mut trip: impl FnMut(u64)) {
    let (mut batch_times, mut times) = (Vec::new(), Vec::new());
    let mut sequence = 0..;
    for _ in 0..args.warmup {
        trip(sequence.next().unwrap());
    }
    let start = Instant::now();
    let mut before = start;
    let mut lap = || {
        let after = Instant::now();
        let elapsed = after.duration_since(before).as_nanos() as u64;
        before = after;
        elapsed
    };
    batch_times.reserve(batches(args) as usize);
    times.reserve(args.count as usize);
    for _ in 0..batches(args) {
        for _ in 0..TRIPS_PER_BATCH {
            trip(sequence.next().unwrap());
        }
        batch_times.push(lap());
    }
    for _ in 0..args.count {
        trip(sequence.next().unwrap());
        times.push(lap());
    }
    let elapsed = start.elapsed().as_nanos();
    batch_times.sort_unstable();
    times.sort_unstable();
    let median = of_thousand(&batch_times, 500) as f64 / TRIPS_PER_BATCH as f64;
    let [p50, p99, p999] = [500, 990, 999].map(|permille| of_thousand(&times, permille));
    println!(
        "{{\"version\": \"{version}\", \"median_ns\": {median:.1}, \"p50_ns\": {p50}, \"p99_ns\": {p99}, \
         \"p999_ns\": {p999}, \"elapsed_ns\": {elapsed}}}"
    );
}

fn pingpong<C: Channel>(args: &Args) {
    let (there, echo_from) = C::open::<u64>(args.capacity);
    let (echo_to, back) = C::open::<u64>(args.capacity);
    let total = trips_total(args);
    let echo = thread::spawn(move || {
        for _ in 0..total {
            echo_to.send(echo_from.receive());
        }
    });
    trips(args, C::version(), |sequence| {
        there.send(sequence);
        if back.receive() != sequence {
            fail(1, "round trip: wrong answer");
        }
    });
    echo.join().expect("join");
}

fn spawn<C: Channel>(args: &Args) {
    trips(args, C::version(), |sequence| {
        let (sender, receiver) = C::open::<u64>(1);
        let thread = thread::spawn(move || sender.send(sequence));
        if receiver.receive() != sequence {
            fail(1, "spawn: wrong message");
        }
        thread.join().expect("join");
    });
}

fn run<C: Channel>(args: &Args) {
    match (args.work.as_str(), args.size) {
        ("stream" | "fanin", 8) => stream::<C, 1>(args),
        ("stream" | "fanin", 64) => stream::<C, 8>(args),
        ("stream" | "fanin", 256) => stream::<C, 32>(args),
        ("stream" | "fanin", 1024) => stream::<C, 128>(args),
        ("stream" | "fanin", 16384) => stream::<C, 2048>(args),
        ("broadcast", 64) => broadcast::<C, 8>(args),
        ("pingpong", _) => pingpong::<C>(args),
        ("spawn", _) => spawn::<C>(args),
        _ => fail(2, "unknown work or size"),
    }
}

fn number(text: &str) -> u64 {
    match text.parse() {
        Ok(value) if value > 0 && value < 1 << 40 => value,
        _ => fail(2, "not a number"),
    }
}

fn main() {
    let argv: Vec<String> = env::args().collect();
    if argv.len() != 6 {
        fail(2, "usage: WORK VARIANT SIZE PRODUCERS COUNT");
    }
    let (size, producers) = (number(&argv[3]) as usize, number(&argv[4]) as usize);
    if producers > PRODUCERS_MAX {
        fail(2, "too many producers");
    }
    let count = number(&argv[5]) / producers as u64 + 1;
    let args = Args {
        work: argv[1].clone(),
        variant: argv[2].clone(),
        size,
        producers,
        count,
        warmup: count / 10 + 1,
        capacity: if size < 16384 { 1024 } else { 64 },
    };
    match args.variant.as_str() {
        "sync" => run::<StdSync>(&args),
        "std" => run::<StdUnbounded>(&args),
        #[cfg(crossbeam)]
        "crossbeam" => run::<Crossbeam>(&args),
        _ => fail(2, "unknown variant"),
    }
}

// SPDX-License-Identifier: MIT

//! A bounded channel for each port, and crossbeam-channel's `Select`. The work is that of bursts.h.

use crossbeam_channel::{bounded, Receiver, Select, Sender};
use std::time::{Duration, Instant};
use std::{env, process, thread};

const LENGTH: u64 = 64;
const PORT_SHIFT: u32 = 48;

fn fail(status: i32, text: &str) -> ! {
    eprintln!("{text}");
    process::exit(status)
}

fn number(name: &str, otherwise: usize) -> usize {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn produce(channels: Vec<Sender<u64>>, bursts: u64, warmup: u64, answers: Receiver<()>) -> Duration {
    let mut posted = vec![0u64; channels.len()];
    let busy = number("BENCH_BUSY", channels.len());
    let (mut random, mut start) = (0u64, Instant::now());
    for i in 0..bursts {
        if i == warmup {
            start = Instant::now();
        }
        for _ in 0..LENGTH {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let port = (random >> 33) as usize % busy * (channels.len() / busy);
            channels[port].send((port as u64) << PORT_SHIFT | posted[port]).expect("send");
            posted[port] += 1;
        }
        answers.recv().expect("receive");
    }
    start.elapsed()
}

fn consume(channels: &[Receiver<u64>], messages: u64, answers: Sender<()>) {
    let mut next = vec![0u64; channels.len()];
    let mut select = Select::new();
    for channel in channels {
        select.recv(channel);
    }
    for n in 1..=messages {
        let ready = select.select();
        let port = ready.index();
        let word = ready.recv(&channels[port]).expect("receive");
        if word != (port as u64) << PORT_SHIFT | next[port] {
            fail(1, "a wrong message, or out of order");
        }
        next[port] += 1;
        if n % LENGTH == 0 {
            answers.send(()).expect("send");
        }
    }
}

fn main() {
    let argv: Vec<String> = env::args().collect();
    if argv.len() != 6 || argv[1] != "select" {
        fail(2, "unknown work");
    }
    let count: u64 = argv[5].parse().expect("a number");
    let ports: usize = env::var("BENCH_PORTS").expect("BENCH_PORTS").parse().expect("a number");
    let warmup = count / LENGTH / 10 + 1;
    let bursts = count / LENGTH + 1 + warmup;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..ports).map(|_| bounded(LENGTH as usize)).unzip();
    let (answer, answers) = bounded(1);
    let poster = thread::spawn(move || produce(senders, bursts, warmup, answers));
    consume(&receivers, bursts * LENGTH, answer);
    let elapsed = poster.join().expect("join").as_nanos();
    let rate = ((bursts - warmup) * LENGTH) as f64 * 1e9 / elapsed as f64;
    println!(
        "{{\"version\": \"{}\", \"rate\": {rate:.1}, \"elapsed_ns\": {elapsed}}}",
        env!("BENCH_CROSSBEAM_VERSION")
    );
}

// SPDX-License-Identifier: MIT

//! Threads, and crossbeam: variant "queue" has an ArrayQueue of tasks and one of results, whose ends spin, yield, and
//! never sleep; "channel" has bounded channels. The task and its check are those of tasks.h.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use std::{env, process, thread};

use crossbeam_utils::Backoff;

const FACTOR: u64 = 6364136223846793005;
const ADDEND: u64 = 1442695040888963407;

// Hidden from the compiler: it would make one step of several.
fn run(steps: u64, mut x: u64) -> u64 {
    let (factor, addend) = (black_box(FACTOR), black_box(ADDEND));
    for _ in 0..steps {
        x = x.wrapping_mul(factor).wrapping_add(addend);
    }
    x
}

fn fail(status: i32, what: &str) -> ! {
    eprintln!("{}", what);
    process::exit(status)
}

type Task = (u64, u64);

trait Queue: Send + Sync + 'static {
    fn push(&self, task: Task);
    fn pop(&self) -> Task;
}

impl Queue for crossbeam_queue::ArrayQueue<Task> {
    fn push(&self, mut task: Task) {
        let backoff = Backoff::new();
        while let Err(again) = crossbeam_queue::ArrayQueue::push(self, task) {
            task = again;
            backoff.snooze();
        }
    }

    fn pop(&self) -> Task {
        let backoff = Backoff::new();
        loop {
            if let Some(task) = crossbeam_queue::ArrayQueue::pop(self) {
                return task;
            }
            backoff.snooze();
        }
    }
}

struct Channel(crossbeam_channel::Sender<Task>, crossbeam_channel::Receiver<Task>);

impl Queue for Channel {
    fn push(&self, task: Task) {
        self.0.send(task).expect("send")
    }

    fn pop(&self) -> Task {
        self.1.recv().expect("receive")
    }
}

fn measure<Q: Queue>(make: impl Fn(usize) -> Q, steps: u64, count: u64) {
    let window: u64 = env::var("BENCH_WINDOW").map_or(1024, |text| text.parse().expect("a number"));
    let (input, output) = (Arc::new(make(window as usize)), Arc::new(make(window as usize)));
    let (mut factor, mut addend) = (1u64, 0u64);
    for _ in 0..steps {
        factor = factor.wrapping_mul(FACTOR);
        addend = addend.wrapping_mul(FACTOR).wrapping_add(ADDEND);
    }
    let workers = env::var("BENCH_WORKERS").map_or(2, |text| text.parse().expect("a number"));
    for _ in 0..workers {
        let (input, output) = (input.clone(), output.clone());
        thread::spawn(move || loop {
            let (x, _) = input.pop();
            output.push((x, run(steps, x)));
        });
    }
    let warmup = count / 10 + 1;
    let total = count + warmup;
    let (mut submitted, mut finished, mut sum) = (0u64, 0u64, 0u64);
    let mut start = Instant::now();
    while finished < total {
        let part = if finished < warmup { warmup } else { total };
        while submitted < part && submitted - finished < window {
            input.push((submitted, 0));
            submitted += 1;
        }
        // Half of them come back before the next are sent: one by one is slower.
        let mut n = (submitted - finished) / 2 + 1;
        while n > 0 && finished < submitted {
            let (x, result) = output.pop();
            if result != x.wrapping_mul(factor).wrapping_add(addend) {
                fail(1, "a task has a wrong result");
            }
            sum = sum.wrapping_add(x);
            finished += 1;
            n -= 1;
            if finished == warmup {
                start = Instant::now();
            }
        }
    }
    let elapsed = start.elapsed().as_nanos() as u64;
    if sum != total.wrapping_mul(total - 1) / 2 {
        fail(1, "tasks are missing, or came twice");
    }
    println!(
        "{{\"version\": \"{}\", \"rate\": {:.1}, \"elapsed_ns\": {}}}",
        env!("BENCH_CROSSBEAM_VERSION"),
        (total - warmup) as f64 * 1e9 / elapsed as f64,
        elapsed
    );
    process::exit(0) // the workers never end
}

fn main() {
    let args: Vec<String> = env::args().collect();
    if args.len() != 6 || args[1] != "pool" {
        fail(2, "unknown work");
    }
    let count: u64 = args[5].parse().unwrap_or_else(|_| fail(2, "COUNT is not a number"));
    let steps: u64 = env::var("BENCH_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    match args[2].as_str() {
        "queue" => measure(crossbeam_queue::ArrayQueue::new, steps, count + 1),
        "channel" => measure(
            |capacity| {
                let (sender, receiver) = crossbeam_channel::bounded(capacity);
                Channel(sender, receiver)
            },
            steps,
            count + 1,
        ),
        _ => fail(2, "unknown variant"),
    }
}

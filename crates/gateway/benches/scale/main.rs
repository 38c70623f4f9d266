//! What everything costs when the journal is large: the same figures at ten thousand entries and at ten million.
//!
//!     cargo bench -p iwmo-gateway --bench scale [-- ENTRIES…] [--dir DIR] [--reuse] [--keep] [--orders]
//!
//! For each number of entries (default 10,000 and 100,000) a journal is made by the engine itself: persons in five
//! gemeenten over five years, with 301, 305 and 307, retours, deliveries, and what the CAK hears and answers; one message in
//! five thousand is refused. Then each thing is done in a process of its own, so that its memory is its own: start, replay,
//! reading, verifying, and the commands that an operator gives, beside a running gateway and without one. Entries take
//! about 1 KB each, and the ledger as much again. `--reuse` takes the journal that a run with `--keep` left; `--orders`
//! makes a journal of orders alone, a toewijzing in every three entries.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that fails should say where")]

mod commands;
mod crowd;
mod grow;
mod measure;
mod phases;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Names the phase, in a process that does one.
const PHASE: &str = "IWMO_SCALE_PHASE";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if let Ok(phase) = env::var(PHASE) {
        let (dir, entries) = (Path::new(&arguments[0]), arguments[1].parse().unwrap());
        return phases::run(&phase, dir, entries);
    }
    let mut sizes: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000];
    }
    let place = arguments.iter().position(|argument| argument == "--dir").map(|at| arguments[at + 1].clone());
    let place = place.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    for entries in sizes {
        let dir = place.join(format!("bench-scale-{entries}"));
        println!("{entries} entries:");
        if !has("--reuse") || !dir.exists() {
            // One that an earlier run left is not what is measured.
            let _ = fs::remove_dir_all(&dir);
            fs::create_dir_all(&dir).unwrap();
            phase(if has("--orders") { "orders" } else { "grow" }, &dir, entries);
        }
        if has("--reuse") {
            phase("index", &dir, entries);
        }
        for name in ["start", "read", "verify", "memory", "disk"] {
            phase(name, &dir, entries);
        }
        commands::run(&dir, entries);
        if !has("--keep") {
            fs::remove_dir_all(&dir).unwrap();
        }
    }
}

/// Does one phase in a process of its own.
fn phase(name: &str, dir: &Path, entries: u64) {
    let status = Command::new(env::current_exe().unwrap())
        .env(PHASE, name)
        .arg(dir)
        .arg(entries.to_string())
        .status()
        .unwrap();
    assert!(status.success(), "{name}");
}

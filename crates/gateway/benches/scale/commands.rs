//! What an operator types, on a large journal.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that fails should say where")]

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use jiff::civil::date;

use super::PHASE;
use super::crowd::Crowd;

/// Turns of each command; the best counts, as the rest of the machine only ever takes away.
const TURNS: usize = 3;

/// Runs each command on a store, without a gateway and beside one.
pub(super) fn run(dir: &Path, entries: u64) {
    let persons = (entries * 100 / 925) as u32;
    let person = Crowd::new(persons.max(60)).person(persons / 3, date(2020, 1, 1));
    let bsn = dir.join("bsn");
    fs::write(&bsn, person.bsn()).unwrap();
    let toewijzing = format!("{}/{}", person.gemeente(), person.nummer());
    let bsn = bsn.display().to_string();
    let lists: [&[&str]; 9] = [
        &["journal", "list", "--limit", "100"],
        &["journal", "list", "--limit", "100", "--from", "2023-01-01"],
        &["journal", "list", "--limit", "100", "--from", "2023-01-01", "--partner", "hvb2"],
        &["journal", "list", "--limit", "100", "--message", "WMO307"],
        &["journal", "list", "--limit", "100", "--code", "9019"],
        &["journal", "list", "--limit", "100", "--partner", "nobody"],
        &["journal", "list", "--limit", "100", "--gemeente", "0000"],
        &["journal", "list", "--toewijzing", &toewijzing],
        &["journal", "list", "--bsn-from", &bsn],
    ];
    let others: [&[&str]; 6] = [
        &["journal", "tail"],
        &["journal", "show", "0222:5"],
        &["toewijzing", "show", &toewijzing],
        &["outbox", "list"],
        &["deadlines", "--overdue"],
        &["status"],
    ];
    for beside in [false, true] {
        println!("  {}:", if beside { "beside a gateway" } else { "without a gateway" });
        let gateway = beside.then(|| {
            let mut gateway = Command::new(env::current_exe().unwrap())
                .env(PHASE, "serve")
                .arg(dir)
                .arg(entries.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(gateway.stdout.take().unwrap()).read_line(&mut line).unwrap();
            gateway
        });
        for words in lists.iter().chain(&others) {
            timed(dir, words);
        }
        if let Some(mut gateway) = gateway {
            drop(gateway.stdin.take());
            gateway.wait().unwrap();
        }
    }
}

fn timed(dir: &Path, words: &[&str]) {
    let mut best = f64::MAX;
    let mut lines = 0;
    for _ in 0..TURNS {
        let begin = Instant::now();
        let output =
            Command::new(env!("CARGO_BIN_EXE_iwmo")).args(words).arg("--data").arg(dir).output().unwrap();
        best = best.min(begin.elapsed().as_secs_f64());
        lines = output.stdout.iter().filter(|byte| **byte == b'\n').count();
        // 1: nothing was found.
        assert!(
            output.status.code().is_some_and(|code| code < 2),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        if best > 2.0 {
            break;
        }
    }
    let shown: Vec<&str> = words
        .iter()
        .map(|word| if word.contains("bsn") && word.contains('/') { "FILE" } else { word })
        .collect();
    println!("    {:>9.1} ms  {lines:>5} lines  {}", best * 1e3, shown.join(" "));
}

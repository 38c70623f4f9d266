//! What a process has used.

use std::fs;

/// Seconds of processor that this process has used.
#[derive(Clone, Copy)]
pub(super) struct Spent(f64);

impl Spent {
    /// Until now.
    pub(super) fn now() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // After the name, which ends in a parenthesis: the state is the third field, user and system time the 14th and 15th.
        let rest = stat.rsplit(") ").next().unwrap_or_default();
        let ticks: f64 = rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Self(ticks / 100.0)
    }

    /// Since then.
    pub(super) fn since(self) -> f64 {
        Self::now().0 - self.0
    }
}

/// What the system says about the memory of this process.
pub(super) fn memory(what: &str) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).unwrap_or_default();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0);
    format!("{} MB", kib / 1024)
}

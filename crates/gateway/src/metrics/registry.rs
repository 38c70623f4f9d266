//! Counters and histograms, and the Prometheus text format (version 0.0.4).

use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most series of one metric; what would be more is not counted. Names of partners and kinds of message stay far below.
const SERIES_MAX: usize = 5000;

/// Upper bounds of the buckets of a histogram, in microseconds.
const BOUNDS_US: [u64; 10] =
    [500, 1_000, 2_500, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000];

/// Something that can be scraped.
pub trait Metric: Sync {
    /// Returns its name.
    fn name(&self) -> &'static str;

    /// Appends it in the text format.
    fn render(&self, out: &mut String);
}

/// The values of the labels, in the order of their names.
type Labels = Vec<String>;

/// What is kept per combination of labels, in order of those: looked up with each message, and hardly ever added to.
type Series<T> = Mutex<Vec<(Labels, T)>>;

/// A number per combination of labels that only grows.
pub struct Counter {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    /// Values of the only label that are shown before they are counted.
    known: &'static [&'static str],
    series: Series<u64>,
}

impl Counter {
    /// A counter at zero.
    #[must_use]
    pub const fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { name, help, labels, known: &[], series: Mutex::new(Vec::new()) }
    }

    /// A counter with one label that shows these values of it from the start: Prometheus sees no increase in a series that
    /// begins with 1, so an alert on one would miss the first.
    #[must_use]
    pub const fn from_zero(
        name: &'static str,
        help: &'static str,
        label: &'static [&'static str; 1],
        known: &'static [&'static str],
    ) -> Self {
        Self { name, help, labels: label, known, series: Mutex::new(Vec::new()) }
    }

    /// Counts one.
    pub fn count(&self, labels: &[&str]) {
        self.add(labels, 1);
    }

    /// Counts some.
    pub fn add(&self, labels: &[&str], more: u64) {
        debug_assert_eq!(labels.len(), self.labels.len(), "{}", self.name);
        if let Some(value) = entry(&mut lock(&self.series), labels, || 0) {
            *value = value.saturating_add(more);
        }
    }
}

impl Metric for Counter {
    fn name(&self) -> &'static str {
        self.name
    }

    fn render(&self, out: &mut String) {
        head(out, self.name, self.help, "counter");
        let series = lock(&self.series);
        if series.is_empty() && self.labels.is_empty() {
            sample(out, self.name, &[], 0);
        }
        for value in self.known {
            if find(&series, &[value]).is_err() {
                sample(out, self.name, &[(self.labels[0], value)], 0);
            }
        }
        for (values, count) in series.iter() {
            sample(out, self.name, &pairs(self.labels, values), count);
        }
    }
}

/// How durations spread, per combination of labels.
pub struct Histogram {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
    series: Series<Spread>,
}

#[derive(Clone, Copy, Default)]
struct Spread {
    buckets: [u64; BOUNDS_US.len()],
    count: u64,
    sum_us: u64,
}

impl Histogram {
    /// A histogram without values.
    #[must_use]
    pub const fn new(name: &'static str, help: &'static str, labels: &'static [&'static str]) -> Self {
        Self { name, help, labels, series: Mutex::new(Vec::new()) }
    }

    /// Notes a duration.
    pub fn observe(&self, labels: &[&str], duration: Duration) {
        debug_assert_eq!(labels.len(), self.labels.len(), "{}", self.name);
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        if let Some(spread) = entry(&mut lock(&self.series), labels, Spread::default) {
            spread.count = spread.count.saturating_add(1);
            spread.sum_us = spread.sum_us.saturating_add(us);
            if let Some(bucket) = BOUNDS_US.iter().position(|bound| us <= *bound) {
                spread.buckets[bucket] = spread.buckets[bucket].saturating_add(1);
            }
        }
    }
}

impl Metric for Histogram {
    fn name(&self) -> &'static str {
        self.name
    }

    fn render(&self, out: &mut String) {
        head(out, self.name, self.help, "histogram");
        for (values, spread) in lock(&self.series).iter() {
            let labels = pairs(self.labels, values);
            let bucket = format!("{}_bucket", self.name);
            let mut below = 0;
            for (bound, count) in BOUNDS_US.iter().zip(spread.buckets) {
                below += count;
                let bound = seconds(*bound);
                let mut labels = labels.clone();
                labels.push(("le", &bound));
                sample(out, &bucket, &labels, below);
            }
            let mut all = labels.clone();
            all.push(("le", "+Inf"));
            sample(out, &bucket, &all, spread.count);
            sample(out, &format!("{}_sum", self.name), &labels, seconds(spread.sum_us));
            sample(out, &format!("{}_count", self.name), &labels, spread.count);
        }
    }
}

/// Appends the lines before the samples of a metric.
pub(super) fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a String cannot fail.
    let _infallible = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

/// Appends one sample.
pub(super) fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    out.push_str(name);
    for (index, (label, text)) in labels.iter().enumerate() {
        out.push(if index == 0 { '{' } else { ',' });
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        // Writing to a String cannot fail.
        let _infallible = write!(out, "{label}=\"{text}\"");
    }
    if !labels.is_empty() {
        out.push('}');
    }
    let _infallible = writeln!(out, " {value}");
}

/// Microseconds as seconds, exactly.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn pairs<'t>(names: &[&'static str], values: &'t Labels) -> Vec<(&'static str, &'t str)> {
    names.iter().copied().zip(values.iter().map(String::as_str)).collect()
}

fn find<T>(series: &[(Labels, T)], labels: &[&str]) -> Result<usize, usize> {
    series.binary_search_by(|(found, _)| found.iter().map(String::as_str).cmp(labels.iter().copied()))
}

fn entry<'m, T>(
    series: &'m mut Vec<(Labels, T)>,
    labels: &[&str],
    new: impl FnOnce() -> T,
) -> Option<&'m mut T> {
    let at = match find(series, labels) {
        Ok(at) => at,
        Err(_) if series.len() >= SERIES_MAX => return None,
        Err(at) => {
            series.insert(at, (labels.iter().map(|label| (*label).to_owned()).collect(), new()));
            at
        }
    };
    series.get_mut(at).map(|(_, kept)| kept)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is a whole one.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

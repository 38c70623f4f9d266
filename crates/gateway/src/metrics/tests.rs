//! Names, the text format, and bounds.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

/// What a name may end with before `_total`.
const UNITS: [&str; 14] = [
    "spans",
    "numbers",
    "reloads",
    "connections",
    "bytes",
    "requests",
    "messages",
    "entries",
    "commits",
    "attempts",
    "persons",
    "seconds",
    "state",
    "info",
];

/// A freeze that was announced wakes nobody: its partner is not one that does not answer.
#[test]
fn a_freeze_is_told_from_a_hold() {
    let stilte = ["2026-12-31 17:00 - 2027-01-02 08:00".parse().unwrap()];
    let state = |held, now: &str| scrape::held_state(held, &stilte, now.parse().unwrap());
    assert_eq!(state(false, "2026-12-31T15:59:00Z"), 0);
    assert_eq!(state(false, "2027-01-01T12:00:00Z"), 2);
    assert_eq!(state(true, "2027-01-01T12:00:00Z"), 1);
}

#[test]
fn names_follow_the_template_and_are_given_once() {
    let counted = COUNTED.iter().map(|metric| metric.name());
    let names: Vec<&str> = counted.chain(READ.iter().map(|gauge| gauge.name)).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for name in names {
        let parts: Vec<&str> = name.trim_end_matches("_total").split('_').collect();
        assert!(parts.len() >= 3, "{name}: area, name, unit");
        assert!(UNITS.contains(parts.last().unwrap()), "{name}: no known unit");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
    }
}

#[test]
fn a_counter_in_the_text_format() {
    static COUNTER: Counter = Counter::new("test_seen_messages_total", "Seen.", &["message", "partner"]);
    COUNTER.count(&["WMO305", "a\"b\\c\nd"]);
    COUNTER.add(&["WMO305", "a\"b\\c\nd"], 2);
    COUNTER.count(&["WMO307", "x"]);
    let mut text = String::new();
    COUNTER.render(&mut text);
    assert_eq!(
        text,
        "# HELP test_seen_messages_total Seen.\n\
         # TYPE test_seen_messages_total counter\n\
         test_seen_messages_total{message=\"WMO305\",partner=\"a\\\"b\\\\c\\nd\"} 3\n\
         test_seen_messages_total{message=\"WMO307\",partner=\"x\"} 1\n"
    );
}

/// A counter that Prometheus first sees at 1 has not increased for it.
#[test]
fn known_values_are_shown_before_they_are_counted() {
    static COUNTER: Counter =
        Counter::from_zero("test_known_messages_total", "Known.", &["outcome"], &["good", "bad"]);
    COUNTER.count(&["bad"]);
    COUNTER.count(&["odd"]);
    let mut text = String::new();
    COUNTER.render(&mut text);
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(
        samples,
        [
            "test_known_messages_total{outcome=\"good\"} 0",
            "test_known_messages_total{outcome=\"bad\"} 1",
            "test_known_messages_total{outcome=\"odd\"} 1"
        ]
    );
}

#[test]
fn a_histogram_counts_up_to_each_bound() {
    static HISTOGRAM: Histogram = Histogram::new("test_step_duration_seconds", "Time.", &[]);
    for ms in [1, 3, 20_000] {
        HISTOGRAM.observe(&[], Duration::from_millis(ms));
    }
    let mut text = String::new();
    HISTOGRAM.render(&mut text);
    for line in [
        "test_step_duration_seconds_bucket{le=\"0.0005\"} 0",
        "test_step_duration_seconds_bucket{le=\"0.001\"} 1",
        "test_step_duration_seconds_bucket{le=\"0.005\"} 2",
        "test_step_duration_seconds_bucket{le=\"10\"} 2",
        "test_step_duration_seconds_bucket{le=\"+Inf\"} 3",
        "test_step_duration_seconds_sum 20.004",
        "test_step_duration_seconds_count 3",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
}

#[test]
fn series_are_bounded() {
    static COUNTER: Counter = Counter::new("test_many_messages_total", "Many.", &["label"]);
    for number in 0..6000 {
        COUNTER.count(&[&number.to_string()]);
    }
    COUNTER.count(&["17"]);
    let mut text = String::new();
    COUNTER.render(&mut text);
    assert_eq!(text.lines().count(), 2 + 5000);
    assert!(text.contains("{label=\"17\"} 2\n"));
}

/// Returns the names of metrics that PromQL speaks of: words with an underscore that are no function.
fn metrics_in(query: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = query;
    while let Some(start) = rest.find(|c: char| c.is_ascii_lowercase()) {
        let word = &rest[start..];
        let end = word.find(|c: char| !(c.is_ascii_lowercase() || c == '_')).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        if word.contains('_') && !after.starts_with('(') {
            found.push(word.to_owned());
        }
        rest = after;
    }
    found
}

/// Returns the queries of what `deploy/monitoring` has: the dashboard's and the alert rules'.
fn queries() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/monitoring");
    let dashboard = std::fs::read_to_string(folder.join("grafana/dashboards/iwmo.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut queries: Vec<String> =
        targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect();
    let alerts = std::fs::read_to_string(folder.join("alerts.yaml")).unwrap();
    for rule in alerts.split("- alert: ").skip(1) {
        let query = rule.split_once("expr:").unwrap().1;
        let end = ["\n        for:", "\n        labels:"].iter().filter_map(|end| query.find(end)).min();
        queries.push(query[..end.unwrap()].to_owned());
    }
    queries
}

/// The dashboard and the alert rules ask for what there is, and every gauge is looked at somewhere.
#[test]
fn dashboard_and_alerts_ask_for_metrics_that_exist() {
    let names: Vec<&str> =
        COUNTED.iter().map(|metric| metric.name()).chain(READ.iter().map(|gauge| gauge.name)).collect();
    let queries = queries();
    assert!(queries.len() > 20, "{queries:?}");
    let asked: Vec<String> = queries.iter().flat_map(|query| metrics_in(query)).collect();
    for name in &asked {
        let family =
            ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(names.contains(&family), "no such metric: {name}");
    }
    for gauge in READ {
        assert!(asked.iter().any(|name| name == gauge.name), "nobody looks at {}", gauge.name);
    }
}

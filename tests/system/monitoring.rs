//! What `deploy/monitoring` asks for is what a running gateway exposes: names, labels, and values of labels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{CAK, Daemon, Envelope, HVB, Klant, Order, Site, day, root, until, wmo301, wmo305};

/// What Prometheus itself adds.
const OF_PROMETHEUS: [&str; 1] = ["up"];

/// The samples of a scrape: the labels of each, by name.
type Exposed = BTreeMap<String, Vec<BTreeMap<String, String>>>;

/// A query, and the labels that what is shown of its answer speaks of.
#[derive(Debug)]
struct Query {
    of: String,
    text: String,
    told: Vec<String>,
}

/// Reads the text format.
fn exposed(text: &str) -> Exposed {
    let mut found = Exposed::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, _) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        found.entry(name.to_owned()).or_default().push(matchers(labels.trim_end_matches('}')));
    }
    found
}

/// Reads `a="b",c="d"`; no value of ours has a comma.
fn matchers(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(label, value)| (label.trim().to_owned(), value.trim().trim_matches('"').to_owned())).collect()
}

/// The queries of the dashboard and of the alerts.
fn queries() -> Vec<Query> {
    let folder = root().join("deploy/monitoring");
    let mut found = Vec::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".json") {
                let dashboard = std::fs::read_to_string(path).unwrap();
                panels(&name, &serde_json::from_str(&dashboard).unwrap(), &mut found);
            }
        }
    }
    let rules = std::fs::read_to_string(folder.join("alerts.yaml")).unwrap();
    for rule in rules.split("\n      - ").skip(1) {
        let (of, rest) = rule.split_once('\n').unwrap();
        let (_, query) = rest.split_once("expr:").unwrap();
        let end = ["\n        for:", "\n        labels:"].iter().filter_map(|end| query.find(end)).min();
        let text = query[..end.unwrap()].trim().trim_start_matches(">-").to_owned();
        let told = rest.split("$labels.").skip(1).map(|after| after.split(' ').next().unwrap().to_owned());
        found.push(Query { of: of.to_owned(), text, told: told.collect() });
    }
    found
}

fn panels(of: &str, part: &Value, found: &mut Vec<Query>) {
    match part {
        Value::Object(members) => {
            if let Some(text) = members.get("expr").and_then(Value::as_str) {
                let legend = members.get("legendFormat").and_then(Value::as_str).unwrap_or_default();
                let told = legend.split("{{").skip(1).filter_map(|after| after.split_once("}}"));
                let told = told.map(|(label, _)| label.trim().to_owned()).collect();
                found.push(Query { of: of.to_owned(), text: text.to_owned(), told });
            }
            members.values().for_each(|member| panels(of, member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| panels(of, item, found)),
        _ => {}
    }
}

/// Cuts a query into words, texts in braces, and single characters.
fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let end = match first {
            '{' => rest.find('}').unwrap() + 1,
            '[' => rest.find(']').unwrap() + 1,
            c if in_word(c) => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        found.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    found
}

/// Returns the place of the parenthesis that closes the one at `open`.
fn closing(tokens: &[&str], open: usize) -> usize {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        depth += i32::from(*token == "(") - i32::from(*token == ")");
        if depth == 0 {
            return place;
        }
    }
    panic!("a parenthesis stays open: {tokens:?}");
}

/// Returns what a query asks for that nothing exposes.
fn faults(query: &Query, exposed: &Exposed) -> Vec<String> {
    let tokens = tokens(&query.text);
    let mut faults = Vec::new();
    // Each metric with its place, and each label that is asked for with the places that it is asked of.
    let mut metrics: Vec<(usize, &str)> = Vec::new();
    let mut asked: Vec<(String, std::ops::Range<usize>)> = Vec::new();
    let mut kept: Option<BTreeSet<String>> = None;
    let mut place = 0;
    while let Some(token) = tokens.get(place) {
        let next = tokens.get(place + 1).copied().unwrap_or_default();
        if ["by", "on"].contains(token) {
            let close = closing(&tokens, place + 1);
            let labels = tokens[place + 2..close].iter().filter(|token| **token != ",");
            let labels: BTreeSet<String> = labels.map(|label| (*label).to_owned()).collect();
            let range = match *token {
                "by" => close + 1..closing(&tokens, close + 1),
                _ => 0..tokens.len(),
            };
            asked.extend(labels.iter().map(|label| (label.clone(), range.clone())));
            if *token == "by" {
                kept.get_or_insert(labels);
            }
            place = close;
        } else if ["without", "ignoring", "group_left", "group_right", "offset"].contains(token) {
            faults.push(format!("this test does not know {token}"));
        } else if token.starts_with(|c: char| c.is_ascii_alphabetic()) && next != "(" && next != "by" {
            let metric = token.contains('_') || OF_PROMETHEUS.contains(token);
            if metric && !OF_PROMETHEUS.contains(token) {
                metrics.push((place, token));
            } else if !metric && !["and", "or", "unless"].contains(token) {
                faults.push(format!("no metric and no word that this test knows: {token}"));
            }
        }
        place += 1;
    }
    let none = Vec::new();
    for (place, metric) in &metrics {
        let samples = exposed.get(*metric).unwrap_or(&none);
        if samples.is_empty() {
            faults.push(format!("nothing exposes {metric}"));
        }
        for (label, range) in asked.iter().filter(|(_, range)| range.contains(place)) {
            if !samples.iter().all(|sample| sample.contains_key(label)) {
                faults.push(format!("{metric} has no {label} ({range:?})"));
            }
        }
        let next = tokens.get(place + 1).copied().unwrap_or_default();
        for (label, value) in next.strip_prefix('{').map(matchers).unwrap_or_default() {
            let value = value.trim_end_matches(['}', '"']);
            if !samples.iter().any(|sample| sample.get(&label).is_some_and(|found| found == value)) {
                faults.push(format!("{metric} is never {label}={value}"));
            }
        }
    }
    for label in &query.told {
        let of_all = || {
            metrics.iter().all(|(_, metric)| {
                exposed
                    .get(*metric)
                    .is_some_and(|samples| samples.iter().all(|sample| sample.contains_key(label)))
            })
        };
        if !kept.as_ref().map_or_else(of_all, |kept| kept.contains(label)) {
            faults.push(format!("the answer has no {label}"));
        }
    }
    faults.into_iter().map(|fault| format!("{}: {}: {fault}", query.of, query.text.trim())).collect()
}

async fn scrape(site: &Site, daemon: &Daemon) -> Exposed {
    exposed(&site.backoffice().get_plain(&daemon.ops, "/metrics").await.is(200).text)
}

/// A gateway to which everything happened that is counted exposes what the dashboard and the alerts ask for.
#[tokio::test]
async fn what_monitoring_asks_for_is_exposed() {
    let site = Site::new();
    let (hvb, cak) = (site.endpoint(HVB, None).await, site.endpoint(CAK, None).await);
    site.configure(&[(HVB, hvb.address), (CAK, cak.address)], "");
    let text = std::fs::read_to_string(site.config()).unwrap();
    let ca = "client_ca = [\"ca.pem\"]\n";
    std::fs::write(site.config(), text.replacen(ca, &format!("{ca}client_crl = [\"crl.der\"]\n"), 1))
        .unwrap();
    std::fs::write(site.path("crl.der"), site.authority.revocation_list(&[], 30).unwrap()).unwrap();
    let daemon = site.start();
    let (klant, order) = (Klant::new(7), Order::new(700));
    let envelope = |name| Envelope::new("0222", "98000001", name);
    let (backoffice, partner) = (site.backoffice(), site.partner(HVB));
    backoffice.post(&daemon.backoffice, &wmo301(&envelope("T1"), &klant, &order)).await.receipt();
    let start = wmo305(&envelope("S1"), &klant, &order, &day(-20));
    // Taken; seen before; of a toewijzing that nobody knows; and no message.
    for bytes in [&start, &start, &wmo305(&envelope("S2"), &klant, &Order::new(9), &day(-9))] {
        partner.post(&daemon.exchange, bytes).await.receipt();
    }
    partner.post(&daemon.exchange, b"<x/>").await.is(422);
    until("the CAK was told and all is delivered", || {
        let all = site.iwmo(&["outbox", "list", "--all", "--format", "json"]).json();
        let done = all.iter().all(|row| row["stand"] == "bezorgd");
        (done && all.iter().any(|row| row["partner"] == CAK.0)).then_some(())
    })
    .await;
    let exposed = scrape(&site, &daemon).await;
    let queries = queries();
    assert!(queries.len() > 30, "{queries:?}");
    let faults: Vec<String> = queries.iter().flat_map(|query| faults(query, &exposed)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    daemon.stop();
}

/// The test above hears what is wrong with a query.
#[test]
fn a_query_for_what_is_not_exposed_is_heard() {
    let exposed = exposed(
        "# TYPE a_b_total counter\na_b_total{x=\"1\",y=\"in words\"} 3\nc_d 1\ne_f_bucket{x=\"2\",le=\"+Inf\"} 1\n",
    );
    let said = |text: &str, told: &[&str]| {
        let told = told.iter().map(|label| (*label).to_owned()).collect();
        faults(&Query { of: String::new(), text: text.to_owned(), told }, &exposed).len()
    };
    for right in [
        "up{job=\"iwmo\"} == 0",
        "sum by (x) (rate(a_b_total[5m]))",
        "a_b_total{x=\"1\", y=\"in words\"} > 4 * 3600 and on (x) a_b_total == 0",
        "histogram_quantile(0.5, sum by (le) (rate(e_f_bucket[5m])))",
        "c_d / 0.1 * c_d",
    ] {
        assert_eq!(said(right, &[]), 0, "{right}");
    }
    for wrong in [
        "sum(a_c_total)",
        "a_b_total{z=\"1\"}",
        "a_b_total{x=\"2\"}",
        "sum by (z) (rate(a_b_total[5m]))",
        "a_b_total and on (x) c_d",
        "sum by (le) (rate(a_b_total[5m])) > c_d",
        "up == 0 and sum by (x) (a_c_total)",
        "sum without (x) (a_b_total)",
    ] {
        assert_ne!(said(wrong, &[]), 0, "{wrong}");
    }
    assert_eq!(said("a_b_total", &["x", "y"]), 0);
    assert_eq!(said("sum by (x) (a_b_total)", &["x"]), 0);
    assert_eq!(said("sum by (x) (a_b_total)", &["y"]), 1);
    assert_eq!(said("c_d", &["x"]), 1);
}

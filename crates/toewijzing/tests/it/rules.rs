//! The rules of this machine against the rule set of the standard.

use std::collections::BTreeMap;

use iwmo_toewijzing::identity::RedenWijziging;
use iwmo_toewijzing::judge::{Regel, reden_beeindiging_bij};

use crate::support::{shared, sources};

/// Rules of 301 to 319 that need more than the message, and are judged under another name.
const ELSEWHERE: &[(&str, &str)] = &[("TR069", "alias of TR382")];

#[test]
fn every_rule_gives_the_code_of_the_standard() {
    let Some(shared) = shared() else { return };
    let table = std::fs::read_to_string(shared.join("spec/iwmo-rules.tsv")).unwrap();
    let mut codes = BTreeMap::new();
    let mut wanted = Vec::new();
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        codes.insert(columns[0].to_owned(), columns[6].to_owned());
        let ours = columns[3]
            .split(',')
            .any(|message| ["301", "305", "307", "315", "317", "319"].contains(&message));
        if columns[1] == "TR" && columns[2] != "xslt" && columns[2] != "xsd" && ours {
            wanted.push(columns[0].to_owned());
        }
    }
    for rule in Regel::ALL {
        assert_eq!(
            codes.get(rule.id()).map(String::as_str),
            Some(rule.retourcode().as_str()),
            "{}",
            rule.id()
        );
    }
    for id in wanted {
        let known = Regel::ALL.iter().any(|rule| rule.id() == id);
        assert!(known || ELSEWHERE.iter().any(|(alias, _)| *alias == id), "{id} is judged nowhere");
    }
}

#[test]
fn reasons_map_as_the_code_lists_say() {
    let Some(shared) = shared() else { return };
    let table = std::fs::read_to_string(shared.join("spec/codelists/map-WMO002-WMO588.tsv")).unwrap();
    for row in table.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let got = reden_beeindiging_bij(RedenWijziging::new(columns[0]).unwrap());
        let want = columns.get(1).copied().unwrap_or_default();
        assert_eq!(got.as_ref().map_or("", |reden| reden.as_str()), want, "{}", columns[0]);
    }
}

/// Each rule is cited in a comment at the code that enforces it.
#[test]
fn every_rule_is_cited_where_it_is_enforced() {
    let files = sources();
    for rule in Regel::ALL {
        let cited = files.iter().any(|(name, text)| {
            !name.ends_with("rules.rs")
                && text.lines().any(|line| line.contains("//") && line.contains(rule.id()))
        });
        assert!(cited, "{} is cited nowhere", rule.id());
    }
}

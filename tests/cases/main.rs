//! The acceptance cases of the specification, every step through real messages.
//!
//! A message of a case is built as a codec message, encoded, decoded, held against the rules within the message,
//! translated, judged, answered; the retour is encoded, decoded and taken in by who sent the message. What the case
//! states must then hold, on both sides. The file is `spec/cases.json` of the shared specification, or the one that
//! `IWMO_CASES` names. Cases that cannot pass are listed in `exceptions.json` with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs, reason = "test code")]

mod build;
mod canary;
mod expect;
mod run;
mod source;
mod state;
mod world;
mod xml;

use std::collections::BTreeMap;

/// Why a listed case does not pass.
const EXCEPTIONS: &str = include_str!("exceptions.json");

#[test]
fn cases() {
    let Some(source) = source::find() else { return };
    let exceptions: BTreeMap<String, String> = serde_json::from_str(EXCEPTIONS).unwrap();
    let mut wrong = Vec::new();
    let (mut runs, mut steps, mut excepted) = (0, 0, 0);
    for run in run::all(&source.file) {
        runs += 1;
        steps += run.steps.len();
        let differences = run.execute();
        match (differences.is_empty(), exceptions.get(&run.name)) {
            (true, None) => {}
            (true, Some(_)) => wrong.push(format!("{}: listed in exceptions.json, but it passes", run.name)),
            (false, Some(reason)) => {
                excepted += 1;
                println!("{}: excepted: {reason}", run.name);
            }
            (false, None) => wrong.extend(differences),
        }
    }
    for name in exceptions.keys().filter(|_| source.standard) {
        if !run::all(&source.file).iter().any(|run| run.name == *name) {
            wrong.push(format!("{name}: listed in exceptions.json, but there is no such case"));
        }
    }
    println!("{}: {runs} cases and variants, {steps} steps, {excepted} excepted", source.path.display());
    assert!(runs > 0, "{} has no cases", source.path.display());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

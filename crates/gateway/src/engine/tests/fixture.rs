//! The journals that earlier releases wrote are read by this one.
//!
//! `fixtures/journal/RELEASE/` has the segment files of a whole exchange, since 0.2.0 the keys that open them, and `expected.jsonl`: each entry as it is
//! shown, then each toewijzing as replay gives it. A release adds its own with
//! `IWMO_JOURNAL_FIXTURE=RELEASE cargo nextest run -p iwmo-gateway -E 'test(journal_of_every_release)'`; those of
//! earlier ones are never written again.

use std::fs;
use std::path::PathBuf;

use iwmo_codec::messages::MessageKind;

use super::*;
use crate::clock::dutch_moment;
use crate::journal::{ReadOnlyJournal, verify};
use crate::vault::KEYS_DIR;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/journal")
}

/// Says what a journal holds and what replay makes of it.
fn shown(folder: &Path) -> String {
    let mut journal = ReadOnlyJournal::open(folder).unwrap();
    if let Some(vault) = Vault::read(folder, journal.reader()).unwrap() {
        journal.set_vault(vault);
    }
    let applier = Applier::new(Schemas::bundled());
    let ledger = ledger::temporary(journal.reader(), &applier, &mut |_| {}).unwrap();
    let mut text = String::new();
    for entry in journal.reader().read_all(Position::START) {
        let view = view::summarize(&entry.unwrap()).unwrap();
        text.push_str(&serde_json::to_string(&view).unwrap());
        text.push('\n');
    }
    let filter = ToewijzingFilter { limit: usize::MAX, ..Default::default() };
    for one in view::toewijzingen(&ledger, &filter, today()).unwrap() {
        text.push_str(&serde_json::to_string(&one).unwrap());
        text.push('\n');
    }
    for one in view::outgoing(&ledger, None, true, usize::MAX).unwrap() {
        text.push_str(&serde_json::to_string(&one).unwrap());
        text.push('\n');
    }
    text
}

/// Writes the journal of this release: a whole exchange, a held message to the CAK, a refused delivery.
fn write(folder: &Path) {
    assert!(!folder.exists(), "{} is there already", folder.display());
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    play_all(&gateway);
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.send("backoffice", numbered(2)).unwrap();
    let waiting = gateway.engine.waiting(&PartnerId("hvb".to_owned()), 2);
    let outcomes = [
        Outcome::Retry { reason: "the partner does not answer".to_owned(), not_before: NOW.parse().unwrap() },
        Outcome::Refused { reason: "the partner does not want it".to_owned() },
    ];
    for (message, outcome) in waiting.into_iter().zip(outcomes) {
        gateway.runtime.block_on(gateway.engine.outcome(message.id, outcome)).unwrap();
    }
    gateway.stop();
    crate::backup::backup(data.path(), folder).unwrap();
    fs::create_dir(folder.join(KEYS_DIR)).unwrap();
    for name in ["master.key", "persons.iwk"] {
        fs::copy(data.path().join(KEYS_DIR).join(name), folder.join(KEYS_DIR).join(name)).unwrap();
    }
    fs::write(folder.join("expected.jsonl"), shown(folder)).unwrap();
}

#[test]
fn the_journal_of_every_release_is_read() {
    if let Ok(release) = std::env::var("IWMO_JOURNAL_FIXTURE") {
        write(&fixtures().join(release));
    }
    let mut releases = 0;
    for folder in fs::read_dir(fixtures()).unwrap() {
        let folder = folder.unwrap().path();
        let report = verify(&folder, &mut |_| {}).unwrap();
        assert!(report.is_clean() && report.entries >= 15, "{}: {report:?}", folder.display());
        let expected = fs::read_to_string(folder.join("expected.jsonl")).unwrap();
        let found = shown(&folder);
        assert_eq!(found.lines().count(), expected.lines().count(), "{}", folder.display());
        for (found, expected) in found.lines().zip(expected.lines()) {
            // A later release may say more of an entry, never something else.
            let found: serde_json::Value = serde_json::from_str(found).unwrap();
            let expected: serde_json::Map<_, _> = serde_json::from_str(expected).unwrap();
            for (name, value) in expected {
                // Before 0.3.0 moments were shown on a Dutch clock without their offset.
                let moment = |value: &serde_json::Value| dutch_moment(value.as_str()?);
                let is_moment = ["tijd", "gemaakt", "sinds", "volgende"].contains(&name.as_str());
                if is_moment && moment(&value).is_some() {
                    assert_eq!(
                        moment(&found[&name]),
                        moment(&value),
                        "{}: {name} of {found}",
                        folder.display()
                    );
                    continue;
                }
                // What was done with a retour was called by the word for what most of them say.
                let kind: Option<MessageKind> = found["bericht"].as_str().and_then(|kind| kind.parse().ok());
                if name == "uitkomst" && value == "goedgekeurd" && kind.is_some_and(MessageKind::is_retour) {
                    assert_eq!(
                        (&found["uitkomst"], &found["retour"]),
                        (&"verwerkt".into(), &serde_json::Value::Null)
                    );
                    continue;
                }
                assert_eq!(found.get(&name), Some(&value), "{}: {name} of {found}", folder.display());
            }
        }
        releases += 1;
    }
    assert!(releases > 0);
}

//! Tests of the store as a whole.

mod beside;
mod files;
mod full_disk;
mod queue;

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::journal::{Chain, EntryHash, Tip, Tips};

const FORMAT: u32 = 3;

fn tip(code: &str, seq: u64) -> Tip {
    Tip { chain: code.parse().unwrap(), seq, hash: EntryHash([seq as u8; 32]) }
}

fn writes(pairs: &[(&str, Option<&str>)]) -> Writes {
    let mut writes = Writes::default();
    for (key, value) in pairs {
        match value {
            Some(value) => writes.put(*key, value.as_bytes()),
            None => writes.delete(*key),
        }
    }
    writes
}

fn pairs(scan: impl Iterator<Item = Result<Pair, StoreError>>) -> Vec<(String, String)> {
    let text = |value: Value| String::from_utf8(value.to_vec()).unwrap();
    scan.map(|pair| pair.map(|(key, value)| (text(key), text(value))).unwrap()).collect()
}

fn keys(scan: impl Iterator<Item = Result<Pair, StoreError>>) -> String {
    pairs(scan).into_iter().map(|(key, _)| key).collect::<Vec<_>>().join(" ")
}

fn opened(dir: &Path) -> Ledger {
    match Ledger::open(dir, FORMAT).unwrap() {
        Opening::Opened(ledger) => ledger,
        Opening::NeedsRebuild(reason) => panic!("{reason}"),
    }
}

fn reason(dir: &Path, format: u32) -> Reason {
    match Ledger::open(dir, format).unwrap() {
        Opening::Opened(_) => panic!("opened"),
        Opening::NeedsRebuild(reason) => reason,
    }
}

#[test]
fn content_and_tips_come_back_together() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("ledger");
    assert_eq!(reason(&dir, FORMAT), Reason::Missing);
    let ledger = Ledger::create(&dir, FORMAT).unwrap();
    assert!(ledger.tips().is_empty());
    ledger.commit(writes(&[("a", Some("1")), ("b", Some("2"))]), &[tip("0363", 2), tip("0000", 1)]).unwrap();
    ledger.commit(writes(&[("a", None), ("c", Some(""))]), &[tip("0363", 3)]).unwrap();
    let hash = ledger.content_hash().unwrap();
    drop(ledger);

    let ledger = opened(&dir);
    assert_eq!(ledger.get(b"a").unwrap(), None);
    assert_eq!(ledger.get(b"b").unwrap().as_deref(), Some(&b"2"[..]));
    assert_eq!(ledger.content_hash().unwrap(), hash);
    let tips: Tips = [tip("0363", 3), tip("0000", 1)].into_iter().map(|tip| (tip.chain, tip)).collect();
    assert_eq!(ledger.tips(), tips);
    drop(ledger);

    assert_eq!(reason(&dir, FORMAT + 1), Reason::Format);
    let ledger = Ledger::create(&dir, FORMAT + 1).unwrap();
    assert_eq!((keys(ledger.scan(b"")), ledger.tips()), (String::new(), Tips::new()));
}

#[test]
fn a_refused_commit_changes_nothing() {
    let ledger = Ledger::temporary(FORMAT, 0).unwrap();
    ledger.commit(writes(&[("a", Some("1"))]), &[tip("0363", 2)]).unwrap();
    let fork = Tip { hash: EntryHash([9; 32]), ..tip("0363", 2) };
    for back in [tip("0363", 1), fork, Tip::start("0363".parse().unwrap())] {
        let error = ledger.commit(writes(&[("a", Some("2"))]), &[tip("0000", 1), back]).unwrap_err();
        assert!(matches!(error, StoreError::TipBackwards { .. }), "{error}");
    }
    let error = ledger.commit(Writes::default(), &[tip("0363", 3), tip("0363", 4)]).unwrap_err();
    assert!(matches!(error, StoreError::ChainTwice(_)), "{error}");

    let mut limits = Writes::default();
    limits.put(vec![1; KEY_BYTES_MAX], vec![1; VALUE_BYTES_MAX]);
    ledger.commit(limits, &[]).unwrap();
    assert_eq!(ledger.get(&[1; KEY_BYTES_MAX]).unwrap().unwrap().len(), VALUE_BYTES_MAX);
    for (key, value) in [(KEY_BYTES_MAX + 1, 0), (0, VALUE_BYTES_MAX + 1)] {
        let mut beyond = writes(&[("a", Some("3"))]);
        beyond.put(vec![0; key], vec![1; value]);
        let error = ledger.commit(beyond, &[tip("0363", 5)]).unwrap_err();
        assert!(matches!(error, StoreError::TooLarge { .. }), "{error}");
    }
    assert_eq!(ledger.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(ledger.tips().into_values().collect::<Vec<_>>(), [tip("0363", 2)]);
    // Standing still is no step back.
    ledger.commit(Writes::default(), &[tip("0363", 2)]).unwrap();
}

#[test]
fn scans_keep_to_their_prefix_and_begin_where_told() {
    let ledger = Ledger::temporary(FORMAT, 0).unwrap();
    let all = [("a", Some("")), ("ab", Some("")), ("abc", Some("")), ("b", Some("")), ("ba", Some(""))];
    ledger.commit(writes(&all), &[tip("0363", 1)]).unwrap();
    let mut high = Writes::default();
    high.put([0xff, 0xff], b"x".to_vec());
    high.put([0xff], b"x".to_vec());
    ledger.commit(high, &[]).unwrap();
    assert_eq!(keys(ledger.scan(b"a")), "a ab abc");
    assert_eq!(keys(ledger.scan(b"a").rev()), "abc ab a");
    assert_eq!(keys(ledger.scan(b"c")), "");
    assert_eq!(keys(ledger.range(b"a", b"ab")), "ab abc");
    assert_eq!(keys(ledger.range(b"a", b"b")), "");
    assert_eq!(keys(ledger.range(b"b", b"a")), "b ba");
    assert_eq!(ledger.scan(&[0xff]).count(), 2);
    assert_eq!(ledger.scan(b"").count(), 7, "neither tips nor formats are content");
    assert_eq!(keys(ledger.view().scan(b"b")), "b ba");
}

#[test]
fn a_view_sees_no_commit() {
    let ledger = Ledger::temporary(FORMAT, 0).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 1..=200 {
                let value = round.to_string();
                let both = writes(&[("left", Some(&value)), ("right", Some(&value))]);
                ledger.commit(both, &[tip("0363", round)]).unwrap();
            }
        });
        while !writer.is_finished() {
            let view = ledger.view();
            let seq = view.tips().get(&Chain::new(*b"0363").unwrap()).map_or(0, |tip| tip.seq);
            for key in ["left", "right"] {
                let value = view.get(key.as_bytes()).unwrap();
                let expected = (seq > 0).then(|| seq.to_string().into_bytes());
                assert_eq!(value.as_deref(), expected.as_deref());
            }
        }
    });
}

/// Its files are made for all to read, and BSNs stand in them.
#[test]
fn only_the_owner_gets_into_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;

    let temp = tempfile::tempdir().unwrap();
    let (new, old) = (temp.path().join("new"), temp.path().join("old"));
    std::fs::create_dir(&old).unwrap();
    std::fs::set_permissions(&old, std::fs::Permissions::from_mode(0o755)).unwrap();
    for dir in [new, old] {
        drop(Ledger::create(&dir, FORMAT).unwrap());
        assert_eq!(dir.metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", dir.display());
    }
}

#[test]
fn a_store_in_use_is_told_from_a_damaged_one() {
    let temp = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(temp.path(), FORMAT).unwrap();
    assert!(matches!(Ledger::open(temp.path(), FORMAT), Err(StoreError::Locked { .. })));
    assert!(matches!(Ledger::create(temp.path(), FORMAT), Err(StoreError::Locked { .. })));
    ledger.commit(writes(&[("a", Some("1"))]), &[]).unwrap();
    drop(ledger);
    assert_eq!(keys(opened(temp.path()).scan(b"")), "a");
}

/// The rows as a crash of the process leaves them: nothing was closed.
#[test]
fn differences_are_found_and_not_shown_in_debug_output() {
    let (here, there) = (Ledger::temporary(FORMAT, 0).unwrap(), Ledger::temporary(FORMAT, 0).unwrap());
    for ledger in [&here, &there] {
        ledger.commit(writes(&[("a", Some("1")), ("c", Some("3"))]), &[]).unwrap();
    }
    there.commit(Writes::default(), &[tip("0363", 1)]).unwrap();
    assert_eq!(here.first_difference(&there).unwrap(), None, "tips are not content");
    assert_eq!(here.content_hash().unwrap(), there.content_hash().unwrap());

    there.commit(writes(&[("b", Some("999990019"))]), &[]).unwrap();
    let difference = here.first_difference(&there).unwrap().unwrap();
    assert_eq!((&difference.key[..], difference.here.as_deref()), (&b"b"[..], None));
    assert!(!format!("{difference:?}").contains("999990019"));
    assert_eq!(there.first_difference(&here).unwrap().unwrap().there, None);
    here.commit(writes(&[("b", Some("2"))]), &[]).unwrap();
    let difference = here.first_difference(&there).unwrap().unwrap();
    assert_eq!(difference.here.as_deref(), Some(&b"2"[..]));
    here.commit(writes(&[("b", None), ("d", None)]), &[]).unwrap();
    there.commit(writes(&[("b", None), ("d", Some("4"))]), &[]).unwrap();
    assert_eq!(&here.first_difference(&there).unwrap().unwrap().key[..], b"d");
    assert_ne!(here.content_hash().unwrap(), there.content_hash().unwrap());
}

/// What is removed is in no file once the store is settled, also when that was left to the next opening.
/// Cuts or overwrites each of lsm-tree's files: the store opens with the content of some commit, or asks for a rebuild.
#[derive(Clone, Debug)]
enum Step {
    Put(u8, u8),
    Delete(u8),
    Commit,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// An overlay over a ledger reads as one map, before and after its writes are committed.
    #[test]
    fn an_overlay_reads_as_a_map(
        steps in prop::collection::vec(
            prop_oneof![
                (any::<u8>(), any::<u8>()).prop_map(|(key, value)| Step::Put(key % 32, value)),
                any::<u8>().prop_map(|key| Step::Delete(key % 32)),
                Just(Step::Commit),
            ],
            1..60,
        ),
    ) {
        let ledger = Ledger::temporary(FORMAT, 0).unwrap();
        let mut overlay = Overlay::new(&ledger);
        let mut model: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let key = |number: u8| if number < 8 { vec![number] } else { vec![number / 8, number] };
        for step in steps {
            match step {
                Step::Put(number, value) => {
                    overlay.put(key(number), vec![value]);
                    model.insert(key(number), vec![value]);
                }
                Step::Delete(number) => {
                    overlay.delete(key(number));
                    model.remove(&key(number));
                }
                Step::Commit => {
                    ledger.commit(overlay.into_writes(), &[]).unwrap();
                    overlay = Overlay::new(&ledger);
                    prop_assert!(overlay.is_empty());
                }
            }
            for number in 0..32 {
                let found = overlay.get(&key(number)).unwrap();
                prop_assert_eq!(found.as_deref(), model.get(&key(number)).map(Vec::as_slice));
            }
        }
    }
}

/// Two stores that differ, and that go on while they are compared.
#[test]
fn a_watch_tells_what_is_written_after_its_view() {
    let (one, other) = (Ledger::temporary(1, 0).unwrap(), Ledger::temporary(1, 0).unwrap());
    let put = |ledger: &Ledger, pairs: &[_]| ledger.commit(writes(pairs), &[]).unwrap();
    put(&one, &[("a", Some("1")), ("b", Some("1")), ("d", Some("1"))]);
    put(&other, &[("a", Some("1")), ("b", Some("2")), ("c", Some("1"))]);
    let (here, there) = (one.watch(), other.watch());
    put(&one, &[("a", None), ("e", Some("1")), ("d", Some("2"))]);
    let text = |keys: Vec<Value>| {
        keys.iter().map(|key| String::from_utf8(key.to_vec()).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(text(here.view().differing_keys(there.view()).unwrap()), ["b", "c", "d"]);
    assert_eq!(text(there.view().differing_keys(here.view()).unwrap()), ["b", "c", "d"]);
    assert_eq!(here.written().map(text), Some(["a", "d", "e"].map(str::to_owned).to_vec()));
    assert_eq!(there.written(), Some(Vec::new()));
    // Another watch takes the place of the first, which says so.
    let again = one.watch();
    put(&one, &[("f", Some("1"))]);
    assert_eq!((here.written(), again.written().map(text)), (None, Some(vec!["f".to_owned()])));
    drop(again);
    put(&one, &[("g", Some("1"))]);
}

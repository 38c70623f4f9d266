//! What is in the files of a store: after a crash, damage, a removal, and of other releases.

use super::*;

#[test]
fn a_load_is_a_commit() {
    let temp = tempfile::tempdir().unwrap();
    let live = temp.path().join("live");
    let (ledger, model) = (Ledger::create(&live, FORMAT).unwrap(), Ledger::in_memory(FORMAT));
    // What a crash may leave: the rows as they were when last a table was made.
    let (mut kept, mut held) = (Ledger::in_memory(FORMAT), 0);
    for round in 1..=9u64 {
        let mut writes = Writes::default();
        for key in 0..200u64 {
            match (key * round) % 7 {
                0 => writes.delete(key.to_be_bytes()),
                1..5 => writes.put(key.to_be_bytes(), (key * round).to_be_bytes().to_vec()),
                _ => {}
            }
        }
        model.commit(writes.clone(), &[tip("0363", round)]).unwrap();
        let view = ledger.view();
        let before = ledger.content_hash().unwrap();
        match round % 3 {
            0 => ledger.commit(writes, &[tip("0363", round)]).unwrap(),
            _ => {
                ledger.load(&writes, &[tip("0363", round)]).unwrap();
                kept = Ledger::in_memory(FORMAT);
                held = round;
                let mut all = Writes::default();
                for pair in model.scan(b"") {
                    let (key, value) = pair.unwrap();
                    all.put(&key, value);
                }
                kept.commit(all, &[tip("0363", round)]).unwrap();
            }
        }
        assert_eq!(ledger.first_difference(&model).unwrap(), None);
        assert_eq!(view.tips().values().map(|tip| tip.seq).sum::<u64>(), round - 1);
        assert_ne!(before, ledger.content_hash().unwrap());
        assert!(matches!(
            ledger.load(&Writes::default(), &[tip("0363", round - 1)]),
            Err(StoreError::TipBackwards { .. })
        ));
        let copy = temp.path().join(format!("crash-{round}"));
        ledger.tree().idle();
        copied(&live, &copy);
        let after = opened(&copy);
        assert_eq!(
            (after.first_difference(&kept).unwrap(), after.tips()),
            (None, kept.tips()),
            "{round} {held}"
        );
    }
    drop(ledger);
    let after = opened(&live);
    assert_eq!((after.first_difference(&model).unwrap(), after.tips()), (None, model.tips()));
}

#[test]
fn clearing_leaves_nothing_and_interrupted_asks_for_a_rebuild() {
    let temp = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(temp.path(), FORMAT).unwrap();
    ledger.commit(writes(&[("a", Some("1"))]), &[tip("0363", 1)]).unwrap();
    ledger.clear().unwrap();
    assert_eq!((ledger.scan(b"").count(), ledger.tips()), (0, Tips::new()));
    ledger.commit(writes(&[("b", Some("1"))]), &[tip("0363", 1)]).unwrap();
    drop(ledger);
    drop(opened(temp.path()));
    // As `clear` leaves it after its first step.
    let tree = tree::Tree::open(&temp.path().join("rows")).unwrap();
    let mut first = tree::Batch::default();
    first.remove(b"\0format");
    tree.apply(first).unwrap();
    drop(tree);
    assert_eq!(reason(temp.path(), FORMAT), Reason::Format);
}

#[test]
fn what_an_earlier_release_left_is_replaced_and_nothing_else() {
    let temp = tempfile::tempdir().unwrap();
    std::fs::create_dir(temp.path().join("blobs")).unwrap();
    for name in ["db", "conf", "snap.0001", "README", "blobs/1"] {
        std::fs::write(temp.path().join(name), "sled's").unwrap();
    }
    assert_eq!(reason(temp.path(), FORMAT), Reason::Format);
    drop(Ledger::create(temp.path(), FORMAT).unwrap());
    let mut names: Vec<_> =
        std::fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["README", "in-use", "rows"]);
    drop(opened(temp.path()));
}

#[test]
fn a_making_that_was_cut_short_asks_for_a_rebuild() {
    let temp = tempfile::tempdir().unwrap();
    let rows = temp.path().join("rows");
    std::fs::create_dir(&rows).unwrap();
    assert_eq!(reason(temp.path(), FORMAT), Reason::Format, "an empty directory");
    let made = || {
        let ledger = Ledger::create(temp.path(), FORMAT).unwrap();
        ledger.commit(writes(&[("a", Some("1"))]), &[tip("0363", 1)]).unwrap();
        drop(ledger);
        files(&rows)
    };
    let (all, mut rebuilt) = (made(), 0);
    for missing in &all {
        assert_eq!(made(), all);
        std::fs::remove_file(missing).unwrap();
        match Ledger::open(temp.path(), FORMAT).unwrap() {
            Opening::NeedsRebuild(_) => rebuilt += 1,
            // It was not of the last version.
            Opening::Opened(ledger) => assert_eq!(keys(ledger.scan(b"")), "a", "{missing:?}"),
        }
    }
    assert!(rebuilt >= 3, "what leads to the rows, their list and the rows: {all:?}");
}

#[test]
fn a_crash_leaves_the_rows_of_some_commit_with_its_tips() {
    let temp = tempfile::tempdir().unwrap();
    let live = temp.path().join("live");
    let ledger = Ledger::create(&live, FORMAT).unwrap();
    let mut settled = 0;
    for round in 1..=50 {
        let value = round.to_string();
        ledger.commit(writes(&[("a", Some(&value)), ("b", Some(&value))]), &[tip("0363", round)]).unwrap();
        if round % 20 == 0 {
            ledger.settle().unwrap();
            settled = round;
        }
        if round % 10 == 0 {
            let copy = temp.path().join(format!("crash-{round}"));
            ledger.tree().idle();
            copied(&live, &copy);
            let after = opened(&copy);
            let value = (settled > 0).then(|| settled.to_string().into_bytes());
            for key in [b"a", b"b"] {
                assert_eq!(after.get(key).unwrap().as_deref(), value.as_deref());
            }
            assert_eq!(after.tips().values().map(|tip| tip.seq).sum::<u64>(), settled);
        }
    }
    // Who closes it loses nothing.
    drop(ledger);
    let after = opened(&live);
    assert_eq!(after.get(b"a").unwrap().as_deref(), Some(&b"50"[..]));
    assert_eq!(after.tips().values().map(|tip| tip.seq).collect::<Vec<_>>(), [50]);
}

/// However much is written, no more than a bounded part of it is in memory alone, and views stay what they are.
#[test]
fn a_crash_takes_no_more_than_what_was_collected() {
    const ROUNDS: u64 = 60;
    const VALUE: usize = 1 << 20;
    let temp = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let ledger = Ledger::create(temp.path(), FORMAT).unwrap();
    let value = |round: u64| vec![round as u8; VALUE];
    let mut views = Vec::new();
    for round in 1..=ROUNDS {
        let mut writes = Writes::default();
        for key in ["left".to_owned(), "right".to_owned(), format!("{round:0>3}")] {
            writes.put(key, value(round));
        }
        ledger.commit(writes, &[tip("0363", round)]).unwrap();
        if round % 16 == 0 {
            views.push((round, ledger.view()));
        }
    }
    for (round, view) in &views {
        assert!(view.get(b"left").unwrap().as_deref() == Some(&value(*round)[..]), "{round}");
        assert_eq!(view.scan(b"").count() as u64, round + 2, "{round}");
    }
    drop(views);
    // As a crash leaves it.
    ledger.tree().discard();
    drop(ledger);
    let after = opened(temp.path());
    let seq = after.tips().values().map(|tip| tip.seq).sum::<u64>();
    let lost = (ROUNDS - seq) * 3 * VALUE as u64;
    assert!(lost <= tables::IN_MEMORY_BYTES_MAX, "{lost} bytes were in memory alone");
    for key in ["left", "right"] {
        assert!(after.get(key.as_bytes()).unwrap().as_deref() == Some(&value(seq)[..]), "{key}");
    }
    assert_eq!(after.scan(b"").count() as u64, seq + 2);
}

/// What became a table does not stay in memory besides, but for what the last version of the tree may still have.
#[test]
fn collections_that_became_tables_are_let_go_of() {
    let temp = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(temp.path(), FORMAT).unwrap();
    for round in 1..=8 {
        ledger.commit(writes(&[("a", Some(&round.to_string()))]), &[tip("0363", round)]).unwrap();
        ledger.settle().unwrap();
        ledger.tree().idle();
        assert!(ledger.tree().collections() <= 1, "{round}");
    }
    assert_eq!(ledger.get(b"a").unwrap().as_deref(), Some(&b"8"[..]));
}

#[test]
fn a_store_whose_background_failed_is_not_opened_again() {
    let temp = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(temp.path(), FORMAT).unwrap();
    ledger.commit(writes(&[("a", Some("1"))]), &[]).unwrap();
    drop(ledger);
    std::fs::write(temp.path().join("rows/doubtful"), "").unwrap();
    assert!(matches!(reason(temp.path(), FORMAT), Reason::Damaged(_)));
    let ledger = Ledger::create(temp.path(), FORMAT).unwrap();
    drop(ledger);
    drop(opened(temp.path()));
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, to) = entry.map(|entry| (entry.path(), to.join(entry.file_name()))).unwrap();
        if path.is_dir() { copied(&path, &to) } else { std::fs::copy(path, to).map(drop).unwrap() }
    }
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

#[test]
fn a_temporary_store_goes_with_its_files() {
    let ledger = Ledger::temporary(FORMAT, 0).unwrap();
    ledger.commit(writes(&[("a", Some("1"))]), &[]).unwrap();
    let home = ledger.rows().unwrap().to_owned();
    assert_eq!((keys(ledger.scan(b"")), home.is_dir()), ("a".to_owned(), true));
    drop(ledger);
    assert!(!home.exists());
}

#[test]
fn what_is_removed_is_in_no_file_of_a_settled_store() {
    let temp = tempfile::tempdir().unwrap();
    let has = |text: &str| {
        let found = |file: &std::path::PathBuf| {
            memchr::memmem::find(&std::fs::read(file).unwrap(), text.as_bytes()).is_some()
        };
        files(temp.path()).iter().filter(|file| found(file)).count()
    };
    let mut ledger = Ledger::create(temp.path(), FORMAT).unwrap();
    for round in 1..=3 {
        // A row in a table, one in another, and one in memory.
        ledger.commit(writes(&[("first", Some("999990019 lives")), ("other", Some("stays"))]), &[]).unwrap();
        ledger.settle().unwrap();
        ledger.load(&writes(&[("second", Some("999990019 moved"))]), &[]).unwrap();
        ledger.commit(writes(&[("second", Some("999990019 moved again"))]), &[]).unwrap();
        assert!(has("999990019") > 1, "round {round}");
        ledger.unsettle().unwrap();
        ledger.commit(writes(&[("first", None), ("second", Some("nobody"))]), &[]).unwrap();
        if round == 2 {
            drop(ledger);
            assert!(has("999990019") > 0, "a removal cut short");
            ledger = opened(temp.path());
        } else {
            ledger.settle().unwrap();
        }
        assert_eq!(has("999990019"), 0, "round {round}");
        assert!(has("stays") > 0);
        assert_eq!(keys(ledger.scan(b"")), "other second");
    }
}

#[test]
fn a_damaged_store_asks_for_a_rebuild_or_lags() {
    // In memory where the system has that: no power is cut here, and some hundred stores wait for their disk otherwise.
    let temp = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let whole = temp.path().join("whole");
    let ledger = Ledger::create(&whole, FORMAT).unwrap();
    for round in 1..=40u64 {
        let value = format!("{round:0>3000}");
        ledger
            .commit(writes(&[("left", Some(&value)), ("right", Some(&value))]), &[tip("0363", round)])
            .unwrap();
        if round == 20 {
            ledger.settle().unwrap();
        }
    }
    drop(ledger);
    let (mut rebuilt, mut lagging) = (0, 0);
    for (number, file) in files(&whole.join("rows")).into_iter().enumerate() {
        let bytes = std::fs::read(&file).unwrap();
        // The journal ends in zeros that stand for nothing.
        let length = bytes.len() - bytes.iter().rev().take_while(|byte| **byte == 0).count();
        for case in 0..15 {
            let dir = temp.path().join(format!("case-{number}-{case}"));
            copied(&whole, &dir);
            let mut damaged = bytes.clone();
            let at = length * (case / 3) / 5;
            match case % 3 {
                0 => damaged.truncate(at),
                1 => damaged[at..].iter_mut().take(700).for_each(|byte| *byte = 0x5a),
                _ => damaged[at..].iter_mut().take(1).for_each(|byte| *byte ^= 1),
            }
            std::fs::write(dir.join(file.strip_prefix(&whole).unwrap()), damaged).unwrap();
            match Ledger::open(&dir, FORMAT).unwrap() {
                Opening::NeedsRebuild(_) => {
                    rebuilt += 1;
                    let ledger = Ledger::create(&dir, FORMAT).unwrap();
                    ledger.commit(writes(&[("a", Some("1"))]), &[tip("0363", 1)]).unwrap();
                }
                Opening::Opened(ledger) => {
                    let seq = ledger.tips().get(&Chain::new(*b"0363").unwrap()).map_or(0, |tip| tip.seq);
                    for key in ["left", "right"] {
                        match ledger.get(key.as_bytes()) {
                            Ok(value) => {
                                let expected = (seq > 0).then(|| format!("{seq:0>3000}").into_bytes());
                                assert_eq!(value.as_deref(), expected.as_deref(), "{file:?} {case}");
                            }
                            Err(error) => assert!(matches!(error, StoreError::Damaged(_)), "{error}"),
                        }
                    }
                    lagging += 1;
                }
            }
            std::fs::remove_dir_all(dir).unwrap();
        }
    }
    assert!(rebuilt > 0 && lagging > 0, "{rebuilt} rebuilt, {lagging} lagging");
}
/// What a killed process leaves behind is gone when the next temporary store is made; what is in use stays.
#[test]
fn what_a_temporary_store_left_behind_is_removed() {
    let place = tempfile::tempdir().unwrap();
    let age = |dir: &Path| {
        let before = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
        std::fs::File::open(dir).unwrap().set_modified(before).unwrap();
    };
    let (left, other) = (place.path().join("iwmo-ledger-left"), place.path().join("other"));
    for dir in [&left, &other] {
        std::fs::create_dir_all(dir.join("rows")).unwrap();
        age(dir);
    }
    let used = Ledger::temporary_in(place.path(), 1).unwrap();
    age(used.temporary.as_ref().unwrap().path());
    assert!(!left.exists() && other.exists());
    let again = Ledger::temporary_in(place.path(), 1).unwrap();
    let homes = [&used, &again].map(|ledger| ledger.temporary.as_ref().unwrap().path().to_owned());
    assert!(homes.iter().all(|home| home.exists()));
    drop((used, again));
    assert!(homes.iter().all(|home| !home.exists()));
}

//! Damage of every kind, several at once, by the thousand: what is read is what was written, or a clear error says
//! where it is not.
//!
//! `IWMO_DAMAGE_CASES=1000000` and `IWMO_DAMAGE_FROM=1` run more of them; each case follows from its number.
#![expect(clippy::print_stdout, reason = "a long run by hand tells how far it is")]

use std::fs;

use super::*;
use crate::backup::{BackupError, backup, restore};
use crate::ledger;
use crate::simulation::Random;

/// Cases of every test run.
const CASES: u64 = 3_000;
/// Damaged backups of every test run; they are on real files.
const BACKUPS: u64 = 150;
/// What is moved about together.
const BLOCK: usize = 512;

/// Files by name.
type Files = BTreeMap<String, Vec<u8>>;

/// A journal as it was written.
struct Written {
    files: Files,
    entries: BTreeMap<EntryId, Entry>,
    contents: BTreeMap<Chain, Vec<Vec<u8>>>,
    tips: Tips,
}

fn write(salt: usize) -> Written {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    for round in 0..14 {
        let large = payload(round + salt, 8_000 + 900 * (round % 5));
        append(&mut journal, &[("0363", &[&large, b"small"]), ("0000", &[&payload(round, round)])]).unwrap();
    }
    drop(journal);
    let journal = open(&disk).unwrap();
    let all = journal.reader().read_all(Position::START).map(Result::unwrap);
    let files =
        segments(&disk).into_iter().map(|name| (name.clone(), disk.content(&dir().join(name)).unwrap()));
    let files: Files = files.collect();
    assert!(files.len() >= 3);
    Written {
        entries: all.map(|entry| (entry.id, entry)).collect(),
        contents: contents(&journal.reader()),
        tips: journal.reader().tips(),
        files,
    }
}

fn name(random: &mut Random, files: &Files) -> String {
    let names: Vec<&String> = files.keys().collect();
    (*random.pick(&names)).clone()
}

/// Returns a place in a file, most often in the part that has something.
fn place(random: &mut Random, bytes: &[u8]) -> usize {
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let end = if random.percent(80) { written } else { bytes.len() };
    random.between(0, end as u64) as usize
}

fn block(random: &mut Random, bytes: &[u8]) -> std::ops::Range<usize> {
    let from = place(random, bytes) / BLOCK * BLOCK;
    from.min(bytes.len())..(from + BLOCK * random.between(1, 4) as usize).min(bytes.len())
}

/// Damages files in one way.
fn damage(random: &mut Random, files: &mut Files, foreign: &Files) {
    let one = name(random, files);
    let other = name(random, files);
    let mut bytes = files[&one].clone();
    let at = place(random, &bytes);
    match random.between(0, 15) {
        0 | 1 if at < bytes.len() => bytes[at] ^= 1 << random.between(0, 7),
        2 => bytes.truncate(at),
        3 => bytes.truncate(at / BLOCK * BLOCK),
        4 => bytes.extend((0..random.between(1, 5_000)).map(|_| random.next() as u8)),
        5 => {
            let range = block(random, &bytes);
            bytes[range].fill(0);
        }
        6 | 7 => {
            // A block of this file, or of another, stands where it does not belong.
            let from = if random.percent(50) { &bytes } else { &files[&other] };
            let range = block(random, from);
            let copy = from[range].to_vec();
            let to = block(random, &bytes).start;
            let end = bytes.len().min(to + copy.len());
            bytes[to..end].copy_from_slice(&copy[..end - to]);
        }
        8 => {
            let (one, two) = (block(random, &bytes), block(random, &bytes));
            let length = one.len().min(two.len());
            for step in 0..length {
                bytes.swap(one.start + step, two.start + step);
            }
        }
        9 => {
            let stranger = files[&other].clone();
            files.insert(other, std::mem::replace(&mut bytes, stranger));
        }
        10 if files.len() > 1 => {
            files.remove(&one);
            return;
        }
        11 => {
            let number = random.between(0, 60);
            files.insert(format!("journal-{number:020}.iwj"), bytes);
            return;
        }
        12 => {
            let removed = block(random, &bytes);
            bytes.drain(removed);
        }
        13 => {
            let inserted = (0..random.between(1, 600)).map(|_| random.next() as u8);
            bytes.splice(at..at, inserted);
        }
        14 => bytes = foreign[&name(random, foreign)].clone(),
        15 => {
            let end = bytes.len().min(at + random.between(1, 3_000) as usize);
            bytes[at..end].fill_with(|| random.next() as u8);
        }
        _ => bytes.clear(),
    }
    files.insert(one, bytes);
}

fn damaged(case: u64, written: &Written, foreign: &Written) -> Files {
    let mut random = Random::new(case);
    let (mut files, foreign) = (written.files.clone(), &foreign.files);
    let times = *random.pick(&[1, 1, 1, 2, 3]);
    for _ in 0..times {
        damage(&mut random, &mut files, foreign);
    }
    files
}

/// Damage says in which file and where.
fn names_the_place(damage: &Damage, files: &Files) {
    let file = damage.file.file_name().unwrap().to_str().unwrap();
    // A segment that is missing is named by the one that should follow it.
    assert!(files.contains_key(file), "{file} is not there");
    let text = damage.to_string();
    assert!(text.contains(file) && text.contains("byte "), "{text}");
    assert!(!damage.kind.advice().is_empty());
}

fn check(written: &Written, foreign: &Written, files: &Files) {
    let disk = SimulatedDisk::new(1);
    for (name, bytes) in files {
        disk.put(&dir().join(name), bytes.clone());
    }
    let report = verified(&disk);
    report.faults.iter().for_each(|damage| names_the_place(damage, files));
    browse(written, foreign, &disk);
    let beside = ReadOnlyJournal::open_on(Arc::new(disk.clone()), dir());
    match open(&disk) {
        Ok(journal) => {
            let read = contents(&journal.reader());
            assert_eq!(contents(beside.unwrap().reader()), read);
            for (chain, payloads) in &read {
                let whole = written.contents.get(chain).map_or(&[][..], Vec::as_slice);
                assert!(whole.starts_with(payloads), "{chain} has what was never written");
            }
            if read != written.contents {
                // An end that is gone without a trace: the ledger is the witness, and nothing starts.
                let witness = ledger::not_ahead(&written.tips, &journal.reader());
                assert!(matches!(witness, Err(ledger::LedgerError::Ahead { .. })), "{witness:?}");
            }
        }
        Err(OpenError::Damaged(damage)) => {
            assert!(!report.is_clean(), "refused, and verifying finds nothing");
            assert!(matches!(beside, Err(OpenError::Damaged(_))));
            names_the_place(&damage, files);
        }
        Err(error) => panic!("{error}"),
    }
}

/// Reading without reading everything: an entry is the one that was written, or there is an error. Who looks at one
/// segment alone cannot know that it is a whole one of another journal; verifying and opening do.
fn browse(written: &Written, foreign: &Written, disk: &SimulatedDisk) {
    let Ok(browser) = Browser::open_on(Arc::new(disk.clone()), dir()) else { return };
    let right = |entry: &Entry| {
        let known = [&written.entries, &foreign.entries].map(|entries| entries.get(&entry.id));
        assert!(known.contains(&Some(entry)), "{} is none that was written", entry.id);
    };
    for entry in browser.select(None, None) {
        match entry {
            Ok(entry) => right(&entry),
            Err(ReadError::Damaged(damage)) => assert!(damage.to_string().contains("byte ")),
            Err(error) => panic!("{error}"),
        }
    }
    if let Ok(last) = browser.last(5) {
        last.iter().for_each(right);
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Runs cases; a panic says which.
fn cases(count: u64, case: impl Fn(u64)) {
    let from = number("IWMO_DAMAGE_FROM").unwrap_or(1);
    for number in from..from + count {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(number)));
        if let Err(panic) = result {
            println!("case {number}; again with IWMO_DAMAGE_FROM={number} IWMO_DAMAGE_CASES=1");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn damage_by_the_thousand_is_found_or_harmless() {
    let (written, foreign) = (write(0), write(1));
    cases(number("IWMO_DAMAGE_CASES").unwrap_or(CASES), |case| {
        check(&written, &foreign, &damaged(case, &written, &foreign));
    });
}

/// A damaged backup is put back whole, or not at all; where only an end is gone, the ledger would tell.
#[test]
fn a_damaged_backup_is_not_put_back() {
    let (written, foreign) = (write(0), write(1));
    let count = number("IWMO_DAMAGE_CASES").map_or(BACKUPS, |cases| cases.min(20_000));
    let refused = std::cell::Cell::new(0);
    cases(count, |case| {
        let site = tempfile::tempdir().unwrap();
        let (data, copy, other) = (site.path().join("a"), site.path().join("b"), site.path().join("c"));
        fs::create_dir_all(data.join("journal")).unwrap();
        fs::create_dir_all(&other).unwrap();
        for (name, bytes) in &written.files {
            fs::write(data.join("journal").join(name), bytes).unwrap();
        }
        backup(&data, &copy).unwrap();
        let kept: Vec<_> = fs::read_dir(&copy).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(kept.len() >= written.files.len());
        let files = damaged(case, &written, &foreign);
        kept.iter()
            .filter(|file| file.extension().is_some_and(|e| e == "iwj"))
            .for_each(|file| fs::remove_file(file).unwrap());
        for (name, bytes) in &files {
            fs::write(copy.join(name), bytes).unwrap();
        }
        match restore(&copy, &other) {
            Ok(_) => {
                let journal = ReadOnlyJournal::open(&other.join("journal")).unwrap();
                for (chain, payloads) in contents(journal.reader()) {
                    assert!(written.contents[&chain].starts_with(&payloads));
                }
            }
            Err(BackupError::NotClean { report, .. }) => {
                refused.set(refused.get() + 1);
                assert!(!report.is_clean());
                assert!(!other.join("journal").exists(), "refused, and there it is");
            }
            Err(BackupError::Open(OpenError::Damaged(_))) => {
                refused.set(refused.get() + 1);
                assert!(!other.join("journal").exists(), "refused, and there it is");
            }
            Err(error) => panic!("{error}"),
        }
    });
    assert!(refused.get() > count / 2, "{} of {count}", refused.get());
}

//! Looking by an index gives what reading everything gives, whatever became of the index.

use super::super::{Indexer, Wanted};
use super::*;
use crate::journal::{Label, Position as Place, Takes};

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_764_000_000 + minutes * 60).unwrap()
}

/// An entry is like the first byte of its payload.
const LABEL: Label = |entry| entry.payload[..1].to_vec();

/// Writes so many entries more, with six labels, and one that is rare.
fn write(journal: &mut FileJournal, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let chain = chain(["0363", "0222", "1680"][number % 3]);
        let mut content = payload(number, 3_000);
        content[0] = if number % 97 == 50 { 200 } else { (number % 6) as u8 };
        let tip = journal.reader().tips().get(&chain).copied().unwrap_or(Tip::start(chain));
        let drafts = [Draft { time: at(number as i64), ..draft(&content) }];
        journal.append(journal.epoch(), &[ChainBatch { tip, drafts: &drafts }]).unwrap();
    }
}

fn index(journal: &FileJournal) {
    let mut indexer = Indexer::eager(&journal.reader(), LABEL);
    while indexer.step().unwrap() {}
}

/// Looks for entries in every way, and compares with all entries.
fn looks(disk: &SimulatedDisk) -> usize {
    let browser = Browser::open_on(Arc::new(disk.clone()), dir()).unwrap();
    let all: Vec<Entry> = browser.select(None, None).map(Result::unwrap).collect();
    let rare = |label: &[u8]| label == [200];
    let some = |label: &[u8]| label == [3] || label == [200];
    let none = |label: &[u8]| label == [77];
    let labels: [Option<Takes<'_>>; 4] = [None, Some(&rare), Some(&some), Some(&none)];
    for label in labels {
        for chain in [None, Some(chain("1680")), Some(chain("9999"))] {
            for from in [None, Some(at(0)), Some(at(123)), Some(at(100_000))] {
                let wants = |entry: &&Entry| {
                    chain.is_none_or(|chain| chain == entry.id.chain)
                        && from.is_none_or(|from| entry.time >= from)
                        && label.is_none_or(|takes| takes(&LABEL(entry)))
                };
                let found = browser.find(Wanted { chain, from, label }, LABEL).map(Result::unwrap);
                let found: Vec<Entry> = found.filter(|entry| wants(&entry)).collect();
                assert!(found.iter().eq(all.iter().filter(wants)), "{chain:?} {from:?}");
            }
        }
    }
    all.len()
}

fn indexes(disk: &SimulatedDisk) -> Vec<String> {
    let mut names = disk.list(dir()).unwrap();
    names.retain(|name| name.ends_with(".iwx"));
    names.sort_unstable();
    names
}

#[test]
fn an_index_finds_what_reading_finds() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    write(&mut journal, 0..150);
    assert_eq!((looks(&disk), indexes(&disk).len()), (150, 0));
    index(&journal);
    assert_eq!((looks(&disk), indexes(&disk).len()), (150, segments(&disk).len()));
    // The last segment goes on, and more come.
    write(&mut journal, 150..153);
    assert_eq!(looks(&disk), 153);
    write(&mut journal, 153..300);
    assert_eq!(looks(&disk), 300);
    index(&journal);
    assert_eq!((looks(&disk), indexes(&disk).len()), (300, segments(&disk).len()));
}

/// What is found by an index needs no other segment: the others may be unreadable.
#[test]
fn an_index_is_used() {
    let disk = SimulatedDisk::new(2);
    let mut journal = open(&disk).unwrap();
    write(&mut journal, 0..300);
    index(&journal);
    let browser = Browser::open_on(Arc::new(disk.clone()), dir()).unwrap();
    let rare = |label: &[u8]| label == [200];
    let found: Vec<Entry> =
        browser.find(Wanted { label: Some(&rare), ..Wanted::default() }, LABEL).map(Result::unwrap).collect();
    let first = &found[0];
    // Another entry of the segment, which reading would run into.
    let before = journal
        .reader()
        .read_all(Place::START)
        .map(Result::unwrap)
        .find(|e| e.number + 1 == first.number)
        .unwrap();
    let path =
        disk.list(dir()).unwrap().into_iter().filter(|name| name.ends_with(".iwj")).max_by_key(|name| {
            let number: u64 = name[8..28].parse().unwrap();
            if number <= before.number { number } else { 0 }
        });
    let file = disk.open_write(&dir().join(path.unwrap())).unwrap();
    file.write_at(b"damage", u64::from(before.position.offset) + 200).unwrap();
    let again: Vec<Entry> =
        browser.find(Wanted { label: Some(&rare), ..Wanted::default() }, LABEL).map(Result::unwrap).collect();
    assert_eq!(found, again);
    assert!(browser.select(None, None).any(|entry| entry.is_err()));
}

/// Whatever byte of an index is wrong, nothing is lost or made up.
#[test]
fn a_damaged_index_is_none() {
    let disk = SimulatedDisk::new(3);
    let mut journal = open(&disk).unwrap();
    write(&mut journal, 0..40);
    index(&journal);
    for name in indexes(&disk) {
        let path = dir().join(name);
        let file = disk.open_write(&path).unwrap();
        let length = file.len().unwrap();
        for place in (0..length).step_by(13) {
            let mut byte = [0];
            file.read_at(&mut byte, place).unwrap();
            file.write_at(&[byte[0] ^ 0x41], place).unwrap();
            assert_eq!(looks(&disk), 40, "byte {place}");
            file.write_at(&byte, place).unwrap();
        }
        for length in [0, 1, 80, length - 1] {
            file.set_len(length).unwrap();
            assert_eq!(looks(&disk), 40, "length {length}");
        }
    }
}

/// An index that is of other entries, as when an older copy of the journal was put back, is not taken for that of these.
#[test]
fn an_index_of_other_entries_is_none() {
    let disk = SimulatedDisk::new(4);
    let mut journal = open(&disk).unwrap();
    write(&mut journal, 0..10);
    let copies: Vec<(String, Vec<u8>)> = segments(&disk)
        .into_iter()
        .map(|name| {
            let file = disk.open_read(&dir().join(&name)).unwrap();
            let mut bytes = vec![0; file.len().unwrap() as usize];
            file.read_at(&mut bytes, 0).unwrap();
            (name, bytes)
        })
        .collect();
    write(&mut journal, 10..18);
    index(&journal);
    drop(journal);
    for name in segments(&disk) {
        disk.remove(&dir().join(name)).unwrap();
    }
    for (name, bytes) in copies {
        disk.create(&dir().join(name)).unwrap().write_at(&bytes, 0).unwrap();
    }
    assert_eq!(looks(&disk), 10);
    let mut journal = open(&disk).unwrap();
    write(&mut journal, 20..31);
    assert_eq!(looks(&disk), 21);
    index(&journal);
    assert_eq!(looks(&disk), 21);
}

/// Entries in segments that were forgotten are found again, with an index and without, by whoever wrote them and whoever did
/// not.
#[test]
fn every_entry_is_found_by_name() {
    let disk = SimulatedDisk::new(5);
    let mut journal = open(&disk).unwrap();
    write(&mut journal, 0..900);
    assert!(segments(&disk).len() > 45);
    for indexed in [false, true] {
        if indexed {
            index(&journal);
        }
        let other = ReadOnlyJournal::open_reading(Arc::new(disk.clone()), dir(), 1).unwrap();
        for reader in [journal.reader(), other.reader().clone()] {
            for entry in journal.reader().read_all(Place::START).map(Result::unwrap) {
                assert_eq!(reader.get(entry.id.chain, entry.id.seq).unwrap(), Some(entry));
            }
            for turn in 0..500_u64 {
                let id = EntryId { chain: chain("0222"), seq: 1 + turn * 7 % 300 };
                assert_eq!(reader.get(id.chain, id.seq).unwrap().unwrap().id, id);
            }
        }
    }
}

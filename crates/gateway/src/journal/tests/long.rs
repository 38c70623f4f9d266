//! A journal of which only the end is read at opening.

use super::*;

/// Opens a journal and reads its last segment.
fn open_end(disk: &SimulatedDisk) -> Result<FileJournal, OpenError> {
    FileJournal::open_reading(Arc::new(disk.clone()), dir(), SMALL, 1)
}

/// A journal of many segments; of the chain 1680 nothing stands in the last ones.
fn long() -> (SimulatedDisk, Vec<Tips>) {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    let mut tips = vec![Tips::new()];
    for round in 0..60 {
        let code = if round < 12 { "1680" } else { ["0363", "0000"][round % 2] };
        append(&mut journal, &[(code, &[&payload(round, 9_000)])]).unwrap();
        tips.push(journal.reader().tips());
    }
    assert!(segments(&disk).len() > 6);
    (disk, tips)
}

#[test]
fn every_entry_is_found_though_the_end_alone_was_read() {
    let (disk, _) = long();
    let whole = contents(&open(&disk).unwrap().reader());
    let mut journal = open_end(&disk).unwrap();
    assert_eq!(contents(&journal.reader()), whole);
    // In any order, and beside what is written meanwhile.
    let mut journal_again = {
        append(&mut journal, &[("1680", &[b"later"]), ("0363", &[&payload(60, 9_000)])]).unwrap();
        drop(journal);
        open_end(&disk).unwrap()
    };
    for round in (1..=12).rev() {
        let entry = journal_again.reader().get(chain("1680"), round).unwrap().unwrap();
        assert_eq!(entry.payload, payload(round as usize - 1, 9_000));
        append(&mut journal_again, &[("0000", &[&payload(7, 9_000)])]).unwrap();
    }
    let again = contents(&journal_again.reader());
    assert_eq!((again[&chain("1680")].len(), again[&chain("0000")].len()), (13, 24 + 12));
    for (code, seq) in [("1680", 0), ("1680", 14), ("9999", 1)] {
        assert_eq!(journal_again.reader().get(chain(code), seq).unwrap(), None);
    }
    let reader = ReadOnlyJournal::open_reading(Arc::new(disk.clone()), dir(), 1).unwrap();
    assert_eq!(contents(reader.reader()), again);
    assert_eq!(reader.reader().last(), journal_again.reader().last());
    drop(journal_again);
    assert!(verified(&disk).is_clean());
}

#[test]
fn a_ledger_reads_on_from_any_tips_though_the_end_alone_was_read() {
    let (disk, all) = long();
    for (applied, tips) in all.iter().enumerate() {
        let reader = open_end(&disk).unwrap().reader();
        let numbers = reader.read_all(reader.position_after(tips)).map(|entry| entry.unwrap().number);
        let beyond: Vec<u64> = numbers.filter(|number| *number > applied as u64).collect();
        assert_eq!(beyond, (applied as u64 + 1..=60).collect::<Vec<_>>());
        for tip in tips.values() {
            assert!(reader.had(tip).unwrap());
            assert!(!reader.had(&Tip { hash: EntryHash([7; 32]), ..*tip }).unwrap());
            assert!(!reader.had(&Tip { seq: tip.seq + 60, ..*tip }).unwrap());
        }
    }
}

#[test]
fn damage_before_the_end_shows_where_it_is_read() {
    let (disk, _) = long();
    let path = dir().join(&segments(&disk)[1]);
    let bytes = disk.content(&path).unwrap();
    // In the last entry of it, the first, and between them.
    for at in [4_096 + 200, 30_000, bytes.iter().rposition(|byte| *byte != 0).unwrap()] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        disk.put(&path, damaged);
        assert!(open(&disk).is_err(), "read as a whole");
        let mut journal = open_end(&disk).unwrap();
        append(&mut journal, &[("0363", &[b"goes on"])]).unwrap();
        let reader = journal.reader();
        let failed = (1..=12).filter(|seq| reader.get(chain("1680"), *seq).is_err()).count();
        assert!(failed > 0, "byte {at}");
        assert!(reader.read_all(Position::START).any(|entry| entry.is_err()));
        drop(journal);
        assert_eq!(verified(&disk).faults.len(), 1);
    }
}

#[test]
fn headers_that_do_not_go_on_from_each_other_stop_an_opening() {
    let (disk, _) = long();
    let names = segments(&disk);
    let content = |at: usize| disk.content(&dir().join(&names[at])).unwrap();
    // One is damaged, one is that of another segment, the first is missing.
    let mut damaged = content(2);
    damaged[50] ^= 1;
    for (at, bytes) in [(2, damaged), (2, content(3))] {
        let good = content(at);
        disk.put(&dir().join(&names[at]), bytes);
        assert!(open_end(&disk).is_err());
        disk.put(&dir().join(&names[at]), good);
    }
    open_end(&disk).unwrap();
    disk.remove(&dir().join(&names[0])).unwrap();
    assert!(matches!(open_end(&disk), Err(OpenError::Damaged(_))));
}

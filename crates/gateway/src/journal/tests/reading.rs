//! Reading from positions, and beside a process that writes.

use super::*;

#[test]
fn a_ledger_reads_on_from_its_tips() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    let large = payload(1, 9_000);
    let mut tips_at = vec![Tips::new()];
    for round in 0..40 {
        let code = ["0363", "0000", "1680"][round % 3];
        append(&mut journal, &[(code, &[&large])]).unwrap();
        tips_at.push(journal.reader().tips());
    }
    let reader = journal.reader();
    for (applied, tips) in tips_at.iter().enumerate() {
        let from = reader.position_after(tips);
        let numbers: Vec<u64> = reader.read_all(from).map(|entry| entry.unwrap().number).collect();
        assert_eq!(numbers, (applied as u64 + 1..=40).collect::<Vec<_>>());
        assert_eq!(contents(&reader).len(), 3);
    }
    // A chain that lags alone takes the others along.
    let mut tips = journal.reader().tips();
    tips.insert(chain("1680"), Tip::start(chain("1680")));
    assert_eq!(reader.read_all(reader.position_after(&tips)).count(), 38);
    // Every entry's own position leads to it.
    for entry in reader.read_all(Position::START) {
        let entry = entry.unwrap();
        assert_eq!(reader.read_all(entry.position).next().unwrap().unwrap(), entry);
    }
    let ids: Vec<u64> = journal.reader().read(chain("0363"), 13).map(|entry| entry.unwrap().id.seq).collect();
    assert_eq!(ids, [13, 14]);
    assert_eq!(journal.reader().read(chain("0363"), 15).count(), 0);
    assert_eq!(journal.reader().get(chain("0363"), 15).unwrap(), None);
    assert_eq!(journal.reader().get(chain("0363"), 0).unwrap(), None);
    assert_eq!(journal.reader().get(chain("9999"), 1).unwrap(), None);
}

#[test]
fn an_iterator_ends_where_the_journal_was_when_it_began() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    append(&mut journal, &[("0363", &[b"one", b"two"])]).unwrap();
    let (mut all, mut one) =
        (journal.reader().read_all(Position::START), journal.reader().read(chain("0363"), 1));
    let end = journal.reader().position_after(&journal.reader().tips());
    let nothing = journal.reader().read_all(end);
    append(&mut journal, &[("0363", &[b"three"])]).unwrap();
    assert_eq!((all.by_ref().count(), one.by_ref().count(), nothing.count()), (2, 2, 0));
    assert_eq!(journal.reader().read_all(end).count(), 1);
    assert_eq!(open_empty().read_all(Position::START).count(), 0);
}

fn open_empty() -> Reader {
    open(&SimulatedDisk::new(1)).unwrap().reader()
}

#[test]
fn a_reader_without_lock_follows_a_writer() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    let beside = ReadOnlyJournal::open_on(Arc::new(disk.clone()), dir()).unwrap();
    for round in 0..30 {
        append(&mut journal, &[("0363", &[&payload(round, 7_000)])]).unwrap();
        if round % 4 == 0 {
            beside.refresh().unwrap();
            assert_eq!(contents(beside.reader()), contents(&journal.reader()));
        }
    }
    assert!(segments(&disk).len() > 2);

    // An append that is half written is not there yet, for a reader that is open and for a new one.
    let name = dir().join(segments(&disk).pop().unwrap());
    let before = disk.content(&name).unwrap();
    append(&mut journal, &[("0363", &[b"a", b"b"])]).unwrap();
    let mut half = disk.content(&name).unwrap();
    let changed = (0..half.len()).rev().find(|at| half[*at] != 0).unwrap();
    half[changed - 100..].copy_from_slice(&before[changed - 100..]);
    let copy = SimulatedDisk::new(1);
    for name in segments(&disk) {
        let path = dir().join(name);
        copy.put(
            &path,
            if path == dir().join(segments(&disk).pop().unwrap()) {
                half.clone()
            } else {
                disk.content(&path).unwrap()
            },
        );
    }
    let late = ReadOnlyJournal::open_on(Arc::new(copy.clone()), dir()).unwrap();
    assert_eq!(late.reader().tips()[&chain("0363")].seq, 31);
    copy.put(&name, disk.content(&name).unwrap());
    late.refresh().unwrap();
    assert_eq!(contents(late.reader()), contents(&journal.reader()));
}

/// A thread reads and refreshes while another writes; nothing but whole prefixes is ever seen.
#[test]
fn threads_read_while_one_writes() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("journal");
    let mut journal = FileJournal::open(&dir, SMALL).unwrap();
    let shared = journal.reader();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..300 {
                append(&mut journal, &[("0363", &[&payload(round, 1_500)]), ("0000", &[b"x", b"y"])])
                    .unwrap();
            }
        });
        let beside = ReadOnlyJournal::open(&dir).unwrap();
        let mut last = 0;
        while !writer.is_finished() {
            beside.refresh().unwrap();
            let seen = beside.reader().read_all(Position::START).map(Result::unwrap).count();
            assert!(seen >= last);
            last = seen;
            let durable: Vec<Entry> = shared.read_all(Position::START).collect::<Result<_, _>>().unwrap();
            // What was acknowledged together is seen together.
            assert_eq!(durable.len() % 3, 0);
            let report = verify(&dir, &mut |_| {}).unwrap();
            assert!(report.faults.is_empty(), "{report:?}");
        }
        beside.refresh().unwrap();
        assert_eq!(beside.reader().entries(), 900);
    });
}

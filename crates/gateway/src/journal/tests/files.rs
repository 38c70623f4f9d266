//! Writing and reading back, on the simulated disk and on the real one.

use std::os::unix::fs::FileExt as _;

use super::simulated::Fault;
use super::*;

#[test]
fn entries_come_back_across_segments_and_openings() {
    let disk = SimulatedDisk::new(1);
    let mut expected: BTreeMap<Chain, Vec<Vec<u8>>> = BTreeMap::new();
    let mut journal = open(&disk).unwrap();
    for round in 0..60 {
        if round % 20 == 19 {
            drop(journal);
            journal = open(&disk).unwrap();
            assert_eq!(journal.recovered().torn_tail, None);
        }
        let (a, b, c) = (payload(round, 3000), payload(round + 1, round), payload(round, 0));
        let tips = append(&mut journal, &[("0363", &[&a, &b]), ("0000", &[&c]), ("1680", &[])]).unwrap();
        assert_eq!(tips[0], journal.reader().tips()[&chain("0363")]);
        assert_eq!(tips[2], Tip::start(chain("1680")));
        expected.entry(chain("0363")).or_default().extend([a, b]);
        expected.entry(chain("0000")).or_default().push(c);
        assert_eq!(contents(&journal.reader()).len(), 2);
    }
    assert_eq!(contents(&journal.reader()), expected);
    assert!(segments(&disk).len() >= 3);
    let report = verified(&disk);
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.entries, report.tips), (180, journal.reader().tips()));
}

#[test]
fn an_entry_larger_than_a_segment_gets_one_of_its_size() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    let large = payload(1, 3 << 20);
    append(&mut journal, &[("0363", &[b"before"])]).unwrap();
    append(&mut journal, &[("0363", &[&large, b"beside"])]).unwrap();
    append(&mut journal, &[("0363", &[b"after"])]).unwrap();
    drop(journal);
    let journal = open(&disk).unwrap();
    assert_eq!(
        contents(&journal.reader())[&chain("0363")],
        [b"before".to_vec(), large, b"beside".into(), b"after".into()]
    );
}

/// The new segment has the number, and so the name, of the empty one that is too small.
#[test]
fn an_empty_segment_that_is_too_small_is_made_anew() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    append(&mut journal, &[("0363", &[&payload(1, 50_000)])]).unwrap();
    disk.fail(Fault::Fail { at: disk.operations() + 7 });
    let error = append(&mut journal, &[("0363", &[&payload(2, 20_000)])]).unwrap_err();
    assert!(error.to_string().contains("writing"), "{error}");
    assert_eq!(segments(&disk).len(), 2);
    let beside = ReadOnlyJournal::open_on(Arc::new(disk.clone()), dir()).unwrap();
    append(&mut journal, &[("0363", &[&payload(3, 100_000)])]).unwrap();
    append(&mut journal, &[("0363", &[b"more"])]).unwrap();
    assert_eq!(segments(&disk).len(), 3);
    assert_eq!(contents(&journal.reader())[&chain("0363")].len(), 3);
    beside.refresh().unwrap();
    assert_eq!(contents(beside.reader()), contents(&journal.reader()));
    drop(journal);
    assert_eq!(contents(&open(&disk).unwrap().reader()), contents(beside.reader()));
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    let mut large = vec![7; PAYLOAD_BYTES_MAX];
    append(&mut journal, &[("0363", &[&large])]).unwrap();
    assert_eq!(journal.reader().get(chain("0363"), 1).unwrap().unwrap().payload.len(), PAYLOAD_BYTES_MAX);
    large.push(7);
    let error = append(&mut journal, &[("0363", &[&large])]).unwrap_err();
    assert!(matches!(error, AppendError::TooLarge { max: PAYLOAD_BYTES_MAX, .. }), "{error}");

    let mut many: Vec<&[u8]> = vec![b""; BATCH_ENTRIES_MAX];
    append(&mut journal, &[("0363", &many)]).unwrap();
    many.push(b"");
    let error = append(&mut journal, &[("0363", &many)]).unwrap_err();
    assert!(matches!(error, AppendError::TooLarge { max: BATCH_ENTRIES_MAX, .. }), "{error}");

    let half = vec![7; BATCH_BYTES_MAX / 2 - 112];
    append(&mut journal, &[("0363", &[&half]), ("0000", &[&half])]).unwrap();
    let error = append(&mut journal, &[("0363", &[&half, b""]), ("0000", &[&half])]).unwrap_err();
    assert!(matches!(error, AppendError::TooLarge { max: BATCH_BYTES_MAX, .. }), "{error}");

    for segment_bytes in [SEGMENT_BYTES_MIN - 1, SEGMENT_BYTES_MAX + 1] {
        let error = FileJournal::open_on(Arc::new(disk.clone()), dir(), Options { segment_bytes });
        assert!(matches!(error, Err(OpenError::SegmentSize { .. })));
    }
}

#[test]
fn a_stale_epoch_or_tip_changes_nothing() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    let first = append(&mut journal, &[("0363", &[b"one"])]).unwrap()[0];
    append(&mut journal, &[("0363", &[b"two"])]).unwrap();
    let stale = journal.epoch();
    drop(journal);

    let mut journal = open(&disk).unwrap();
    assert!(journal.epoch() > stale);
    let drafts = [draft(b"three")];
    let now = journal.reader().tips()[&chain("0363")];
    let error = journal.append(stale, &[ChainBatch { tip: now, drafts: &drafts }]).unwrap_err();
    assert!(matches!(error, AppendError::StaleEpoch { .. }), "{error}");

    let epoch = journal.epoch();
    let fork = Tip { hash: first.hash, ..now };
    for given in [first, fork, Tip::start(chain("0363"))] {
        let error = journal.append(epoch, &[ChainBatch { tip: given, drafts: &drafts }]).unwrap_err();
        assert!(matches!(error, AppendError::StaleTip { held, .. } if held == now), "{error}");
    }
    let twice = ChainBatch { tip: now, drafts: &drafts };
    let error = journal.append(epoch, &[twice, twice]).unwrap_err();
    assert!(matches!(error, AppendError::ChainTwice(_)), "{error}");
    // One stale chain refuses the whole call.
    let other = ChainBatch { tip: Tip::start(chain("0000")), drafts: &drafts };
    journal.append(epoch, &[other, ChainBatch { tip: first, drafts: &drafts }]).unwrap_err();
    assert_eq!(contents(&journal.reader())[&chain("0363")], [b"one", b"two"]);
    assert_eq!(journal.reader().entries(), 2);
}

#[test]
fn a_second_writer_is_refused_and_told_who_has_it() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("data/journal");
    let journal = FileJournal::open(&dir, SMALL).unwrap();
    let error = FileJournal::open(&dir, SMALL).unwrap_err();
    assert!(
        matches!(error, OpenError::Locked { pid: Some(pid), .. } if pid == std::process::id()),
        "{error}"
    );
    let epoch = journal.epoch();
    drop(journal);
    assert_eq!(FileJournal::open(&dir, SMALL).unwrap().epoch(), Epoch(epoch.0 + 1));
}

#[test]
fn the_epoch_survives_the_loss_of_the_lock_file() {
    let disk = SimulatedDisk::new(1);
    for _ in 0..3 {
        drop(open(&disk).unwrap());
    }
    let mut journal = open(&disk).unwrap();
    append(&mut journal, &[("0363", &[b"one"])]).unwrap();
    assert_eq!(journal.epoch(), Epoch(4));
    drop(journal);
    disk.put(&dir().join("lock"), b"epoch what".to_vec());
    assert_eq!(open(&disk).unwrap().epoch(), Epoch(5));
}

#[test]
fn the_real_disk_does_the_same() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("journal");
    assert!(matches!(ReadOnlyJournal::open(&dir), Err(OpenError::Missing { .. })));
    let mut journal = FileJournal::open(&dir, SMALL).unwrap();
    let big = payload(1, 40_000);
    for _ in 0..5 {
        append(&mut journal, &[("0363", &[&big]), ("0000", &[b"x"])]).unwrap();
    }
    let before = contents(&journal.reader());
    let files = journal.reader().files();
    assert_eq!(files.len(), 5);
    // What was reserved and not needed is given back when the next segment is made.
    assert!(std::fs::metadata(&files[0].0).unwrap().len() < SEGMENT_BYTES_MIN);
    assert_eq!(std::fs::metadata(&files[4].0).unwrap().len(), SEGMENT_BYTES_MIN);
    drop(journal);

    // A torn tail, by hand.
    let (last, written) = files.last().unwrap();
    let mut bytes = std::fs::read(last).unwrap();
    bytes[written.unwrap() as usize..][..50].fill(9);
    std::fs::write(last, bytes).unwrap();
    let mut journal = FileJournal::open(&dir, SMALL).unwrap();
    assert!(journal.recovered().torn_tail.is_some());
    assert_eq!(std::fs::metadata(last).unwrap().len(), SEGMENT_BYTES_MIN);
    assert_eq!(contents(&journal.reader()), before);
    append(&mut journal, &[("0363", &[b"more"])]).unwrap();
    let mut calls = 0;
    let report = verify(&dir, &mut |progress| {
        calls += 1;
        assert!(progress.bytes <= progress.bytes_total);
    })
    .unwrap();
    assert!(report.is_clean() && report.entries == 11 && calls >= 5, "{report:?}");
}

#[test]
fn a_hole_in_the_middle_is_no_end() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("journal");
    let mut journal = FileJournal::open(&dir, Options::default()).unwrap();
    let big = payload(1, 40_000);
    for _ in 0..3 {
        append(&mut journal, &[("0363", &[&big])]).unwrap();
    }
    let entries: Vec<Entry> = journal.reader().read(chain("0363"), 1).map(Result::unwrap).collect();
    let (path, end) = journal.reader().files()[0].clone();
    drop(journal);
    let number = |dir: &Path| ReadOnlyJournal::open_last(dir).map(|journal| journal.reader().entries());
    assert_eq!(number(&dir).unwrap(), 3, "room that is reserved is the end");

    // The second entry is lost, and the file system knows nothing of what stood there.
    let bytes = std::fs::read(&path).unwrap();
    let [second, third] = [1, 2].map(|at: usize| u64::from(entries[at].position.offset));
    let sparse = std::fs::File::create(&path).unwrap();
    sparse.set_len(bytes.len() as u64).unwrap();
    sparse.write_all_at(&bytes[..second as usize], 0).unwrap();
    assert_eq!(number(&dir).unwrap(), 1);
    sparse.write_all_at(&bytes[third as usize..end.unwrap() as usize], third).unwrap();
    let error = number(&dir).unwrap_err();
    assert!(matches!(&error, OpenError::Damaged(damage) if damage.offset == second), "{error:?}");
}

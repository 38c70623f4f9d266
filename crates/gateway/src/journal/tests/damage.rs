//! Damaged files: found or repaired, never a panic, never silently wrong.

use proptest::prelude::*;

use super::*;

/// Returns a disk with a journal of several segments, and what is in it.
fn written() -> (SimulatedDisk, BTreeMap<Chain, Vec<Vec<u8>>>) {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    for round in 0..12 {
        append(&mut journal, &[("0363", &[&payload(round, 9_000), b"small"]), ("0000", &[b"none"])]).unwrap();
    }
    let contents = contents(&journal.reader());
    (disk, contents)
}

fn copy(disk: &SimulatedDisk) -> SimulatedDisk {
    let copy = SimulatedDisk::new(1);
    for name in disk.list(dir()).unwrap() {
        let path = dir().join(name);
        copy.put(&path, disk.content(&path).unwrap());
    }
    copy
}

/// Returns how long the written part of a file is.
fn written_bytes(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_the_journal_goes_on() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    append(&mut journal, &[("0363", &[b"one", b"two"])]).unwrap();
    let name = dir().join(segments(&disk).pop().unwrap());
    let before = disk.content(&name).unwrap();
    append(&mut journal, &[("0363", &[b"three"]), ("0000", &[b"four and more"])]).unwrap();
    let after = disk.content(&name).unwrap();
    drop(journal);
    let (start, end) = (written_bytes(&before).next_multiple_of(8), written_bytes(&after));
    for cut in start..=end {
        // Once as a file that ends there, once with the zeros that were reserved behind it, once with the
        // beginning lost and the end there.
        let short = after[..cut].to_vec();
        let mut zeros = before.clone();
        zeros[..cut].copy_from_slice(&after[..cut]);
        let mut backwards = after.clone();
        backwards[start..cut].fill(0);
        for (how, bytes) in [("short", short), ("zeros", zeros), ("backwards", backwards)] {
            let torn = copy(&disk);
            torn.put(&name, bytes);
            let mut journal = open(&torn).unwrap_or_else(|error| panic!("{how} at {cut}: {error}"));
            let read = contents(&journal.reader());
            let whole: Vec<&[u8]> = [b"one", b"two", &b"three"[..]].to_vec();
            let kept = &read[&chain("0363")];
            assert!(kept.len() >= 2 && kept.iter().eq(&whole[..kept.len()]), "{how} at {cut}");
            if read.contains_key(&chain("0000")) {
                assert_eq!(kept.len(), 3, "{how} at {cut}: missing in the middle");
            }
            append(&mut journal, &[("0363", &[b"next"])]).unwrap();
            drop(journal);
            assert!(verified(&torn).is_clean(), "{how} at {cut}");
            assert_eq!(open(&torn).unwrap().recovered().torn_tail, None);
        }
    }
}

#[test]
fn damage_before_the_last_append_stops_the_opening_and_names_the_place() {
    let (disk, _) = written();
    let name = dir().join(segments(&disk).pop().unwrap());
    let mut bytes = disk.content(&name).unwrap();
    // The first entry of the last segment, which is not of the last append.
    let first: u64 = segments(&disk).pop().unwrap()["journal-".len()..][..20].parse().unwrap();
    assert!(first < 34);
    bytes[4096 + 112 + 5] ^= 0x10;
    disk.put(&name, bytes);
    let Err(OpenError::Damaged(damage)) = open(&disk) else { panic!("opened") };
    assert_eq!((damage.offset, &damage.kind, &damage.file), (4096, &DamageKind::Payload, &name));
    let text = damage.to_string();
    assert!(text.contains("byte 4096") && text.contains("entry 0363:"), "{text}");
    assert!(damage.kind.advice().contains("backup"));
    let report = verified(&disk);
    assert_eq!(report.faults, [*damage]);
    assert_eq!(report.entries, 35);
}

#[test]
fn what_cannot_be_read_is_said_once() {
    let (disk, _) = written();
    let names = segments(&disk);
    let entries: Vec<Entry> =
        open(&disk).unwrap().reader().read_all(Position::START).map(Result::unwrap).collect();
    // Not the last append, which is cut.
    for entry in &entries[..33] {
        let disk = copy(&disk);
        let path = dir().join(
            &names[names.partition_point(|name| {
                let first: u64 = name["journal-".len()..][..20].parse().unwrap();
                first <= entry.number
            }) - 1],
        );
        let mut bytes = disk.content(&path).unwrap();
        bytes[entry.position.offset as usize + 20] ^= 1;
        disk.put(&path, bytes);
        let report = verified(&disk);
        let [fault] = &report.faults[..] else { panic!("{}: {report:?}", entry.id) };
        assert_eq!((&fault.kind, fault.offset), (&DamageKind::EntryHeader, entry.position.offset.into()));
        assert_eq!(report.entries, 35, "{}", entry.id);
    }
    // A whole segment, by its header.
    let path = dir().join(&names[1]);
    let mut bytes = disk.content(&path).unwrap();
    bytes[20] ^= 1;
    disk.put(&path, bytes);
    let report = verified(&disk);
    assert_eq!(
        report.faults.iter().map(|fault| &fault.kind).collect::<Vec<_>>(),
        [&DamageKind::SegmentHeader]
    );
}

#[test]
fn a_missing_segment_is_found() {
    let (disk, _) = written();
    let names = segments(&disk);
    for (at, name) in names.iter().enumerate().take(names.len() - 1) {
        let disk = copy(&disk);
        disk.remove(&dir().join(name)).unwrap();
        let Err(OpenError::Damaged(damage)) = open(&disk) else { panic!("opened") };
        match damage.kind {
            DamageKind::SegmentMissing { .. } => assert_eq!(at, 0),
            DamageKind::SegmentEndsEarly { .. } => assert_ne!(at, 0),
            other => panic!("{other}"),
        }
        assert_eq!(verified(&disk).faults.len(), 1);
    }
}

#[test]
fn a_rewritten_entry_is_found_by_the_chain_though_its_checksums_are_right() {
    let (disk, _) = written();
    let name = dir().join(&segments(&disk)[0]);
    let mut bytes = disk.content(&name).unwrap();
    let marker = bytes[32..40].to_vec();
    // Someone changes the payload of the first entry and mends both checksums.
    bytes[4096 + 112] ^= 1;
    let payload_crc = crc32c::crc32c(&bytes[4096 + 112..][..9_000]);
    bytes[4096 + 104..][..4].copy_from_slice(&payload_crc.to_le_bytes());
    let header_crc = crc32c::crc32c_append(crc32c::crc32c(&marker), &bytes[4096..][..108]);
    bytes[4096 + 108..][..4].copy_from_slice(&header_crc.to_le_bytes());
    disk.put(&name, bytes);
    let report = verified(&disk);
    let [Damage { kind: DamageKind::Hash, offset: 4096, entry: Some(id), .. }] = &report.faults[..] else {
        panic!("{report:?}")
    };
    assert_eq!(id.to_string(), "0363:1");
}

#[test]
fn a_segment_of_a_later_format_is_named_as_such() {
    let (disk, _) = written();
    let name = dir().join(&segments(&disk)[1]);
    let mut bytes = disk.content(&name).unwrap();
    bytes[8] = 2;
    disk.put(&name, bytes);
    let Err(OpenError::Damaged(damage)) = open(&disk) else { panic!("opened") };
    assert_eq!(damage.kind, DamageKind::UnknownFormat { found: 2 });
}

/// What looks like an entry inside a payload that a crash tore is not taken for one.
#[test]
fn a_payload_cannot_pass_for_an_entry() {
    let (disk, _) = written();
    let names = segments(&disk);
    let other = disk.content(&dir().join(&names[0])).unwrap();
    let mut journal = open(&disk).unwrap();
    // The entries of another segment, numbers far ahead included, in a payload.
    append(&mut journal, &[("0363", &[b"begin"])]).unwrap();
    let name = dir().join(segments(&disk).pop().unwrap());
    let mut forged = other[4096..][..2_000].to_vec();
    forged[8..16].copy_from_slice(&1_000u64.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&0u64.to_le_bytes()), &forged[..108]);
    forged[108..112].copy_from_slice(&crc.to_le_bytes());
    let before = written_bytes(&disk.content(&name).unwrap()).next_multiple_of(8);
    append(&mut journal, &[("0363", &[&forged])]).unwrap();
    drop(journal);
    let mut bytes = disk.content(&name).unwrap();
    assert!(written_bytes(&bytes) > before + 2_000);
    bytes[before..before + 20].fill(0);
    disk.put(&name, bytes);
    let journal = open(&disk).unwrap();
    assert!(journal.recovered().torn_tail.is_some());
}

#[test]
fn a_torn_tail_stays_until_the_next_append() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    append(&mut journal, &[("0363", &[b"one", b"two"])]).unwrap();
    drop(journal);
    let name = dir().join(segments(&disk).pop().unwrap());
    let mut torn = disk.content(&name).unwrap();
    let last = written_bytes(&torn) - 1;
    torn[last] ^= 1;
    disk.put(&name, torn.clone());
    // Whoever opens it may know that the entry was acknowledged, and look at what is left of it.
    let journal = open(&disk).unwrap();
    assert!(journal.recovered().torn_tail.is_some());
    assert_eq!(contents(&journal.reader())[&chain("0363")], [b"one"]);
    drop(journal);
    assert!(disk.content(&name).unwrap() == torn, "the opening changed it");
    let mut journal = open(&disk).unwrap();
    append(&mut journal, &[("0363", &[b"other"])]).unwrap();
    drop(journal);
    assert!(verified(&disk).is_clean());
}

/// Changes a journal's files, and checks that what can still be read is a beginning of what was written.
fn check_damaged(disk: &SimulatedDisk, whole: &BTreeMap<Chain, Vec<Vec<u8>>>) {
    let report = verified(disk);
    let beside = ReadOnlyJournal::open_on(Arc::new(disk.clone()), dir());
    match open(disk) {
        // Cut: then it is the last append that was hit, and verifying said so.
        Ok(journal) => {
            let read = contents(&journal.reader());
            assert_eq!(contents(beside.unwrap().reader()), read);
            for (chain, payloads) in &read {
                assert!(whole[chain].starts_with(payloads));
            }
            let missing =
                whole.values().map(Vec::len).sum::<usize>() - read.values().map(Vec::len).sum::<usize>();
            assert!(missing <= 3, "more than the last append is gone");
            assert!(missing == 0 || !report.is_clean(), "silently wrong");
        }
        Err(OpenError::Damaged(_)) => {
            assert!(!report.faults.is_empty(), "refused, and verifying finds nothing");
            assert!(beside.is_err());
        }
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// A bit anywhere in the written part of any file is found.
    #[test]
    fn a_flipped_bit_is_found(segment: prop::sample::Index, at: prop::sample::Index, bit in 0..8u8) {
        let (disk, whole) = written();
        let names = segments(&disk);
        let path = dir().join(segment.get(&names));
        let mut bytes = disk.content(&path).unwrap();
        let written = written_bytes(&bytes);
        let at = at.index(written);
        bytes[at] ^= 1 << bit;
        disk.put(&path, bytes);
        prop_assert!(!verified(&disk).is_clean(), "byte {} of {:?}", at, path);
        check_damaged(&disk, &whole);
    }

    /// Bytes overwritten, files cut short, grown or swapped: never a panic, never silently wrong.
    #[test]
    fn any_damage_is_survived(
        segment: prop::sample::Index,
        other: prop::sample::Index,
        how in 0..5,
        at: prop::sample::Index,
        garbage in prop::collection::vec(any::<u8>(), 1..3_000),
    ) {
        let (disk, whole) = written();
        let names = segments(&disk);
        let path = dir().join(segment.get(&names));
        let mut bytes = disk.content(&path).unwrap();
        let at = at.index(bytes.len());
        match how {
            0 => {
                let end = bytes.len().min(at + garbage.len());
                bytes[at..end].copy_from_slice(&garbage[..end - at]);
            }
            1 => bytes.truncate(at),
            2 => bytes.extend_from_slice(&garbage),
            3 => bytes = disk.content(&dir().join(other.get(&names))).unwrap(),
            _ => bytes[at..].fill(0),
        }
        disk.put(&path, bytes);
        // Truncating the last segment, or filling it with zeros, takes away appends without a trace in the
        // file: only the tips that the ledger holds can tell.
        let last = path == dir().join(names.last().unwrap());
        if last && matches!(how, 1 | 4) {
            if let Ok(journal) = open(&disk) {
                for (chain, payloads) in contents(&journal.reader()) {
                    prop_assert!(whole[&chain].starts_with(&payloads));
                }
            }
        } else {
            check_damaged(&disk, &whole);
        }
    }
}

/// The operator's page has every message that names damage, under what to do.
#[test]
fn every_damage_is_on_the_page_for_operators() {
    let page = include_str!("../../../../../docs/when-something-is-wrong.md");
    let (expected, found) = (EntryHash([1; 32]), EntryHash([2; 32]));
    let all = [
        DamageKind::ChainBroken { expected, found },
        DamageKind::EntryHeader,
        DamageKind::Hash,
        DamageKind::NotEmpty,
        DamageKind::Number { expected: 1, found: 2 },
        DamageKind::Payload,
        DamageKind::SegmentHeader,
        DamageKind::SegmentEndsEarly { expected: 1, next: 2 },
        DamageKind::SegmentMissing { found: 2 },
        DamageKind::Sequence { expected: 1, found: 2 },
        DamageKind::Tips,
        DamageKind::UnknownFormat { found: 2 },
    ];
    for kind in all {
        // A new kind must be added above, and to the page.
        match kind {
            DamageKind::ChainBroken { .. }
            | DamageKind::EntryHeader
            | DamageKind::Hash
            | DamageKind::NotEmpty
            | DamageKind::Number { .. }
            | DamageKind::Payload
            | DamageKind::SegmentHeader
            | DamageKind::SegmentEndsEarly { .. }
            | DamageKind::SegmentMissing { .. }
            | DamageKind::Sequence { .. }
            | DamageKind::Tips
            | DamageKind::UnknownFormat { .. } => {}
        }
        let text = kind.to_string().replace(&expected.to_string(), "H").replace(&found.to_string(), "H");
        let text = text.replace(|digit: char| digit.is_ascii_digit(), "N");
        assert!(page.contains(&format!("`{text}`")), "{text}");
    }
}

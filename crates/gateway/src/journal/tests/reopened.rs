//! What a process wrote and did not make durable before it died, the next one must not take for durable.

use super::simulated::Fault;
use super::*;

/// Writes one entry that is acknowledged and one that is not, the disk failing at this operation of the second, and
/// kills the process. The system still has what was written; the power has not gone.
fn killed(fault: impl Fn(u64) -> Fault) -> SimulatedDisk {
    let disk = SimulatedDisk::new(3);
    let mut journal = open(&disk).unwrap();
    append(&mut journal, &[("0363", &[b"acknowledged"])]).unwrap();
    disk.fail(fault(disk.operations()));
    append(&mut journal, &[("0363", &[&payload(7, 3_000)])]).unwrap_err();
    drop(journal);
    disk.kill();
    disk.mend();
    disk
}

/// Opens, remembers what is there and acknowledges it, as the engine does with a copy; then the power goes.
fn shown_and_kept(disk: &SimulatedDisk) -> usize {
    let journal = open(disk).unwrap();
    let shown = contents(&journal.reader());
    drop(journal);
    disk.restart();
    let journal = open(disk).unwrap();
    assert_eq!(contents(&journal.reader()), shown, "what was shown is lost");
    shown.values().map(Vec::len).sum()
}

/// Found by the simulation: the sync fails and so does the attempt to take the write back, the process is killed, the
/// next one finds the entry in the memory of the system, and the power cut after it takes the entry away.
#[test]
fn an_entry_whose_sync_failed_is_durable_once_it_is_shown() {
    let disk = killed(|now| Fault::FailFrom { at: now + 1 });
    assert_eq!(shown_and_kept(&disk), 2, "the test shows nothing if the entry is not found");
}

/// The same without any failure: the process is killed between the write and the sync.
#[test]
fn an_entry_that_was_never_synced_is_durable_once_it_is_shown() {
    for seed in 0..64 {
        let disk = SimulatedDisk::new(seed);
        let mut journal = open(&disk).unwrap();
        append(&mut journal, &[("0363", &[b"acknowledged"])]).unwrap();
        let name = dir().join(segments(&disk).pop().unwrap());
        let before = disk.content(&name).unwrap();
        append(&mut journal, &[("0363", &[&payload(7, 3_000)]), ("0000", &[b"more"])]).unwrap();
        let after = disk.content(&name).unwrap();
        drop(journal);
        // As if the second append had been written and not synced.
        disk.put(&name, before);
        disk.open_write(&name).unwrap().write_at(&after, 0).unwrap();
        assert_eq!(shown_and_kept(&disk), 3, "seed {seed}");
    }
}

/// The name of a new segment is made durable before entries in it are acknowledged, whoever gave it that name.
#[test]
fn the_name_of_a_segment_is_durable_before_its_entries_are() {
    for seed in 0..64 {
        let disk = SimulatedDisk::new(seed);
        let mut journal = open(&disk).unwrap();
        append(&mut journal, &[("0363", &[&payload(1, 60_000)])]).unwrap();
        // The next append needs a segment: made, filled, synced, renamed; then the directory is to be synced.
        disk.fail(Fault::FailFrom { at: disk.operations() + 5 });
        append(&mut journal, &[("0363", &[&payload(2, 60_000)])]).unwrap_err();
        assert_eq!(segments(&disk).len(), 2, "the failure does not meet the sync of the directory");
        drop(journal);
        disk.kill();
        disk.mend();
        let mut journal = open(&disk).unwrap();
        append(&mut journal, &[("0363", &[b"acknowledged"])]).unwrap();
        drop(journal);
        disk.restart();
        assert_eq!(contents(&open(&disk).unwrap().reader())[&chain("0363")].len(), 2, "seed {seed}");
    }
}

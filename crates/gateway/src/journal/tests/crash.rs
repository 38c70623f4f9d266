//! A scripted run, broken at every operation of the disk.

use std::io;

use super::simulated::Fault;
use super::*;

/// What a client of the journal remembers.
#[derive(Default)]
struct Client {
    /// The payloads of each chain whose append was acknowledged.
    acknowledged: BTreeMap<Chain, Vec<Vec<u8>>>,
    /// What was asked last without being acknowledged.
    unsettled: BTreeMap<Chain, Vec<Vec<u8>>>,
    round: usize,
}

const ROUNDS: usize = 24;

impl Client {
    /// Runs the script on until it ends or an append fails.
    fn run(&mut self, journal: &mut FileJournal) -> Result<(), AppendError> {
        while self.round < ROUNDS {
            let large = payload(self.round, if self.round % 5 == 4 { 50_000 } else { 5_000 });
            let small = payload(self.round + 100, self.round);
            let batches: [(&str, &[&[u8]]); 2] =
                [("0363", &[&large, &small, &small]), (["0000", "1680"][self.round % 2], &[&small])];
            self.unsettled = batches
                .iter()
                .map(|(code, payloads)| {
                    (chain(code), payloads.iter().map(|payload| payload.to_vec()).collect())
                })
                .collect();
            append(journal, &batches)?;
            for (chain, payloads) in std::mem::take(&mut self.unsettled) {
                self.acknowledged.entry(chain).or_default().extend(payloads);
            }
            self.round += 1;
        }
        Ok(())
    }

    /// Checks that the journal has all that was acknowledged, and beyond it only a beginning of what was
    /// asked last; takes that for what it is.
    fn settle(&mut self, journal: &FileJournal) {
        let found = contents(&journal.reader());
        let mut gap = false;
        let unsettled = std::mem::take(&mut self.unsettled);
        // Chains stand in the file in the order of the script: first 0363, then the other.
        let mut order: Vec<Chain> = unsettled.keys().copied().collect();
        order.sort_by_key(|chain| *chain != super::chain("0363"));
        for chain in found.keys().chain(self.acknowledged.keys()) {
            let acknowledged = self.acknowledged.get(chain).cloned().unwrap_or_default();
            let found = found.get(chain).cloned().unwrap_or_default();
            assert!(found.starts_with(&acknowledged), "an acknowledged entry of {chain} is lost");
            if !unsettled.contains_key(chain) {
                assert_eq!(found.len(), acknowledged.len(), "{chain} has what nobody asked for");
            }
        }
        for chain in order {
            let acknowledged = self.acknowledged.entry(chain).or_default();
            let found = found.get(&chain).cloned().unwrap_or_default();
            let beyond = &found[acknowledged.len()..];
            assert!(unsettled[&chain].starts_with(beyond), "{chain} has what nobody asked for");
            assert!(!gap || beyond.is_empty(), "an entry is missing in the middle of an append");
            gap |= beyond.len() < unsettled[&chain].len();
            acknowledged.extend_from_slice(beyond);
        }
        self.acknowledged.retain(|_, payloads| !payloads.is_empty());
    }
}

/// How many operations the script takes when nothing goes wrong.
fn operations() -> u64 {
    let disk = SimulatedDisk::new(0);
    let mut client = Client::default();
    let mut journal = open(&disk).unwrap();
    client.run(&mut journal).unwrap();
    assert!(segments(&disk).len() >= 4);
    disk.operations()
}

/// The power goes at every operation, with several outcomes for what was not synced; then, once more, at
/// every one of the first operations of the recovery.
#[test]
fn a_power_cut_anywhere_loses_nothing_acknowledged() {
    for at in 0..operations() {
        for seed in 0..6 {
            let disk = SimulatedDisk::new(at * 1_000 + seed);
            disk.fail(Fault::Crash { at });
            let mut client = Client::default();
            if let Ok(mut journal) = open(&disk) {
                client.run(&mut journal).unwrap_err();
            }
            assert!(disk.has_crashed());
            disk.restart();
            if seed % 2 == 1 {
                disk.fail(Fault::Crash { at: disk.operations() + seed });
                let mut again = Client { acknowledged: client.acknowledged.clone(), ..Client::default() };
                again.unsettled.clone_from(&client.unsettled);
                if let Ok(journal) = open(&disk) {
                    again.settle(&journal);
                }
                disk.restart();
            }
            let mut journal =
                open(&disk).unwrap_or_else(|error| panic!("crash at {at}, seed {seed}: {error}"));
            client.settle(&journal);
            client.run(&mut journal).unwrap();
            client.settle(&journal);
            drop(journal);
            let report = verified(&disk);
            assert!(report.is_clean(), "crash at {at}, seed {seed}: {report:?}");
        }
    }
}

/// The process is killed at every operation; the next one reads what the system has and makes it known, as the engine
/// does with copies; then the power goes. What was made known is there.
#[test]
fn a_kill_anywhere_and_a_power_cut_later_lose_nothing_that_was_shown() {
    for at in 0..operations() {
        for seed in 0..4 {
            let disk = SimulatedDisk::new(at * 1_000 + seed);
            disk.fail(Fault::Die { at });
            let mut client = Client::default();
            if let Ok(mut journal) = open(&disk) {
                client.run(&mut journal).unwrap_err();
            }
            assert!(disk.has_died());
            disk.kill();
            let journal = open(&disk).unwrap_or_else(|error| panic!("killed at {at}, seed {seed}: {error}"));
            client.settle(&journal);
            drop(journal);
            disk.restart();
            let mut journal =
                open(&disk).unwrap_or_else(|error| panic!("killed at {at}, seed {seed}: {error}"));
            client.settle(&journal);
            client.run(&mut journal).unwrap();
            client.settle(&journal);
            drop(journal);
            assert!(verified(&disk).is_clean(), "killed at {at}, seed {seed}");
        }
    }
}

/// Every operation fails once, or from then on for a while; the journal goes on by itself, and a power cut
/// right after loses nothing either.
#[test]
fn a_failure_anywhere_is_temporary_and_loses_nothing() {
    let all = operations();
    for at in 0..all {
        for (seed, lasting) in [(1, false), (2, true), (3, true)] {
            let disk = SimulatedDisk::new(at * 1_000 + seed);
            disk.fail(if lasting { Fault::FailFrom { at } } else { Fault::Fail { at } });
            let mut client = Client::default();
            let opened = open(&disk);
            let mut journal = match opened {
                Ok(journal) => journal,
                Err(error) => {
                    assert!(matches!(error, OpenError::Io { .. }), "{error}");
                    disk.mend();
                    open(&disk).unwrap()
                }
            };
            let mut failures = 0;
            while let Err(error) = client.run(&mut journal) {
                assert!(matches!(error, AppendError::Unavailable { .. }), "{error}");
                // Nothing is taken as written: the tips are those of what was acknowledged.
                client.unsettled.clear();
                client.settle(&journal);
                failures += 1;
                assert!(lasting || failures == 1, "failure at {at} lasts");
                if failures == 3 {
                    disk.mend();
                }
            }
            client.settle(&journal);
            drop(journal);
            disk.restart();
            let journal = open(&disk).unwrap_or_else(|error| panic!("failure at {at}: {error}"));
            assert_eq!(contents(&journal.reader()), client.acknowledged, "failure at {at}, seed {seed}");
            assert!(verified(&disk).is_clean());
        }
    }
}

/// After a failed append, a power cut comes before the journal could take it back: what was asked last may
/// be there or not, nothing else.
#[test]
fn a_power_cut_after_a_failure_loses_nothing_acknowledged() {
    for at in 0..operations() {
        let disk = SimulatedDisk::new(at);
        disk.fail(Fault::FailFrom { at });
        let mut client = Client::default();
        if let Ok(mut journal) = open(&disk) {
            client.run(&mut journal).unwrap_err();
        }
        disk.restart();
        let mut journal = open(&disk).unwrap_or_else(|error| panic!("failure at {at}: {error}"));
        client.settle(&journal);
        client.run(&mut journal).unwrap();
        assert!(verified(&disk).is_clean());
    }
}

/// The net catches fish: with a disk that only says that it syncs, the same sweep finds losses.
#[test]
fn a_disk_that_lies_is_caught() {
    let mut caught = 0;
    for at in operations() / 2..operations() {
        let disk = SimulatedDisk::new(at);
        disk.ignore_syncs();
        disk.fail(Fault::Crash { at });
        let mut client = Client::default();
        let mut journal = open(&disk).unwrap();
        client.run(&mut journal).unwrap_err();
        disk.restart();
        let kept = open(&disk).is_ok_and(|journal| {
            let found = contents(&journal.reader());
            client
                .acknowledged
                .iter()
                .all(|(chain, payloads)| found.get(chain).is_some_and(|found| found.starts_with(payloads)))
        });
        caught += u64::from(!kept);
    }
    assert!(caught > operations() / 4, "{caught} of {}", operations() / 2);
}

#[test]
fn a_full_disk_is_temporary_and_says_so() {
    let disk = SimulatedDisk::new(1);
    let mut journal = open(&disk).unwrap();
    let large = payload(1, 30_000);
    disk.limit(Some(3 * SEGMENT_BYTES_MIN));
    let mut taken = 0;
    let error = loop {
        match append(&mut journal, &[("0363", &[&large])]) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    let AppendError::Unavailable { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.kind(), io::ErrorKind::StorageFull);
    assert!(taken >= 4);
    // Reading goes on, so do appends for which the segment has room, and the rest when there is room again.
    assert_eq!(journal.reader().read_all(Position::START).count(), taken);
    append(&mut journal, &[("0363", &[b"small"])]).unwrap();
    append(&mut journal, &[("0363", &[&large])]).unwrap_err();
    // It also opens while the disk is full, with a tail to cut.
    disk.fail(Fault::Crash { at: disk.operations() + 1 });
    append(&mut journal, &[("0363", &[b"never acknowledged"])]).unwrap_err();
    disk.restart();
    disk.limit(Some(0));
    drop(journal);
    let mut journal = open(&disk).unwrap();
    assert!(journal.recovered().torn_tail.is_some(), "this seed leaves no tail");
    disk.limit(None);
    append(&mut journal, &[("0363", &[&large])]).unwrap();
    drop(journal);
    assert_eq!(open(&disk).unwrap().reader().entries() as usize, taken + 2);
    assert!(verified(&disk).is_clean());
}

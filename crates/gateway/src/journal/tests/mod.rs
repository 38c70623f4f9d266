//! Tests of the journal as a whole.

mod browsing;
mod crash;
mod damage;
mod files;
mod fuzz;
mod indexing;
mod long;
mod pipeline;
mod reading;
mod reopened;
mod torn;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::simulated::SimulatedDisk;
use super::*;

/// The smallest segments, so that few entries cross a boundary.
const SMALL: Options = Options { segment_bytes: SEGMENT_BYTES_MIN };

fn dir() -> &'static Path {
    Path::new("/data/journal")
}

fn chain(code: &str) -> Chain {
    code.parse().unwrap()
}

fn open(disk: &SimulatedDisk) -> Result<FileJournal, OpenError> {
    FileJournal::open_on(Arc::new(disk.clone()), dir(), SMALL)
}

/// Appends payloads to chains in one call, each chain at the tip that the journal has.
fn append(journal: &mut FileJournal, batches: &[(&str, &[&[u8]])]) -> Result<Vec<Tip>, AppendError> {
    let tips = journal.reader().tips();
    let drafts: Vec<(Tip, Vec<Draft<'_>>)> = batches
        .iter()
        .map(|(code, payloads)| {
            let chain = chain(code);
            let drafts = payloads.iter().map(|payload| draft(payload)).collect();
            (tips.get(&chain).copied().unwrap_or(Tip::start(chain)), drafts)
        })
        .collect();
    let batches: Vec<_> = drafts.iter().map(|(tip, drafts)| ChainBatch { tip: *tip, drafts }).collect();
    let epoch = journal.epoch();
    journal.append(epoch, &batches)
}

fn draft(payload: &[u8]) -> Draft<'_> {
    Draft { time: Timestamp::from_microsecond(1_764_000_000_000_000).unwrap(), kind: 1, version: 1, payload }
}

/// Returns the payloads of each chain, read as the whole journal and by chain, which must agree.
fn contents(reader: &Reader) -> BTreeMap<Chain, Vec<Vec<u8>>> {
    let mut all: BTreeMap<Chain, Vec<Vec<u8>>> = BTreeMap::new();
    for (number, entry) in (1..).zip(reader.read_all(Position::START)) {
        let entry = entry.unwrap();
        assert_eq!(entry.number, number);
        let chain = all.entry(entry.id.chain).or_default();
        chain.push(entry.payload.to_vec());
        assert_eq!(entry.id.seq, chain.len() as u64);
        assert_eq!(reader.get(entry.id.chain, entry.id.seq).unwrap().as_ref(), Some(&entry));
    }
    assert_eq!(reader.tips().len(), all.len());
    for (chain, payloads) in &all {
        let read: Vec<Entry> = reader.read(*chain, 1).collect::<Result<_, _>>().unwrap();
        assert!(read.iter().map(|entry| &entry.payload[..]).eq(payloads.iter().map(Vec::as_slice)));
        assert_eq!(read.last().map(Entry::tip), reader.tips().get(chain).copied());
    }
    all
}

/// Verifies the journal on a disk.
fn verified(disk: &SimulatedDisk) -> VerifyReport {
    verify_on(disk, dir(), &mut |_| {}).unwrap()
}

/// Returns a payload that is different for each number and has this length.
fn payload(number: usize, length: usize) -> Vec<u8> {
    (0..length).map(|at| (number * 31 + at * 7) as u8).collect()
}

fn segments(disk: &SimulatedDisk) -> Vec<String> {
    let mut names = disk.list(dir()).unwrap();
    names.retain(|name| name.ends_with(".iwj"));
    names.sort();
    names
}

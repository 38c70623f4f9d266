//! What fails leaves no trace, and nobody else suffers.

use tokio::sync::{broadcast, watch};

use super::*;
use crate::engine::batch::{Batch, Open};
use crate::engine::commit::{Ahead, Committer};
use crate::journal::{Chain, Pipeline};
use crate::ledger::LedgerError;
use crate::store::Overlay;

fn start() -> Record {
    Record::Start(crate::record::Start { versie: "1".to_owned(), beleid: String::new(), voorgesteld: None })
}

/// A decision that fails half-way leaves neither rows nor entries, and the number it had is given again.
#[test]
fn a_failed_decision_leaves_nothing_in_the_batch() {
    let disk = SimulatedDisk::new(1);
    let journal = open_journal(&disk).unwrap();
    let (ledger, reader) = (Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap()), journal.reader());
    let before = Ahead::new(reader.clone());
    let mut batch = Batch::resume(&ledger, &before, None, Open::default());
    let now: Timestamp = NOW.parse().unwrap();
    let mut one = |row: &str, fails: bool, panics: bool| {
        batch.attempt(
            |batch| {
                let at = batch.next(Chain::NONE, now);
                batch.overlay.put(row, b"value".to_vec());
                batch.overlay.put("shared", row.as_bytes());
                batch.push(&at, start()).unwrap();
                assert!(!panics, "a fault of ours");
                if fails { Err("no") } else { Ok(at.seq) }
            },
            || "fault",
        )
    };
    assert_eq!(one("a", false, false), Ok(1));
    assert_eq!(one("b", true, false), Err("no"));
    assert_eq!(one("c", false, true), Err("fault"));
    assert_eq!(one("d", false, false), Ok(2));
    let committer = Committer {
        ledger: Arc::clone(&ledger),
        changed: watch::channel(0).0,
        feed: broadcast::channel(1).0,
        health: Health::default(),
        acts: Arc::default(),
    };
    let mut pipeline = Pipeline::new(journal, committer, || {});
    let mut ahead = before.clone();
    ahead.add(batch.suspend(), Arc::clone(&ledger), None, None, |decided| pipeline.give(0, decided));
    assert_eq!((ahead.seq(Chain::NONE), reader.tips().len()), (2, 0), "not written yet");
    pipeline.drain();
    assert_eq!(reader.tips()[&Chain::NONE].seq, 2);
    let rows: Vec<_> =
        ledger.scan(b"").map(|row| String::from_utf8(row.unwrap().0.to_vec()).unwrap()).collect();
    assert_eq!(rows, ["a", "d", "shared"]);
    assert_eq!(&*ledger.get(b"shared").unwrap().unwrap(), b"d");
}

/// Taking back restores what was pending before, also removals.
#[test]
fn a_rollback_restores_pending_writes_and_removals() {
    let ledger = Ledger::temporary(ledger::FORMAT, 0).unwrap();
    let mut overlay = Overlay::new(&ledger);
    overlay.put("kept", b"1".to_vec());
    overlay.delete("removed");
    overlay.savepoint();
    overlay.put("kept", b"2".to_vec());
    overlay.put("kept", b"3".to_vec());
    overlay.put("removed", b"4".to_vec());
    overlay.put("new", b"5".to_vec());
    overlay.rollback();
    assert_eq!(overlay.get(b"kept").unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(overlay.get(b"removed").unwrap(), None);
    assert_eq!(overlay.into_writes().len(), 2);
}

/// A row that cannot be read belongs to one person; the daily run and the held messages of the others go on.
#[test]
fn a_person_whose_rows_are_damaged_does_not_stop_the_daily_run() {
    let disk = SimulatedDisk::new(3);
    let ledger = Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap());
    let gateway = Gateway::start(&disk, Arc::clone(&ledger), Duration::from_secs(3600)).unwrap();
    for step in [Step::Order, Step::OrderRetour, Step::Start] {
        play(&gateway, step).unwrap();
    }
    let mut writes = crate::store::Writes::default();
    let (gemeente, broken) =
        (Gemeente::new(GEMEENTE).unwrap(), iwmo_toewijzing::identity::Bsn::new("123456782").unwrap());
    writes.put(keys::persoon(gemeente, &broken), b"\xff".to_vec());
    writes.put(keys::planning(0, gemeente, &broken), Vec::new());
    ledger.commit(writes, &[]).unwrap();
    gateway.clock.advance(Duration::from_secs(7200));
    gateway.engine.due();
    gateway.wait_for(|gateway| gateway.outgoing("WMO401").len() == 1);
    gateway.engine.stop();
}

/// A 301 as large as the interface allows goes through journal, outbox and replay, and stands once in its entry; one that
/// is a byte larger is refused.
#[test]
fn a_301_of_32_mib_is_kept_and_sent() {
    let padded = |bytes_max: usize| {
        let mut bytes = numbered(1);
        let end = bytes.len() - memchr::memmem::rfind(&bytes, b"</").map_or(0, |at| at);
        let at = bytes.len() - end;
        let pad = bytes_max - bytes.len() - "<!---->".len();
        let comment = format!("<!--{}-->", "x".repeat(pad));
        bytes.splice(at..at, comment.into_bytes());
        bytes
    };
    let limit = 32 << 20;
    assert_eq!(crate::config::Limits::default().message_bytes, limit);
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    let message = padded(limit);
    assert_eq!(message.len(), limit);
    gateway.send("backoffice", message.clone()).unwrap();
    let waiting = gateway.unsent();
    assert!(waiting.len() == 1 && waiting[0].bytes == message);
    let entry = gateway.engine.journal().get_sealed(Chain::new(*b"0222").unwrap(), 1).unwrap().unwrap();
    assert!(entry.payload.len() < limit + 4_096, "{}", entry.payload.len());
    // One byte more is more than the codec reads.
    let refused = gateway.send("backoffice", padded(limit + 1)).unwrap_err();
    assert!(matches!(refused, Refusal::Invalid(_)), "{refused}");
    gateway.stop();
}

/// An entry larger than the journal takes is refused by itself, before the batch is written.
#[test]
fn an_entry_that_is_too_large_is_refused_alone() {
    let (ledger, journal) =
        (Ledger::temporary(ledger::FORMAT, 0).unwrap(), open_journal(&SimulatedDisk::new(1)));
    let ahead = Ahead::new(journal.unwrap().reader());
    let mut batch = Batch::resume(&ledger, &ahead, None, Open::default());
    let at = batch.next(Chain::NONE, NOW.parse().unwrap());
    let versie = "x".repeat(crate::journal::PAYLOAD_BYTES_MAX);
    let large = Record::Start(crate::record::Start { versie, beleid: String::new(), voorgesteld: None });
    assert!(matches!(batch.push(&at, large), Err(LedgerError::Store(_))));
    assert_eq!(batch.len(), 0);
}

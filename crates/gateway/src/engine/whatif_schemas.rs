//! What the schemas of another release would have made of the recorded messages: each is held against them, nothing is
//! changed, and no more than an entry is in memory.

use iwmo_codec::Schemas;

use crate::engine::{Different, Looked, What};
use crate::journal::{Entry, Position, Reader};
use crate::ledger::{LedgerError, Progress};
use crate::record::Record;
use crate::vault::is_gone;

/// Entries between two signs of progress.
const PROGRESS_ENTRIES: u64 = 512;

/// Most faults of a message that are told.
const FAULTS_MAX: usize = 5;

/// Holds every recorded message, received or sent, against these schemas and tells each that would not be valid, in the
/// order of the journal. What was removed is passed over. Kinds of message of which there is no schema among them are held
/// against the bundled ones, which [`Looked::bundled`] tells: the standards of the CAK have releases of their own.
///
/// # Errors
///
/// The journal cannot be read.
pub fn what_if_schemas(
    reader: &Reader,
    schemas: &Schemas,
    tell: &mut dyn FnMut(Different),
    progress: &mut dyn FnMut(Progress),
) -> Result<Looked, LedgerError> {
    let (mut looked, total, bundled) = (Looked::default(), reader.entries(), Schemas::bundled());
    for entry in reader.read_all(Position::START) {
        let entry = entry?;
        looked.entries += 1;
        of_entry(&entry, (schemas, &bundled), &mut looked, tell)?;
        if looked.entries.is_multiple_of(PROGRESS_ENTRIES) || looked.entries == total {
            progress(Progress { applied: looked.entries, entries: total });
        }
    }
    Ok(looked)
}

fn of_entry(
    entry: &Entry,
    (schemas, bundled): (&Schemas, &Schemas),
    looked: &mut Looked,
    tell: &mut dyn FnMut(Different),
) -> Result<(), LedgerError> {
    let record = Record::decode(entry.kind, entry.version, &entry.payload)
        .map_err(|source| LedgerError::Entry { entry: entry.id.to_string(), source })?;
    let (received, sent) = match record {
        Record::Bericht(bericht) => {
            (Some((bericht.soort, bericht.bytes, Some(bericht.uitspraak))), bericht.uitgaand)
        }
        // What was set aside was no message.
        Record::Terzijde(_) => (None, Vec::new()),
        other => (None, other.into_uitgaand()),
    };
    let mut before: Option<Vec<u8>> = None;
    let sent = sent.into_iter().map(|one| (one.soort, one.bytes, None));
    for (kind, bytes, was) in received.into_iter().chain(sent) {
        // A 301 goes out as it came in.
        if before.as_ref() == Some(&bytes) || entry.gone && is_gone(&bytes) {
            continue;
        }
        looked.messages += 1;
        let schemas = match schemas.have(&kind) {
            true => schemas,
            false => {
                looked.bundled.insert(kind.clone());
                bundled
            }
        };
        let report = schemas.validate_schema(&bytes);
        if !report.is_valid() {
            looked.differences += 1;
            let faults = report.diagnostics.iter().take(FAULTS_MAX);
            let regels = faults.map(|fault| format!("{} {}", fault.rule, fault.path)).collect();
            let what = What::Ongeldig { was, regels, meer: report.diagnostics.len() > FAULTS_MAX };
            tell(Different { entry: entry.id, time: entry.time, soort: Some(kind), what });
        }
        before = Some(bytes);
    }
    Ok(())
}

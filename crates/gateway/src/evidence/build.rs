//! Making a bundle.

use std::collections::BTreeSet;
use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iwmo_codec::Schemas;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Gemeente, ToewijzingNummer};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{ENTRIES_MAX, EvidenceError, HASHES_A_LINE, Hashes, Head, LEFT_OUT, Line, Sent, SigningKey};
use crate::hex::hex;
use crate::journal::{Entry, EntryId, Reader};
use crate::ledger::{LedgerError, Rows, keys};
use crate::record::Record;
use crate::store::Ledger;
use crate::vault::GONE;
use crate::view;

/// Writes the evidence for a toewijzing. Returns how many entries it holds.
///
/// # Errors
///
/// [`EvidenceError`] says why there is none; what was written until then is no bundle.
pub fn build(
    ledger: &Ledger,
    reader: &Reader,
    schemas: &Schemas,
    (gemeente, nummer): (Gemeente, ToewijzingNummer),
    key: &SigningKey,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<usize, EvidenceError> {
    let name = format!("{gemeente}/{nummer}");
    let owner: Option<DossierKey> = ledger.row(&keys::toewijzing(gemeente, nummer))?;
    let owner = owner.ok_or_else(|| EvidenceError::Unknown(name.clone()))?;
    let chain = keys::chain(gemeente);
    let lines = view::timeline(ledger, reader, schemas, gemeente, &owner.bsn, nummer)?;
    let seqs: BTreeSet<u64> =
        lines.iter().filter_map(|line| line.entry.parse::<EntryId>().ok()).map(|id| id.seq).collect();
    if seqs.len() > ENTRIES_MAX {
        return Err(EvidenceError::TooMany);
    }
    let tip = reader.tips().get(&chain).copied().ok_or_else(|| EvidenceError::Unknown(name.clone()))?;
    let mut out = Signed { out, hasher: Sha256::new() };
    let head = Head {
        bewijs: 1,
        toewijzing: name,
        gemaakt: now.to_string(),
        programma: env!("CARGO_PKG_VERSION").to_owned(),
        keten: chain.to_string(),
        seq: tip.seq,
        hash: tip.hash.to_string(),
        regels: seqs.len(),
        sleutel: key.public(),
    };
    out.line(&head)?;
    for seq in &seqs {
        let sealed = reader.get_sealed(chain, *seq).map_err(LedgerError::from)?;
        let sealed = sealed.ok_or_else(|| no_entry(EntryId { chain, seq: *seq }))?;
        let (others, gone) = others(reader, &sealed, owner.bsn.expose())?;
        let shown = reader.withholding(others).get(chain, *seq).map_err(LedgerError::from)?;
        let mut shown = shown.ok_or_else(|| no_entry(sealed.id))?;
        let left_out = shown.gone && !gone;
        shown.gone = gone;
        let told = view::lines(ledger, reader, schemas, &shown)?;
        let told = told.iter().map(|line| line.tekst.clone()).collect();
        out.line(&entry(&sealed, &shown, told, left_out)?)?;
    }
    let mut row = Hashes { van: 1, hashes: Vec::new() };
    for seq in 1..=tip.seq {
        let found = reader.get_sealed(chain, seq).map_err(LedgerError::from)?;
        row.hashes.push(found.ok_or_else(|| no_entry(EntryId { chain, seq }))?.hash.to_string());
        if row.hashes.len() == HASHES_A_LINE || seq == tip.seq {
            out.line(&row)?;
            row = Hashes { van: seq + 1, hashes: Vec::new() };
        }
    }
    let Signed { out, hasher } = out;
    let signature = hex(&key.sign(&hasher.finalize()));
    writeln!(out, "{{\"handtekening\":\"{signature}\"}}")?;
    out.flush()?;
    Ok(seqs.len())
}

fn no_entry(id: EntryId) -> LedgerError {
    LedgerError::NoEntry { entry: id.to_string() }
}

/// What is written, and the digest of it.
struct Signed<'w, W> {
    out: &'w mut W,
    hasher: Sha256,
}

impl<W: Write> Signed<'_, W> {
    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.hasher.update(&line);
        self.out.write_all(&line)
    }
}

/// The keys of an entry that are neither the person's nor the gemeente's, and whether something is gone in truth.
fn others(reader: &Reader, sealed: &Entry, bsn: &str) -> io::Result<(Vec<crate::vault::KeyId>, bool)> {
    let Some(vault) = reader.vault() else { return Ok((Vec::new(), false)) };
    let keep = [vault.of_person(sealed.id.chain.code(), bsn)?, vault.of_gemeente(sealed.id.chain.code())?];
    let used = vault.keys_of(sealed.version, &sealed.payload);
    let gone = vault.alive(&used).len() != used.len();
    let others = used.into_iter().filter(|id| !keep.contains(&Some(*id))).collect();
    Ok((others, gone))
}

fn entry(sealed: &Entry, shown: &Entry, tekst: Vec<String>, left_out: bool) -> Result<Line, EvidenceError> {
    let failed = |source| LedgerError::Entry { entry: shown.id.to_string(), source };
    let overzicht = view::summarize(shown).map_err(failed)?;
    let record = Record::decode(shown.kind, shown.version, &shown.payload).map_err(failed)?;
    let text = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        if left_out { text.replace(GONE, LEFT_OUT) } else { text }
    };
    let (xml, sent) = match record {
        Record::Bericht(bericht) => (Some(text(&bericht.bytes)), bericht.uitgaand),
        other => (None, other.into_uitgaand()),
    };
    let sent =
        sent.into_iter().map(|one| Sent { xml: text(&one.bytes), partner: one.partner, bericht: one.soort });
    Ok(Line {
        entry: sealed.id.to_string(),
        tijd: sealed.time.as_microsecond(),
        soort: sealed.kind,
        versie: sealed.version,
        vorige: sealed.previous.to_string(),
        hash: sealed.hash.to_string(),
        inhoud: STANDARD.encode(&sealed.payload),
        overzicht: serde_json::to_value(overzicht).map_err(io::Error::from)?,
        tekst,
        xml,
        uitgaand: sent.collect(),
    })
}

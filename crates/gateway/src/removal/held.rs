//! What is kept about a person, and what stands against removing it.

use iwmo_codec::Schemas;
use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::EbPeriode;
use iwmo_toewijzing::dossier::Fase;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::ToSpan;
use jiff::civil::Date;

use super::{Gehouden, Hindernis};
use crate::clock::dutch_date;
use crate::journal::{EntryId, Reader};
use crate::ledger::{LedgerError, Persoon, Rows, Uitgaand, Verzoek, VerzoekStand, decode_row, keys};
use crate::record::{Plek, Record, Uitgaand as Bericht};
use crate::store::{Ledger, StoreError};
use crate::translate;
use crate::vault::{KeyId, SEALED_VERSION};

/// What is kept about a person, with what is needed to remove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What is shown.
    pub gehouden: Gehouden,
    /// The key that it stands under.
    pub sleutel: KeyId,
    /// Messages that have not left or whose delivery is not confirmed.
    pub niet_verzonden: Vec<Plek>,
    /// The requests that are open.
    pub verzoeken: Vec<u64>,
}

/// Returns what a gemeente keeps about a person; nothing when they have no key and no entry.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub fn held(
    ledger: &Ledger,
    reader: &Reader,
    gemeente: Gemeente,
    bsn: &Bsn,
    today: Date,
    term_years: u16,
) -> Result<Option<Held>, LedgerError> {
    let chain = keys::chain(gemeente);
    let seqs = entries(ledger, gemeente, bsn)?;
    let sleutel = reader.vault().map(|vault| vault.of_person(chain.code(), bsn.expose())).transpose();
    let Some(sleutel) = sleutel.map_err(StoreError::from)?.flatten() else {
        // Entries without a key are from before there were any.
        let clear =
            Gehouden { hindernissen: vec![Hindernis::KlareTekst], ..empty(gemeente, seqs.len() as u64) };
        let held =
            Held { gehouden: clear, sleutel: [0; 16], niet_verzonden: Vec::new(), verzoeken: Vec::new() };
        return Ok((!seqs.is_empty()).then_some(held));
    };
    let mut gehouden = empty(gemeente, 0);
    let (mut niet_verzonden, mut clear, mut waits) = (Vec::new(), 0_u64, false);
    for seq in seqs {
        let id = EntryId { chain, seq };
        let Some(sealed) = reader.get_sealed(chain, seq)? else { continue };
        let Some(entry) = reader.get(chain, seq)? else { continue };
        let record = Record::decode(entry.kind, entry.version, &entry.payload)
            .map_err(|source| LedgerError::Entry { entry: id.to_string(), source })?;
        let (received, sent) = messages(&record);
        clear += u64::from(sealed.version < SEALED_VERSION && received + sent.len() as u64 > 0);
        gehouden.entries += 1;
        gehouden.berichten += received + sent.len() as u64;
        gehouden.met_anderen += u64::from(others(&record, bsn));
        if !matches!(record, Record::Bezorging(_)) {
            gehouden.laatste = gehouden.laatste.max(Some(dutch_date(entry.time)));
        }
        for row in ledger.scan(&keys::uitgaand_van_entry(chain.code(), seq)) {
            let (key, value) = row?;
            let row: Uitgaand = decode_row(&key, &value)?;
            if let Some(id) = keys::uitgaand_id(&key).filter(|_| !row.stand.is_final()) {
                niet_verzonden.push(Plek { seq: id.seq, index: id.index });
            }
        }
        waits |= ledger.get(&keys::geparkeerd(gemeente, seq))?.is_some();
    }
    gehouden.niet_verzonden = niet_verzonden.len() as u64;
    let mut cak = false;
    if let Some(persoon) = ledger.row::<Persoon>(&keys::persoon(gemeente, bsn))? {
        for aanbieder in &persoon.aanbieders {
            let key = DossierKey { gemeente, aanbieder: *aanbieder, bsn: *bsn };
            let Some(dossier) =
                ledger.row::<Dossier>(&keys::dossier(key.gemeente, key.aanbieder, &key.bsn))?
            else {
                continue;
            };
            for nummer in dossier.nummers() {
                gehouden.toewijzingen += 1;
                let runs = dossier.fase(nummer, today).is_some_and(|fase| fase != Fase::Verlopen);
                gehouden.lopend += u64::from(runs);
            }
        }
        let perioden = persoon.eb.aanvaard();
        gehouden.perioden = perioden.len() as u64;
        cak |= persoon.eb.onderweg().is_some();
        cak |= perioden.iter().any(|periode: &&EbPeriode| periode.stop.is_none_or(|stop| stop >= today));
    }
    let verzoeken = open_requests(ledger, gemeente, sleutel)?;
    gehouden.verzoek = verzoeken.first().map(|seq| EntryId { chain, seq: *seq }.to_string());
    gehouden.bewaren_tot =
        gehouden.laatste.and_then(|last| last.checked_add(i64::from(term_years).years()).ok());
    let kept = gehouden.bewaren_tot.is_some_and(|until| today <= until);
    gehouden.hindernissen = [
        (Hindernis::Lopend, gehouden.lopend > 0),
        (Hindernis::Cak, cak),
        (Hindernis::Uitgaand, !niet_verzonden.is_empty()),
        (Hindernis::Wachtend, waits),
        (Hindernis::Termijn, kept && verzoeken.is_empty()),
        (Hindernis::KlareTekst, clear > 0),
    ]
    .into_iter()
    .filter_map(|(hindernis, stands)| stands.then_some(hindernis))
    .collect();
    Ok(Some(Held { gehouden, sleutel, niet_verzonden, verzoeken }))
}

fn empty(gemeente: Gemeente, entries: u64) -> Gehouden {
    Gehouden {
        gemeente,
        eerdere_bsn: false,
        entries,
        berichten: 0,
        met_anderen: 0,
        toewijzingen: 0,
        lopend: 0,
        perioden: 0,
        niet_verzonden: 0,
        laatste: None,
        bewaren_tot: None,
        verzoek: None,
        hindernissen: Vec::new(),
    }
}

/// The entries about a person, ascending.
fn entries(ledger: &Ledger, gemeente: Gemeente, bsn: &Bsn) -> Result<Vec<u64>, LedgerError> {
    let mut seqs = Vec::new();
    for row in ledger.scan(&keys::persoon_entries(gemeente, bsn)) {
        seqs.extend(keys::laatste_seq(&row?.0));
    }
    Ok(seqs)
}

/// The requests of a person that are open.
fn open_requests(ledger: &Ledger, gemeente: Gemeente, sleutel: KeyId) -> Result<Vec<u64>, LedgerError> {
    let mut seqs = Vec::new();
    for row in ledger.scan(&keys::verzoeken_verwijdering(Some(gemeente))) {
        let (key, value) = row?;
        let row: Verzoek = decode_row(&key, &value)?;
        if row.sleutel == sleutel && row.stand == VerzoekStand::Open {
            seqs.extend(keys::laatste_seq(&key));
        }
    }
    Ok(seqs)
}

/// How many messages came in with an entry, and those that went out because of it.
fn messages(record: &Record) -> (u64, &[Bericht]) {
    match record {
        Record::Bericht(bericht) => (1, &bericht.uitgaand),
        Record::Terzijde(terzijde) => (1, &terzijde.uitgaand),
        Record::Planning(planning) => (0, &planning.uitgaand),
        Record::Oordeel(oordeel) => (0, &oordeel.uitgaand),
        _ => (0, &[]),
    }
}

/// Whether the message of an entry is about others than this person as well.
fn others(record: &Record, bsn: &Bsn) -> bool {
    let Record::Bericht(bericht) = record else { return false };
    if !matches!(bericht.soort.as_str(), "WMO323" | "WMO325") {
        return false;
    }
    let message = Schemas::bundled().decode(&bericht.bytes);
    message.is_ok_and(|message| translate::clienten(&message).iter().any(|client| client != bsn))
}

//! The keys of the ledger's rows: a letter for the kind, then fixed-length parts, most general first, so that
//! what belongs together stands together and prefixes can be scanned.
//!
//! | letter | key | row |
//! | --- | --- | --- |
//! | `d` | gemeente, aanbieder, BSN | the dossier |
//! | `p` | gemeente, BSN | the person: who supports them, what the CAK knows |
//! | `k` | gemeente, BSN | what the backoffice stated about the person |
//! | `q` | gemeente, BSN, seq | nothing: which entries concern the person |
//! | `t` | gemeente, ToewijzingNummer | whose toewijzing it is |
//! | `h` | gemeente, Afzender, BerichtCode, Identificatie | a heenbericht (TR056) |
//! | `e` | gemeente, Identificatie | the person a notification to the CAK is about |
//! | `r` | gemeente, aanbieder, ReferentieAanbieder | the person the aanbieder asked something for (TR347) |
//! | `c` | gemeente, aanbieder, Identificatie | a declaration (323) and what it waits for |
//! | `g` | gemeente, seq | a message that waits to be judged (D8) |
//! | `j` | gemeente, aanbieder, BSN | which messages of a dossier wait to be judged, if any |
//! | `v` | moment, gemeente, seq | nothing: which message must be judged from that moment on |
//! | `m` | gemeente, seq | what was odd about a message, until somebody dealt with it |
//! | `n` | gemeente | counters |
//! | `x` | partner, SHA-256 | the first receipt of these bytes, where no row `h` says it |
//! | `i` | partner, Idempotency-Key | the request that the key is bound to |
//! | `o` | gemeente, seq, index | an outgoing message |
//! | `O` | gemeente, day, seq | nothing: from this entry on outgoing messages were made on this day, until another day comes |
//! | `f` | `o`, gemeente, seq, index | the envelope that an outgoing message leaves in |
//! | `f` | `r`, referentienummer | which outgoing message leaves or left in an envelope |
//! | `f` | `t`, gemeente | the time of the last envelope |
//! | `f` | `i`, gemeente, seq | the number of the envelope that a message came in |
//! | `u` | partner, moment, gemeente, seq, index | nothing: what waits for the partner, oldest first |
//! | `a` | gemeente, day, seq, index | an outgoing message that is not final; whether it is a retour that is owed |
//! | `b` | partner, moment, gemeente, seq, index | the order key of a held message |
//! | `z` | partner | how sending to the partner stands |
//! | `s` | gemeente, month, kind, names | a count (`statistiek.rs`) |
//! | `l` | `e`, gemeente, seq | nothing: something of the entry stood under a key that was destroyed |
//! | `l` | `s`, name of the key | the entry that destroyed a key |
//! | `l` | `v`, gemeente, seq | a request to remove what is kept about a person |
//! | `y` | gemeente, ToewijzingNummer, timer | a deadline that somebody dealt with |
//! | `E` | `n`, gemeente, EbStartNummer, BSN | nothing: whose period stands at the CAK |
//! | `E` | `b`, gemeente | the choices about the eigen bijdrage that are in force, and those that wait for a look |
//! | `E` | `s`, gemeente | why and since when the CAK is told nothing about anybody in the gemeente |
//! | `T` | gemeente, kind, day, aanbieder, seq, ToewijzingNummer, more | what waits for somebody (`te_doen.rs`) |
//! | `w` | moment, gemeente, BSN | nothing: for whom the CAK planner must run from that moment on |

mod eigen_bijdrage;
mod te_doen;
mod uitgaand;
mod verwijdering;

use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{
    Aanbieder, Bsn, Gemeente, Identificatie, ReferentieAanbieder, ToewijzingNummer,
};

use crate::engine::PartnerId;
use crate::journal::Chain;
use crate::ledger::Uitgaand;
use crate::record::OutgoingId;

pub use eigen_bijdrage::*;
pub use te_doen::*;
pub use uitgaand::*;
pub use verwijdering::*;

/// Longest name of a partner in a key; the configuration allows no longer one.
pub const PARTNER_BYTES_MAX: usize = 64;

fn key(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut key = Vec::with_capacity(length);
    key.push(kind);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

/// Prefix of the rows of a kind that begin with a gemeente.
fn of(kind: u8, gemeente: Option<Gemeente>) -> Vec<u8> {
    match gemeente {
        Some(gemeente) => key(kind, &[gemeente.as_str().as_bytes()]),
        None => key(kind, &[]),
    }
}

/// Prefix of the rows of a kind that begin with a gemeente and an aanbieder.
fn with(kind: u8, gemeente: Gemeente, aanbieder: Option<Aanbieder>) -> Vec<u8> {
    let mut prefix = of(kind, Some(gemeente));
    prefix.extend_from_slice(aanbieder.as_ref().map_or(&[], |one| one.as_str().as_bytes()));
    prefix
}

/// Key of a dossier.
pub fn dossier(gemeente: Gemeente, aanbieder: Aanbieder, bsn: &Bsn) -> Vec<u8> {
    key(b'd', &[gemeente.as_str().as_bytes(), aanbieder.as_str().as_bytes(), bsn.expose().as_bytes()])
}

/// Prefix of the dossiers of a gemeente, with one aanbieder if given.
pub fn dossiers(gemeente: Gemeente, aanbieder: Option<Aanbieder>) -> Vec<u8> {
    with(b'd', gemeente, aanbieder)
}

/// Key of a person.
pub fn persoon(gemeente: Gemeente, bsn: &Bsn) -> Vec<u8> {
    key(b'p', &[gemeente.as_str().as_bytes(), bsn.expose().as_bytes()])
}

/// Key of what the backoffice stated about a person.
pub fn opgaven(gemeente: Gemeente, bsn: &Bsn) -> Vec<u8> {
    key(b'k', &[gemeente.as_str().as_bytes(), bsn.expose().as_bytes()])
}

/// Prefix of all persons.
pub fn personen() -> Vec<u8> {
    key(b'p', &[])
}

/// Prefix of the persons of a gemeente.
pub fn personen_van(gemeente: Gemeente) -> Vec<u8> {
    of(b'p', Some(gemeente))
}

/// Reads back gemeente and BSN from the key of a person.
pub fn persoon_delen(key: &[u8]) -> Option<(Gemeente, Bsn)> {
    let text = std::str::from_utf8(key.strip_prefix(b"p")?).ok()?;
    let (gemeente, bsn) = text.split_at_checked(4)?;
    Some((Gemeente::new(gemeente).ok()?, Bsn::new(bsn).ok()?))
}

/// Key that says that an entry concerns a person.
pub fn persoon_entry(gemeente: Gemeente, bsn: &Bsn, seq: u64) -> Vec<u8> {
    key(b'q', &[gemeente.as_str().as_bytes(), bsn.expose().as_bytes(), &seq.to_be_bytes()])
}

/// Prefix of the entries that concern a person.
pub fn persoon_entries(gemeente: Gemeente, bsn: &Bsn) -> Vec<u8> {
    key(b'q', &[gemeente.as_str().as_bytes(), bsn.expose().as_bytes()])
}

/// Key of a toewijzing's owner.
pub fn toewijzing(gemeente: Gemeente, nummer: ToewijzingNummer) -> Vec<u8> {
    key(b't', &[gemeente.as_str().as_bytes(), &nummer.value().to_be_bytes()])
}

/// The deadlines of a toewijzing that somebody may deal with: no message shows that they were met.
pub const TERMIJNEN: [&str; 3] = ["CONTACT", "NO_START", "START_AGREED"];

/// Key of a deadline that somebody dealt with.
pub fn termijn(gemeente: Gemeente, nummer: ToewijzingNummer, termijn: &str) -> Vec<u8> {
    key(b'y', &[gemeente.as_str().as_bytes(), &nummer.value().to_be_bytes(), termijn.as_bytes()])
}

/// Prefix of all toewijzingen.
pub fn toewijzingen() -> Vec<u8> {
    key(b't', &[])
}

/// Reads back gemeente and number from the key of a toewijzing.
pub fn toewijzing_delen(key: &[u8]) -> Option<(Gemeente, ToewijzingNummer)> {
    let rest = key.strip_prefix(b"t")?;
    let gemeente = std::str::from_utf8(rest.get(..4)?).ok()?;
    let nummer = u32::from_be_bytes(rest.get(4..8)?.try_into().ok()?);
    Some((Gemeente::new(gemeente).ok()?, ToewijzingNummer::new(nummer).ok()?))
}

/// Key of a heenbericht (TR056).
pub fn heenbericht(gemeente: Gemeente, afzender: &str, bericht_code: u32, identificatie: &str) -> Vec<u8> {
    key(
        b'h',
        &[
            gemeente.as_str().as_bytes(),
            afzender.as_bytes(),
            b"\0",
            &bericht_code.to_be_bytes(),
            identificatie.as_bytes(),
        ],
    )
}

/// Key of a request of an aanbieder.
pub fn referentie(gemeente: Gemeente, aanbieder: Aanbieder, referentie: &ReferentieAanbieder) -> Vec<u8> {
    let (gemeente, aanbieder) = (gemeente.as_str().as_bytes(), aanbieder.as_str().as_bytes());
    key(b'r', &[gemeente, aanbieder, referentie.as_str().as_bytes()])
}

/// Key of a declaration.
pub fn declaratie(gemeente: Gemeente, aanbieder: Aanbieder, identificatie: &str) -> Vec<u8> {
    let (gemeente, aanbieder) = (gemeente.as_str().as_bytes(), aanbieder.as_str().as_bytes());
    key(b'c', &[gemeente, aanbieder, identificatie.as_bytes()])
}

/// Prefix of the declarations to a gemeente, of one aanbieder if given.
pub fn declaraties(gemeente: Gemeente, aanbieder: Option<Aanbieder>) -> Vec<u8> {
    with(b'c', gemeente, aanbieder)
}

/// Reads back gemeente, aanbieder and Identificatie from the key of a declaration.
pub fn declaratie_delen(key: &[u8]) -> Option<(Gemeente, Aanbieder, Identificatie)> {
    let text = std::str::from_utf8(key.strip_prefix(b"c")?).ok()?;
    let (gemeente, rest) = text.split_at_checked(4)?;
    let (aanbieder, identificatie) = rest.split_at_checked(8)?;
    Some((
        Gemeente::new(gemeente).ok()?,
        Aanbieder::new(aanbieder).ok()?,
        Identificatie::new(identificatie).ok()?,
    ))
}

/// Key of a message that waits to be judged.
pub fn geparkeerd(gemeente: Gemeente, seq: u64) -> Vec<u8> {
    key(b'g', &[gemeente.as_str().as_bytes(), &seq.to_be_bytes()])
}

/// Prefix of the messages to a gemeente that wait to be judged; to all gemeenten without one.
pub fn alle_geparkeerd(gemeente: Option<Gemeente>) -> Vec<u8> {
    of(b'g', gemeente)
}

/// Key of what says which messages of a dossier wait to be judged.
pub fn wachtend(dossier: &DossierKey) -> Vec<u8> {
    let DossierKey { gemeente, aanbieder, bsn } = dossier;
    key(b'j', &[gemeente.as_str().as_bytes(), aanbieder.as_str().as_bytes(), bsn.expose().as_bytes()])
}

/// Reads back the entry that recorded a message from the last part of a key.
pub fn laatste_seq(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

/// Key that says when a message must be judged at the latest.
pub fn oordeel(moment_us: i64, gemeente: Gemeente, seq: u64) -> Vec<u8> {
    key(b'v', &[&moment_us.to_be_bytes(), gemeente.as_str().as_bytes(), &seq.to_be_bytes()])
}

/// Prefix of all messages that must be judged, earliest first.
pub fn alle_oordelen() -> Vec<u8> {
    key(b'v', &[])
}

/// Reads back moment, gemeente and entry from the key of a message that must be judged.
pub fn oordeel_delen(key: &[u8]) -> Option<(i64, Gemeente, u64)> {
    let rest = key.strip_prefix(b"v")?;
    let moment_us = i64::from_be_bytes(rest.get(..8)?.try_into().ok()?);
    let gemeente = Gemeente::new(std::str::from_utf8(rest.get(8..12)?).ok()?).ok()?;
    Some((moment_us, gemeente, laatste_seq(rest.get(12..)?)?))
}

/// Key of what was odd about a message.
pub fn opmerking(gemeente: Gemeente, seq: u64) -> Vec<u8> {
    key(b'm', &[gemeente.as_str().as_bytes(), &seq.to_be_bytes()])
}

/// Prefix of what was odd about messages of a gemeente.
pub fn opmerkingen(gemeente: Gemeente) -> Vec<u8> {
    of(b'm', Some(gemeente))
}

/// Reads back gemeente and entry from the key of what was odd about a message.
pub fn opmerking_delen(key: &[u8]) -> Option<(Gemeente, u64)> {
    let rest = key.strip_prefix(b"m")?;
    let gemeente = Gemeente::new(std::str::from_utf8(rest.get(..4)?).ok()?).ok()?;
    Some((gemeente, laatste_seq(rest.get(4..)?)?))
}

/// Key of a notification to the CAK.
pub fn eb_melding(gemeente: Gemeente, identificatie: &str) -> Vec<u8> {
    key(b'e', &[gemeente.as_str().as_bytes(), identificatie.as_bytes()])
}

/// Prefix of the notifications of a gemeente to the CAK.
pub fn eb_meldingen(gemeente: Gemeente) -> Vec<u8> {
    of(b'e', Some(gemeente))
}

/// Key of a gemeente's counters.
pub fn tellers(gemeente: Gemeente) -> Vec<u8> {
    key(b'n', &[gemeente.as_str().as_bytes()])
}

/// Key of the first receipt of these bytes from this partner.
pub fn ontvangst(partner: &str, sha256: &[u8; 32]) -> Vec<u8> {
    key(b'x', &[partner.as_bytes(), b"\0", sha256])
}

/// Key of what an Idempotency-Key of a partner is bound to.
pub fn sleutel(partner: &str, sleutel: &str) -> Vec<u8> {
    key(b'i', &[partner.as_bytes(), b"\0", sleutel.as_bytes()])
}

/// Key of an outgoing message.
pub fn uitgaand(id: &OutgoingId) -> Vec<u8> {
    key(b'o', &[&id.gemeente, &id.seq.to_be_bytes(), &id.index.to_be_bytes()])
}

/// Prefix of the outgoing messages of a gemeente; of all gemeenten without one.
pub fn uitgaand_van(gemeente: Option<Gemeente>) -> Vec<u8> {
    of(b'o', gemeente)
}

/// Prefix of the outgoing messages of a gemeente, by its code.
pub fn uitgaand_van_gemeente(gemeente: &[u8; 4]) -> Vec<u8> {
    key(b'o', &[gemeente])
}

/// Reads back the name of an outgoing message from its key.
pub fn uitgaand_id(key: &[u8]) -> Option<OutgoingId> {
    let rest = key.strip_prefix(b"o")?;
    id_from(rest)
}

/// Begin of the key of a count, with room for the month, the letter of its kind and what it is about.
pub fn telling(gemeente: [u8; 4], room: usize) -> Vec<u8> {
    let mut key = Vec::with_capacity(5 + room);
    key.push(b's');
    key.extend_from_slice(&gemeente);
    key
}

/// Prefix of the counts of a gemeente.
pub fn tellingen(gemeente: Gemeente) -> Vec<u8> {
    of(b's', Some(gemeente))
}

/// Reads back what a count is about from its key.
pub fn telling_rest(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.get(5..)?).ok()
}

fn id_from(rest: &[u8]) -> Option<OutgoingId> {
    Some(OutgoingId {
        gemeente: rest.get(..4)?.try_into().ok()?,
        seq: u64::from_be_bytes(rest.get(4..12)?.try_into().ok()?),
        index: u16::from_be_bytes(rest.get(12..14)?.try_into().ok()?),
    })
}

/// Key that says that an outgoing message waits for a partner; its place comes first, so that the oldest does over
/// all gemeenten.
pub fn wachtrij(row: &Uitgaand, id: &OutgoingId) -> Vec<u8> {
    in_queue(b'u', row, id)
}

/// Key of what says that an outgoing message is held; its place is that in the queue.
pub fn vastgehouden(row: &Uitgaand, id: &OutgoingId) -> Vec<u8> {
    in_queue(b'b', row, id)
}

/// Prefix of what is held for a partner.
pub fn vastgehouden_van(partner: &PartnerId) -> Vec<u8> {
    key(b'b', &[partner.0.as_bytes(), b"\0"])
}

/// Key of how sending to a partner stands.
pub fn verzending(partner: &str) -> Vec<u8> {
    key(b'z', &[partner.as_bytes()])
}

/// Prefix of how sending to partners stands.
pub fn verzendingen() -> Vec<u8> {
    key(b'z', &[])
}

/// Reads back the partner from the key of how sending to it stands.
pub fn verzending_partner(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.strip_prefix(b"z")?).ok()
}

fn in_queue(kind: u8, row: &Uitgaand, id: &OutgoingId) -> Vec<u8> {
    key(
        kind,
        &[
            row.partner.as_bytes(),
            b"\0",
            &row.plaats_us.to_be_bytes(),
            &id.gemeente,
            &id.seq.to_be_bytes(),
            &id.index.to_be_bytes(),
        ],
    )
}

/// Key of a place in what waits for a partner, whether something stands there or not.
pub fn wachtrij_plaats(partner: &PartnerId, moment_us: i64, id: &OutgoingId) -> Vec<u8> {
    let (seq, index) = (id.seq.to_be_bytes(), id.index.to_be_bytes());
    key(b'u', &[partner.0.as_bytes(), b"\0", &moment_us.to_be_bytes(), &id.gemeente, &seq, &index])
}

/// Prefix of what waits for a partner.
pub fn wachtrij_van(partner: &PartnerId) -> Vec<u8> {
    key(b'u', &[partner.0.as_bytes(), b"\0"])
}

/// Reads back the name of a waiting message from its key in the queue.
pub fn wachtrij_id(key: &[u8]) -> Option<OutgoingId> {
    id_from(key.get(key.len().checked_sub(14)?..)?)
}

/// Reads back when a waiting message was made, in microseconds since 1970 UTC, from its key in the queue; not before
/// the one that its gemeente made before it.
pub fn wachtrij_moment(key: &[u8]) -> Option<i64> {
    let moment = key.get(key.len().checked_sub(22)?..key.len().checked_sub(14)?)?;
    Some(i64::from_be_bytes(moment.try_into().ok()?))
}

/// Key that says that the CAK planner must run for a person from a moment on.
pub fn planning(moment_us: i64, gemeente: Gemeente, bsn: &Bsn) -> Vec<u8> {
    key(b'w', &[&moment_us.to_be_bytes(), gemeente.as_str().as_bytes(), bsn.expose().as_bytes()])
}

/// Prefix of all planned runs of the CAK planner, earliest first.
pub fn alle_planning() -> Vec<u8> {
    key(b'w', &[])
}

/// Reads back moment, gemeente and person from the key of a planned run.
pub fn planning_delen(key: &[u8]) -> Option<(i64, Gemeente, Bsn)> {
    let rest = key.strip_prefix(b"w")?;
    let moment_us = i64::from_be_bytes(rest.get(..8)?.try_into().ok()?);
    let text = std::str::from_utf8(rest.get(8..)?).ok()?;
    let (gemeente, bsn) = text.split_at_checked(4)?;
    Some((moment_us, Gemeente::new(gemeente).ok()?, Bsn::new(bsn).ok()?))
}

/// Returns the chain of a gemeente.
pub fn chain(gemeente: Gemeente) -> Chain {
    let mut code = [b'0'; 4];
    code.copy_from_slice(gemeente.as_str().as_bytes());
    // Four digits by construction.
    Chain::new(code).unwrap_or(Chain::NONE)
}

/// Key of the envelope of an outgoing message.
pub fn envelop(id: &OutgoingId) -> Vec<u8> {
    key(b'f', &[b"o", &id.gemeente, &id.seq.to_be_bytes(), &id.index.to_be_bytes()])
}

/// Key that leads from the number of an envelope to the message in it; numbers compare without regard to case.
pub fn envelop_nummer(referentienummer: &str) -> Vec<u8> {
    key(b'f', &[b"r", referentienummer.to_ascii_lowercase().as_bytes()])
}

/// Key of the time of the last envelope of a gemeente.
pub fn envelop_tijdstip(gemeente: &[u8; 4]) -> Vec<u8> {
    key(b'f', &[b"t", gemeente])
}

/// Key of the number of the envelope that a message came in.
pub fn envelop_van(gemeente: &[u8; 4], seq: u64) -> Vec<u8> {
    key(b'f', &[b"i", gemeente, &seq.to_be_bytes()])
}

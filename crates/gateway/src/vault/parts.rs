//! Which bytes of a record are about whom.
//!
//! Every message in a record is sealed: whole under the key of the person when it is about one, cut at its clients when
//! it is about several (323, 325), and what is then about nobody, or cannot be told apart, under the key of the
//! gemeente. What stands outside the messages stays in clear, but for the BSN itself wherever it stands.
//!
//! A statement of the backoffice is sealed as a message about the person. Where it says which BSN is right in place of
//! theirs, those digits stand under the key of whom they name.
//!
//! A message has passed its schema, so a BSN is nine digits in an element of that name, with references and comments among
//! them if a sender writes it so. A message that names nobody, as most retours, is sealed under the key of the one person
//! whom the entry concerns, or under the gemeente's when there is none.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use iwmo_toewijzing::cak::Opgave;
use memchr::memmem::{self, Finder};

use crate::record::{EbBesluit, Record, Wat};

/// Most sealed parts of a record, and most copies.
pub const PARTS_MAX: usize = 65_000;

/// Of those, kept for messages that are not cut and for BSNs outside messages.
const PARTS_KEPT: usize = 1_000;

/// Most bytes of a message that one BSN is looked for in.
const BSN_TEXT_BYTES_MAX: usize = 1_024;

const CDATA: &[u8] = b"<![CDATA[";
/// What a BSN in a message stands behind.
static BSN_TAG: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"Bsn>"));

/// A BSN as it stands in a message.
pub(super) type Digits = [u8; 9];

/// A range of a record to be sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) offset: usize,
    pub(super) length: usize,
    /// The person; none: the gemeente.
    pub(super) owner: Option<Digits>,
}

/// A range of a record that says again what an earlier one says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) original: usize,
}

/// How a record is cut.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) sealed: Vec<Part>,
    pub(super) copies: Vec<Copied>,
}

impl Parts {
    /// Returns how many bytes before an offset are left out.
    pub(super) fn left_out(&self, offset: usize) -> usize {
        self.copies.iter().filter(|copy| copy.offset < offset).map(|copy| copy.length).sum()
    }
}

/// Cuts a record, which was written as these bytes; `about` is whom it concerns when it names nobody itself: a retour that
/// has no client in it belongs to the person of the message that it answers.
pub(super) fn of(record: &Record, plain: &[u8], about: Option<Digits>) -> Parts {
    let (messages, named) = contents(record);
    let named = named.and_then(|bsn| bsn.as_bytes().try_into().ok());
    let in_messages = messages.iter().flat_map(|message| bsns(message)).map(|(_, bsn)| bsn);
    let mut persons: BTreeSet<Digits> = in_messages.chain(named).collect();
    let sole = persons.first().copied().or(about).filter(|_| persons.len() <= 1);
    let other = other(record);
    persons.extend(other);
    let mut parts = Parts::default();
    let mut clear = Vec::new();
    let mut at = 0;
    let mut originals: Vec<(usize, &[u8])> = Vec::new();
    for message in messages.iter().filter(|message| !message.is_empty()) {
        // Messages stand in a record in this order.
        let Some(offset) = find(plain, at, message) else { continue };
        clear.push(at..offset);
        at = offset + message.len();
        let original = originals.iter().find(|(_, bytes)| bytes == message).map(|(original, _)| *original);
        if let Some(original) = original {
            parts.copies.push(Copied { offset, length: message.len(), original });
            continue;
        }
        originals.push((offset, message));
        let cut = match other {
            Some(other) => around(message, sole, other),
            None => cut(message, sole, (PARTS_MAX - PARTS_KEPT).saturating_sub(parts.sealed.len())),
        };
        for part in cut {
            parts.sealed.push(Part { offset: offset + part.offset, ..part });
        }
    }
    clear.push(at..plain.len());
    for bsn in &persons {
        let finder = Finder::new(bsn);
        for range in &clear {
            for found in finder.find_iter(&plain[range.clone()]) {
                parts.sealed.push(Part { offset: range.start + found, length: bsn.len(), owner: Some(*bsn) });
            }
        }
    }
    // What names a person more often than an entry can say is no record of ours.
    parts.sealed.truncate(PARTS_MAX);
    parts.sealed.sort_by_key(|part| part.offset);
    // Of two BSNs that overlap in a row of digits, the first covers what they share.
    let mut end = 0;
    parts.sealed.retain_mut(|part| {
        let cut = end.max(part.offset) - part.offset;
        part.offset += cut;
        part.length = part.length.saturating_sub(cut);
        end = end.max(part.offset + part.length);
        part.length > 0
    });
    parts
}

/// Returns where a message stands in a record, from a place on.
fn find(plain: &[u8], from: usize, message: &[u8]) -> Option<usize> {
    // It begins as markup does, which hardly anything before it does.
    let mut places = memchr::memchr_iter(*message.first()?, plain.get(from..)?).map(|place| from + place);
    places.find(|place| plain[*place..].starts_with(message))
}

/// Returns the messages in a record, in the order in which they are written, and whom it names besides. What is stated
/// about a person counts as a message about them.
fn contents(record: &Record) -> (Vec<&[u8]>, Option<&str>) {
    let (messages, besluit): (Vec<&[u8]>, Option<&EbBesluit>) = match record {
        Record::Handeling(handeling) => {
            let Wat::Opgave { verklaring } = &handeling.wat else { return (Vec::new(), None) };
            return (vec![&verklaring.opgave], Some(&verklaring.bsn));
        }
        Record::Bericht(bericht) => {
            let sent = bericht.uitgaand.iter().map(|one| &one.bytes[..]);
            (std::iter::once(&bericht.bytes[..]).chain(sent).collect(), bericht.eb.as_ref())
        }
        Record::Planning(planning) => {
            (planning.uitgaand.iter().map(|one| &one.bytes[..]).collect(), Some(&planning.eb))
        }
        Record::Oordeel(oordeel) => {
            (oordeel.uitgaand.iter().map(|one| &one.bytes[..]).collect(), oordeel.eb.as_ref())
        }
        Record::Terzijde(terzijde) => {
            let sent = terzijde.uitgaand.iter().map(|one| &one.bytes[..]);
            (std::iter::once(&terzijde.bytes[..]).chain(sent).collect(), None)
        }
        // They name persons by entry or by key, if at all.
        Record::Bezorging(_)
        | Record::Verwijdering(_)
        | Record::Verwijderverzoek(_)
        | Record::Start(_)
        | Record::Instelling(_)
        | Record::Inzage(_) => (Vec::new(), None),
    };
    (messages, besluit.map(|besluit| &besluit.bsn[..]))
}

/// Returns whom a statement about a person names besides: the BSN that is right in place of theirs.
fn other(record: &Record) -> Option<Digits> {
    let Record::Handeling(handeling) = record else { return None };
    let Wat::Opgave { verklaring } = &handeling.wat else { return None };
    match verklaring.opgave() {
        Ok(Opgave::Bsn(right)) => right.expose().as_bytes().try_into().ok(),
        _ => None,
    }
}

/// Cuts a statement about one person at the BSN of another.
fn around(message: &[u8], owner: Option<Digits>, other: Digits) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = 0;
    for found in memmem::find_iter(message, &other) {
        parts.push(Part { offset: at, length: found - at, owner });
        parts.push(Part { offset: found, length: other.len(), owner: Some(other) });
        at = found + other.len();
    }
    parts.push(Part { offset: at, length: message.len() - at, owner });
    parts.retain(|part| part.length > 0);
    parts
}

/// Returns the BSNs in a message, with where they stand.
fn bsns(message: &[u8]) -> impl Iterator<Item = (usize, Digits)> {
    BSN_TAG.find_iter(message).filter_map(|at| {
        let text = &message[at + 4..];
        digits(&text[..text.len().min(BSN_TEXT_BYTES_MAX)]).map(|digits| (at, digits))
    })
}

/// Reads the BSN at the beginning of an element's content: as nine digits, or with references, comments and sections
/// among them, as a sender may write it.
fn digits(content: &[u8]) -> Option<Digits> {
    let mut text = Vec::with_capacity(9);
    let mut rest = content;
    loop {
        let after = |mark: &[u8], skip: usize| memmem::find(&rest[skip..], mark).map(|at| skip + at);
        match rest {
            [b'&', b'#', ..] => {
                let end = after(b";", 2)?;
                let number = std::str::from_utf8(&rest[2..end]).ok()?;
                let code = match number.strip_prefix('x') {
                    Some(hex) => u8::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                text.push(code.ok()?);
                rest = &rest[end + 1..];
            }
            [b'<', b'!', b'-', b'-', ..] => rest = &rest[after(b"-->", 4)? + 3..],
            [b'<', b'?', ..] => rest = &rest[after(b"?>", 2)? + 2..],
            _ if rest.starts_with(CDATA) => {
                let end = after(b"]]>", CDATA.len())?;
                text.extend_from_slice(&rest[CDATA.len()..end]);
                rest = &rest[end + 3..];
            }
            [b'<', ..] => break,
            [byte, ..] => {
                text.push(*byte);
                rest = &rest[1..];
            }
            [] => return None,
        }
    }
    let digits = Digits::try_from(text.trim_ascii()).ok()?;
    digits.iter().all(u8::is_ascii_digit).then_some(digits)
}

/// Cuts a message; offsets count from its start.
fn cut(message: &[u8], sole: Option<Digits>, parts_max: usize) -> Vec<Part> {
    let found: Vec<(usize, Digits)> = bsns(message).collect();
    let whole = |owner| vec![Part { offset: 0, length: message.len(), owner }];
    match found.first() {
        None => return whole(sole),
        Some((_, first)) if found.iter().all(|(_, bsn)| bsn == first) => return whole(Some(*first)),
        Some(_) => {}
    }
    let clients = clients(message);
    let mut parts = Vec::with_capacity(clients.len() * 2 + 1);
    let mut at = 0;
    let mut found = &found[..];
    for (start, end) in clients {
        // One of them before this client stands in none.
        let inside = found.iter().take_while(|(place, _)| *place < end).count();
        let (mine, others) = found.split_at(inside);
        let Some((_, bsn)) = mine.first().copied() else { return whole(None) };
        if mine.iter().any(|(place, other)| *place < start || *other != bsn) {
            return whole(None);
        }
        found = others;
        if start > at {
            parts.push(Part { offset: at, length: start - at, owner: None });
        }
        parts.push(Part { offset: start, length: end - start, owner: Some(bsn) });
        at = end;
    }
    if !found.is_empty() || parts.len() >= parts_max {
        return whole(None);
    }
    if message.len() > at {
        parts.push(Part { offset: at, length: message.len() - at, owner: None });
    }
    parts
}

/// Returns where the elements `Client` begin and end.
fn clients(message: &[u8]) -> Vec<(usize, usize)> {
    let mut clients = Vec::new();
    let mut open = None;
    for at in memmem::find_iter(message, b"Client>") {
        let Some(tag) = message[..at].iter().rposition(|byte| *byte == b'<') else { continue };
        let name = &message[tag + 1..at];
        let (closes, prefix) = match name.strip_prefix(b"/") {
            Some(prefix) => (true, prefix),
            None => (false, name),
        };
        if !(prefix.is_empty() || prefix.ends_with(b":")) {
            continue;
        }
        match (closes, open.take()) {
            (false, None) => open = Some(tag),
            (true, Some(start)) => clients.push((start, at + b"Client>".len())),
            // Not as our schemas have it; the caller finds a BSN outside.
            _ => return Vec::new(),
        }
    }
    clients
}

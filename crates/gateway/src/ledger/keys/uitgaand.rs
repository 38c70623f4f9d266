//! Keys by the day on which outgoing messages were made.

use iwmo_toewijzing::identity::Gemeente;
use jiff::civil::Date;

use super::te_doen::{day, day_number};
use super::{key, laatste_seq, of};
use crate::record::OutgoingId;

/// Key that says that an outgoing message that was made on this day is not final.
pub fn uitgaand_open(dag: Date, id: &OutgoingId) -> Vec<u8> {
    let day = day_number(dag).to_be_bytes();
    key(b'a', &[&id.gemeente, &day, &id.seq.to_be_bytes(), &id.index.to_be_bytes()])
}

/// Key of the first place for a message of a gemeente that is not final and was made on this day.
pub fn uitgaand_open_dag(gemeente: Gemeente, dag: Date) -> Vec<u8> {
    key(b'a', &[gemeente.as_str().as_bytes(), &day_number(dag).to_be_bytes()])
}

/// Prefix of what says which outgoing messages of a gemeente are not final; of all gemeenten without one.
pub fn uitgaand_open_van(gemeente: Option<Gemeente>) -> Vec<u8> {
    of(b'a', gemeente)
}

/// Reads back the name of an outgoing message from the key that says that it is not final.
pub fn uitgaand_open_id(key: &[u8]) -> Option<OutgoingId> {
    let (gemeente, rest) = key.strip_prefix(b"a")?.split_first_chunk::<4>()?;
    let (seq, index) = rest.get(4..14)?.split_first_chunk::<8>()?;
    Some(OutgoingId {
        gemeente: *gemeente,
        seq: u64::from_be_bytes(*seq),
        index: u16::from_be_bytes(index.try_into().ok()?),
    })
}

/// Reads back the day on which an outgoing message was made from the key that says that it is not final.
pub fn uitgaand_open_gemaakt(key: &[u8]) -> Option<Date> {
    day(u32::from_be_bytes(key.strip_prefix(b"a")?.get(4..8)?.try_into().ok()?))
}

/// Key that says that outgoing messages of a gemeente were made on this day from this entry on.
pub fn gemaakt(gemeente: Gemeente, dag: Date, seq: u64) -> Vec<u8> {
    key(b'O', &[gemeente.as_str().as_bytes(), &day_number(dag).to_be_bytes(), &seq.to_be_bytes()])
}

/// Prefix of what says when outgoing messages of a gemeente were made.
pub fn gemaakt_van(gemeente: Gemeente) -> Vec<u8> {
    of(b'O', Some(gemeente))
}

/// Reads back day and entry from the key that says when outgoing messages were made.
pub fn gemaakt_delen(key: &[u8]) -> Option<(Date, u64)> {
    let rest = key.strip_prefix(b"O")?.get(4..)?;
    Some((day(u32::from_be_bytes(rest.get(..4)?.try_into().ok()?))?, laatste_seq(rest.get(4..)?)?))
}

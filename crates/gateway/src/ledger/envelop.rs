//! The envelopes of the GGk that outgoing messages leave in: their numbers and times.
//!
//! Both follow from the journal alone, so that an attempt after a crash sends the same bytes and a replay knows the
//! same numbers. A number is a UUID of version 4 made of a digest over the entry and the message; a time is later than
//! that of each earlier envelope of the gemeente, also when the clock goes back (ggk-transport 2.11).

use iwmo_codec::stuf::Refnummer;
use jiff::civil::DateTime;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{At, LedgerError, Rows, keys, put_row};
use crate::clock::dutch_clock;
use crate::record;
use crate::record::OutgoingId;
use crate::store::Overlay;

/// A time as StUF writes it, to the millisecond.
const TIJDSTIP: &str = "%Y%m%d%H%M%S%3f";

/// The envelope that an outgoing message leaves in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelop {
    /// Its number, a UUID of version 4.
    pub referentienummer: String,
    /// When it was made, as `yyyymmddhhmmssddd`.
    pub tijdstip: String,
    /// The number of the envelope that it answers.
    pub antwoord_op: Option<String>,
}

/// Gives an outgoing message its envelope.
pub(super) fn made(
    overlay: &mut Overlay<'_>,
    at: &At,
    id: &OutgoingId,
    message: &record::Uitgaand,
    envelop: &record::Envelop,
) -> Result<(), LedgerError> {
    let seed: [u8; 32] = Sha256::new()
        .chain_update(b"ggk0210")
        .chain_update(at.chain.code())
        .chain_update(at.seq.to_be_bytes())
        .chain_update(id.index.to_be_bytes())
        .chain_update(at.time.as_microsecond().to_be_bytes())
        .chain_update(Sha256::digest(&message.bytes))
        .finalize()
        .into();
    put(overlay, at, id, &seed, envelop.antwoord_op.clone())
}

/// Gives a message whose envelope was refused another one, for the case that it is sent again: the number of what was
/// refused is used up (ggk-transport 3.7).
pub(super) fn spent(overlay: &mut Overlay<'_>, at: &At, id: &OutgoingId) -> Result<(), LedgerError> {
    let row: Option<Envelop> = overlay.row(&keys::envelop(id))?;
    let Some(row) = row else { return Ok(()) };
    let seed: [u8; 32] = Sha256::new()
        .chain_update(row.referentienummer.as_bytes())
        .chain_update(at.seq.to_be_bytes())
        .chain_update(at.time.as_microsecond().to_be_bytes())
        .finalize()
        .into();
    put(overlay, at, id, &seed, row.antwoord_op)
}

fn put(
    overlay: &mut Overlay<'_>,
    at: &At,
    id: &OutgoingId,
    seed: &[u8; 32],
    antwoord_op: Option<String>,
) -> Result<(), LedgerError> {
    let mut bits = [0; 16];
    bits.copy_from_slice(&seed[..16]);
    let referentienummer = Refnummer::from_random(u128::from_be_bytes(bits)).to_string();
    let last: Option<String> = overlay.row(&keys::envelop_tijdstip(&id.gemeente))?;
    let tijdstip = next(at.time, last.as_deref());
    put_row(overlay, keys::envelop_tijdstip(&id.gemeente), &tijdstip)?;
    put_row(overlay, keys::envelop_nummer(&referentienummer), &(id.gemeente, id.seq, id.index))?;
    put_row(overlay, keys::envelop(id), &Envelop { referentienummer, tijdstip, antwoord_op })
}

/// The Dutch time of a moment, or a millisecond past the last if that is later.
fn next(moment: Timestamp, last: Option<&str>) -> String {
    let now = dutch_clock(moment);
    let after = last.and_then(read).and_then(|last| last.checked_add(Span::new().milliseconds(1)).ok());
    after.map_or(now, |after| now.max(after)).strftime(TIJDSTIP).to_string()
}

fn read(text: &str) -> Option<DateTime> {
    DateTime::strptime(TIJDSTIP, text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C-04: strictly increasing, also in the hour that comes twice and when the clock steps back.
    #[test]
    fn c_04_times_only_go_forward() {
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let first = next(moment("2026-10-25T00:59:59.999Z"), None);
        assert_eq!(first, "20261025025959999");
        // A millisecond later the Dutch clock shows two o'clock again.
        let second = next(moment("2026-10-25T01:00:00Z"), Some(&first));
        assert_eq!(second, "20261025030000000");
        let third = next(moment("2026-10-25T01:00:00.500Z"), Some(&second));
        assert_eq!(third, "20261025030000001");
        assert_eq!(next(moment("2026-10-25T03:00:00Z"), Some(&third)), "20261025040000000");
        let back = next(moment("2026-12-31T22:00:00Z"), Some("20261231235959999"));
        assert_eq!(back, "20270101000000000");
        assert_eq!(back.parse::<iwmo_codec::stuf::Tijdstip>().map(|time| time.exists()), Ok(true));
    }
}

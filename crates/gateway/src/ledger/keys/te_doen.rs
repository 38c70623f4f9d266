//! Keys of what waits for somebody: `T`, gemeente, kind, day, aanbieder, seq, ToewijzingNummer, what makes it unique.
//!
//! All parts but the last have a fixed length, so that the rows of a kind stand in the order in which lists show them. What
//! a row does not have is zero; numbers of toewijzingen are one higher than they are. The day is that from which a period counts, as year, month and day: the last day follows
//! from it, the calendar and what was agreed, which are not in the journal.

use iwmo_toewijzing::dossier::AnomalieSoort;
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Gemeente, ToewijzingNummer};
use jiff::civil::Date;

use super::key;

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Soort {
    /// A request (315) has no answer.
    Aanvraag = b'1',
    /// A request (315) is looked into.
    AanvraagInOnderzoek = b'2',
    /// A request (317) has no answer.
    Wijziging = b'3',
    /// A request (317) is looked into.
    WijzigingInOnderzoek = b'4',
    /// Something is on record that should not be.
    Anomalie = b'a',
    /// No start is on record; by the later of 301 and Ingangsdatum.
    Start = b'b',
    /// No start is on record; by the 301, where Ingangsdatum is later.
    Contact = b'c',
    /// A declaration has no answer.
    Declaratie = b'd',
    /// A notification to the CAK has no retour.
    Melding = b'e',
    /// A message waits to be judged.
    Geparkeerd = b'g',
    /// An intake was not followed by a request.
    Intake = b'i',
    /// Something was odd about a message.
    Opmerking = b'm',
    /// The CAK does not have all that it should, or a person must decide.
    Persoon = b'p',
    /// A 301 or 319 has no retour.
    Retour = b'r',
    /// No stop is on record.
    Stop = b's',
    /// An outgoing message was refused or given up.
    Uitgaand = b'u',
    /// Somebody asked to remove what is kept about them.
    Verwijdering = b'v',
    /// The aanbieder refused a toewijzing.
    Afgekeurd = b'x',
}

/// Where something that waits stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plaats {
    /// The gemeente.
    pub gemeente: Gemeente,
    /// The day from which its period counts, if it has one.
    pub dag: Option<Date>,
    /// The aanbieder on the other side.
    pub aanbieder: Option<Aanbieder>,
    /// ToewijzingNummer.
    pub nummer: Option<ToewijzingNummer>,
    /// The entry; zero: none.
    pub seq: u64,
}

/// Bytes before what makes a key unique.
const PLAATS_BYTES: usize = 1 + 4 + 1 + 4 + 8 + 8 + 4;

/// Added to a day, so that no day is below zero.
const DAY_BIAS: i32 = 100_000_000;

impl Plaats {
    /// A place of a gemeente, with no more than that.
    #[must_use]
    pub fn of(gemeente: Gemeente) -> Self {
        Self { gemeente, dag: None, aanbieder: None, nummer: None, seq: 0 }
    }

    /// Returns the key.
    #[must_use]
    pub fn key(&self, soort: Soort, rest: &[u8]) -> Vec<u8> {
        let day = self.dag.map_or(0, day_number).to_be_bytes();
        let mut aanbieder = [0; 8];
        if let Some(own) = &self.aanbieder {
            aanbieder.copy_from_slice(own.as_str().as_bytes());
        }
        let nummer = self.nummer.map_or(0, |nummer| nummer.value() + 1).to_be_bytes();
        let (gemeente, seq) = (self.gemeente.as_str().as_bytes(), self.seq.to_be_bytes());
        key(b'T', &[gemeente, &[soort as u8], &day, &aanbieder, &seq, &nummer, rest])
    }

    /// Reads back the place and what makes it unique from a key.
    #[must_use]
    pub fn read(key: &[u8]) -> Option<(Self, &[u8])> {
        let (own, rest) = key.split_at_checked(PLAATS_BYTES)?;
        let text = |from: usize, to: usize| std::str::from_utf8(own.get(from..to)?).ok();
        let plaats = Self {
            gemeente: Gemeente::new(text(1, 5)?).ok()?,
            dag: day(u32::from_be_bytes(own.get(6..10)?.try_into().ok()?)),
            aanbieder: Aanbieder::new(text(10, 18)?).ok(),
            seq: u64::from_be_bytes(own.get(18..26)?.try_into().ok()?),
            nummer: u32::from_be_bytes(own.get(26..30)?.try_into().ok()?)
                .checked_sub(1)
                .and_then(|nummer| ToewijzingNummer::new(nummer).ok()),
        };
        Some((plaats, rest))
    }
}

/// Prefix of what waits in a gemeente, of one kind.
#[must_use]
pub fn wachtenden(gemeente: Gemeente, soort: Soort) -> Vec<u8> {
    key(b'T', &[gemeente.as_str().as_bytes(), &[soort as u8]])
}

/// Reads back the person from the key of one about whom the CAK waits.
#[must_use]
pub fn wachtende_persoon(key: &[u8]) -> Option<Bsn> {
    let (_, rest) = Plaats::read(key)?;
    Bsn::new(std::str::from_utf8(rest).ok()?).ok()
}

/// What makes an anomaly unique: which it is, in their order, and whose.
#[must_use]
pub fn anomalie(soort: AnomalieSoort, bsn: &Bsn) -> Vec<u8> {
    let place = AnomalieSoort::ALL.iter().position(|one| *one == soort);
    let mut rest = vec![place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)];
    rest.extend_from_slice(bsn.expose().as_bytes());
    rest
}

/// Reads back which anomaly it is.
#[must_use]
pub fn anomalie_soort(rest: &[u8]) -> Option<AnomalieSoort> {
    AnomalieSoort::ALL.get(usize::from(*rest.first()?)).copied()
}

/// A day as a number that sorts as days do; none is zero.
#[must_use]
pub fn day_number(day: Date) -> u32 {
    let number = i32::from(day.year()) * 10_000 + i32::from(day.month()) * 100 + i32::from(day.day());
    u32::try_from(number + DAY_BIAS).unwrap_or_default()
}

pub(super) fn day(number: u32) -> Option<Date> {
    let number = i32::try_from(number).ok()?.checked_sub(DAY_BIAS)?;
    let (year, rest) = (number.div_euclid(10_000), number.rem_euclid(10_000));
    Date::new(i16::try_from(year).ok()?, i8::try_from(rest / 100).ok()?, i8::try_from(rest % 100).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_place_comes_back_and_days_sort() {
        let plaats = Plaats {
            gemeente: Gemeente::new("0222").unwrap(),
            dag: Some(date(2026, 2, 28)),
            aanbieder: Some(Aanbieder::new("12345678").unwrap()),
            nummer: Some(ToewijzingNummer::new(7).unwrap()),
            seq: 99,
        };
        let key = plaats.key(Soort::Stop, b"x");
        assert_eq!(Plaats::read(&key), Some((plaats, &b"x"[..])));
        assert!(key.starts_with(&wachtenden(plaats.gemeente, Soort::Stop)));
        let bare = Plaats::of(plaats.gemeente);
        assert_eq!(Plaats::read(&bare.key(Soort::Persoon, &[])), Some((bare, &[][..])));
        assert_eq!(Plaats::read(&key[..PLAATS_BYTES - 1]), None);
        let days =
            [Date::MIN, date(-1, 12, 31), date(0, 1, 1), date(2025, 12, 31), date(2026, 1, 1), Date::MAX];
        for pair in days.windows(2) {
            assert!(day_number(pair[0]) < day_number(pair[1]), "{pair:?}");
        }
        for one in days {
            assert_eq!(day(day_number(one)), Some(one));
        }
        for soort in AnomalieSoort::ALL {
            assert_eq!(anomalie_soort(&anomalie(*soort, &Bsn::NIEMAND)), Some(*soort));
        }
    }
}

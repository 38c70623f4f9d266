//! What the CAK must be told, and when (Uitvoeringsregeling Wmo 2015 art. 2f to 2h).
//!
//! Art. 2g gives no period, only "as soon as possible": what the CAK refused is work at once, not a deadline.

use jiff::civil::Date;

use super::{Deadline, Subject, Timer, Wie};
use crate::cak::{EbDossier, EbPeriode, Gewenst, Leveringsvorm, Opdracht, shift_months};

/// Calendar months between two comparisons with the CAK (art. 2h).
pub const VERGELIJKING_MAANDEN: i32 = 2;

/// Returns by when the CAK must know of each period: not met while it has not accepted the period.
#[must_use]
pub fn cak_data(wanted: &Gewenst, dossier: &EbDossier) -> Vec<Deadline> {
    let standing = dossier.aanvaard();
    let known = |start: Date, end: Option<Date>| {
        standing.iter().copied().find(move |known| {
            end.is_none_or(|end| known.start.datum <= end) && known.stop.is_none_or(|stop| start <= stop)
        })
    };
    let all = wanted.perioden.iter().zip(&wanted.melden_voor).zip(&wanted.melden_als);
    let told = all.filter_map(|((period, due), vorm)| {
        let voldaan = match known(period.start, period.eind) {
            None => None,
            // A period that was taken over from an earlier system: nothing says when it was told.
            Some(known) => Some(told_on(dossier, known)?),
        };
        Some(Deadline {
            due: *due,
            start: period.start,
            timer: if *vorm == Leveringsvorm::Pgb { Timer::CakPgb } else { Timer::CakData },
            subject: Subject::EigenBijdrage(period.start),
            wie: Wie::Gemeente,
            voldaan,
        })
    });
    told.collect()
}

/// The day of the message with which the CAK accepted a period first.
fn told_on(dossier: &EbDossier, period: &EbPeriode) -> Option<Date> {
    let accepted = dossier.berichten().iter().filter(|bericht| {
        bericht.opdracht.nummer() == period.nummer
            && matches!(bericht.opdracht, Opdracht::MeldStart { .. })
            && bericht.uitkomst.as_ref().is_some_and(|outcome| outcome.aanvaard)
    });
    accepted.map(|bericht| bericht.dagtekening).min()
}

/// Returns the comparison with the CAK that is next on `today`, in the rhythm that began on `vanaf` (art. 2h).
#[must_use]
pub fn comparison(vanaf: Date, today: Date) -> Deadline {
    let months = (i32::from(today.year()) - i32::from(vanaf.year())) * 12 + i32::from(today.month())
        - i32::from(vanaf.month());
    let mut turn = (months / VERGELIJKING_MAANDEN).max(1);
    // Counted from the first day each time, so that a short month does not move the days after it.
    while shift_months(vanaf, turn * VERGELIJKING_MAANDEN) < today {
        turn += 1;
    }
    let due = shift_months(vanaf, turn * VERGELIJKING_MAANDEN);
    Deadline {
        due,
        start: shift_months(vanaf, (turn - 1) * VERGELIJKING_MAANDEN),
        timer: Timer::Vergelijking,
        subject: Subject::EigenBijdrage(due),
        wie: Wie::Gemeente,
        voldaan: None,
    }
}

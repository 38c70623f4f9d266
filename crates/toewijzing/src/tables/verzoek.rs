//! Requests: a 315 or 317 and what answers it (TR355 to TR379).
//!
//! Examples are messages: `315`, `317`, `301` (with the reference), `319-1` (refused), `319-2` (looked into), and the
//! retours on the last 301 or 319: `302-goed`, `302-fout`, `320-goed`, `320-fout`.

use super::{Overgang, Toestand};
use crate::dossier::VerzoekStatus;
use crate::judge::Regel::{self, TR347, TR355, TR359, TR360, TR365, TR374, TR379};

/// State of a request, or that there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerzoekToestand {
    /// There is no such request.
    Geen,
    /// There is.
    Verzoek(VerzoekStatus),
}

use VerzoekToestand::{Geen, Verzoek};

const PENDING: VerzoekToestand = Verzoek(VerzoekStatus::Pending);
const ONDERZOEK: VerzoekToestand = Verzoek(VerzoekStatus::UnderInvestigation);
const BEANTWOORD: VerzoekToestand = Verzoek(VerzoekStatus::Answered);

impl Toestand for VerzoekToestand {
    const ALLE: &'static [Self] = &[Geen, PENDING, ONDERZOEK, BEANTWOORD];
    const BEGIN: Self = Geen;

    fn naam(self) -> &'static str {
        match self {
            Geen => "GEEN",
            Verzoek(status) => status.as_str(),
        }
    }
}

const AANVRAAG: &str = "315 of 317";
const TOEGEWEZEN: &str = "301 met de referentie";
const AFGEWEZEN: &str = "319 afgewezen";
const IN_ONDERZOEK: &str = "319 in onderzoek";
const TERUG_301: &str = "302 afgekeurd";
const TERUG_319: &str = "320 afgekeurd";

const fn row(
    id: &'static str,
    van: VerzoekToestand,
    gebeurtenis: &'static str,
    naar: VerzoekToestand,
    voorbeeld: &'static str,
) -> Overgang<VerzoekToestand> {
    Overgang { id, van, gebeurtenis, naar, regels: &[], voorbeeld }
}

const fn refused(
    id: &'static str,
    van: VerzoekToestand,
    gebeurtenis: &'static str,
    regels: &'static [Regel],
    voorbeeld: &'static str,
) -> Overgang<VerzoekToestand> {
    Overgang { id, van, gebeurtenis, naar: van, regels, voorbeeld }
}

/// What happens to a request.
pub const VERZOEK: &[Overgang<VerzoekToestand>] = &[
    row("V1", Geen, AANVRAAG, PENDING, "315"),
    row("V1", Geen, AANVRAAG, PENDING, "317"),
    refused("V2", Geen, AFGEWEZEN, &[TR355], "319-1"),
    refused("V2", Geen, IN_ONDERZOEK, &[TR355], "319-2"),
    refused("V2", Geen, TOEGEWEZEN, &[TR379], "301"),
    row("V3", PENDING, TOEGEWEZEN, BEANTWOORD, "315 301"),
    row("V4", PENDING, AFGEWEZEN, BEANTWOORD, "315 319-1"),
    row("V5", PENDING, IN_ONDERZOEK, ONDERZOEK, "315 319-2"),
    refused("V6", PENDING, "hetzelfde verzoek nog eens", &[TR347, TR374], "315 315"),
    row("V7", ONDERZOEK, TOEGEWEZEN, BEANTWOORD, "315 319-2 301"),
    row("V8", ONDERZOEK, AFGEWEZEN, BEANTWOORD, "315 319-2 319-1"),
    refused("V9", ONDERZOEK, IN_ONDERZOEK, &[TR360], "315 319-2 319-2"),
    row("V10", ONDERZOEK, TERUG_319, PENDING, "315 319-2 320-fout"),
    refused("V11", BEANTWOORD, "319 na een afwijzing", &[TR365], "315 319-1 319-1"),
    refused("V12", BEANTWOORD, "319 na een 301 met de referentie", &[TR359], "315 301 319-1"),
    refused("V13", BEANTWOORD, "301 met de referentie na een afwijzing", &[TR379], "315 319-1 301"),
    row("V14", BEANTWOORD, TERUG_301, PENDING, "315 301 302-fout"),
    row("V14", BEANTWOORD, TERUG_301, ONDERZOEK, "315 319-2 301 302-fout"),
    row("V14", BEANTWOORD, TERUG_319, PENDING, "315 319-1 320-fout"),
    row("V15", BEANTWOORD, "302 of 320 goedgekeurd", BEANTWOORD, "315 301 302-goed"),
    row("V15", BEANTWOORD, "302 of 320 goedgekeurd", BEANTWOORD, "315 319-1 320-goed"),
];

//! What the CAK must hear about a person's own contribution (eigen bijdrage, iEb 1.0).
//!
//! The contribution is due per person, so no message of an aanbieder leads to a message to the CAK by itself.
//! [`wanted`] reads all dossiers of a person at one gemeente and says for which periods the contribution is due;
//! [`plan`] compares that with what the CAK accepted ([`EbDossier`]) and gives the commands that make up the
//! difference. Only the first is sent; when its retour is in, everything is computed again. So replays,
//! duplicates and corrections in any order end in the same place.
//!
//! Invariant: at most one message per (gemeente, BSN) is under way.
//!
//! Invariant: after every accepted command the periods of a person are disjoint and only the last has no stop (OP291).

mod command;
mod dagen;
mod kostprijs;
mod layers;
mod months;
mod opgave;
mod plan;
mod policy;
mod proposal;
mod record;
mod retour;
mod simulate;
mod sources;
mod tijd;
mod wanted;

pub use command::{EbStartNummer, Kostprijs, Onderdeel, Opdracht};
pub use layers::{EbBeleid, Laag, Lagen, Limiet, RetroMaanden, Termijnen};
pub use months::{Maand, Maanden, first_month, shift_months};
pub use opgave::{
    BekendePeriode, BelastingBesluit, Clientfeiten, EigenPeriode, Grond, Intake, KostprijsOpgave,
    OPGAVE_PERIODEN_MAX, OPGAVEN_MAX, Opgave, OpgaveFout, Opgaven, Voorziening, Vrijstelling, Waarover,
};
pub use plan::{Plan, Stap, Wachtreden, is_told_later, plan};
pub use policy::{
    Belasting, Brug, DienstErnaast, EbRegels, Keuze, KostprijsBeleid, Leveringsvorm, Maandregel, Melding,
    Minderjarig, Pauze, Regime, RetroBeleid, Standaard, StartDatumBron, Trigger, Uitzondering, Vensters,
};
pub use record::{EbBericht, EbDossier, EbFout, EbPeriode, EbStaat, EbStart, Soort, Uitkomst};
pub use retour::{Actie, Gevolg, Handmatig};
pub use tijd::{Bedenktijd, MeldingTermijn, Termijn};
pub use wanted::{Gewenst, Grondslag, Periode, Taak, wanted};

#[cfg(test)]
mod tests;

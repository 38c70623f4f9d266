//! The assignment machine (section 4.3 of the lifecycle).
//!
//! Examples are words. A 301: `nieuw`, `verwijderd`, `later-einde`, `eerder-einde`, `volume`, `budget`, `frequentie`,
//! `ander-product`, `opnieuw` (the same version again), `ongewijzigd` (a new version, nothing changed), `oud` (an older
//! version), `terug` (a new version after a delete). The 302: `goed`, `fout`.

use super::Overgang;
use crate::dossier::ToewijzingStatus::{self, Aangeboden, Bevestigd, Onbekend, Verwijderd};
use crate::judge::Regel::{self, TR332};

const NIEUW: &str = "301 nieuw";
const GOED: &str = "302 goedgekeurd";
const FOUT: &str = "302 afgekeurd";
const WEG: &str = "301 verwijderd (reden 13)";
const GEWIJZIGD: &str = "301 gewijzigd";
const ONGEWIJZIGD: &str = "301 ongewijzigd";
const OPNIEUW: &str = "301 nog eens";
const OUD: &str = "301 met een oudere versie";
const ANDER: &str = "301 met een ander product onder dit nummer";

const fn row(
    id: &'static str,
    van: ToewijzingStatus,
    gebeurtenis: &'static str,
    naar: ToewijzingStatus,
    voorbeeld: &'static str,
) -> Overgang<ToewijzingStatus> {
    Overgang { id, van, gebeurtenis, naar, regels: &[], voorbeeld }
}

const fn refused(
    id: &'static str,
    van: ToewijzingStatus,
    gebeurtenis: &'static str,
    regels: &'static [Regel],
    voorbeeld: &'static str,
) -> Overgang<ToewijzingStatus> {
    Overgang { id, van, gebeurtenis, naar: van, regels, voorbeeld }
}

/// What a 301 and its 302 do to a toewijzing.
pub const TOEWIJZING: &[Overgang<ToewijzingStatus>] = &[
    row("T1", Onbekend, NIEUW, Aangeboden, "nieuw"),
    row("T2", Onbekend, GEWIJZIGD, Aangeboden, "later-einde"),
    row("T3", Onbekend, WEG, Verwijderd, "verwijderd"),
    row("T4", Aangeboden, GOED, Bevestigd, "nieuw goed"),
    row("T5", Aangeboden, FOUT, Onbekend, "nieuw fout"),
    row("T5", Aangeboden, FOUT, Bevestigd, "nieuw goed later-einde fout"),
    row("T6", Aangeboden, GEWIJZIGD, Aangeboden, "nieuw later-einde"),
    row("T6", Bevestigd, GEWIJZIGD, Aangeboden, "nieuw goed later-einde"),
    row("T7", Bevestigd, GEWIJZIGD, Aangeboden, "nieuw goed eerder-einde"),
    row("T8", Bevestigd, GEWIJZIGD, Aangeboden, "nieuw goed volume"),
    row("T8", Bevestigd, GEWIJZIGD, Aangeboden, "nieuw goed budget"),
    row("T9", Aangeboden, WEG, Verwijderd, "nieuw verwijderd"),
    row("T9", Bevestigd, WEG, Verwijderd, "nieuw goed verwijderd"),
    row("T5", Verwijderd, FOUT, Bevestigd, "nieuw goed verwijderd fout"),
    row("T10", Aangeboden, OPNIEUW, Aangeboden, "nieuw opnieuw"),
    row("T10", Bevestigd, OPNIEUW, Bevestigd, "nieuw goed opnieuw"),
    row("T10", Bevestigd, ONGEWIJZIGD, Bevestigd, "nieuw goed ongewijzigd"),
    row("T11", Bevestigd, GEWIJZIGD, Aangeboden, "nieuw goed frequentie"),
    refused("T12", Aangeboden, ANDER, &[TR332], "nieuw ander-product"),
    refused("T12", Bevestigd, ANDER, &[TR332], "nieuw goed ander-product"),
    refused("T12", Verwijderd, ANDER, &[TR332], "nieuw goed verwijderd ander-product"),
    row("T13", Bevestigd, OUD, Bevestigd, "nieuw goed oud"),
    row("T13", Verwijderd, OUD, Verwijderd, "nieuw goed verwijderd oud"),
    row("T14", Verwijderd, "301 met een nieuwe versie", Aangeboden, "nieuw goed verwijderd terug"),
];

//! The delivery machine (section 5.3 of the lifecycle).
//!
//! Examples: `S1` a start on the first Begindatum, `S2` on the second; `P1a` a temporary stop of the first start on
//! the earlier Einddatum, `P1b` on the later; `E1a` a definitive stop; `-S1` deletes a start, `-P1a` a stop.

use super::Overgang;
use crate::dossier::LeveringStatus::{self, Beeindigd, Gestart, NietGestart, TijdelijkGestopt};
use crate::judge::Regel::{self, TR063, TR071, TR074, TR326, TR382, TR413, TR414, TR415};

const START: &str = "start";
const ANDERE_START: &str = "start op een andere dag";
const DEZELFDE_START: &str = "dezelfde start nog eens";
const START_WEG: &str = "start verwijderd";
const OUDE_START_WEG: &str = "eerdere, gestopte start verwijderd";
const PAUZE: &str = "tijdelijke stop";
const EINDE: &str = "definitieve stop";
const VROEGER_EINDE: &str = "definitieve stop vóór de tijdelijke";
const PAUZE_WEG: &str = "tijdelijke stop verwijderd";
const EINDE_WEG: &str = "definitieve stop verwijderd";
const STOP_VREEMD: &str = "stop op een start die er niet is";
const OUDE_STOP_WEG: &str = "stop van een eerdere start verwijderd";

const fn row(
    id: &'static str,
    van: LeveringStatus,
    gebeurtenis: &'static str,
    naar: LeveringStatus,
    voorbeeld: &'static str,
) -> Overgang<LeveringStatus> {
    Overgang { id, van, gebeurtenis, naar, regels: &[], voorbeeld }
}

const fn refused(
    id: &'static str,
    van: LeveringStatus,
    gebeurtenis: &'static str,
    regels: &'static [Regel],
    voorbeeld: &'static str,
) -> Overgang<LeveringStatus> {
    Overgang { id, van, gebeurtenis, naar: van, regels, voorbeeld }
}

/// What starts and stops do to a delivery.
pub const LEVERING: &[Overgang<LeveringStatus>] = &[
    row("L1", NietGestart, START, Gestart, "S1"),
    refused("L2", NietGestart, START_WEG, &[TR063], "-S1"),
    refused("L2", NietGestart, PAUZE_WEG, &[TR063], "-P1a"),
    refused("L2", NietGestart, EINDE_WEG, &[TR063], "-E1a"),
    refused("L3", NietGestart, PAUZE, &[TR382], "P1a"),
    refused("L3", NietGestart, EINDE, &[TR382], "E1a"),
    refused("L4", Gestart, DEZELFDE_START, &[TR074, TR326], "S1 S1"),
    refused("L5", Gestart, ANDERE_START, &[TR326], "S1 S2"),
    row("L6", Gestart, START_WEG, NietGestart, "S1 -S1"),
    row("L6", Gestart, START_WEG, TijdelijkGestopt, "S1 P1a S2 -S2"),
    row("L6", Gestart, START_WEG, Beeindigd, "S1 E1a S2 -S2"),
    refused("L7", Gestart, OUDE_START_WEG, &[TR071], "S1 P1a S2 -S1"),
    row("L8", Gestart, PAUZE, TijdelijkGestopt, "S1 P1a"),
    row("L9", Gestart, EINDE, Beeindigd, "S1 E1a"),
    refused("L10", Gestart, STOP_VREEMD, &[TR382], "S1 P2a"),
    refused("L10", Gestart, STOP_VREEMD, &[TR382], "S1 E2a"),
    refused("L11", Gestart, "definitieve stop op een beëindigde start", &[TR382, TR415], "S1 E1a S2 E1b"),
    refused("L12", Gestart, "definitieve stop op een onderbroken start", &[TR382], "S1 P1a S2 E1b"),
    refused("L12", Gestart, "tijdelijke stop op een onderbroken start", &[TR382, TR413], "S1 P1a S2 P1b"),
    row("L13", TijdelijkGestopt, ANDERE_START, Gestart, "S1 P1a S2"),
    refused("L14", TijdelijkGestopt, DEZELFDE_START, &[TR074], "S1 P1a S1"),
    refused("L15", TijdelijkGestopt, PAUZE, &[TR413], "S1 P1a P1b"),
    refused("L15", TijdelijkGestopt, "dezelfde tijdelijke stop nog eens", &[TR074, TR413], "S1 P1a P1a"),
    refused("L15", TijdelijkGestopt, "tijdelijke stop op een eerdere dag", &[TR413, TR414], "S1 P1b P1a"),
    row("L16", TijdelijkGestopt, EINDE, Beeindigd, "S1 P1a E1b"),
    row("L16", TijdelijkGestopt, EINDE, Beeindigd, "S1 P1a E1a"),
    refused("L17", TijdelijkGestopt, VROEGER_EINDE, &[TR414], "S1 P1b E1a"),
    row("L18", TijdelijkGestopt, PAUZE_WEG, Gestart, "S1 P1a -P1a"),
    refused("L19", TijdelijkGestopt, START_WEG, &[TR071], "S1 P1a -S1"),
    refused("L19", Beeindigd, START_WEG, &[TR071], "S1 E1a -S1"),
    row("L20", Beeindigd, ANDERE_START, Gestart, "S1 E1a S2"),
    refused("L21", Beeindigd, DEZELFDE_START, &[TR074], "S1 E1a S1"),
    refused("L22", Beeindigd, PAUZE, &[TR415], "S1 E1a P1b"),
    refused("L22", Beeindigd, EINDE, &[TR415], "S1 P1a E1a E1b"),
    refused("L22", Beeindigd, "dezelfde definitieve stop nog eens", &[TR074, TR415], "S1 E1a E1a"),
    refused("L22", Beeindigd, "tijdelijke stop op een eerdere dag", &[TR413, TR414, TR415], "S1 P1b E1b P1a"),
    row("L23", Beeindigd, EINDE_WEG, TijdelijkGestopt, "S1 P1a E1b -E1b"),
    row("L23", Beeindigd, EINDE_WEG, Gestart, "S1 E1a -E1a"),
    row("L24", Beeindigd, PAUZE_WEG, Beeindigd, "S1 P1a E1b -P1a"),
    row("L25", Gestart, OUDE_STOP_WEG, Gestart, "S1 P1a S2 -P1a"),
    refused("L26", Gestart, "stop verwijderd die er niet is", &[TR063], "S1 -P1a"),
    refused("L26", Beeindigd, "stop verwijderd die al verwijderd is", &[TR063], "S1 P1a -P1a E1b -P1a"),
];

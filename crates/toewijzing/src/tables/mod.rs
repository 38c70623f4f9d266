//! The transitions of the three machines as data: what a test runs, and what the documentation shows.
//!
//! The machines themselves derive their states from records and have no tables to follow. A row says what comes of
//! an event in a state, and its example is a history that ends with that event; a test judges every example, so that
//! a row cannot say what the machine does not do. [`mermaid`] and [`markdown`] print the rows.

mod levering;
mod toewijzing;
mod verzoek;

use std::collections::BTreeSet;
use std::fmt::Write as _;

pub use levering::LEVERING;
pub use toewijzing::TOEWIJZING;
pub use verzoek::{VERZOEK, VerzoekToestand};

use crate::dossier::{LeveringStatus, ToewijzingStatus};
use crate::judge::Regel;

/// What comes of an event in a state.
#[derive(Clone, Copy, Debug)]
pub struct Overgang<S: 'static> {
    /// The row in the lifecycle: `L13`, `T6`; requests have rows of our own, `V1`.
    pub id: &'static str,
    /// The state before.
    pub van: S,
    /// What happens, in words for the backoffice.
    pub gebeurtenis: &'static str,
    /// The state after; that before when the message is refused.
    pub naar: S,
    /// The rules that it breaks; none when it is approved.
    pub regels: &'static [Regel],
    /// A history that ends with the event, in the notation of the machine's table.
    pub voorbeeld: &'static str,
}

/// A state of a machine.
pub trait Toestand: Copy + Eq + 'static {
    /// Every state, in the order of a diagram.
    const ALLE: &'static [Self];
    /// The state in which everything begins.
    const BEGIN: Self;

    /// Returns the name that reports and interfaces use.
    fn naam(self) -> &'static str;
}

impl Toestand for LeveringStatus {
    const ALLE: &'static [Self] =
        &[Self::NietGestart, Self::Gestart, Self::TijdelijkGestopt, Self::Beeindigd];
    const BEGIN: Self = Self::NietGestart;

    fn naam(self) -> &'static str {
        self.as_str()
    }
}

impl Toestand for ToewijzingStatus {
    const ALLE: &'static [Self] = &[Self::Onbekend, Self::Aangeboden, Self::Bevestigd, Self::Verwijderd];
    const BEGIN: Self = Self::Onbekend;

    fn naam(self) -> &'static str {
        self.as_str()
    }
}

/// Prints the approved events as a Mermaid state diagram: one arrow between two states, with all its events.
#[must_use]
pub fn mermaid<S: Toestand>(rows: &[Overgang<S>]) -> String {
    let mut out = format!("stateDiagram-v2\n    [*] --> {}\n", S::BEGIN.naam());
    for van in S::ALLE {
        for naar in S::ALLE {
            let between =
                rows.iter().filter(|row| row.van == *van && row.naar == *naar && row.regels.is_empty());
            let mut said = BTreeSet::new();
            let events: Vec<&str> =
                between.map(|row| row.gebeurtenis).filter(|event| said.insert(*event)).collect();
            if !events.is_empty() {
                // Writing to a text cannot fail. A colon would end the name of the arrow.
                let _ = writeln!(out, "    {} --> {}: {}", van.naam(), naar.naam(), events.join("<br/>"));
            }
        }
    }
    out
}

/// Prints every row as a table.
#[must_use]
pub fn markdown<S: Toestand>(rows: &[Overgang<S>]) -> String {
    let mut out =
        String::from("| Nr | Toestand | Gebeurtenis | Daarna | Retour |\n| --- | --- | --- | --- | --- |\n");
    for row in rows {
        let retour = if row.regels.is_empty() {
            "goedgekeurd".to_owned()
        } else {
            let code = |regel: &Regel| format!("{} ({})", regel.retourcode(), regel.id());
            row.regels.iter().map(code).collect::<Vec<_>>().join(", ")
        };
        let naar = if row.naar == row.van { "blijft" } else { row.naar.naam() };
        // Writing to a text cannot fail.
        let _ =
            writeln!(out, "| {} | {} | {} | {naar} | {retour} |", row.id, row.van.naam(), row.gebeurtenis);
    }
    out
}

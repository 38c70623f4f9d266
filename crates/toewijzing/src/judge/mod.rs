//! Judges a message against a dossier.
//!
//! [`judge()`] is a pure function from dossier, message and context to a [`Judgement`]: the codes for the retour,
//! the rules that gave them, warnings, anomalies, facts for the own contribution and the dossier as it is
//! afterwards. Nothing of it is stored here: the caller journals the message and the verdict, and
//! [`Dossier::apply`] with that verdict always gives the dossier of the judgement.
//!
//! Level 1 (XML, schema) never gets here. Level 2 (rules within the message) is the codec's; the caller passes
//! its outcome as [`Context::level2_faalt`], so that the precedence of header codes is decided in one place.

mod assignment;
mod context;
mod delivery;
mod facts;
mod header;
mod rules;
mod verzoek;
mod warnings;

use serde::{Deserialize, Serialize};

pub use context::{Beleid, Context, Gemeentelijst, Productlijst, Rol, Taakgericht};
pub use facts::{Feit, FeitSoort, VerwachteStop, reden_beeindiging_bij};
pub use rules::{Regel, Regels};
pub use warnings::{Ernst, Waarschuwing, WaarschuwingSoort};

use crate::dossier::{Anomalie, Dossier, OtherDossier};
use crate::event::{Event, Inhoud};
use crate::identity::{ReferentieAanbieder, Retourcode};

/// What the retour says. This is what a journal keeps and [`Dossier::apply`] takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// A header without codes. The message takes effect.
    Goedgekeurd,
    /// A header with these codes, ascending, and no body.
    AfgekeurdInKop(Vec<Retourcode>),
    /// Header `0200`, and for each class that a rule can fail on, in document order, these codes, ascending; a class
    /// without any gets `0200`. The classes are the products; in a 317 Client and Verzoek come first; in a 319 it is
    /// the Antwoord.
    Afgekeurd(Vec<Vec<Retourcode>>),
}

impl Verdict {
    /// True when the message takes effect.
    #[must_use]
    pub fn is_goedgekeurd(&self) -> bool {
        *self == Self::Goedgekeurd
    }

    /// Returns the codes of each product class as the retour writes them; empty unless there is a body.
    #[must_use]
    pub fn klassen(&self) -> Vec<Vec<Retourcode>> {
        let Self::Afgekeurd(classes) = self else { return Vec::new() };
        let written = |codes: &Vec<Retourcode>| match codes.as_slice() {
            [] => vec![Retourcode::GEEN_OPMERKINGEN],
            codes => codes.to_vec(),
        };
        classes.iter().map(written).collect()
    }

    /// Returns the codes of the header as the retour writes them.
    #[must_use]
    pub fn kop(&self) -> Vec<Retourcode> {
        match self {
            Self::Goedgekeurd => Vec::new(),
            Self::AfgekeurdInKop(codes) => codes.clone(),
            Self::Afgekeurd(_) => vec![Retourcode::GEEN_OPMERKINGEN],
        }
    }
}

/// A rule that a message breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Bevinding {
    /// The class by its place among those of [`Verdict::Afgekeurd`], from 0; `None`: the message as a whole.
    pub klasse: Option<usize>,
    /// The rule.
    pub regel: Regel,
}

/// The outcome of judging a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// What the retour says.
    pub verdict: Verdict,
    /// The rules broken, by class.
    pub bevindingen: Vec<Bevinding>,
    /// The rules that the message was held against, broken or not.
    pub getoetst: Regels,
    /// What is odd but no reason to refuse. Never part of a retour (OP095).
    pub waarschuwingen: Vec<Waarschuwing>,
    /// Anomalies that this message brings.
    pub anomalieen: Vec<Anomalie>,
    /// Anomalies that this message ends.
    pub opgelost: Vec<Anomalie>,
    /// Facts for the own contribution (10.1), in order of processing.
    pub feiten: Vec<Feit>,
    /// Requests that this 301 or 319 answers for good.
    pub beantwoord: Vec<ReferentieAanbieder>,
    /// Stops that the aanbieder owes because of this 301 (8.3).
    pub verwachte_stops: Vec<VerwachteStop>,
    /// The dossier afterwards; as it was when the message has no effect.
    pub dossier: Dossier,
}

impl Judgement {
    /// Returns the rules that decided the verdict, ascending: of a refusal those that are broken; of an approval all that
    /// it was held against and keeps. A retour is judged by none but that it answers its message as a whole (OP286), a
    /// message of level 2 by those that its reader found.
    #[must_use]
    pub fn regels(&self) -> Vec<&'static str> {
        if !self.verdict.is_goedgekeurd() {
            let mut broken: Vec<&str> = self.bevindingen.iter().map(|found| found.regel.id()).collect();
            broken.sort_unstable();
            broken.dedup();
            return broken;
        }
        let mut kept: Vec<&str> = self.getoetst.iter().map(Regel::id).collect();
        if kept.is_empty() {
            kept.push("OP286");
        }
        kept
    }

    /// Returns what a person is to confirm before the message is sent (D4).
    pub fn te_bevestigen(&self) -> impl Iterator<Item = &Waarschuwing> {
        self.waarschuwingen.iter().filter(|warning| warning.ernst == Ernst::Bevestigen)
    }

    /// True when nothing stands in the way of sending but a confirmation: no code and no warning that blocks.
    #[must_use]
    pub fn mag_verzonden(&self) -> bool {
        self.verdict.is_goedgekeurd()
            && self.waarschuwingen.iter().all(|warning| warning.ernst != Ernst::Blokkeert)
    }

    /// True when the message was refused only because it came before another it builds on (D8): a caller that parks
    /// messages may judge it again when another message of the dossier was processed.
    #[must_use]
    pub fn is_te_vroeg(&self) -> bool {
        !self.bevindingen.is_empty()
            && self.bevindingen.iter().all(|found| matches!(found.regel, Regel::TR019 | Regel::TR382))
    }
}

/// Judges a message against the dossier it belongs to.
///
/// # Errors
///
/// The event belongs to another dossier.
pub fn judge(dossier: &Dossier, event: &Event, context: &Context<'_>) -> Result<Judgement, OtherDossier> {
    if event.dossier != *dossier.key() {
        return Err(OtherDossier);
    }
    let mut found = Found::default();
    let verdict = match header::check(dossier, event, context, &mut found) {
        Some(refused) => refused,
        None => classes(dossier, event, context, &mut found),
    };
    let mut after = dossier.clone();
    after.apply(event, &verdict)?;

    let (before_anomalies, after_anomalies) = (dossier.anomalieen(), after.anomalieen());
    let only_in = |these: &[Anomalie], others: &[Anomalie]| -> Vec<Anomalie> {
        these.iter().filter(|anomaly| others.binary_search(anomaly).is_err()).cloned().collect()
    };
    let effect = verdict.is_goedgekeurd();
    Ok(Judgement {
        waarschuwingen: warnings::collect(dossier, &after, event, context, &verdict),
        anomalieen: only_in(&after_anomalies, &before_anomalies),
        opgelost: only_in(&before_anomalies, &after_anomalies),
        feiten: if effect { facts::collect(dossier, &after, event) } else { Vec::new() },
        beantwoord: if effect { assignment::answered(dossier, event, context) } else { Vec::new() },
        verwachte_stops: if effect { facts::expected_stops(dossier, event) } else { Vec::new() },
        bevindingen: found.broken,
        getoetst: found.held,
        verdict,
        dossier: after,
    })
}

/// Judges class by class; all or nothing (IV028, IV032, OP286).
fn classes(dossier: &Dossier, event: &Event, context: &Context<'_>, found: &mut Found) -> Verdict {
    let codes = match &event.inhoud {
        Inhoud::Toewijzen(products) => assignment::guards(dossier, event, products, context, found),
        Inhoud::Starten(starts) => delivery::starts(dossier, event, starts, context, found),
        Inhoud::Stoppen(stops) => delivery::stops(dossier, event, stops, context, found),
        Inhoud::Aanvragen(products) => verzoek::aanvragen(dossier, products, context, found),
        Inhoud::Wijzigen(wanted) => verzoek::wijzigen(dossier, event, wanted, context, found),
        Inhoud::Beantwoorden(antwoord) => verzoek::beantwoorden(dossier, antwoord, context, found),
        // No retour follows a retour. A declaration is judged by its header here; its Prestaties are settled elsewhere
        // (IV088), and the 325 says how.
        Inhoud::ToewijzingRetour(_)
        | Inhoud::AntwoordRetour(_)
        | Inhoud::Declareren(_)
        | Inhoud::DeclaratieAntwoord(_) => Vec::new(),
    };
    if codes.iter().all(Vec::is_empty) { Verdict::Goedgekeurd } else { Verdict::Afgekeurd(codes) }
}

/// Collects the rules that a message is held against, and those it breaks.
#[derive(Default)]
struct Found {
    broken: Vec<Bevinding>,
    held: Regels,
}

impl Found {
    /// Holds the message against a rule; `broken` says whether it breaks it.
    fn hold(&mut self, rules: &mut Vec<Regel>, rule: Regel, broken: bool) {
        self.held.add(rule);
        if broken {
            rules.push(rule);
        }
    }

    /// Records the rules that a class or the header breaks, and returns their codes (D18: all, ascending).
    fn codes(&mut self, klasse: Option<usize>, mut rules: Vec<Regel>, first_only: bool) -> Vec<Retourcode> {
        rules.sort_by_key(|rule| rule.retourcode());
        if first_only {
            rules.truncate(1);
        }
        self.broken.extend(rules.iter().map(|&regel| Bevinding { klasse, regel }));
        let mut codes: Vec<Retourcode> = rules.iter().map(|rule| rule.retourcode()).collect();
        codes.dedup();
        codes
    }
}

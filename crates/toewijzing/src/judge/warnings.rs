//! What is odd about a message but no reason to refuse it (OP095): work for people, never part of a retour.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Context, Rol, Verdict};
use crate::deadline::MELDING_WERKDAGEN;
use crate::dossier::{Dossier, Mutatie, Onderwerp};
use crate::event::{Event, Inhoud, StartKey, StatusAanlevering, ToegewezenProduct};
use crate::identity::{Bsn, ToewijzingNummer};

/// Something odd about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Waarschuwing {
    /// The product class by its place in the message, from 0.
    pub klasse: Option<usize>,
    /// The toewijzing concerned.
    pub nummer: Option<ToewijzingNummer>,
    /// What is odd.
    pub soort: WaarschuwingSoort,
    /// What it means for who is about to send.
    pub ernst: Ernst,
}

/// What a warning means for who is about to send the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Ernst {
    /// Nothing: it may be sent.
    Melding,
    /// It may be sent once a person has confirmed it.
    Bevestigen,
    /// It may not be sent.
    Blokkeert,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal [$($regel:literal),*];)*) => {
        /// Kinds of warning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum WaarschuwingSoort {
            $($(#[$doc])* $name,)*
        }

        impl WaarschuwingSoort {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the name that reports and interfaces use.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Returns the rules of the standard and the decisions (Dn) of the lifecycle that it rests on.
            #[must_use]
            pub fn regels(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => &[$($regel),*],)*
                }
            }
        }
    };
}

kinds! {
    /// A stop lies on or after the Begindatum of a later restart, or a restart on or before the stop (D25).
    EpisodesOverlap = "EPISODES_OVERLAP" ["D25"];
    /// The toewijzing is deleted while a delivery is on record (D4).
    DeleteWithDelivery = "DELETE_WITH_DELIVERY" ["D4"];
    /// The first version of this toewijzing was never seen (T2).
    FirstVersionNeverSeen = "FIRST_VERSION_NEVER_SEEN" ["IV066", "IV099", "D12"];
    /// The change should have come under a new number (D11, OP257, IV066).
    NewNumberNeeded = "NEW_NUMBER_NEEDED" ["OP257", "OP033x1", "IV066", "D11"];
    /// The 301 leaves out an actual toewijzing (D13, OP087).
    Incomplete = "INCOMPLETE" ["OP087", "D13"];
    /// Begindatum or Einddatum lies outside the period of the toewijzing (D3).
    OutsidePeriod = "OUTSIDE_PERIOD" ["D3"];
    /// Product differs from that of the toewijzing (D2, IV075).
    ProductDiffers = "PRODUCT_DIFFERS" ["IV075", "D2"];
    /// RedenWijziging does not fit the change (D12).
    RedenUnfitting = "REDEN_UNFITTING" ["IV066", "D12"];
    /// RedenWijziging is missing on a change (D12).
    RedenMissing = "REDEN_MISSING" ["IV099", "D12"];
    /// RedenWijziging is filled although nothing changes (D12, IV099).
    RedenSuperfluous = "REDEN_SUPERFLUOUS" ["IV099", "IV093", "D12"];
    /// The retour carries 0200 and nothing else; taken as approval (D24).
    RetourOnly0200 = "RETOUR_ONLY_0200" ["IV028", "D24"];
    /// No message waits for this retour; nothing has changed.
    RetourUnmatched = "RETOUR_UNMATCHED" [];
    /// A deleted toewijzing comes back (D10).
    Revived = "REVIVED" ["D10"];
    /// The start was reported late (OP271).
    StartLate = "START_LATE" ["OP271"];
    /// The stop was reported late (OP272).
    StopLate = "STOP_LATE" ["OP272"];
    /// ToewijzingIngangsdatum differs from the Ingangsdatum of the toewijzing (D2).
    IngangsdatumDiffers = "INGANGSDATUM_DIFFERS" ["D2"];
    /// The BSN is all zeros (D23).
    BsnZero = "BSN_ZERO" ["CS002", "D23"];
}

/// Returns the warnings of a message, in document order.
pub(super) fn collect(
    before: &Dossier,
    after: &Dossier,
    event: &Event,
    context: &Context<'_>,
    verdict: &Verdict,
) -> Vec<Waarschuwing> {
    // A message that was refused as a whole was not looked at closely enough to say more about it.
    if matches!(verdict, Verdict::AfgekeurdInKop(_)) {
        return Vec::new();
    }
    let mut list = Warnings { context, list: Vec::new() };
    let nobody = matches!(event.inhoud, Inhoud::Beantwoorden(_) | Inhoud::AntwoordRetour(_));
    if event.dossier.bsn == Bsn::NIEMAND && !nobody {
        list.add(None, None, WaarschuwingSoort::BsnZero, Ernst::Melding);
    }
    match &event.inhoud {
        Inhoud::Toewijzen(products) => assignment(before, event, products, &mut list),
        Inhoud::ToewijzingRetour(retour) | Inhoud::AntwoordRetour(retour) => {
            if !retour.codes.is_empty() && retour.is_goedgekeurd() {
                list.add(None, None, WaarschuwingSoort::RetourOnly0200, Ernst::Melding);
            }
            let awaited = match event.inhoud {
                Inhoud::AntwoordRetour(_) => before.settles(retour, false),
                _ => before.awaits(retour),
            };
            if !awaited {
                list.add(None, None, WaarschuwingSoort::RetourUnmatched, Ernst::Melding);
            }
        }
        Inhoud::Starten(starts) => {
            for (index, class) in starts.iter().enumerate() {
                if class.status == StatusAanlevering::Eerste {
                    let product = Reported { index, start: &class.key, end: None };
                    delivery(after, &product, class.toewijzing_ingangsdatum, event, &mut list);
                }
            }
        }
        Inhoud::Stoppen(stops) => {
            for (index, class) in stops.iter().enumerate() {
                if class.status == StatusAanlevering::Eerste {
                    let end = Some((class.key.einddatum, class.key.reden.is_tijdelijk()));
                    let product = Reported { index, start: &class.key.start, end };
                    delivery(after, &product, class.toewijzing_ingangsdatum, event, &mut list);
                }
            }
        }
        _ => {}
    }
    list.list
}

struct Warnings<'a> {
    context: &'a Context<'a>,
    list: Vec<Waarschuwing>,
}

impl Warnings<'_> {
    fn add(
        &mut self,
        klasse: Option<usize>,
        nummer: Option<ToewijzingNummer>,
        soort: WaarschuwingSoort,
        ernst: Ernst,
    ) {
        let ernst = match (self.context.rol, ernst) {
            (Rol::Ontvanger, _) => Ernst::Melding,
            (Rol::Verzender, Ernst::Bevestigen) if !self.context.beleid.bevestig_verzenden => Ernst::Melding,
            (Rol::Verzender, ernst) => ernst,
        };
        self.list.push(Waarschuwing { klasse, nummer, soort, ernst });
    }

    /// D11 to D13: the sender may not do what the receiver may only warn about.
    fn add_strict(&mut self, klasse: Option<usize>, nummer: ToewijzingNummer, soort: WaarschuwingSoort) {
        let ernst = if self.context.beleid.strikt_verzenden { Ernst::Blokkeert } else { Ernst::Melding };
        self.add(klasse, Some(nummer), soort, ernst);
    }
}

fn assignment(before: &Dossier, event: &Event, products: &[ToegewezenProduct], list: &mut Warnings<'_>) {
    let mut scratch = Cow::Borrowed(before);
    for (index, product) in products.iter().enumerate() {
        let (klasse, nummer) = (Some(index), product.nummer);
        let mutatie = scratch.mutatie(product);
        let reden = product.reden_wijziging.map(|reden| reden.as_str().to_owned());
        match mutatie {
            Mutatie::New if reden.as_deref() == Some("13") => {}
            Mutatie::New if reden.is_some() => {
                // T2: a change of something never seen, or a first version with a reason it should not have.
                list.add_strict(klasse, nummer, WaarschuwingSoort::FirstVersionNeverSeen);
            }
            Mutatie::OtherChange => list.add_strict(klasse, nummer, WaarschuwingSoort::NewNumberNeeded),
            Mutatie::Revive => list.add(klasse, Some(nummer), WaarschuwingSoort::Revived, Ernst::Melding),
            Mutatie::Delete => {
                let levering = scratch.levering(&Onderwerp::Toewijzing(nummer));
                if levering.is_some_and(|levering| levering.live_starts().next().is_some()) {
                    list.add(klasse, Some(nummer), WaarschuwingSoort::DeleteWithDelivery, Ernst::Bevestigen);
                }
            }
            _ => {}
        }
        if let Some(soort) = reden_warning(mutatie, reden.as_deref()) {
            list.add_strict(klasse, nummer, soort);
        }
        if index + 1 < products.len() {
            scratch.to_mut().add_version(event, product);
        }
    }
    // D13, OP087: the 301 repeats every actual toewijzing.
    let named: BTreeSet<ToewijzingNummer> = products.iter().map(|product| product.nummer).collect();
    for nummer in before.nummers().filter(|nummer| !named.contains(nummer)) {
        if before.is_actueel(nummer, list.context.vandaag) {
            list.add_strict(None, nummer, WaarschuwingSoort::Incomplete);
        }
    }
}

/// D12: what the table of section 4.2 expects of RedenWijziging.
fn reden_warning(mutatie: Mutatie, reden: Option<&str>) -> Option<WaarschuwingSoort> {
    let change = |fits: bool| match reden {
        None => Some(WaarschuwingSoort::RedenMissing),
        Some(_) if fits => None,
        Some(_) => Some(WaarschuwingSoort::RedenUnfitting),
    };
    let among = |codes: &[&str]| reden.is_some_and(|reden| codes.contains(&reden));
    match mutatie {
        Mutatie::Unchanged => reden.map(|_| WaarschuwingSoort::RedenSuperfluous),
        Mutatie::Oprekken => change(among(&["04", "12", "14"])),
        Mutatie::Intrekken => {
            change(among(&["02", "03", "05", "06", "07", "08", "09", "10", "11", "12", "14"]))
        }
        Mutatie::Volume | Mutatie::Budget | Mutatie::OtherChange => change(!among(&["01", "13"])),
        Mutatie::New
        | Mutatie::Resend
        | Mutatie::Delete
        | Mutatie::Revive
        | Mutatie::DifferentProduct
        | Mutatie::Older => None,
    }
}

/// What a 305 or 307 reports in one class.
struct Reported<'a> {
    index: usize,
    start: &'a StartKey,
    /// Einddatum, and whether the stop is temporary.
    end: Option<(Date, bool)>,
}

fn delivery(
    after: &Dossier,
    reported: &Reported<'_>,
    ingangsdatum: Option<Date>,
    event: &Event,
    list: &mut Warnings<'_>,
) {
    let (klasse, nummer) = (Some(reported.index), reported.start.nummer);
    let version = nummer.and_then(|nummer| after.bestaand(nummer));
    if let Some(version) = version {
        let assigned = &version.inhoud;
        if assigned.product != reported.start.product {
            list.add(klasse, nummer, WaarschuwingSoort::ProductDiffers, Ernst::Bevestigen);
        }
        if ingangsdatum.is_some_and(|day| day != assigned.ingangsdatum) {
            list.add(klasse, nummer, WaarschuwingSoort::IngangsdatumDiffers, Ernst::Bevestigen);
        }
        let outside =
            |day: Date| day < assigned.ingangsdatum || assigned.einddatum.is_some_and(|end| day > end);
        if outside(reported.start.begindatum) || reported.end.is_some_and(|(end, _)| outside(end)) {
            list.add(klasse, nummer, WaarschuwingSoort::OutsidePeriod, Ernst::Melding);
        }
    }
    let Some(levering) = after.levering(&reported.start.onderwerp()) else { return };
    // D25: whichever of the two dates came last makes the episodes overlap.
    let overlaps = match reported.end {
        None => levering.live_stops().any(|stop| {
            stop.key.start.begindatum < reported.start.begindatum
                && stop.key.einddatum >= reported.start.begindatum
        }),
        Some((end, _)) => levering
            .live_starts()
            .any(|start| start.key.begindatum > reported.start.begindatum && start.key.begindatum <= end),
    };
    if overlaps {
        list.add(klasse, nummer, WaarschuwingSoort::EpisodesOverlap, Ernst::Melding);
    }
    // Section 11: lateness counts in working days after the fact, or after the 301 if that came later.
    let kalender = &list.context.beleid.kalender;
    let late = |since: Date| event.bericht.dag > kalender.add_working_days(since, MELDING_WERKDAGEN);
    match reported.end {
        None => {
            let assigned = nummer
                .and_then(|nummer| after.versies(nummer).first())
                .map_or(reported.start.begindatum, |version| version.bericht.dag);
            if late(reported.start.begindatum.max(assigned)) {
                list.add(klasse, nummer, WaarschuwingSoort::StartLate, Ernst::Melding);
            }
        }
        Some((end, temporary)) => {
            // A definitive stop after a temporary one counts from when the aanbieder learned of it, unknown here.
            let after_pause =
                !temporary && levering.stops_of(reported.start).any(|s| s.key.reden.is_tijdelijk());
            if !after_pause && late(end) {
                list.add(klasse, nummer, WaarschuwingSoort::StopLate, Ernst::Melding);
            }
        }
    }
}

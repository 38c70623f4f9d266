//! Neutral facts for the own contribution (10.1) and the stops that follow from a 301 (8.3).
//!
//! Facts tell what changed; what the CAK hears is the planner's business ([`crate::cak`]), which reads the dossiers.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::dossier::{Dossier, LeveringStatus, Mutatie, Onderwerp, VersieStatus, processing_order};
use crate::event::{Event, Inhoud, StartKey, StatusAanlevering, ToewijzingRetour};
use crate::identity::{Product, RedenBeeindiging, RedenWijziging, ToewijzingNummer};

/// Something about delivery or assignment that became true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feit {
    /// What happened.
    pub soort: FeitSoort,
    /// ToewijzingNummer; absent for a taakgericht delivery.
    pub nummer: Option<ToewijzingNummer>,
    /// Product.
    pub product: Option<Product>,
    /// Begindatum of the delivery, or Ingangsdatum of the toewijzing.
    pub begindatum: Date,
    /// Einddatum, where there is one.
    pub einddatum: Option<Date>,
    /// RedenBeeindiging of a stop.
    pub reden_beeindiging: Option<RedenBeeindiging>,
    /// RedenWijziging of a toewijzing.
    pub reden_wijziging: Option<RedenWijziging>,
}

/// Kinds of fact, with the event id of the own contribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FeitSoort {
    /// E1: the toewijzing was approved.
    Toegewezen,
    /// E2: it counts as never sent.
    ToewijzingVervallen,
    /// E2b: its period or amount changed.
    ToewijzingGewijzigd,
    /// E2c: its end moved because the client died, moved or changed the form of delivery.
    ToewijzingBeeindigd,
    /// E3: delivery began.
    Gestart,
    /// E4: a start never happened.
    StartVervallen,
    /// E5: delivery was interrupted or ended.
    Gestopt,
    /// E6: a stop never happened.
    StopVervallen,
}

impl FeitSoort {
    /// Returns the event id.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Toegewezen => "E1",
            Self::ToewijzingVervallen => "E2",
            Self::ToewijzingGewijzigd => "E2b",
            Self::ToewijzingBeeindigd => "E2c",
            Self::Gestart => "E3",
            Self::StartVervallen => "E4",
            Self::Gestopt => "E5",
            Self::StopVervallen => "E6",
        }
    }
}

/// A stop that the aanbieder owes because the gemeente ended a toewijzing earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerwachteStop {
    /// Of which toewijzing.
    pub nummer: ToewijzingNummer,
    /// The reason that belongs to the RedenWijziging, if the code lists have one.
    pub reden: Option<RedenBeeindiging>,
    /// The end of the toewijzing.
    pub einddatum: Option<Date>,
}

/// Returns the RedenBeeindiging that belongs to a RedenWijziging (WMO002 to WMO588).
#[must_use]
pub fn reden_beeindiging_bij(reden: RedenWijziging) -> Option<RedenBeeindiging> {
    let code = match reden.as_str() {
        "02" => "02",
        "03" | "05" | "08" | "10" | "11" => "36",
        "06" => "39",
        "07" => "31",
        "09" => "38",
        "12" => "37",
        _ => return None,
    };
    RedenBeeindiging::new(code).ok()
}

/// Returns the facts of an approved message.
pub(super) fn collect(before: &Dossier, after: &Dossier, event: &Event) -> Vec<Feit> {
    match &event.inhoud {
        // The 302 makes it a fact.
        Inhoud::ToewijzingRetour(retour) => assignment_facts(before, after, retour),
        Inhoud::Starten(starts) => processing_order(starts)
            .into_iter()
            .map(|class| {
                let class = &starts[class];
                let delete = class.status == StatusAanlevering::Verwijderen;
                let soort = if delete { FeitSoort::StartVervallen } else { FeitSoort::Gestart };
                delivery_fact(soort, &class.key, None)
            })
            .collect(),
        Inhoud::Stoppen(stops) => {
            // The net effect only: a stop taken back and replaced is a changed end.
            let replaced: BTreeSet<&StartKey> = stops
                .iter()
                .filter(|stop| stop.status != StatusAanlevering::Verwijderen)
                .map(|stop| &stop.key.start)
                .collect();
            processing_order(stops)
                .into_iter()
                .map(|class| &stops[class])
                .filter_map(|class| {
                    let delete = class.status == StatusAanlevering::Verwijderen;
                    if delete && replaced.contains(&class.key.start) {
                        return None;
                    }
                    let soort = if delete { FeitSoort::StopVervallen } else { FeitSoort::Gestopt };
                    Some(delivery_fact(soort, &class.key.start, Some((class.key.reden, class.key.einddatum))))
                })
                .collect()
        }
        // A request, its answer or a declaration changes nothing about what is assigned or delivered.
        _ => Vec::new(),
    }
}

fn delivery_fact(soort: FeitSoort, start: &StartKey, stop: Option<(RedenBeeindiging, Date)>) -> Feit {
    Feit {
        soort,
        nummer: start.nummer,
        product: start.product.clone(),
        begindatum: start.begindatum,
        einddatum: stop.map(|(_, end)| end),
        reden_beeindiging: stop.map(|(reden, _)| reden),
        reden_wijziging: None,
    }
}

/// One fact for each toewijzing whose approved version this 302 changes.
fn assignment_facts(before: &Dossier, after: &Dossier, retour: &ToewijzingRetour) -> Vec<Feit> {
    let mut facts = Vec::new();
    for nummer in after.nummers() {
        let decided = after.versies(nummer).iter().any(|version| {
            version.status == VersieStatus::Accepted && version.bericht.identificatie == retour.op
        });
        let (Some(now), true) = (after.aanvaard(nummer), decided) else { continue };
        let was = before.aanvaard(nummer);
        if was.is_some_and(|was| was.bericht.entry == now.bericht.entry) {
            continue;
        }
        let version = &now.inhoud;
        let soort = if version.is_void() {
            FeitSoort::ToewijzingVervallen
        } else if was.is_none_or(|was| was.inhoud.is_void()) {
            FeitSoort::Toegewezen
        } else if was.is_some_and(|was| was.inhoud.same_content(version)) {
            continue;
        } else if version.reden_wijziging.is_some_and(|code| matches!(code.as_str(), "02" | "07" | "08")) {
            FeitSoort::ToewijzingBeeindigd
        } else {
            FeitSoort::ToewijzingGewijzigd
        };
        facts.push(Feit {
            soort,
            nummer: Some(nummer),
            product: version.product.clone(),
            begindatum: version.ingangsdatum,
            einddatum: version.einddatum,
            reden_beeindiging: None,
            reden_wijziging: version.reden_wijziging,
        });
    }
    facts
}

/// Section 8.3: an earlier end wants a stop where a delivery is open or interrupted.
pub(super) fn expected_stops(before: &Dossier, event: &Event) -> Vec<VerwachteStop> {
    let Inhoud::Toewijzen(products) = &event.inhoud else { return Vec::new() };
    products
        .iter()
        .filter(|product| before.mutatie(product) == Mutatie::Intrekken)
        .filter(|product| {
            let status = before.levering_staat(&Onderwerp::Toewijzing(product.nummer)).status;
            matches!(status, LeveringStatus::Gestart | LeveringStatus::TijdelijkGestopt)
        })
        .map(|product| VerwachteStop {
            nummer: product.nummer,
            reden: product.reden_wijziging.and_then(reden_beeindiging_bij),
            einddatum: product.einddatum,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_for_a_change_map_to_reasons_for_a_stop() {
        let mapped = |code| {
            reden_beeindiging_bij(RedenWijziging::new(code).expect("two digits")).map(|r| r.to_string())
        };
        assert_eq!(mapped("02").as_deref(), Some("02"));
        assert_eq!(mapped("06").as_deref(), Some("39"));
        for none in ["01", "04", "13", "14"] {
            assert_eq!(mapped(none), None);
        }
    }
}

//! Guards of starts and stops (section 5.2 of the lifecycle), as a table.

use std::borrow::Cow;

use super::{Context, Found, Regel};
use crate::dossier::{Dossier, Levering, processing_order};
use crate::event::{Event, StartKey, StartProduct, StatusAanlevering, StopKey, StopProduct};
use crate::identity::{Product, Retourcode};

/// The kinds of class, by what they ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Start,
    DelStart,
    Pause,
    End,
    DelStop,
}

/// A rule, the kinds of class it is for, and when it is broken.
struct Guard {
    rule: Regel,
    kinds: &'static [Kind],
    broken: fn(&Case<'_>) -> bool,
}

/// One class against the dossier as it is when the class is judged.
struct Case<'a> {
    dossier: &'a Dossier,
    levering: Option<&'a Levering>,
    start: &'a StartKey,
    stop: Option<&'a StopKey>,
    toewijzing_ingangsdatum: Option<jiff::civil::Date>,
    context: &'a Context<'a>,
}

const NEW: &[Kind] = &[Kind::Start, Kind::Pause, Kind::End];
const STOP: &[Kind] = &[Kind::Pause, Kind::End];
const DELETE: &[Kind] = &[Kind::DelStart, Kind::DelStop];

/// Section 5.2, one row each.
const GUARDS: &[Guard] = &[
    Guard { rule: Regel::TR019, kinds: NEW, broken: toewijzing_missing },
    Guard { rule: Regel::TR381, kinds: NEW, broken: product_not_agreed },
    Guard { rule: Regel::TR074, kinds: NEW, broken: key_is_live },
    Guard { rule: Regel::TR326, kinds: &[Kind::Start], broken: delivery_is_open },
    Guard { rule: Regel::TR063, kinds: DELETE, broken: |case| !key_is_live(case) },
    Guard { rule: Regel::TR071, kinds: &[Kind::DelStart], broken: start_has_stop },
    Guard { rule: Regel::TR382, kinds: STOP, broken: no_actual_start },
    Guard { rule: Regel::TR413, kinds: &[Kind::Pause], broken: has_temporary_stop },
    Guard { rule: Regel::TR414, kinds: STOP, broken: ends_before_earlier_stop },
    Guard { rule: Regel::TR415, kinds: STOP, broken: has_definitive_stop },
];

/// Judges the classes of a 305 on a scratch copy. Returns the codes per class in document order.
pub(super) fn starts(
    dossier: &Dossier,
    event: &Event,
    classes: &[StartProduct],
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Vec<Retourcode>> {
    let mut scratch = Cow::Borrowed(dossier);
    let mut codes = vec![Vec::new(); classes.len()];
    let mut left = classes.len();
    for index in processing_order(classes) {
        left -= 1;
        let class = &classes[index];
        let kind = match class.status {
            StatusAanlevering::Verwijderen => Kind::DelStart,
            _ => Kind::Start,
        };
        let case = Case {
            dossier: &scratch,
            levering: scratch.levering(&class.key.onderwerp()),
            start: &class.key,
            stop: None,
            toewijzing_ingangsdatum: class.toewijzing_ingangsdatum,
            context,
        };
        codes[index] = case.judge(kind, index, found);
        // Only what another class comes after needs a copy.
        if codes[index].is_empty() && left > 0 {
            scratch.to_mut().apply_start(event, class);
        }
    }
    codes
}

/// Judges the classes of a 307 on a scratch copy. Returns the codes per class in document order.
pub(super) fn stops(
    dossier: &Dossier,
    event: &Event,
    classes: &[StopProduct],
    context: &Context<'_>,
    found: &mut Found,
) -> Vec<Vec<Retourcode>> {
    let mut scratch = Cow::Borrowed(dossier);
    let mut codes = vec![Vec::new(); classes.len()];
    let mut left = classes.len();
    for index in processing_order(classes) {
        left -= 1;
        let class = &classes[index];
        let kind = match class.status {
            StatusAanlevering::Verwijderen => Kind::DelStop,
            _ if class.key.reden.is_tijdelijk() => Kind::Pause,
            _ => Kind::End,
        };
        let case = Case {
            dossier: &scratch,
            levering: scratch.levering(&class.key.start.onderwerp()),
            start: &class.key.start,
            stop: Some(&class.key),
            toewijzing_ingangsdatum: class.toewijzing_ingangsdatum,
            context,
        };
        codes[index] = case.judge(kind, index, found);
        if codes[index].is_empty() && left > 0 {
            scratch.to_mut().apply_stop(event, class);
        }
    }
    codes
}

impl Case<'_> {
    fn judge(&self, kind: Kind, index: usize, found: &mut Found) -> Vec<Retourcode> {
        let mut rules = Vec::new();
        for guard in GUARDS.iter().filter(|guard| guard.kinds.contains(&kind)) {
            // TR381: without a list, or without a product, nothing is checked.
            if guard.rule != Regel::TR381 || (self.context.producten.is_some() && self.product().is_some()) {
                found.hold(&mut rules, guard.rule, (guard.broken)(self));
            }
        }
        found.codes(Some(index), rules, self.context.beleid.alleen_eerste_code)
    }

    fn product(&self) -> Option<&Product> {
        self.start.product.as_ref()
    }
}

/// TR019, and D1: the dossier is that of one gemeente, aanbieder and client, so a number found in it has the right ones.
fn toewijzing_missing(case: &Case<'_>) -> bool {
    let beleid = case.context.beleid;
    let Some(nummer) = case.start.nummer else {
        // D17, IV096: only a taakgericht contract goes without a toewijzing.
        return !beleid.is_taakgericht(case.dossier.key().aanbieder, case.product());
    };
    let version = if beleid.stops_na_verwijdering && case.stop.is_some() {
        case.dossier.effectief(nummer)
    } else {
        case.dossier.bestaand(nummer)
    };
    let Some(version) = version else {
        return !(beleid.nummer_volstaat && case.context.nummers_elders.contains(&nummer));
    };
    if beleid.wacht_op_bevestiging && case.dossier.aanvaard(nummer).is_none() {
        return true;
    }
    beleid.strikt_product
        && (version.inhoud.product.as_ref() != case.product()
            || case.toewijzing_ingangsdatum.is_some_and(|day| day != version.inhoud.ingangsdatum))
}

/// TR381.
fn product_not_agreed(case: &Case<'_>) -> bool {
    match (case.context.producten, case.product()) {
        (Some(list), Some(product)) => !list.allows(product),
        _ => false,
    }
}

/// TR074, TR063: live means delivered in an approved message and not deleted since (OP033, OP286).
fn key_is_live(case: &Case<'_>) -> bool {
    case.levering.is_some_and(|levering| match case.stop {
        Some(stop) => levering.live_stop(stop).is_some(),
        None => levering.live_start(case.start).is_some(),
    })
}

/// TR326, OP289: the subject of a taakgericht delivery is its product (D17).
fn delivery_is_open(case: &Case<'_>) -> bool {
    case.levering.is_some_and(|levering| levering.open_starts().next().is_some())
}

/// TR071.
fn start_has_stop(case: &Case<'_>) -> bool {
    case.levering.is_some_and(|levering| levering.stops_of(case.start).next().is_some())
}

/// TR382 read with OP155 (D6): the start is live, and it is the latest one or still open.
fn no_actual_start(case: &Case<'_>) -> bool {
    let Some(levering) = case.levering else { return true };
    if levering.live_start(case.start).is_none() {
        return true;
    }
    if case.context.beleid.stop_op_elke_start {
        return false;
    }
    let latest = levering.latest_start().is_some_and(|start| start.key == *case.start);
    !latest && !levering.is_open(case.start)
}

/// TR413, OP378.
fn has_temporary_stop(case: &Case<'_>) -> bool {
    stops_on_start(case).any(|stop| stop.reden.is_tijdelijk())
}

/// TR414: equal dates pass.
fn ends_before_earlier_stop(case: &Case<'_>) -> bool {
    let Some(end) = case.stop.map(|stop| stop.einddatum) else { return false };
    stops_on_start(case).any(|stop| stop.einddatum > end)
}

/// TR415, OP377.
fn has_definitive_stop(case: &Case<'_>) -> bool {
    stops_on_start(case).any(|stop| !stop.reden.is_tijdelijk())
}

fn stops_on_start<'a>(case: &'a Case<'_>) -> impl Iterator<Item = &'a StopKey> {
    let begin = case.start.begindatum;
    case.levering.into_iter().flat_map(move |levering| levering.stops_on(begin)).map(|stop| &stop.key)
}

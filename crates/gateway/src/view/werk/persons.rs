//! What the CAK is told, as far as it needs a person.

use iwmo_toewijzing::deadline::{self, Deadline};
use iwmo_toewijzing::identity::{Bsn, Gemeente};

use super::{Listing, WerkSoort, WerkView};
use crate::clock::Moment;
use crate::engine::{GEMEENTE_STIL, wanted};
use crate::ledger::keys::{self, Soort};
use crate::ledger::{CakStil, EbKeuzes, EbMelding, GEMEENTE_ONBEKEND, LedgerError, Persoon, Rows, gegevens};
use crate::store::Ledger;
use crate::view::{Words, reason};

/// So many working days before the CAK must know of a period it is work that it does not.
const BIJNA_WERKDAGEN: u16 = 5;

/// Adds what a gemeente has.
pub(super) fn of_gemeente(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    if !listing.wants(WerkSoort::Cak) {
        return Ok(());
    }
    of_choices(ledger, gemeente, listing)?;
    for row in ledger.scan(&keys::wachtenden(gemeente, Soort::Persoon)) {
        let (key, _) = row?;
        let Some(bsn) = keys::wachtende_persoon(&key) else { continue };
        let Some(persoon) = ledger.row(&keys::persoon(gemeente, &bsn))? else { continue };
        of_person(ledger, gemeente, &bsn, &persoon, listing)?;
    }
    Ok(())
}

/// What stands still, and choices that wait for a look.
pub(super) fn of_choices(
    ledger: &Ledger,
    gemeente: Gemeente,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    if let Some(stop) = ledger.row::<CakStil>(&keys::cak_stil(gemeente))? {
        let mut row = WerkView::new(WerkSoort::Cak, GEMEENTE_STIL, gemeente, stopped(&stop, gemeente));
        row.entry = Some(format!("{gemeente}:{}", stop.seq));
        row.sinds = Some(Moment::of_us(stop.sinds_us));
        if stop.reden.is_none() {
            row.regels = vec![GEMEENTE_ONBEKEND];
        }
        listing.keep(row);
    }
    let choices: Option<EbKeuzes> = ledger.row(&keys::eb_beleid(gemeente))?;
    if let Some(choices) = choices.filter(|choices| choices.voorgesteld.is_some()) {
        let see = format!("iwmo cak review --gemeente {gemeente}");
        let words = Words::new(
            format!(
                "nieuwe keuzes over de eigen bijdrage wachten: bekijk wat het CAK ervan hoort en stel ze in werking (`{see}`)"
            ),
            format!(
                "new choices about the eigen bijdrage wait: look at what the CAK hears of them and put them in force (`{see}`)"
            ),
        );
        let mut row = WerkView::new(WerkSoort::Cak, "BELEID", gemeente, words);
        row.sinds = Some(Moment::of_us(choices.sinds_us));
        listing.keep(row);
    }
    Ok(())
}

/// Adds what there is about a person.
pub(super) fn of_person(
    ledger: &Ledger,
    gemeente: Gemeente,
    bsn: &Bsn,
    persoon: &Persoon,
    listing: &mut Listing<'_>,
) -> Result<(), LedgerError> {
    let near = near_deadline(ledger, gemeente, bsn, persoon, listing)?;
    // With a moment to look again it waits by itself, and a gemeente that stands still is work once.
    let codes = persoon.eb_reden.as_ref();
    let codes = codes.filter(|codes| persoon.plan_op_us.is_none() && *codes != GEMEENTE_STIL);
    let mut row = match (codes, &near) {
        (Some(codes), _) => WerkView::new(WerkSoort::Cak, codes, gemeente, reason(codes)),
        (None, Some(near)) => WerkView::new(WerkSoort::Cak, near.timer.as_str(), gemeente, almost_late()),
        (None, None) => return Ok(()),
    };
    if let Some(near) = near {
        row.regels = near.timer.regels().to_vec();
        row = row.due(&near, listing.today);
    }
    // A notification names the person without saying who it is; who never had one goes by their first entry.
    let told = match persoon.eb.berichten().last() {
        Some(last) => ledger.row::<EbMelding>(&keys::eb_melding(gemeente, last.identificatie.as_str()))?,
        None => None,
    };
    row.entry = Some(match told {
        Some(melding) => format!("{gemeente}:{}/{}", melding.seq, melding.plaats),
        None => format!("{gemeente}:{}", persoon.sinds),
    });
    listing.keep(row);
    Ok(())
}

/// The first day by which the CAK must know of a period that it has not accepted, when that is near or past (ieb-cak 9.7).
fn near_deadline(
    ledger: &Ledger,
    gemeente: Gemeente,
    bsn: &Bsn,
    persoon: &Persoon,
    listing: &Listing<'_>,
) -> Result<Option<Deadline>, LedgerError> {
    // Of whom nothing waits the CAK has what it should have: only of others it takes the work to find out.
    if persoon.eb_reden.is_none() && persoon.eb.onderweg().is_none() {
        return Ok(None);
    }
    let Some(settings) = listing.settings.gemeenten.get(&gemeente).filter(|own| own.cak.is_some()) else {
        return Ok(None);
    };
    let near = settings.beleid.kalender.add_working_days(listing.today, BIJNA_WERKDAGEN);
    let wanted = wanted(&gegevens(ledger, gemeente, bsn, persoon)?, &settings.eb, listing.today);
    let open = deadline::cak_data(&wanted, &persoon.eb).into_iter().filter(|found| found.voldaan.is_none());
    Ok(open.filter(|found| found.due <= near).min_by_key(|found| found.due))
}

fn almost_late() -> Words {
    Words::new(
        "het CAK moet op die dag van een periode weten en heeft haar nog niet aanvaard: kijk wat de melding ophoudt (`iwmo cak show`)",
        "the CAK must know of a period by that day and has not accepted it: look at what keeps the notification (`iwmo cak show`)",
    )
}

/// Why the CAK is told nothing about a gemeente, and how it goes on.
fn stopped(stop: &CakStil, gemeente: Gemeente) -> Words {
    let again = format!("iwmo cak resume --gemeente {gemeente}");
    match &stop.reden {
        None => Words::new(
            format!(
                "het CAK kent de gemeente niet (S300): niets gaat naar het CAK tot de oorzaak weg is en u het hervat (`{again}`)"
            ),
            format!(
                "the CAK does not know the gemeente (S300): nothing goes to the CAK until the cause is mended and you resume it (`{again}`)"
            ),
        ),
        Some(reden) => Words::new(
            format!("niets gaat naar het CAK tot u het hervat (`{again}`): {reden}"),
            format!("nothing goes to the CAK until you resume it (`{again}`): {reden}"),
        ),
    }
}

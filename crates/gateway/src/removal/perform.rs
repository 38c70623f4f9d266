//! What is asked, shown or done.

use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::ToSpan;
use jiff::civil::Date;

use super::bsns::bsns;
use super::expired::expired;
use super::held::{Held, held};
use super::{Hindernis, Opdracht, REQUEST_MONTHS, Verslag, VerzoekView};
use crate::control::Refused;
use crate::engine::{ActError, Engine, Erase, ErasePersons};
use crate::journal::{Chain, EntryId, Reader};
use crate::ledger::{LedgerError, Rows, Verzoek, VerzoekStand, decode_row, keys};
use crate::record::{Verwijderverzoek, VerzoekStap, Wie};
use crate::store::Ledger;

/// What an order comes to.
struct Plan {
    verslag: Verslag,
    persons: Vec<(Chain, Vec<(Bsn, Held)>)>,
    steps: Vec<(Chain, VerzoekStap)>,
    ondanks: Vec<Hindernis>,
}

/// Says what an order would do, changing nothing.
///
/// # Errors
///
/// It makes no sense, or the store cannot be read.
pub fn plan(
    ledger: &Ledger,
    reader: &Reader,
    opdracht: &Opdracht,
    today: Date,
    term_years: u16,
) -> Result<Verslag, Refused> {
    planned(ledger, reader, opdracht, today, term_years).map(|plan| plan.verslag)
}

/// Does what is asked.
///
/// # Errors
///
/// Something stands against it, or the store cannot commit; what was done before that is named.
pub async fn perform(
    engine: &Engine,
    wie: &Wie,
    reden: &str,
    opdracht: &Opdracht,
    today: Date,
) -> Result<Verslag, Refused> {
    let term_years = engine.term_years();
    let (planner, wanted) = (engine.clone(), opdracht.clone());
    let work = move || planned(planner.ledger(), planner.journal(), &wanted, today, term_years);
    let Plan { mut verslag, persons, steps, ondanks } = tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Refused::new("a fault of the gateway: the removal could not be planned"))??;
    if let Some(refused) = hindered(&persons, &ondanks) {
        return Err(refused);
    }
    for (chain, stap) in steps {
        let record = Verwijderverzoek { wie: wie.clone(), reden: reden.to_owned(), stap };
        let entry = engine.request_removal(chain, record).await.map_err(refused)?;
        if let Some(view) = verslag
            .verzoeken
            .iter_mut()
            .find(|view| view.entry.is_none() && keys::chain(view.gemeente) == chain)
        {
            view.entry = Some(entry.to_string());
        }
        verslag.handelingen.push(entry.to_string());
    }
    if !persons.is_empty() {
        let persons = persons
            .into_iter()
            .map(|(chain, persons)| ErasePersons {
                chain,
                personen: persons.into_iter().map(|(bsn, _)| bsn).collect(),
            })
            .collect();
        let erase = Erase { persons, wie: wie.clone(), reden: reden.to_owned(), ondanks, today };
        let entries = engine.erase(erase).await.map_err(refused)?;
        verslag.handelingen.extend(entries.iter().map(EntryId::to_string));
    }
    verslag.uitgevoerd = true;
    Ok(verslag)
}

fn refused(error: ActError) -> Refused {
    Refused::new(error.to_string())
}

/// Says what stands against it that was not waived.
fn hindered(persons: &[(Chain, Vec<(Bsn, Held)>)], ondanks: &[Hindernis]) -> Option<Refused> {
    let all = persons.iter().flat_map(|(_, persons)| persons);
    let mut left: Vec<Hindernis> = all
        .flat_map(|(_, held)| &held.gehouden.hindernissen)
        .filter(|one| !ondanks.contains(one) || !one.is_te_negeren())
        .copied()
        .collect();
    left.sort_unstable();
    left.dedup();
    if left.is_empty() {
        return None;
    }
    let words: Vec<&str> = left.iter().map(|one| one.word()).collect();
    let advice = if left.contains(&Hindernis::KlareTekst) {
        "what was written before there were keys cannot be destroyed by destroying one; see docs/personal-data.md"
    } else if left.contains(&Hindernis::Termijn) {
        "within the term only a request of the person allows it: record that first (iwmo erase --request)"
    } else {
        "settle it, or say so with --despite for each"
    };
    Some(Refused::new(format!("this stands against it: {}", words.join(", "))).advice(advice))
}

fn planned(
    ledger: &Ledger,
    reader: &Reader,
    opdracht: &Opdracht,
    today: Date,
    term_years: u16,
) -> Result<Plan, Refused> {
    let mut plan =
        Plan { verslag: Verslag::default(), persons: Vec::new(), steps: Vec::new(), ondanks: Vec::new() };
    match opdracht {
        Opdracht::Verwijder { bsn, gemeenten, ondanks } => {
            plan.ondanks.clone_from(ondanks);
            for gemeente in wanted(reader, gemeenten.as_deref()) {
                let found = under_all_bsns(ledger, reader, gemeente, bsn, today, term_years)?;
                plan.verslag.gehouden.extend(found.iter().map(|(_, held)| held.gehouden.clone()));
                if !found.is_empty() {
                    plan.persons.push((keys::chain(gemeente), found));
                }
            }
        }
        Opdracht::Verlopen { gemeenten } => {
            for gemeente in wanted(reader, gemeenten.as_deref()) {
                let (verlopen, persons) = expired(ledger, reader, gemeente, today, term_years)?;
                if verlopen.personen + verlopen.tegengehouden > 0 {
                    plan.verslag.verlopen.push(verlopen);
                }
                if !persons.is_empty() {
                    plan.persons.push((keys::chain(gemeente), persons));
                }
            }
        }
        Opdracht::Verzoek { bsn, gemeenten, ontvangen } => {
            if *ontvangen > today {
                return Err(Refused::new("a request cannot have been received after today"));
            }
            for gemeente in wanted(reader, gemeenten.as_deref()) {
                for (_, held) in under_all_bsns(ledger, reader, gemeente, bsn, today, term_years)? {
                    plan.verslag.gehouden.push(held.gehouden.clone());
                    if held.gehouden.hindernissen.contains(&Hindernis::KlareTekst)
                        || held.gehouden.verzoek.is_some()
                    {
                        continue;
                    }
                    plan.verslag.verzoeken.push(view(None, gemeente, *ontvangen, VerzoekStand::Open, today));
                    let (sleutel, ontvangen) = (held.sleutel.into(), ontvangen.to_string());
                    plan.steps.push((keys::chain(gemeente), VerzoekStap::Ontvangen { sleutel, ontvangen }));
                }
            }
        }
        Opdracht::Afwijzen { verzoek } => {
            let id: EntryId = verzoek.parse().map_err(|error| Refused::new(format!("{error}")))?;
            let row: Option<Verzoek> = ledger.row(&keys::verzoek_verwijdering(id.chain.code(), id.seq))?;
            let row = row.ok_or_else(|| Refused::new(format!("{id} is no request for removal")))?;
            if row.stand != VerzoekStand::Open {
                return Err(Refused::new(format!("{id} is {} already", row.stand.word())));
            }
            let gemeente =
                Gemeente::new(&id.chain.to_string()).map_err(|error| Refused::new(error.to_string()))?;
            plan.verslag.verzoeken.push(view(Some(id), gemeente, row.ontvangen, row.stand, today));
            plan.steps.push((id.chain, VerzoekStap::Afgewezen { verzoek: id.seq }));
        }
    }
    Ok(plan)
}

/// Returns what a gemeente keeps about a person, under each BSN that it has of them.
fn under_all_bsns(
    ledger: &Ledger,
    reader: &Reader,
    gemeente: Gemeente,
    bsn: &Bsn,
    today: Date,
    term_years: u16,
) -> Result<Vec<(Bsn, Held)>, LedgerError> {
    let mut found = Vec::new();
    for one in bsns(ledger, gemeente, bsn)? {
        if let Some(mut held) = held(ledger, reader, gemeente, &one, today, term_years)? {
            held.gehouden.eerdere_bsn = one != *bsn;
            found.push((one, held));
        }
    }
    Ok(found)
}

/// Returns the requests on record, the most urgent first; only those that are open, unless all are wanted.
///
/// # Errors
///
/// The store cannot be read.
pub fn requests(ledger: &Ledger, today: Date, all: bool) -> Result<Vec<VerzoekView>, LedgerError> {
    let mut found = Vec::new();
    for row in ledger.scan(&keys::verzoeken_verwijdering(None)) {
        let (key, value) = row?;
        let row: Verzoek = decode_row(&key, &value)?;
        let Some((gemeente, seq)) = keys::verzoek_verwijdering_delen(&key) else { continue };
        if all || row.stand == VerzoekStand::Open {
            let id = EntryId { chain: keys::chain(gemeente), seq };
            found.push(view(Some(id), gemeente, row.ontvangen, row.stand, today));
        }
    }
    found.sort_by_key(|view| (view.stand != "open", view.uiterlijk, view.gemeente));
    Ok(found)
}

fn view(
    entry: Option<EntryId>,
    gemeente: Gemeente,
    ontvangen: Date,
    stand: VerzoekStand,
    today: Date,
) -> VerzoekView {
    let uiterlijk = due(ontvangen);
    VerzoekView {
        entry: entry.map(|id| id.to_string()),
        gemeente,
        ontvangen,
        uiterlijk,
        verlopen: stand == VerzoekStand::Open && today > uiterlijk,
        stand: stand.word().to_owned(),
    }
}

/// The last day to meet a request: three months after it was received (Wmo 2015 art. 5.3.5).
pub(crate) fn due(ontvangen: Date) -> Date {
    ontvangen.saturating_add(i64::from(REQUEST_MONTHS).months())
}

/// The gemeenten that are meant, of those that the journal has.
fn wanted(reader: &Reader, only: Option<&[Gemeente]>) -> Vec<Gemeente> {
    let codes = reader.tips().into_keys().map(|chain| chain.to_string());
    let all = codes.filter_map(|code| Gemeente::new(&code).ok());
    all.filter(|gemeente| only.is_none_or(|only| only.contains(gemeente))).collect()
}

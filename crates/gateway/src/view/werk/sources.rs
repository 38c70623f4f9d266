//! Where work comes from: each kind of row that may need a person.

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::deadline::{self, Deadline, Subject, Timer, Wie};
use iwmo_toewijzing::dossier::{Onderwerp, VersieStatus, Verzoek, VerzoekSoort, VerzoekStatus};
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::Timestamp;

use super::{Queue, WerkSoort, WerkView};
use crate::clock::dutch_time;
use crate::engine::{GEMEENTE_STIL, wanted};
use crate::ledger::{
    CakStil, Declaratie, EbKeuzes, EbMelding, GEMEENTE_ONBEKEND, Geparkeerd, LedgerError, Opmerking, Persoon,
    Rows, Stand, Uitgaand, decode_row, gegevens, keys,
};
use crate::store::Ledger;
use crate::view::termijnen::agreed;
use crate::view::{Words, finding, finding_rules, reason};

/// So many working days before the CAK must know of a period it is work that it does not.
const BIJNA_WERKDAGEN: u16 = 5;

pub(super) fn of_dossiers(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    let kinds =
        [WerkSoort::Verzoek, WerkSoort::Afgekeurd, WerkSoort::Stop, WerkSoort::Start, WerkSoort::Anomalie];
    if !queue.wants(&kinds) {
        return Ok(());
    }
    for row in ledger.scan(&keys::dossiers(gemeente)) {
        let (key, value) = row?;
        let dossier: Dossier = decode_row(&key, &value)?;
        let (gemeente, aanbieder) = (dossier.key().gemeente, dossier.key().aanbieder);
        let with = |mut row: WerkView, nummer: Option<u32>, entry: Option<u64>| {
            row.aanbieder = Some(aanbieder.to_string());
            row.toewijzing = nummer;
            row.entry = entry.map(|seq| format!("{gemeente}:{seq}"));
            row
        };
        for anomaly in dossier.anomalieen() {
            let code = anomaly.soort.as_str();
            let mut row = WerkView::new(WerkSoort::Anomalie, code, gemeente, finding(code));
            row.regels = finding_rules(code);
            let nummer = match &anomaly.onderwerp {
                Onderwerp::Toewijzing(nummer) => Some(nummer.value()),
                Onderwerp::Taakgericht(_) => None,
            };
            queue.add(with(row, nummer, None));
        }
        for nummer in dossier.nummers() {
            // T5: the latest word of the aanbieder on it is a refusal.
            let last = dossier.versies(nummer).last().filter(|v| v.status == VersieStatus::Rejected);
            if let Some(version) = last {
                let words = Words::new(
                    "de aanbieder keurde de toewijzing af: verbeter haar en stuur haar opnieuw",
                    "the aanbieder refused the toewijzing: correct it and send it again",
                );
                let mut row = WerkView::new(WerkSoort::Afgekeurd, "302", gemeente, words);
                row.regels = vec!["OP286"];
                queue.add(with(row, Some(nummer.value()), Some(version.bericht.entry)));
            }
        }
        let beleid = queue.beleid(gemeente).clone();
        let mut deadlines = deadline::of_dossier(&dossier, Wie::Gemeente, &beleid.kalender);
        deadlines.extend(agreed(ledger, &dossier, &beleid)?);
        deadlines.retain(|found| found.voldaan.is_none());
        for found in deadlines {
            match &found.subject {
                Subject::Verzoek(referentie) => {
                    let Some(verzoek) = dossier.verzoek(referentie) else { continue };
                    let row = request(verzoek, gemeente).due(found.due, queue.today);
                    queue.add(with(row, None, Some(verzoek.bericht.entry)));
                }
                // OP288: an overdue stop is work; one that is merely expected is a deadline.
                Subject::Onderwerp(Onderwerp::Toewijzing(nummer))
                    if found.timer == Timer::StopMissing && found.is_expired(queue.today) =>
                {
                    let words = Words::new(
                        "de toewijzing is afgelopen en er is geen stop gemeld: vraag de aanbieder erom",
                        "the toewijzing has ended and no stop was reported: ask the aanbieder for it",
                    );
                    let mut row = WerkView::new(WerkSoort::Stop, found.timer.as_str(), gemeente, words);
                    row.regels = vec!["OP288"];
                    queue.add(with(row.due(found.due, queue.today), Some(nummer.value()), None));
                }
                // D26, and what was agreed: overdue, it is work.
                Subject::Onderwerp(Onderwerp::Toewijzing(nummer)) if found.is_expired(queue.today) => {
                    let words = late_start(found.timer);
                    let mut row = WerkView::new(WerkSoort::Start, found.timer.as_str(), gemeente, words);
                    row.regels = found.timer.regels().to_vec();
                    let mut row = with(row.due(found.due, queue.today), Some(nummer.value()), None);
                    row.entry = Some(format!("{gemeente}/{nummer}/{}", found.timer.as_str()));
                    queue.add(row);
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn late_start(timer: Timer) -> Words {
    match timer {
        Timer::Contact => Words::new(
            "van contact met de cliënt binnen de afgesproken termijn blijkt niets: vraag de aanbieder ernaar",
            "nothing shows that the client was spoken with in the days agreed: ask the aanbieder about it",
        ),
        Timer::StartAfspraak => Words::new(
            "de hulp is niet binnen de afgesproken termijn begonnen: vraag de aanbieder ernaar",
            "support has not begun in the working days agreed: ask the aanbieder about it",
        ),
        _ => Words::new(
            "er is geen start gemeld: vraag de aanbieder of de hulp begonnen is",
            "no start was reported: ask the aanbieder whether support has begun",
        ),
    }
}

fn request(verzoek: &Verzoek, gemeente: Gemeente) -> WerkView {
    let (kind, rule) = match verzoek.soort {
        VerzoekSoort::Toewijzing => (Words::new("aanvraag", "request for a toewijzing"), "OP274"),
        VerzoekSoort::Wijziging => (Words::new("verzoek om wijziging", "request for a change"), "OP346"),
    };
    let reference = verzoek.referentie.as_str();
    let (nl, en) = match verzoek.status() {
        VerzoekStatus::UnderInvestigation => (
            "is in onderzoek: wijs toe (301) of wijs af (319)",
            "is looked into: assign (301) or refuse (319)",
        ),
        _ => (
            "wacht: wijs toe (301), wijs af of meld dat u het onderzoekt (319)",
            "waits: assign (301), refuse, or say that you look into it (319)",
        ),
    };
    let words = Words::new(format!("{} {reference} {nl}", kind.nl), format!("{} {reference} {en}", kind.en));
    let mut row = WerkView::new(WerkSoort::Verzoek, verzoek.status().as_str(), gemeente, words);
    row.regels = vec![rule];
    row
}

pub(super) fn of_declarations(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    if !queue.wants(&[WerkSoort::Declaratie]) {
        return Ok(());
    }
    for row in ledger.scan(&keys::declaraties(gemeente)) {
        let (key, value) = row?;
        let Some((gemeente, aanbieder, identificatie)) = keys::declaratie_delen(&key) else { continue };
        let declaratie: Declaratie = decode_row(&key, &value)?;
        if declaratie.antwoord.is_some() {
            continue;
        }
        let kalender = &queue.beleid(gemeente).kalender;
        let due = deadline::declaratie(&identificatie, declaratie.dag, kalender).due;
        let words = Words::new(
            "een declaratie (323) wacht op antwoord (325)",
            "a declaration (323) waits for its answer (325)",
        );
        let mut row = WerkView::new(WerkSoort::Declaratie, "323", gemeente, words).due(due, queue.today);
        row.aanbieder = Some(aanbieder.to_string());
        row.entry = Some(format!("{gemeente}:{}", declaratie.seq));
        row.regels = vec!["OP090x4"];
        queue.add(row);
    }
    Ok(())
}

pub(super) fn of_persons(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    if !queue.wants(&[WerkSoort::Cak]) {
        return Ok(());
    }
    for row in ledger.scan(&keys::cak_stil_van(gemeente)) {
        let (key, value) = row?;
        let Some(gemeente) = keys::cak_stil_gemeente(&key) else { continue };
        let stop: CakStil = decode_row(&key, &value)?;
        let mut row = WerkView::new(WerkSoort::Cak, GEMEENTE_STIL, gemeente, stopped(&stop, gemeente));
        row.entry = Some(format!("{gemeente}:{}", stop.seq));
        row.sinds = Timestamp::from_microsecond(stop.sinds_us).ok().map(dutch_time);
        if stop.reden.is_none() {
            row.regels = vec![GEMEENTE_ONBEKEND];
        }
        queue.add(row);
    }
    for row in ledger.scan(&keys::eb_beleid_van(gemeente)) {
        let (key, value) = row?;
        let Some(gemeente) = keys::cak_stil_gemeente(&key) else { continue };
        let choices: EbKeuzes = decode_row(&key, &value)?;
        if choices.voorgesteld.is_none() {
            continue;
        }
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
        row.sinds = Timestamp::from_microsecond(choices.sinds_us).ok().map(dutch_time);
        queue.add(row);
    }
    for row in ledger.scan(&keys::personen_van(gemeente)) {
        let (key, value) = row?;
        let Some((gemeente, bsn)) = keys::persoon_delen(&key) else { continue };
        let persoon: Persoon = decode_row(&key, &value)?;
        let near = near_deadline(ledger, gemeente, &bsn, &persoon, queue)?;
        // With a moment to look again it waits by itself, and a gemeente that stands still is work once.
        let codes = persoon.eb_reden.as_ref();
        let codes = codes.filter(|codes| persoon.plan_op_us.is_none() && *codes != GEMEENTE_STIL);
        let mut row = match (codes, &near) {
            (Some(codes), _) => WerkView::new(WerkSoort::Cak, codes, gemeente, reason(codes)),
            (None, Some(near)) => WerkView::new(WerkSoort::Cak, near.timer.as_str(), gemeente, almost_late()),
            (None, None) => continue,
        };
        if let Some(near) = near {
            row.regels = near.timer.regels().to_vec();
            row = row.due(near.due, queue.today);
        }
        // A notification names the person without saying who it is; who never had one goes by their first entry.
        let told = match persoon.eb.berichten().last() {
            Some(last) => {
                ledger.row::<EbMelding>(&keys::eb_melding(gemeente, last.identificatie.as_str()))?
            }
            None => None,
        };
        row.entry = Some(match told {
            Some(melding) => format!("{gemeente}:{}/{}", melding.seq, melding.plaats),
            None => format!("{gemeente}:{}", persoon.sinds),
        });
        queue.add(row);
    }
    Ok(())
}

/// The first day by which the CAK must know of a period that it has not accepted, when that is near or past (ieb-cak 9.7).
fn near_deadline(
    ledger: &Ledger,
    gemeente: Gemeente,
    bsn: &Bsn,
    persoon: &Persoon,
    queue: &Queue<'_>,
) -> Result<Option<Deadline>, LedgerError> {
    // Of whom nothing waits the CAK has what it should have: only of others it takes the work to find out.
    if persoon.eb_reden.is_none() && persoon.eb.onderweg().is_none() {
        return Ok(None);
    }
    let Some(settings) = queue.settings.gemeenten.get(&gemeente).filter(|own| own.cak.is_some()) else {
        return Ok(None);
    };
    let near = settings.beleid.kalender.add_working_days(queue.today, BIJNA_WERKDAGEN);
    let wanted = wanted(&gegevens(ledger, gemeente, bsn, persoon)?, &settings.eb, queue.today);
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

pub(super) fn of_outgoing(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    if !queue.wants(&[WerkSoort::Uitgaand]) {
        return Ok(());
    }
    for row in ledger.scan(&keys::uitgaand_van(gemeente)) {
        let (key, value) = row?;
        let Some(id) = keys::uitgaand_id(&key) else { continue };
        let message: Uitgaand = decode_row(&key, &value)?;
        let code = String::from_utf8_lossy(&id.gemeente).into_owned();
        let Ok(gemeente) = Gemeente::new(&code) else { continue };
        if message.stand != Stand::Geparkeerd || is_a_task(ledger, gemeente, &message)? {
            continue;
        }
        let (partner, why) = (&message.partner, message.reden.as_deref().unwrap_or_default());
        let words = Words::new(
            format!("bericht aan {partner} niet aangenomen: {why}"),
            format!("message to {partner} not taken: {why}"),
        );
        let mut row = WerkView::new(WerkSoort::Uitgaand, &message.soort, gemeente, words);
        row.entry = Some(id.to_string());
        row.sinds = Timestamp::from_microsecond(message.sinds_us).ok().map(dutch_time);
        queue.add(row);
    }
    Ok(())
}

/// Whether a message is a notification to the CAK whose refusal is with the person already, as work of its own.
fn is_a_task(ledger: &Ledger, gemeente: Gemeente, message: &Uitgaand) -> Result<bool, LedgerError> {
    let Some(identificatie) = &message.melding else { return Ok(false) };
    let melding: Option<EbMelding> = ledger.row(&keys::eb_melding(gemeente, identificatie))?;
    let Some(melding) = melding else { return Ok(false) };
    let persoon: Option<Persoon> = ledger.row(&keys::persoon(gemeente, &melding.bsn))?;
    let waits = |persoon: Persoon| {
        persoon.eb.onderweg().is_some_and(|bericht| bericht.identificatie.as_str() == identificatie)
    };
    Ok(!persoon.is_some_and(waits))
}

pub(super) fn of_parked(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    if !queue.wants(&[WerkSoort::Geparkeerd]) {
        return Ok(());
    }
    for row in ledger.scan(&keys::alle_geparkeerd(gemeente)) {
        let (key, value) = row?;
        let parked: Geparkeerd = decode_row(&key, &value)?;
        let dossier = &parked.event.dossier;
        let until = Timestamp::from_microsecond(parked.tot_us).map(dutch_time).unwrap_or_default();
        let words = Words::new(
            format!("een {} kwam te vroeg en wacht uiterlijk tot {until}", parked.soort),
            format!("a {} came too early and waits until {until} at the latest", parked.soort),
        );
        let gemeente = dossier.gemeente;
        let mut row = WerkView::new(WerkSoort::Geparkeerd, &parked.soort, gemeente, words);
        row.aanbieder = Some(dossier.aanbieder.to_string());
        row.toewijzing = parked.event.inhoud.nummers().first().map(|nummer| nummer.value());
        row.entry = Some(format!("{gemeente}:{}", parked.event.bericht.entry));
        row.regels = vec!["D8"];
        queue.add(row);
    }
    Ok(())
}

pub(super) fn of_messages(
    ledger: &Ledger,
    gemeente: Option<Gemeente>,
    queue: &mut Queue<'_>,
) -> Result<(), LedgerError> {
    if !queue.wants(&[WerkSoort::Waarschuwing]) {
        return Ok(());
    }
    for row in ledger.scan(&keys::opmerkingen(gemeente)) {
        let (key, value) = row?;
        let Some((gemeente, seq)) = keys::opmerking_delen(&key) else { continue };
        let found: Opmerking = decode_row(&key, &value)?;
        if found.afgehandeld {
            continue;
        }
        let words = |pick: fn(Words) -> String| {
            let all: Vec<String> = found.codes.iter().map(|code| pick(finding(code))).collect();
            format!("{}: {}", found.soort.trim_start_matches("WMO"), all.join("; "))
        };
        let words = Words::new(words(|words| words.nl), words(|words| words.en));
        let mut row = WerkView::new(WerkSoort::Waarschuwing, &found.codes.join(","), gemeente, words);
        row.aanbieder = found.aanbieder.map(|aanbieder| aanbieder.to_string());
        row.toewijzing = found.nummers.first().map(|nummer| nummer.value());
        row.entry = Some(format!("{gemeente}:{seq}"));
        row.sinds = Timestamp::from_microsecond(found.sinds_us).ok().map(dutch_time);
        row.regels = found.codes.iter().flat_map(|code| finding_rules(code)).collect();
        queue.add(row);
    }
    Ok(())
}

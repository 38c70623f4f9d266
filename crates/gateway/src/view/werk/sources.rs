//! What a row that waits says to who must do something.

use iwmo_toewijzing::deadline::{Deadline, OpenVerzoek, Timer};
use iwmo_toewijzing::dossier::{AnomalieSoort, VerzoekSoort, VerzoekStatus};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente, ToewijzingNummer};
use jiff::civil::Date;

use super::{WerkSoort, WerkView};
use crate::clock::Moment;
use crate::engine::OutgoingId;
use crate::ledger::{EbMelding, Geparkeerd, LedgerError, Opmerking, Persoon, Rows, Uitgaand, keys};
use crate::store::Ledger;
use crate::view::{Words, finding, finding_rules};

impl WerkView {
    pub(super) fn with(mut self, aanbieder: Option<Aanbieder>, nummer: Option<ToewijzingNummer>) -> Self {
        self.aanbieder = aanbieder.map(|aanbieder| aanbieder.to_string());
        self.toewijzing = nummer.map(|nummer| nummer.value());
        self
    }

    pub(super) fn entry(mut self, gemeente: Gemeente, seq: u64) -> Self {
        self.entry = Some(format!("{gemeente}:{seq}"));
        self
    }
}

pub(super) fn anomaly(gemeente: Gemeente, soort: AnomalieSoort) -> WerkView {
    let code = soort.as_str();
    let mut row = WerkView::new(WerkSoort::Anomalie, code, gemeente, finding(code));
    row.regels = finding_rules(code);
    row
}

/// T5: the latest word of the aanbieder on it is a refusal.
pub(super) fn refused(gemeente: Gemeente) -> WerkView {
    let words = Words::new(
        "de aanbieder keurde de toewijzing af: verbeter haar en stuur haar opnieuw",
        "the aanbieder refused the toewijzing: correct it and send it again",
    );
    let mut row = WerkView::new(WerkSoort::Afgekeurd, "302", gemeente, words);
    row.regels = vec!["OP286"];
    row
}

/// OP288: an overdue stop is work; one that is merely expected is a deadline.
pub(super) fn late_stop(gemeente: Gemeente, found: &Deadline, today: Date) -> WerkView {
    let words = Words::new(
        "de toewijzing is afgelopen en er is geen stop gemeld: vraag de aanbieder erom",
        "the toewijzing has ended and no stop was reported: ask the aanbieder for it",
    );
    let mut row = WerkView::new(WerkSoort::Stop, found.timer.as_str(), gemeente, words);
    row.regels = vec!["OP288"];
    row.due(found, today)
}

/// D26, and what was agreed: overdue, it is work.
pub(super) fn late_start(
    gemeente: Gemeente,
    nummer: ToewijzingNummer,
    found: &Deadline,
    today: Date,
) -> WerkView {
    let timer = found.timer;
    let mut row = WerkView::new(WerkSoort::Start, timer.as_str(), gemeente, start_words(timer));
    row.regels = timer.regels().to_vec();
    row.entry = Some(format!("{gemeente}/{nummer}/{}", timer.as_str()));
    row.due(found, today)
}

fn start_words(timer: Timer) -> Words {
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

pub(super) fn request(gemeente: Gemeente, verzoek: &OpenVerzoek, found: &Deadline, today: Date) -> WerkView {
    let (kind, rule) = match verzoek.soort {
        VerzoekSoort::Toewijzing => (Words::new("aanvraag", "request for a toewijzing"), "OP274"),
        VerzoekSoort::Wijziging => (Words::new("verzoek om wijziging", "request for a change"), "OP346"),
    };
    let reference = verzoek.referentie.as_str();
    let (nl, en) = match verzoek.status {
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
    let mut row = WerkView::new(WerkSoort::Verzoek, verzoek.status.as_str(), gemeente, words);
    row.regels = vec![rule];
    row.due(found, today)
}

pub(super) fn declaration(gemeente: Gemeente, found: &Deadline, today: Date) -> WerkView {
    let words = Words::new(
        "een declaratie (323) wacht op antwoord (325)",
        "a declaration (323) waits for its answer (325)",
    );
    let mut row = WerkView::new(WerkSoort::Declaratie, "323", gemeente, words);
    row.regels = vec!["OP090x4"];
    row.due(found, today)
}

pub(super) fn outgoing(gemeente: Gemeente, id: &OutgoingId, message: &Uitgaand) -> WerkView {
    let (partner, why) = (&message.partner, message.reden.as_deref().unwrap_or_default());
    let words = Words::new(
        format!("bericht aan {partner} niet aangenomen: {why}"),
        format!("message to {partner} not taken: {why}"),
    );
    let mut row = WerkView::new(WerkSoort::Uitgaand, &message.soort, gemeente, words);
    row.entry = Some(id.to_string());
    row.sinds = Some(Moment::of_us(message.sinds_us));
    row
}

/// Whether a message is a notification to the CAK whose refusal is with the person already, as work of its own.
pub(super) fn is_a_task(
    ledger: &Ledger,
    gemeente: Gemeente,
    message: &Uitgaand,
) -> Result<bool, LedgerError> {
    let Some(identificatie) = &message.melding else { return Ok(false) };
    let melding: Option<EbMelding> = ledger.row(&keys::eb_melding(gemeente, identificatie))?;
    let Some(melding) = melding else { return Ok(false) };
    let persoon: Option<Persoon> = ledger.row(&keys::persoon(gemeente, &melding.bsn))?;
    let waits = |persoon: Persoon| {
        persoon.eb.onderweg().is_some_and(|bericht| bericht.identificatie.as_str() == identificatie)
    };
    Ok(!persoon.is_some_and(waits))
}

pub(super) fn parked(parked: &Geparkeerd) -> WerkView {
    let (dossier, bericht) = (&parked.event.dossier, &parked.event.bericht);
    let until = Moment::of_us(parked.tot_us);
    let words = Words::new(
        format!("een {} kwam te vroeg en wacht uiterlijk tot {until}", parked.soort),
        format!("a {} came too early and waits until {until} at the latest", parked.soort),
    );
    let row = WerkView::new(WerkSoort::Geparkeerd, &parked.soort, dossier.gemeente, words);
    let nummer = parked.event.inhoud.nummers().first().copied();
    let mut row = row.with(Some(dossier.aanbieder), nummer).entry(dossier.gemeente, bericht.entry);
    row.regels = vec!["D8"];
    row.vanaf = Some(bericht.dag);
    row
}

pub(super) fn remark(gemeente: Gemeente, seq: u64, found: &Opmerking) -> WerkView {
    // What is odd about two classes of one message is told once.
    let mut codes: Vec<&str> = Vec::new();
    for code in &found.codes {
        if !codes.contains(&code.as_str()) {
            codes.push(code);
        }
    }
    let words = |pick: fn(Words) -> String| {
        let all: Vec<String> = codes.iter().map(|code| pick(finding(code))).collect();
        format!("{}: {}", found.soort.trim_start_matches("WMO"), all.join("; "))
    };
    let words = Words::new(words(|words| words.nl), words(|words| words.en));
    let row = WerkView::new(WerkSoort::Waarschuwing, &codes.join(","), gemeente, words);
    let mut row = row.with(found.aanbieder, found.nummers.first().copied()).entry(gemeente, seq);
    row.sinds = Some(Moment::of_us(found.sinds_us));
    for rule in codes.iter().flat_map(|code| finding_rules(code)) {
        if !row.regels.contains(&rule) {
            row.regels.push(rule);
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_about_two_classes_is_told_once() {
        let codes = ["OUTSIDE_PERIOD", "STOP_LATE", "OUTSIDE_PERIOD", "STOP_LATE"].map(str::to_owned).into();
        let found = Opmerking {
            soort: "WMO307".to_owned(),
            codes,
            aanbieder: None,
            nummers: Vec::new(),
            sinds_us: 0,
            afgehandeld: false,
        };
        let row = remark(Gemeente::new("0222").unwrap(), 1, &found);
        assert_eq!(row.code, "OUTSIDE_PERIOD,STOP_LATE");
        assert_eq!(row.text.matches("; ").count(), 1, "{}", row.text);
        let mut rules = row.regels.clone();
        rules.sort_unstable();
        rules.dedup();
        assert_eq!(rules.len(), row.regels.len());
    }
}

//! What is due, or was, in words.

use iwmo_toewijzing::deadline::{Deadline, Timer};

pub(super) fn words(found: &Deadline, cak: bool) -> (&'static str, &'static str) {
    if found.voldaan.is_some() {
        return met(found.timer);
    }
    match found.timer {
        Timer::RetourOut => ("de retour is nog niet bezorgd", "the retour is not delivered yet"),
        Timer::RetourIn if cak => ("het CAK heeft nog niet geantwoord", "the CAK has not answered yet"),
        Timer::RetourIn => {
            ("de aanbieder heeft nog geen retour gegeven", "the aanbieder has not given a retour yet")
        }
        Timer::StartDue => ("de start is nog niet gemeld", "the start is not reported yet"),
        Timer::StopDue => ("de stop is nog niet gemeld", "the stop is not reported yet"),
        Timer::StopMissing => (
            "de toewijzing eindigt terwijl de levering loopt: een stop wordt verwacht",
            "the toewijzing ends while support goes on: a stop is expected",
        ),
        Timer::NoStart => (
            "er is nog geen start gemeld binnen de afgesproken termijn",
            "no start is reported yet in the days that were agreed",
        ),
        Timer::CakData => (
            "het CAK kent deze periode van eigen bijdrage nog niet",
            "the CAK does not know of this period of eigen bijdrage yet",
        ),
        Timer::Antwoord => (
            "een aanvraag wacht op een toewijzing (301) of een antwoord (319)",
            "a request waits for a toewijzing (301) or an answer (319)",
        ),
        Timer::AntwoordWijziging => (
            "een verzoek om wijziging wacht op een toewijzing (301) of een antwoord (319)",
            "a request for a change waits for a toewijzing (301) or an answer (319)",
        ),
        Timer::Declaratie => {
            ("een declaratie (323) wacht op antwoord (325)", "a declaration (323) waits for its answer (325)")
        }
        Timer::Aanvraag => {
            ("de aanvraag na de intake is nog niet gestuurd", "the request after the intake is not sent yet")
        }
        Timer::Contact => (
            "de aanbieder spreekt de cliënt binnen de afgesproken termijn",
            "the aanbieder speaks with the client in the days that were agreed",
        ),
        Timer::StartAfspraak => (
            "de hulp begint binnen de afgesproken termijn",
            "support begins in the working days that were agreed",
        ),
        Timer::Declarabel => (
            "de laatste dag waarop deze hulp nog gedeclareerd kan worden",
            "the last day on which this support can be declared",
        ),
        Timer::CakPgb => ("het CAK kent dit pgb nog niet", "the CAK does not know of this pgb yet"),
        Timer::Vergelijking => (
            "gemeente en CAK vergelijken hun administraties van beschermd wonen",
            "gemeente and CAK compare their administrations of sheltered housing",
        ),
        _ => ("er moet iets gebeuren", "something is due"),
    }
}

fn met(timer: Timer) -> (&'static str, &'static str) {
    match timer {
        Timer::RetourOut => ("de retour is bezorgd", "the retour is delivered"),
        Timer::RetourIn => ("de retour is ontvangen", "the retour came"),
        Timer::StartDue => ("de start is gemeld", "the start is reported"),
        Timer::StopDue | Timer::StopMissing => ("de stop is gemeld", "the stop is reported"),
        Timer::NoStart => ("er is een start gemeld", "a start is reported"),
        Timer::Contact => ("de cliënt is gesproken of geholpen", "the client was spoken with or supported"),
        Timer::StartAfspraak => ("de hulp is begonnen", "support has begun"),
        Timer::CakData => ("het CAK kent deze periode", "the CAK knows of this period"),
        Timer::CakPgb => ("het CAK kent dit pgb", "the CAK knows of this pgb"),
        Timer::Aanvraag => ("de aanvraag is gestuurd", "the request was sent"),
        Timer::Antwoord | Timer::AntwoordWijziging => {
            ("het verzoek is beantwoord", "the request is answered")
        }
        Timer::Declaratie => ("de declaratie is beantwoord", "the declaration is answered"),
        _ => ("het is gedaan", "it is done"),
    }
}

//! The words of the timeline: what each kind of message and each decision says, in both languages.

use iwmo_codec::Lang;
use iwmo_codec::messages::Message;
use iwmo_codec::messages::iwmo_3_2::{basisschema, wmo301, wmo305, wmo307};

use super::timeline::faults;
use super::{Words, reason};
use crate::clock::Moment;
use crate::ledger::{Stand, Uitgaand};
use crate::record::{Bericht, EbBesluit, EbUitkomst, Route, Uitspraak};

pub(super) fn product_words(product: Option<&basisschema::Product>) -> String {
    match product {
        None => "generiek".to_owned(),
        Some(product) => match &product.code {
            Some(code) => format!("{}/{code}", product.categorie.as_str()),
            None => product.categorie.as_str().to_owned(),
        },
    }
}

pub(super) fn assigned(product: &wmo301::ToegewezenProduct, to: &str) -> Words {
    let what = product_words(product.product.as_ref());
    let from = product.ingangsdatum;
    let until = product.einddatum.map_or_else(String::new, |date| format!(" t/m {date}"));
    let until_en = product.einddatum.map_or_else(String::new, |date| format!(" up to {date}"));
    let reason = product.reden_wijziging.map(|reason| reason.as_str());
    if reason == Some("13") {
        return Words::new(
            format!("toewijzing verwijderd, gemeld aan {to}"),
            format!("toewijzing deleted, {to} is told"),
        );
    }
    let (verb, verb_en) = match reason {
        None => ("toegewezen", "assigned"),
        Some(_) => ("toewijzing gewijzigd", "toewijzing changed"),
    };
    Words::new(
        format!("{verb}: {what} vanaf {from}{until}, aan {to}"),
        format!("{verb_en}: {what} from {from}{until_en}, to {to}"),
    )
}

pub(super) fn started(start: &wmo305::StartProduct, partner: &str) -> Words {
    let date = start.begindatum;
    if start.status_aanlevering.as_str() == "3" {
        return Words::new(
            format!("{partner} trekt de start van {date} in"),
            format!("{partner} withdraws the start of {date}"),
        );
    }
    Words::new(format!("{partner} meldt start op {date}"), format!("{partner} reports a start on {date}"))
}

pub(super) fn stopped(stop: &wmo307::StopProduct, partner: &str) -> Words {
    let date = stop.einddatum;
    let reason = stop.reden_beeindiging.as_str();
    if stop.status_aanlevering.as_str() == "3" {
        return Words::new(
            format!("{partner} trekt de stop per {date} (reden {reason}) in"),
            format!("{partner} withdraws the stop of {date} (reason {reason})"),
        );
    }
    let (kind, kind_en) = match reason {
        "20" => ("tijdelijke stop", "a temporary stop"),
        _ => ("stop", "a stop"),
    };
    let meaning = |lang| {
        let words = iwmo_codec::show::meaning("StopProduct", "RedenBeeindiging", reason, lang);
        words.map_or_else(String::new, |words| format!(": {words}"))
    };
    Words::new(
        format!("{partner} meldt {kind} per {date} (reden {reason}{})", meaning(Lang::Nl)),
        format!("{partner} reports {kind_en} on {date} (reason {reason}{})", meaning(Lang::En)),
    )
}

pub(super) fn with_verdict(words: Words, bericht: &Bericht, class: usize, retour: &str) -> Words {
    let (nl, en) = match &bericht.uitspraak {
        Uitspraak::Goedgekeurd => ("goedgekeurd".to_owned(), "approved".to_owned()),
        Uitspraak::ZonderGevolg => ("zonder gevolg".to_owned(), "without effect".to_owned()),
        Uitspraak::Geparkeerd { tot } => return waits(words, *tot),
        Uitspraak::Kop { codes } => rejected(codes),
        Uitspraak::Klassen { codes } => match codes.get(class) {
            Some(codes) if !codes.is_empty() => rejected(codes),
            _ => (
                "niet verwerkt, om een ander product in het bericht".to_owned(),
                "not processed, because of another product in the message".to_owned(),
            ),
        },
    };
    Words::new(format!("{}: {retour} {nl}", words.nl), format!("{}: {retour} {en}", words.en))
}

/// D8
fn waits(words: Words, tot: i64) -> Words {
    let until = moment_words(tot);
    Words::new(
        format!("{}: te vroeg, wacht uiterlijk tot {until} op wat eraan voorafgaat", words.nl),
        format!("{}: too early, waits until {until} at the latest for what precedes it", words.en),
    )
}

/// The verdict on a message that is shown as one, whichever of its classes has the codes.
pub(super) fn with_whole_verdict(words: Words, bericht: &Bericht, retour: &str) -> Words {
    let (nl, en) = match &bericht.uitspraak {
        Uitspraak::Goedgekeurd if retour == "325" => {
            return Words::new(
                format!("{}: wacht op antwoord", words.nl),
                format!("{}: waits for an answer", words.en),
            );
        }
        Uitspraak::Goedgekeurd => ("goedgekeurd".to_owned(), "approved".to_owned()),
        Uitspraak::ZonderGevolg => ("zonder gevolg".to_owned(), "without effect".to_owned()),
        Uitspraak::Geparkeerd { tot } => return waits(words, *tot),
        Uitspraak::Kop { codes } => rejected(codes),
        Uitspraak::Klassen { codes } => rejected(&faults(codes)),
    };
    Words::new(format!("{}: {retour} {nl}", words.nl), format!("{}: {retour} {en}", words.en))
}

fn rejected(codes: &[String]) -> (String, String) {
    let explained = |lang: Lang| {
        let one = |code: &String| match iwmo_codec::show::meaning("RetourCodes", "RetourCode", code, lang) {
            Some(words) => format!("{code} ({words})"),
            None => code.clone(),
        };
        codes.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    (format!("afgekeurd: {}", explained(Lang::Nl)), format!("rejected: {}", explained(Lang::En)))
}

pub(super) fn answer_words(bericht: &Bericht, message: &Message, partner: &str, codes: &[String]) -> Words {
    let kind = message.kind().name().trim_start_matches("WMO");
    // Who looks for what the aanbieder found wrong must know that it never saw the message.
    let instead;
    let partner = if bericht.route == Route::Vecozo.code() {
        instead = format!("VECOZO (in plaats van {partner})");
        &instead
    } else {
        partner
    };
    if bericht.uitspraak == Uitspraak::ZonderGevolg {
        return Words::new(
            format!("{kind} van {partner} hoort bij geen openstaand bericht; bewaard, zonder gevolg"),
            format!("{kind} from {partner} answers no message that waits; kept, without effect"),
        );
    }
    if codes.is_empty() {
        return match message {
            Message::Wmo302(_) => Words::new(
                format!("{partner} bevestigt de toewijzing"),
                format!("{partner} confirms the toewijzing"),
            ),
            Message::Wmo320(_) => Words::new(
                format!("{partner} bevestigt het antwoord op het verzoek"),
                format!("{partner} confirms the answer to the request"),
            ),
            _ => Words::new(
                format!("het CAK aanvaardt de melding ({kind})"),
                format!("the CAK accepts the notification ({kind})"),
            ),
        };
    }
    let (nl, en) = rejected(codes);
    match message {
        Message::Wmo302(_) => {
            Words::new(format!("{partner}: toewijzing {nl}"), format!("{partner}: toewijzing {en}"))
        }
        Message::Wmo320(_) => {
            Words::new(format!("{partner}: antwoord {nl}"), format!("{partner}: answer {en}"))
        }
        _ => Words::new(format!("het CAK: melding {nl}"), format!("the CAK: notification {en}")),
    }
}

pub(super) fn eb_kind(eb: Option<&EbBesluit>) -> &'static str {
    match eb.map(|eb| &eb.uitkomst) {
        Some(EbUitkomst::Melding { soort: 0, .. }) => "WMO401",
        Some(EbUitkomst::Melding { .. }) => "WMO403",
        _ => "",
    }
}

pub(super) fn eb_words(eb: &EbBesluit) -> Option<Words> {
    Some(match &eb.uitkomst {
        EbUitkomst::Niets => return None,
        EbUitkomst::Melding { soort, status, nummer, datum, .. } => {
            let (nl, en) = match (soort, status) {
                (0, 1) => ("eigen bijdrage start op", "the eigen bijdrage starts on"),
                (0, 2) => ("start eigen bijdrage wordt", "the start of the eigen bijdrage becomes"),
                (0, _) => ("start eigen bijdrage vervalt:", "the start of the eigen bijdrage is withdrawn:"),
                (_, 1) => ("eigen bijdrage stopt per", "the eigen bijdrage stops on"),
                (_, 2) => ("stop eigen bijdrage wordt", "the stop of the eigen bijdrage becomes"),
                _ => ("stop eigen bijdrage vervalt:", "the stop of the eigen bijdrage is withdrawn:"),
            };
            Words::new(
                format!("melding aan het CAK: {nl} {datum} (EbStartNummer {nummer})"),
                format!("notification to the CAK: {en} {datum} (EbStartNummer {nummer})"),
            )
        }
        EbUitkomst::Wacht { tot, reden } => {
            let (tot, why) = (moment_words(*tot), reason(reden));
            Words::new(
                format!("melding aan het CAK wacht tot {tot}: {}", why.nl),
                format!("notification to the CAK waits until {tot}: {}", why.en),
            )
        }
        EbUitkomst::Handmatig { reden } => {
            let why = reason(reden);
            Words::new(
                format!("eigen bijdrage: een medewerker moet kijken: {}", why.nl),
                format!("eigen bijdrage: someone must look: {}", why.en),
            )
        }
    })
}

fn moment_words(moment_us: i64) -> String {
    Moment::of_us(moment_us).to_string()
}

pub(super) fn sent_words(row: &Uitgaand) -> Words {
    let partner = &row.partner;
    let reason = row.reden.as_deref().unwrap_or_default();
    match row.stand {
        Stand::Wacht if row.pogingen == 0 => {
            Words::new(format!("wacht op verzending aan {partner}"), format!("waits to be sent to {partner}"))
        }
        Stand::Wacht => Words::new(
            format!("niet bezorgd bij {partner}, nieuwe poging volgt: {reason}"),
            format!("not delivered to {partner}, to be tried again: {reason}"),
        ),
        Stand::Doorgegeven => {
            Words::new(format!("doorgegeven voor {partner}"), format!("handed over for {partner}"))
        }
        Stand::Bezorgd => Words::new(format!("bezorgd bij {partner}"), format!("delivered to {partner}")),
        Stand::Geparkeerd => Words::new(
            format!("geweigerd door {partner}, een medewerker moet kijken: {reason}"),
            format!("refused by {partner}, someone must look: {reason}"),
        ),
        Stand::Vastgehouden => Words::new(
            format!("vastgehouden voor {partner}: {reason}"),
            format!("held back from {partner}: {reason}"),
        ),
        Stand::Geannuleerd => Words::new(
            format!("geannuleerd, gaat niet naar {partner}: {reason}"),
            format!("cancelled, does not go to {partner}: {reason}"),
        ),
    }
}

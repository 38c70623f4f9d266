//! What a case states of a step, against what came of it. What it does not state is free.

use iwmo_codec::messages::Message;
use iwmo_codec::retour::RetourView;
use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::deadline::{self, Deadline, Subject, Timer, Werkelijk, Wie};
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::identity::ToewijzingNummer;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::state;
use crate::world::{Outcome, Side, World};

/// Compares everything a step states. Returns what differs.
pub(crate) fn compare(world: &World, step: &Value, outcome: &Outcome) -> Vec<String> {
    let Some(today) = step["day"].as_str().and_then(|day| day.parse().ok()) else {
        return vec!["the step has no day".to_owned()];
    };
    let mut found = Vec::new();
    for (field, want) in step["expect"].as_object().into_iter().flatten() {
        match field.as_str() {
            "retour" => found.extend(retour(want, outcome.retour.as_ref())),
            "rejected" => same("rejected", want, &json!(outcome.is_refused()), &mut found),
            "schemaError" => same("schemaError", want, &json!(outcome.schema_error), &mut found),
            "rules" => {
                let mut want = want.clone();
                if let Some(rules) = want.as_array_mut() {
                    rules.sort_by_key(ToString::to_string);
                }
                same("rules", &want, &json!(outcome.rules), &mut found);
            }
            "state" => found.extend(states(world, step, want, today)),
            "taakgericht" => found.extend(taakgericht(world, want)),
            "requests" => found.extend(requests(world, want)),
            "warnings" | "warningsAbsent" => found.extend(warnings(field, want, outcome)),
            "facts" => found.extend(facts(want, outcome)),
            "deadlines" | "deadlinesAbsent" => found.extend(deadlines(world, field, want, today)),
            other => found.push(format!("{other} is not known to this test")),
        }
    }
    found
}

fn same(what: &str, want: &Value, got: &Value, found: &mut Vec<String>) {
    if want != got {
        found.push(format!("{what}: want {want}, got {got}"));
    }
}

fn retour(want: &Value, got: Option<&Message>) -> Vec<String> {
    let mut found = Vec::new();
    let (Some(want), Some(got)) = (want.as_object(), got) else {
        if want.is_null() == got.is_some() {
            found.push(format!("retour: want {want}, got {:?}", got.map(Message::kind)));
        }
        return found;
    };
    let Some(view) = RetourView::of(got) else { return vec!["what was answered is no retour".to_owned()] };
    let header = got.header();
    let mut written = json!({
        "type": got.kind().name().trim_start_matches("WMO"),
        "BerichtCode": got.kind().bericht_code().to_string(),
        "Afzender": header.afzender,
        "Ontvanger": header.ontvanger,
        "Header": view.header.retour_codes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "body": !view.klassen.is_empty(),
    });
    for klasse in &view.klassen {
        let codes: Vec<String> = klasse.retour_codes.iter().map(ToString::to_string).collect();
        let last = klasse.path.rsplit('/').next().unwrap_or_default();
        let name = last.split('[').next().unwrap_or_default();
        match name {
            "Client" | "Verzoek" | "Antwoord" => written[name] = json!(codes),
            _ => {
                let name = if klasse.path.contains("/Relatie[") && name == "Contact" {
                    "RelatieContact"
                } else {
                    name
                };
                if written.get(name).is_none() {
                    written[name] = json!([]);
                }
                written[name].as_array_mut().expect("a list was put there").push(json!(codes));
            }
        }
    }
    for (name, want) in want {
        same(&format!("retour {name}"), want, &written[name], &mut found);
    }
    found
}

/// The state must hold on both sides.
fn states(world: &World, step: &Value, want: &Value, today: Date) -> Vec<String> {
    let mut found = Vec::new();
    for (number, want) in want.as_object().into_iter().flatten() {
        let Some(nummer) = nummer(number) else {
            found.push(format!("{number} is no ToewijzingNummer"));
            continue;
        };
        for (name, side) in world.informed() {
            let differences = match dossier_of(side, nummer, step) {
                Some(dossier) => state::toewijzing(dossier, nummer, want, today),
                None => state::toewijzing(&nobodys(world), nummer, want, today),
            };
            found.extend(differences.into_iter().map(|what| format!("{number} at the {name}: {what}")));
        }
    }
    found
}

/// The dossier in which a number lives: that in which it counts, else one that has it, else that of the message.
fn dossier_of<'a>(side: &'a Side, nummer: ToewijzingNummer, step: &Value) -> Option<&'a Dossier> {
    let all = || side.dossiers.values();
    all()
        .find(|dossier| dossier.effectief(nummer).is_some())
        .or_else(|| all().find(|dossier| dossier.nummers().any(|known| known == nummer)))
        .or_else(|| {
            let bsn = step["message"]["Client"]["Bsn"].as_str();
            all().find(|dossier| Some(dossier.key().bsn.expose()) == bsn)
        })
}

/// An empty dossier: nothing is known of the number.
fn nobodys(world: &World) -> Dossier {
    let known = world.gemeente.dossiers.values().chain(world.aanbieder.dossiers.values()).next();
    let key = known.map(|dossier| dossier.key().clone());
    Dossier::new(key.unwrap_or_else(|| iwmo_toewijzing::event::DossierKey {
        gemeente: iwmo_toewijzing::identity::Gemeente::new("0384").expect("four digits"),
        aanbieder: iwmo_toewijzing::identity::Aanbieder::new("42420001").expect("eight digits"),
        bsn: iwmo_toewijzing::identity::Bsn::new("000000000").expect("nine digits"),
    }))
}

fn nummer(text: &str) -> Option<ToewijzingNummer> {
    ToewijzingNummer::new(text.parse().ok()?).ok()
}

fn is_nummer(want: &Value, got: Option<ToewijzingNummer>) -> bool {
    want.get("ToewijzingNummer").is_none_or(|want| got.is_some() && want.as_str().and_then(nummer) == got)
}

fn is_day(want: &Value, name: &str, got: Option<Date>) -> bool {
    want.get(name).is_none_or(|want| want.as_str() == got.map(|day| day.to_string()).as_deref())
}

fn taakgericht(world: &World, want: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for want in want.as_array().into_iter().flatten() {
        let onderwerp = Onderwerp::Taakgericht(state::product(&want["Product"]));
        for (_, side) in world.informed() {
            let dossier = side.dossiers.values().find(|d| Some(d.key().bsn.expose()) == want["Bsn"].as_str());
            match dossier {
                Some(dossier) => found.extend(state::levering(dossier, &onderwerp, &want["levering"])),
                None => found.push(format!("taakgericht: want {want}, there is no dossier")),
            }
        }
    }
    found
}

/// The state of a request must be the same on both sides.
fn requests(world: &World, want: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (reference, want) in want.as_object().into_iter().flatten() {
        for (name, side) in world.informed() {
            let all = side.dossiers.values().flat_map(Dossier::verzoeken);
            let request = all.into_iter().find(|verzoek| verzoek.referentie.as_str() == reference);
            let got = json!(request.map(|verzoek| verzoek.status().as_str()));
            same(&format!("request {reference} at the {name}"), want, &got, &mut found);
        }
    }
    found
}

fn warnings(field: &str, want: &Value, outcome: &Outcome) -> Vec<String> {
    let got =
        outcome.judgement.as_ref().map(|judgement| judgement.waarschuwingen.as_slice()).unwrap_or_default();
    let mut found = Vec::new();
    for want in want.as_array().into_iter().flatten() {
        let Some(code) = want.as_str().or_else(|| want["code"].as_str()) else {
            found.push(format!("{field}: {want} names no warning"));
            continue;
        };
        // Cases name a warning by its name or by the rule or decision behind it.
        let raised = got.iter().any(|warning| {
            (warning.soort.as_str() == code || warning.soort.regels().contains(&code))
                && is_nummer(want, warning.nummer)
        });
        if raised != (field == "warnings") {
            found.push(format!("{field}: {want}, got {got:?}"));
        }
    }
    found
}

fn facts(want: &Value, outcome: &Outcome) -> Vec<String> {
    let got = outcome.judgement.as_ref().map(|judgement| judgement.feiten.as_slice()).unwrap_or_default();
    let missing = want.as_array().into_iter().flatten().filter(|want| {
        !got.iter().any(|fact| {
            want["event"] == fact.soort.id()
                && is_nummer(want, fact.nummer)
                && is_day(want, "Begindatum", Some(fact.begindatum))
                && is_day(want, "Einddatum", fact.einddatum)
                && want.get("RedenBeeindiging").is_none_or(|want| {
                    want.as_str() == fact.reden_beeindiging.as_ref().map(|reden| reden.as_str())
                })
        })
    });
    missing.map(|want| format!("facts: want {want}, got {got:?}")).collect()
}

fn deadlines(world: &World, field: &str, want: &Value, today: Date) -> Vec<String> {
    let running = running(world, today);
    let mut found = Vec::new();
    for want in want.as_array().into_iter().flatten() {
        let runs = running.iter().any(|got| {
            let who = match got.wie {
                Wie::Gemeente => "gemeente",
                Wie::Aanbieder => "aanbieder",
            };
            is_timer(want, got.timer)
                && is_subject(want, &got.subject)
                && want.get("who").is_none_or(|want| want == who)
                && is_day(want, "start", Some(got.start))
                && is_day(want, "due", Some(got.due))
                && want.get("expired").is_none_or(|want| *want == got.is_expired(today))
        });
        if runs != (field == "deadlines") {
            found.push(format!("{field}: {want}, running {running:?}"));
        }
    }
    found
}

fn is_timer(want: &Value, got: Timer) -> bool {
    // Cases name the final answer to any request after the rule for a 315.
    let name = if got == Timer::AntwoordWijziging { Timer::Antwoord } else { got }.as_str();
    want["timer"] == name || want["timer"] == got.as_str()
}

fn is_subject(want: &Value, got: &Subject) -> bool {
    let (mut number, mut id, mut reference) = (None, None, None);
    match got {
        Subject::Onderwerp(Onderwerp::Toewijzing(nummer)) => number = Some(*nummer),
        Subject::Bericht(identificatie) => id = Some(identificatie.as_str()),
        Subject::Verzoek(referentie) => reference = Some(referentie.as_str()),
        _ => {}
    }
    let is = |name: &str, got: Option<&str>| want.get(name).is_none_or(|want| want.as_str() == got);
    is_nummer(want, number) && is("Identificatie", id) && is("ReferentieAanbieder", reference)
}

/// Every timer that runs on either side.
fn running(world: &World, today: Date) -> Vec<Deadline> {
    let kalender = &world.beleid.kalender;
    let mut found = Vec::new();
    for dossier in world.gemeente.dossiers.values() {
        found.extend(deadline::of_dossier(dossier, Wie::Gemeente, kalender));
    }
    for dossier in world.aanbieder.dossiers.values() {
        found.extend(deadline::of_dossier(dossier, Wie::Aanbieder, kalender));
        found.extend(deadline::of_reality(dossier, &reality(dossier, today), kalender));
    }
    for message in &world.waiting {
        let (id, dag) = (&message.identificatie, message.dag);
        found.push(deadline::retour(Timer::RetourIn, id, dag, Wie::Aanbieder, kalender));
        found.push(deadline::retour(Timer::RetourOut, id, dag, Wie::Gemeente, kalender));
    }
    found
}

/// A case does not say what really happened: support is taken to begin on the day that was reported, else on
/// Ingangsdatum.
fn reality(dossier: &Dossier, today: Date) -> Vec<Werkelijk> {
    let began = |nummer: ToewijzingNummer| {
        let onderwerp = Onderwerp::Toewijzing(nummer);
        let reported = dossier.levering(&onderwerp).and_then(|levering| levering.latest_start());
        let assigned = dossier.bestaand(nummer)?.inhoud.ingangsdatum;
        let begin = reported.map_or(assigned, |start| start.key.begindatum);
        (begin <= today).then_some(Werkelijk { onderwerp, begin, eind: None })
    };
    dossier.nummers().filter_map(began).collect()
}

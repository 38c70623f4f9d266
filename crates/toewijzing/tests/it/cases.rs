//! The acceptance cases that need nothing but 301, 302 and 305 to 308, judged without XML.
//!
//! Both sides keep their own dossiers, as gemeente and aanbieder do: the receiver judges, and its retour is
//! exchanged within the step. What a case expects of the state must hold on both sides once the retour is in.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_toewijzing::deadline::{self, Subject, Wie};
use iwmo_toewijzing::dossier::{Dossier, Onderwerp};
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::*;
use iwmo_toewijzing::judge::{Beleid, Context, Gemeentelijst, Judgement, Productlijst, Taakgericht};
use iwmo_toewijzing::{Verdict, judge};
use jiff::civil::Date;
use serde_json::Value;

use crate::support;

const TYPES: &[&str] = &["301", "302", "305", "306", "307", "308"];

#[test]
fn acceptance_cases() {
    let Some(shared) = support::shared() else { return };
    let text = std::fs::read_to_string(shared.join("spec/cases.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    let (mut run, mut steps, mut left_out) = (0, 0, Vec::new());
    let mut failures = Vec::new();
    for case in &list(&file, "cases") {
        let id = case["id"].as_str().unwrap();
        let mut runs = vec![(id.to_owned(), list(case, "given"), list(case, "steps"))];
        for variant in &list(case, "variants") {
            let given = if variant.get("given").is_some() { variant } else { case };
            let after = usize::try_from(variant["afterStep"].as_u64().unwrap_or(0)).unwrap();
            let mut own: Vec<Value> = list(case, "steps").into_iter().take(after).collect();
            own.extend(list(variant, "steps"));
            runs.push((format!("{id}/{}", variant["id"]), list(given, "given"), own));
        }
        for (name, given, own) in runs {
            let other = given
                .iter()
                .chain(&own)
                .any(|entry| entry["message"]["type"].as_str().is_some_and(|kind| !TYPES.contains(&kind)));
            if other {
                left_out.push(name);
                continue;
            }
            run += 1;
            steps += own.len();
            let mut world = World::new(case.get("config").unwrap_or(&Value::Null));
            for entry in &given {
                world.given(&name, entry, &mut failures);
            }
            for step in &own {
                world.step(&name, step, &mut failures);
            }
        }
        failures.extend(checks(id, case));
    }
    println!("{run} cases and variants with {steps} steps judged; left out for their messages: {left_out:?}");
    assert!(run >= 48, "only {run} cases ran");
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Calculations without messages.
fn checks(id: &str, case: &Value) -> Vec<String> {
    let mut failures = Vec::new();
    for check in list(case, "checks") {
        let text = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
        let got = match text("kind").as_str() {
            "addWorkingDays" => {
                let n = u16::try_from(check["n"].as_u64().unwrap()).unwrap();
                Beleid::default().kalender.add_working_days(day(&check["from"]), n).to_string()
            }
            "mapReden" => {
                let reden = RedenWijziging::new(&text("RedenWijziging")).unwrap();
                judge::reden_beeindiging_bij(reden).map(|r| r.to_string()).unwrap_or_default()
            }
            _ => continue,
        };
        let want = check.get("result").unwrap_or(&check["RedenBeeindiging"]).as_str().unwrap_or_default();
        if got != want {
            failures.push(format!("{id}: check {check}: got {got}"));
        }
    }
    failures
}

fn day(value: &Value) -> Date {
    value.as_str().unwrap().parse().unwrap()
}

/// One side of the traffic.
#[derive(Default)]
struct Side {
    dossiers: BTreeMap<DossierKey, Dossier>,
    /// Sender, type and Identificatie of what was received (TR056).
    seen: BTreeSet<(String, String, String)>,
}

impl Side {
    fn dossier(&self, key: &DossierKey) -> Dossier {
        self.dossiers.get(key).cloned().unwrap_or_else(|| Dossier::new(key.clone()))
    }

    fn apply(&mut self, event: &Event, verdict: &Verdict) {
        let mut dossier = self.dossier(&event.dossier);
        dossier.apply(event, verdict).unwrap();
        self.dossiers.insert(event.dossier.clone(), dossier);
    }
}

struct World {
    gemeente: Side,
    aanbieder: Side,
    beleid: Beleid,
    gemeenten: Gemeentelijst,
    producten: Option<Productlijst>,
    entry: u64,
    /// The dossier of a 301, by its Identificatie.
    sent: BTreeMap<String, DossierKey>,
}

impl World {
    fn new(config: &Value) -> Self {
        let mut beleid = Beleid::default();
        for contract in list(config, "taakgericht") {
            beleid.taakgericht.push(Taakgericht {
                aanbieder: Aanbieder::new(contract["aanbieder"].as_str().unwrap()).unwrap(),
                categorie: Categorie::new(contract["Categorie"].as_str().unwrap()).unwrap(),
            });
        }
        let mut gemeenten = Gemeentelijst::new();
        for code in ["0363", "0384"] {
            gemeenten.add(Gemeente::new(code).unwrap(), Date::MIN, None);
        }
        let mut producten = Productlijst::new();
        for (categorie, codes) in [
            ("01", vec!["01A01", "01A03", "01A11", "01A12"]),
            ("02", vec!["02A01"]),
            ("07", vec!["07A01", "07A12"]),
            ("11", vec!["11X01"]),
            ("12", vec!["12X01"]),
        ] {
            for code in codes {
                producten.add(Categorie::new(categorie).unwrap(), ProductCode::new(code).unwrap());
            }
        }
        let without_list = config.get("productList").is_some_and(Value::is_null);
        Self {
            gemeente: Side::default(),
            aanbieder: Side::default(),
            beleid,
            gemeenten,
            producten: (!without_list).then_some(producten),
            entry: 0,
            sent: BTreeMap::new(),
        }
    }

    fn given(&mut self, case: &str, entry: &Value, failures: &mut Vec<String>) {
        let answered = !entry["noRetour"].as_bool().unwrap_or(false);
        let judgement = self.message(entry, &Value::Null, answered);
        if judgement.is_some_and(|judgement| !judgement.verdict.is_goedgekeurd()) {
            failures.push(format!("{case}: a given message was refused"));
        }
    }

    fn step(&mut self, case: &str, step: &Value, failures: &mut Vec<String>) {
        let expect = step.get("expect").unwrap_or(&Value::Null);
        let name = format!("{case} step {}", step["n"]);
        let judgement = match step["message"] {
            Value::Null => None,
            _ => self.message(step, expect, true),
        };
        let mut differ = |what: &str, want: &dyn std::fmt::Debug, got: &dyn std::fmt::Debug| {
            failures.push(format!("{name}: {what}: want {want:?}, got {got:?}"));
        };
        let default = Judgement {
            verdict: Verdict::Goedgekeurd,
            bevindingen: vec![],
            waarschuwingen: vec![],
            anomalieen: vec![],
            opgelost: vec![],
            feiten: vec![],
            beantwoord: vec![],
            verwachte_stops: vec![],
            dossier: Dossier::new(support::key("0384", "42420001", "999900006")),
        };
        let judgement = judgement.unwrap_or(default);
        if let Some(retour) = expect.get("retour").filter(|retour| retour.is_object()) {
            let texts = |codes: &[Retourcode]| codes.iter().map(ToString::to_string).collect::<Vec<_>>();
            if let Some(want) = retour.get("Header") {
                let got = texts(&judgement.verdict.kop());
                if *want != serde_json::json!(got) {
                    differ("header", want, &got);
                }
            }
            let body = !judgement.verdict.klassen().is_empty();
            if retour.get("body").is_some_and(|want| want.as_bool() != Some(body)) {
                differ("body", &retour["body"], &body);
            }
            for class in ["StartProduct", "StopProduct", "ToegewezenProduct"] {
                let Some(want) = retour.get(class) else { continue };
                let got: Vec<_> = judgement.verdict.klassen().iter().map(|codes| texts(codes)).collect();
                if *want != serde_json::json!(got) {
                    differ(class, want, &got);
                }
            }
        }
        if let Some(want) = expect.get("rejected").and_then(Value::as_bool)
            && want == judgement.verdict.is_goedgekeurd()
        {
            differ("rejected", &want, &!want);
        }
        for (field, wanted) in [("warnings", true), ("warningsAbsent", false)] {
            for want in list(expect, field) {
                let found = judgement.waarschuwingen.iter().any(|warning| {
                    want["code"] == warning.soort.as_str()
                        && want.get("ToewijzingNummer").is_none_or(|n| Some(nummer(n)) == warning.nummer)
                });
                if found != wanted {
                    differ(field, &want, &judgement.waarschuwingen);
                }
            }
        }
        for want in list(expect, "facts") {
            let found = judgement.feiten.iter().any(|fact| {
                want["event"] == fact.soort.id()
                    && want.get("ToewijzingNummer").is_none_or(|n| Some(nummer(n)) == fact.nummer)
                    && want.get("Begindatum").is_none_or(|d| day(d) == fact.begindatum)
                    && want.get("Einddatum").is_none_or(|d| Some(day(d)) == fact.einddatum)
                    && want
                        .get("RedenBeeindiging")
                        .is_none_or(|r| r.as_str() == fact.reden_beeindiging.as_ref().map(|r| r.as_str()))
            });
            if !found {
                differ("facts", &want, &judgement.feiten);
            }
        }
        let today = day(&step["day"]);
        for (side, dossiers) in [("gemeente", &self.gemeente), ("aanbieder", &self.aanbieder)] {
            for (number, want) in expect.get("state").and_then(Value::as_object).into_iter().flatten() {
                let number = nummer(&Value::String(number.clone()));
                let bsn = step["message"]["Client"]["Bsn"].as_str();
                // The dossier that knows the number; else the one of the message.
                let dossier = dossiers
                    .dossiers
                    .values()
                    .find(|dossier| dossier.nummers().any(|known| known == number))
                    .cloned()
                    .unwrap_or_else(|| {
                        Dossier::new(support::key("0384", "42420001", bsn.unwrap_or("999900006")))
                    });
                for (what, want, got) in state_differences(&dossier, number, want, today) {
                    differ(&format!("{side} {number} {what}"), &want, &got);
                }
            }
        }
        for want in list(expect, "taakgericht") {
            let onderwerp = Onderwerp::Taakgericht(product(&want["Product"]));
            let staat =
                self.gemeente.dossiers.values().map(|d| d.levering_staat(&onderwerp)).next_back().unwrap();
            if want["levering"]["status"] != staat.status.as_str() {
                differ("taakgericht", &want, &staat);
            }
        }
        for (field, wanted) in [("deadlines", true), ("deadlinesAbsent", false)] {
            for want in list(expect, field) {
                let running: Vec<_> = self
                    .gemeente
                    .dossiers
                    .values()
                    .flat_map(|d| deadline::of_dossier(d, Wie::Gemeente, self.beleid.kalender))
                    .collect();
                let found = running.iter().any(|got| {
                    want["timer"] == got.timer.as_str()
                        && want.get("ToewijzingNummer").is_none_or(|n| {
                            got.subject == Subject::Onderwerp(Onderwerp::Toewijzing(nummer(n)))
                        })
                        && want.get("who").is_none_or(|who| {
                            who == match got.wie {
                                Wie::Gemeente => "gemeente",
                                Wie::Aanbieder => "aanbieder",
                            }
                        })
                        && want.get("start").is_none_or(|d| day(d) == got.start)
                        && want.get("due").is_none_or(|d| day(d) == got.due)
                        && want
                            .get("expired")
                            .and_then(Value::as_bool)
                            .is_none_or(|expired| expired == got.is_expired(today))
                });
                if found != wanted {
                    differ(field, &want, &running);
                }
            }
        }
    }

    /// Feeds one message and exchanges its retour. Returns what the receiver judged.
    fn message(&mut self, entry: &Value, expect: &Value, answered: bool) -> Option<Judgement> {
        let message = &entry["message"];
        let dag = day(&entry["day"]);
        self.entry += 1;
        let kind = message["type"].as_str().unwrap();
        if kind == "302" {
            let op = message["op"].as_str().unwrap();
            let event = self.retour_event(op, codes_in(message), dag);
            let dossier = self.gemeente.dossier(&event.dossier);
            let judgement = judge(&dossier, &event, &Context::new(dag, &self.beleid)).unwrap();
            self.gemeente.apply(&event, &judgement.verdict);
            self.aanbieder.apply(&event, &judgement.verdict);
            return Some(judgement);
        }
        let event = event(message, self.entry, dag);
        let id = message["Identificatie"].as_str().unwrap().to_owned();
        let sender = message["Afzender"].as_str().unwrap().to_owned();
        let receiver = if kind == "301" { &mut self.aanbieder } else { &mut self.gemeente };
        let mut context = Context::new(dag, &self.beleid);
        context.gemeenten = Some(&self.gemeenten);
        context.producten = self.producten.as_ref();
        context.level2_faalt = !list(expect, "rules").is_empty();
        context.identificatie_gebruikt = !receiver.seen.insert((sender, kind.to_owned(), id.clone()));
        let numbers = |event: &Event| -> Vec<ToewijzingNummer> {
            match &event.inhoud {
                Inhoud::Toewijzen(products) => products.iter().map(|p| p.nummer).collect(),
                _ => vec![],
            }
        };
        for number in numbers(&event) {
            let others = receiver.dossiers.values().filter(|d| *d.key() != event.dossier);
            if others.into_iter().any(|d| d.nummers().any(|known| known == number)) {
                context.nummers_elders.insert(number);
            }
        }
        let dossier = receiver.dossier(&event.dossier);
        let judgement = judge(&dossier, &event, &context).unwrap();
        // A replay of the verdict gives the same dossier.
        let mut replayed = dossier;
        replayed.apply(&event, &judgement.verdict).unwrap();
        assert_eq!(replayed, judgement.dossier);
        let stored = postcard::to_allocvec(&replayed).unwrap();
        assert_eq!(postcard::from_bytes::<Dossier>(&stored).unwrap(), replayed);
        receiver.dossiers.insert(event.dossier.clone(), replayed);

        if kind == "301" {
            self.sent.insert(id.clone(), event.dossier.clone());
            // What the gemeente sends stands there until the 302 says otherwise.
            self.gemeente.apply(&event, &Verdict::Goedgekeurd);
            if answered {
                self.entry += 1;
                let codes = judgement
                    .verdict
                    .kop()
                    .into_iter()
                    .chain(judgement.verdict.klassen().into_iter().flatten());
                let answer = self.retour_event(&id, codes.collect(), dag);
                self.gemeente.apply(&answer, &Verdict::Goedgekeurd);
                self.aanbieder.apply(&answer, &Verdict::Goedgekeurd);
            }
        } else if answered {
            self.aanbieder.apply(&event, &judgement.verdict);
        }
        Some(judgement)
    }

    fn retour_event(&self, op: &str, codes: Vec<Retourcode>, dag: Date) -> Event {
        let key = self.sent.get(op).unwrap();
        let retour = ToewijzingRetour { op: Identificatie::new(op).unwrap(), codes };
        support::event(key, self.entry, "R302", dag, dag, Inhoud::ToewijzingRetour(retour))
    }
}

fn state_differences(
    dossier: &Dossier,
    number: ToewijzingNummer,
    want: &Value,
    today: Date,
) -> Vec<(&'static str, Value, String)> {
    let mut differences = Vec::new();
    let mut check = |what: &'static str, want: Option<&Value>, got: String| {
        if let Some(want) = want
            && want.as_str().map_or_else(|| want.to_string(), str::to_owned) != got
        {
            differences.push((what, want.clone(), got));
        }
    };
    let onderwerp = Onderwerp::Toewijzing(number);
    let text = |value: Option<String>| value.unwrap_or_else(|| "absent".into());
    if let Some(want) = want.get("toewijzing") {
        check("status", want.get("status"), dossier.status(number).as_str().into());
        check("fase", want.get("fase"), text(dossier.fase(number, today).map(|f| f.as_str().into())));
        check(
            "implicit",
            want.get("implicitlyConfirmed"),
            dossier.is_impliciet_bevestigd(number).to_string(),
        );
        let version = dossier.effectief(number).map(|version| &version.inhoud);
        let field = |name: &str| want.get(name);
        check("Ingangsdatum", field("Ingangsdatum"), text(version.map(|v| v.ingangsdatum.to_string())));
        check(
            "Einddatum",
            field("Einddatum"),
            text(version.and_then(|v| v.einddatum).map(|d| d.to_string())),
        );
        check(
            "RedenWijziging",
            field("RedenWijziging"),
            text(version.and_then(|v| v.reden_wijziging).map(|r| r.to_string())),
        );
        let omvang = version.and_then(|v| v.omvang);
        check("Volume", want["Omvang"].get("Volume"), text(omvang.map(|o| o.volume.to_string())));
        if let Some(want) = want.get("Product") {
            let got = version.and_then(|v| v.product.clone());
            if product(want) != got {
                check("Product", Some(want), format!("{got:?}"));
            }
        }
    }
    if let Some(want) = want.get("levering") {
        let staat = dossier.levering_staat(&onderwerp);
        check("levering", want.get("status"), staat.status.as_str().into());
        check("Begindatum", want.get("Begindatum"), text(staat.begindatum.map(|d| d.to_string())));
        check("stop", want.get("Einddatum"), text(staat.einddatum.map(|d| d.to_string())));
        check("reden", want.get("RedenBeeindiging"), text(staat.reden.map(|r| r.to_string())));
        for stop in list(want, "stops") {
            let found = dossier.levering(&onderwerp).is_some_and(|levering| {
                levering.stops().iter().any(|got| {
                    stop.get("Begindatum").is_none_or(|d| day(d) == got.key.start.begindatum)
                        && stop.get("Einddatum").is_none_or(|d| day(d) == got.key.einddatum)
                        && stop.get("RedenBeeindiging").is_none_or(|r| r == got.key.reden.as_str())
                        && stop
                            .get("live")
                            .and_then(Value::as_bool)
                            .is_none_or(|live| live == got.verwijderd_door.is_none())
                })
            });
            check("stops", Some(&Value::Bool(true)), found.to_string());
        }
    }
    if let Some(want) = want.get("anomalies") {
        let got: Vec<_> = dossier.anomalieen_van(&onderwerp).into_iter().map(|a| a.as_str()).collect();
        check("anomalies", Some(&Value::String(want.to_string())), serde_json::json!(got).to_string());
    }
    differences
}

fn codes_in(value: &Value) -> Vec<Retourcode> {
    let mut found = Vec::new();
    for field in ["Header", "Client", "Contact", "Relatie", "ToegewezenProduct"] {
        let mut stack = vec![&value[field]];
        while let Some(value) = stack.pop() {
            match value {
                Value::Array(items) => stack.extend(items),
                Value::String(code) => found.push(Retourcode::new(code).unwrap()),
                _ => {}
            }
        }
    }
    found
}

fn event(message: &Value, entry: u64, dag: Date) -> Event {
    let text = |name: &str| message[name].as_str().unwrap();
    let kind = text("type");
    let (gemeente, aanbieder) = if kind == "301" {
        (text("Afzender"), text("Ontvanger"))
    } else {
        (text("Ontvanger"), text("Afzender"))
    };
    let client = &message["Client"];
    let key = support::key(gemeente, aanbieder, client["Bsn"].as_str().unwrap());
    let inhoud = match kind {
        "301" => Inhoud::Toewijzen(list(client, "ToegewezenProducten").iter().map(assigned).collect()),
        "305" => Inhoud::Starten(
            list(client, "StartProducten")
                .iter()
                .map(|class| StartProduct {
                    key: start_key(class),
                    toewijzing_ingangsdatum: class.get("ToewijzingIngangsdatum").map(day),
                    status: status(class),
                })
                .collect(),
        ),
        _ => Inhoud::Stoppen(
            list(client, "StopProducten")
                .iter()
                .map(|class| StopProduct {
                    key: StopKey {
                        start: start_key(class),
                        reden: RedenBeeindiging::new(class["RedenBeeindiging"].as_str().unwrap()).unwrap(),
                        einddatum: day(&class["Einddatum"]),
                    },
                    toewijzing_ingangsdatum: class.get("ToewijzingIngangsdatum").map(day),
                    status: status(class),
                })
                .collect(),
        ),
    };
    support::event(&key, entry, text("Identificatie"), day(&message["Dagtekening"]), dag, inhoud)
}

fn assigned(class: &Value) -> ToegewezenProduct {
    let number = |value: &Value| value.as_str().unwrap().parse().unwrap();
    ToegewezenProduct {
        nummer: nummer(&class["ToewijzingNummer"]),
        referentie_aanbieder: class
            .get("ReferentieAanbieder")
            .map(|r| ReferentieAanbieder::new(r.as_str().unwrap()).unwrap()),
        product: class.get("Product").and_then(product),
        toewijzingsdatum: day(&class["Toewijzingsdatum"]),
        toewijzingstijd: class["Toewijzingstijd"].as_str().unwrap().parse().unwrap(),
        ingangsdatum: day(&class["Ingangsdatum"]),
        einddatum: class.get("Einddatum").map(day),
        reden_wijziging: class
            .get("RedenWijziging")
            .map(|r| RedenWijziging::new(r.as_str().unwrap()).unwrap()),
        omvang: class.get("Omvang").map(|omvang| Omvang {
            volume: number(&omvang["Volume"]),
            eenheid: u8::try_from(number(&omvang["Eenheid"])).unwrap(),
            frequentie: u8::try_from(number(&omvang["Frequentie"])).unwrap(),
        }),
        budget: class.get("Budget").map(|b| u64::from(number(b))),
    }
}

fn start_key(class: &Value) -> StartKey {
    StartKey {
        nummer: class.get("ToewijzingNummer").map(nummer),
        product: class.get("Product").and_then(product),
        begindatum: day(&class["Begindatum"]),
    }
}

fn status(class: &Value) -> StatusAanlevering {
    StatusAanlevering::new(class["StatusAanlevering"].as_str().unwrap()).unwrap()
}

fn nummer(value: &Value) -> ToewijzingNummer {
    ToewijzingNummer::new(value.as_str().unwrap().parse().unwrap()).unwrap()
}

fn product(value: &Value) -> Option<Product> {
    let categorie = Categorie::new(value["Categorie"].as_str()?).unwrap();
    let code = value.get("Code").map(|code| ProductCode::new(code.as_str().unwrap()).unwrap());
    Some(Product { categorie, code })
}

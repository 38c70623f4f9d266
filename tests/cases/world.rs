//! A gemeente and an aanbieder with their own dossiers, and the messages between them.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_codec::messages::{Message, MessageKind};
use iwmo_codec::retour::{RetourView, Uitspraak, Verdict as Answer, retour};
use iwmo_codec::{Schemas, rules};
use iwmo_gateway::translate;
use iwmo_toewijzing::event::{DossierKey, Event, Inhoud};
use iwmo_toewijzing::identity::{
    Aanbieder, Bsn, Categorie, Gemeente, Identificatie, ProductCode, ReferentieAanbieder, Retourcode,
    ToewijzingNummer,
};
use iwmo_toewijzing::judge::{Beleid, Context, Gemeentelijst, Judgement, Productlijst, Taakgericht};
use iwmo_toewijzing::{Dossier, Verdict, judge};
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::build::{self, Problem, text};
use crate::run::list;

/// One party's records.
#[derive(Default)]
pub(crate) struct Side {
    pub(crate) dossiers: BTreeMap<DossierKey, Dossier>,
    /// Afzender, BerichtCode and Identificatie of what was received (TR056).
    received: BTreeSet<(String, u32, String)>,
}

/// What became of a step.
#[derive(Default)]
pub(crate) struct Outcome {
    /// The schema refused it.
    pub(crate) schema_error: bool,
    /// The rules within the message that it breaks, sorted.
    pub(crate) rules: Vec<&'static str>,
    /// The retour as its receiver read it.
    pub(crate) retour: Option<Message>,
    /// What the machine said; none when it was not asked.
    pub(crate) judgement: Option<Judgement>,
}

impl Outcome {
    pub(crate) fn is_refused(&self) -> bool {
        let refused = |retour: &Message| RetourView::of(retour).is_some_and(|view| !view.is_approved());
        self.schema_error || !self.rules.is_empty() || self.retour.as_ref().is_some_and(refused)
    }
}

/// A message that waits for its retour.
pub(crate) struct Waiting {
    pub(crate) identificatie: Identificatie,
    pub(crate) dag: Date,
}

/// Both parties.
pub(crate) struct World {
    pub(crate) gemeente: Side,
    pub(crate) aanbieder: Side,
    pub(crate) beleid: Beleid,
    gemeenten: Gemeentelijst,
    producten: Option<Productlijst>,
    entry: u64,
    /// What the gemeente sent, by kind and Identificatie, with its dossier.
    sent: BTreeMap<(MessageKind, String), (Message, DossierKey)>,
    /// What the aanbieder sent and got no retour on.
    pub(crate) waiting: Vec<Waiting>,
}

/// What cases-format.md takes for granted.
fn default_products() -> Value {
    json!({
        "01": ["01A01", "01A03", "01A11", "01A12"], "02": ["02A01"], "07": ["07A01", "07A12"],
        "11": ["11X01"], "12": ["12X01"],
    })
}

fn wrong(error: impl std::fmt::Display) -> Problem {
    error.to_string()
}

impl World {
    pub(crate) fn new(config: &Value) -> Result<Self, Problem> {
        let mut beleid = Beleid::default();
        if config.get("decisions").is_some() {
            return Err("config.decisions: the format does not say what it may hold".to_owned());
        }
        for contract in list(config, "taakgericht") {
            beleid.taakgericht.push(Taakgericht {
                aanbieder: Aanbieder::new(text(&contract, "aanbieder")?).map_err(wrong)?,
                categorie: Categorie::new(text(&contract, "Categorie")?).map_err(wrong)?,
            });
        }
        let mut gemeenten = Gemeentelijst::new();
        let codes = config.get("gemeenteCodes").cloned().unwrap_or_else(|| json!(["0363", "0384"]));
        for code in codes.as_array().into_iter().flatten().filter_map(Value::as_str) {
            gemeenten.add(Gemeente::new(code).map_err(wrong)?, Date::MIN, None);
        }
        let products = config.get("productList").cloned().unwrap_or_else(default_products);
        let producten = products.as_object().map(|categories| -> Result<Productlijst, Problem> {
            let mut list = Productlijst::new();
            for (categorie, codes) in categories {
                let categorie = Categorie::new(categorie).map_err(wrong)?;
                for code in codes.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    list.add(categorie, ProductCode::new(code).map_err(wrong)?);
                }
            }
            Ok(list)
        });
        Ok(Self {
            gemeente: Side::default(),
            aanbieder: Side::default(),
            beleid,
            gemeenten,
            producten: producten.transpose()?,
            entry: 0,
            sent: BTreeMap::new(),
            waiting: Vec::new(),
        })
    }

    /// The sides that know how things stand: the aanbieder only when no message of its own waits for a retour.
    pub(crate) fn informed(&self) -> Vec<(&'static str, &Side)> {
        let mut sides = vec![("gemeente", &self.gemeente)];
        if self.waiting.is_empty() {
            sides.push(("aanbieder", &self.aanbieder));
        }
        sides
    }

    /// Feeds a step; a step of the clock feeds nothing.
    pub(crate) fn step(&mut self, step: &Value) -> Result<Outcome, Problem> {
        if step["message"].is_null() { Ok(Outcome::default()) } else { self.message(step, true) }
    }

    /// Feeds a message; its retour is exchanged too when it is `answered`.
    pub(crate) fn message(&mut self, entry: &Value, answered: bool) -> Result<Outcome, Problem> {
        let dag: Date = text(entry, "day")?.parse().map_err(wrong)?;
        let message = &entry["message"];
        if build::kind(message)? == MessageKind::Wmo302 {
            let op = (MessageKind::Wmo301, text(message, "op")?.to_owned());
            let (heen, _) = self.sent.get(&op).ok_or("op names nothing that was sent")?;
            let made = build::toewijzing_retour(heen, message, &entry["day"])?;
            let decoded =
                Schemas::bundled().decode(&made.encode()).map_err(|_| "the 302 breaks the schema")?;
            let judgement = self.take_in(&decoded, dag)?;
            return Ok(Outcome { judgement, ..Outcome::default() });
        }
        let xml = build::xml(message)?;
        let Ok(decoded) = Schemas::bundled().decode(&xml) else {
            // Level 1: the transport tells the sender, and the Identificatie is not used up.
            return Ok(Outcome { schema_error: true, ..Outcome::default() });
        };
        if message["schemaInvalid"] == true {
            return Err("it breaks the schema on purpose, but the schema lets it pass".to_owned());
        }
        match decoded.kind() {
            MessageKind::Wmo323 | MessageKind::Wmo325 => self.declaration(&decoded, dag),
            _ => self.heenbericht(decoded, dag, answered),
        }
    }

    /// A 323 or 325: no retour, and nothing is judged; both parties keep what it says.
    fn declaration(&mut self, message: &Message, dag: Date) -> Result<Outcome, Problem> {
        self.entry += 1;
        let broken: Vec<&'static str> = rules::check(message).iter().map(|broken| broken.rule).collect();
        if !broken.is_empty() {
            return Ok(Outcome { rules: broken, ..Outcome::default() });
        }
        let events = if message.kind() == MessageKind::Wmo323 {
            translate::declaraties(message, self.entry, dag).map_err(wrong)?
        } else {
            let declared =
                self.gemeente.dossiers.values().filter(|dossier| !dossier.declaraties().is_empty());
            let keys: Vec<DossierKey> = declared.map(|dossier| dossier.key().clone()).collect();
            let event = |key| translate::declaratie_antwoord(message, key, self.entry, dag).map_err(wrong);
            keys.into_iter().map(event).collect::<Result<_, _>>()?
        };
        for event in &events {
            let dossier = self.gemeente.dossier(&event.dossier);
            let judgement = judge(&dossier, event, &Context::new(dag, &self.beleid)).map_err(wrong)?;
            self.gemeente.apply(event, &judgement.verdict);
            self.aanbieder.apply(event, &judgement.verdict);
        }
        Ok(Outcome::default())
    }

    fn heenbericht(&mut self, message: Message, dag: Date, answered: bool) -> Result<Outcome, Problem> {
        self.entry += 1;
        let kind = message.kind();
        let mut rules: Vec<&'static str> = rules::check(&message).iter().map(|broken| broken.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let header = message.header();
        let key = (header.afzender.to_owned(), kind.bericht_code(), header.identificatie.to_owned());
        let identificatie = header.identificatie.to_owned();
        let from_gemeente = matches!(kind, MessageKind::Wmo301 | MessageKind::Wmo319);
        let receiver = if from_gemeente { &mut self.aanbieder } else { &mut self.gemeente };
        let used = !receiver.received.insert(key);

        let event = match kind {
            MessageKind::Wmo319 => {
                let bsn = receiver.client_of_request(&message);
                translate::antwoord(&message, bsn, self.entry, dag)
            }
            _ => translate::event(&message, self.entry, dag),
        };
        let event = match event {
            Ok(event) => Some(event),
            Err(_) if !rules.is_empty() => None,
            Err(error) => return Err(error.to_string()),
        };
        if let (Some(event), true) = (&event, from_gemeente) {
            // What the gemeente sends is on its record until the retour says otherwise.
            self.gemeente.apply(event, &Verdict::Goedgekeurd);
            self.sent.insert((kind, identificatie.clone()), (message.clone(), event.dossier.clone()));
        }
        let judgement = match &event {
            Some(event) => Some(self.judged(event, !rules.is_empty(), used, from_gemeente)?),
            None => None,
        };
        let verdict = judgement.as_ref().map_or_else(
            || Verdict::AfgekeurdInKop(vec![Retourcode::TECHNISCH_ONJUIST]),
            |judgement| judgement.verdict.clone(),
        );
        let retour = answer(&message, &verdict, dag, self.entry)?;
        if answered {
            if let Some(retour) = &retour {
                self.take_in(retour, dag)?;
                // The aanbieder puts what it sent on record once it was approved.
                if let (Some(event), false) = (&event, from_gemeente) {
                    let approved = RetourView::of(retour).is_some_and(|view| view.is_approved());
                    if approved {
                        self.aanbieder.apply(event, &Verdict::Goedgekeurd);
                    }
                }
            }
        } else if !from_gemeente {
            let identificatie = Identificatie::new(&identificatie).map_err(wrong)?;
            self.waiting.push(Waiting { identificatie, dag });
        }
        Ok(Outcome { schema_error: false, rules, retour, judgement })
    }

    /// Judges a message at its receiver and keeps the dossier.
    fn judged(
        &mut self,
        event: &Event,
        level2_faalt: bool,
        used: bool,
        from_gemeente: bool,
    ) -> Result<Judgement, Problem> {
        let receiver = if from_gemeente { &mut self.aanbieder } else { &mut self.gemeente };
        let mut context = Context::new(event.bericht.dag, &self.beleid);
        context.gemeenten = Some(&self.gemeenten);
        context.producten = self.producten.as_ref();
        context.level2_faalt = level2_faalt;
        context.identificatie_gebruikt = used;
        context.nummers_elders = receiver.given_to_others(event, from_gemeente, |_| true);
        let of_aanbieder = |key: &DossierKey| key.aanbieder == event.dossier.aanbieder;
        context.nummers_andere_client = receiver.given_to_others(event, from_gemeente, of_aanbieder);
        context.referenties_gebruikt = receiver.used_by(event.dossier.aanbieder);
        let dossier = receiver.dossier(&event.dossier);
        let judgement = judge(&dossier, event, &context).map_err(wrong)?;
        // A replay of the verdict gives the same dossier, and a dossier survives being stored.
        let mut replayed = dossier;
        replayed.apply(event, &judgement.verdict).map_err(wrong)?;
        if replayed != judgement.dossier {
            return Err("a replay of the verdict gives another dossier".to_owned());
        }
        let stored = postcard::to_allocvec(&replayed).map_err(wrong)?;
        if postcard::from_bytes::<Dossier>(&stored).map_err(wrong)? != replayed {
            return Err("the dossier does not survive being stored".to_owned());
        }
        receiver.dossiers.insert(event.dossier.clone(), replayed);
        Ok(judgement)
    }

    /// The retour reaches who sent the message. Returns what the gemeente's machine said of it.
    fn take_in(&mut self, retour: &Message, dag: Date) -> Result<Option<Judgement>, Problem> {
        let Some(kind @ (MessageKind::Wmo301 | MessageKind::Wmo319)) = retour.kind().heenbericht() else {
            return Ok(None);
        };
        let sent = self.sent.get(&(kind, retour.header().identificatie.to_owned()));
        let Some(key) = sent.map(|(_, key)| key.clone()) else { return Ok(None) };
        self.entry += 1;
        let event = translate::retour(retour, key, self.entry, dag).map_err(wrong)?;
        let dossier = self.gemeente.dossier(&event.dossier);
        let judgement = judge(&dossier, &event, &Context::new(dag, &self.beleid)).map_err(wrong)?;
        self.gemeente.apply(&event, &judgement.verdict);
        self.aanbieder.apply(&event, &judgement.verdict);
        Ok(Some(judgement))
    }
}

impl Side {
    fn dossier(&self, key: &DossierKey) -> Dossier {
        self.dossiers.get(key).cloned().unwrap_or_else(|| Dossier::new(key.clone()))
    }

    fn apply(&mut self, event: &Event, verdict: &Verdict) {
        let mut dossier = self.dossier(&event.dossier);
        dossier.apply(event, verdict).expect("the dossier was looked up by the key of the event");
        self.dossiers.insert(event.dossier.clone(), dossier);
    }

    /// The client whose request a 319 answers.
    fn client_of_request(&self, message: &Message) -> Bsn {
        let header = message.header();
        let asked = |dossier: &&Dossier| {
            let key = dossier.key();
            key.gemeente.as_str() == header.afzender
                && Some(key.aanbieder.as_str()) == header.ontvanger
                && translate::referentie(message)
                    .is_some_and(|reference| dossier.verzoek(&reference).is_some())
        };
        self.dossiers.values().find(asked).map_or(Bsn::NIEMAND, |dossier| dossier.key().bsn)
    }

    /// The references that an aanbieder used, whatever for.
    fn used_by(&self, aanbieder: Aanbieder) -> BTreeSet<ReferentieAanbieder> {
        let own = self.dossiers.values().filter(|dossier| dossier.key().aanbieder == aanbieder);
        own.flat_map(Dossier::verzoeken).map(|verzoek| verzoek.referentie.clone()).collect()
    }

    /// The numbers in a message that this side knows from other such dossiers of the gemeente.
    fn given_to_others(
        &self,
        event: &Event,
        of_aanbieder: bool,
        such: impl Fn(&DossierKey) -> bool,
    ) -> BTreeSet<ToewijzingNummer> {
        let here = &event.dossier;
        let others = self.dossiers.values().filter(|dossier| {
            let key = dossier.key();
            // An aanbieder knows only what was sent to it (OP095).
            let seen = !of_aanbieder || key.aanbieder == here.aanbieder;
            key != here && key.gemeente == here.gemeente && seen && such(key)
        });
        let known: BTreeSet<ToewijzingNummer> = others.flat_map(Dossier::nummers).collect();
        named(&event.inhoud).into_iter().filter(|number| known.contains(number)).collect()
    }
}

/// The numbers that a message names.
fn named(inhoud: &Inhoud) -> Vec<ToewijzingNummer> {
    match inhoud {
        Inhoud::Toewijzen(products) => products.iter().map(|product| product.nummer).collect(),
        Inhoud::Starten(starts) => starts.iter().filter_map(|start| start.key.nummer).collect(),
        Inhoud::Stoppen(stops) => stops.iter().filter_map(|stop| stop.key.start.nummer).collect(),
        Inhoud::Wijzigen(verzoek) => {
            let changed = verzoek.te_wijzigen.iter().map(|product| product.nummer);
            verzoek.ongewijzigd.iter().copied().chain(changed).collect()
        }
        _ => Vec::new(),
    }
}

/// Builds the retour, writes it, reads it.
fn answer(message: &Message, verdict: &Verdict, dag: Date, entry: u64) -> Result<Option<Message>, Problem> {
    if message.kind().retour().is_none() {
        return Ok(None);
    }
    let codes = |codes: &[Retourcode]| -> Result<Vec<_>, Problem> {
        codes.iter().map(|code| code.as_str().parse().map_err(wrong)).collect()
    };
    let uitspraak = match verdict {
        Verdict::Goedgekeurd => Uitspraak::Goedgekeurd,
        Verdict::AfgekeurdInKop(kop) => Uitspraak::Header(codes(kop)?),
        Verdict::Afgekeurd(klassen) => {
            Uitspraak::Klassen(klassen.iter().map(|klasse| codes(klasse)).collect::<Result<_, _>>()?)
        }
    };
    let answer = Answer {
        identificatie_retour: format!("R{entry}"),
        dagtekening_retour: translate::datum(dag).map_err(wrong)?,
        xsd_versie_retour: None,
        uitspraak,
    };
    let made = retour(message, &answer).map_err(wrong)?;
    match Schemas::bundled().decode(&made.encode()) {
        Ok(read) if read == made => Ok(Some(read)),
        Ok(_) => Err("the retour reads back otherwise than it was written".to_owned()),
        Err(report) => Err(format!("the retour breaks the schema: {:?}", report.diagnostics)),
    }
}

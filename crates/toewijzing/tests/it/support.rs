//! Short ways to write identities and events.

use std::path::{Path, PathBuf};

use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::*;
use iwmo_toewijzing::judge::{Beleid, Context, Productlijst};
use iwmo_toewijzing::{Dossier, Judgement, Verdict, judge};
use jiff::civil::{Date, date, time};

/// Names the folder of the shared specification. Without one a test is skipped, but not in CI.
pub(crate) fn shared() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("IWMO_SHARED").map_or(beside, PathBuf::from);
    if path.join("spec/cases.json").exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "the shared specification is missing");
    println!("skipped: no shared specification; set IWMO_SHARED");
    None
}

/// Returns the source files of the crate.
pub(crate) fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

pub(crate) fn key(gemeente: &str, aanbieder: &str, bsn: &str) -> DossierKey {
    DossierKey {
        gemeente: Gemeente::new(gemeente).unwrap(),
        aanbieder: Aanbieder::new(aanbieder).unwrap(),
        bsn: Bsn::new(bsn).unwrap(),
    }
}

pub(crate) fn event(
    key: &DossierKey,
    entry: u64,
    id: &str,
    dagtekening: Date,
    dag: Date,
    inhoud: Inhoud,
) -> Event {
    let bericht = Bericht { entry, identificatie: Identificatie::new(id).unwrap(), dagtekening, dag };
    Event { dossier: key.clone(), bericht, inhoud }
}

/// A dossier of gemeente 0384, aanbieder 42420001 and one client, fed message by message.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) dossier: Dossier,
    pub(crate) beleid: Beleid,
    pub(crate) producten: Option<Productlijst>,
    pub(crate) today: Date,
    entry: u64,
}

pub(crate) fn nr(number: u32) -> ToewijzingNummer {
    ToewijzingNummer::new(number).unwrap()
}

pub(crate) fn product(text: &str) -> Option<Product> {
    let (categorie, code) =
        text.split_once('/').map_or((text, None), |(categorie, code)| (categorie, Some(code)));
    if text.is_empty() {
        return None;
    }
    let code = code.map(|code| ProductCode::new(code).unwrap());
    Some(Product { categorie: Categorie::new(categorie).unwrap(), code })
}

/// A product of 301 number 100: 01/01A11, 3 hours a week, from 2023-01-01 to 2023-12-31.
pub(crate) fn assigned(toewijzingsdatum: Date) -> ToegewezenProduct {
    ToegewezenProduct {
        nummer: nr(100),
        referentie_aanbieder: None,
        product: product("01/01A11"),
        toewijzingsdatum,
        toewijzingstijd: time(9, 0, 0, 0),
        ingangsdatum: date(2023, 1, 1),
        einddatum: Some(date(2023, 12, 31)),
        reden_wijziging: None,
        omvang: Some(Omvang { volume: 3, eenheid: 4, frequentie: 2 }),
        budget: None,
    }
}

pub(crate) fn start_key(nummer: u32, begin: Date) -> StartKey {
    StartKey { nummer: Some(nr(nummer)), product: product("01/01A11"), begindatum: begin }
}

pub(crate) fn start(begin: Date) -> StartProduct {
    StartProduct {
        key: start_key(100, begin),
        toewijzing_ingangsdatum: Some(date(2023, 1, 1)),
        status: StatusAanlevering::Eerste,
    }
}

pub(crate) fn stop(begin: Date, reden: &str, end: Date) -> StopProduct {
    StopProduct {
        key: StopKey {
            start: start_key(100, begin),
            reden: RedenBeeindiging::new(reden).unwrap(),
            einddatum: end,
        },
        toewijzing_ingangsdatum: Some(date(2023, 1, 1)),
        status: StatusAanlevering::Eerste,
    }
}

pub(crate) fn del_start(begin: Date) -> StartProduct {
    StartProduct { status: StatusAanlevering::Verwijderen, ..start(begin) }
}

pub(crate) fn del_stop(begin: Date, reden: &str, end: Date) -> StopProduct {
    StopProduct { status: StatusAanlevering::Verwijderen, ..stop(begin, reden, end) }
}

impl Story {
    pub(crate) fn new() -> Self {
        Self::of("999900006")
    }

    pub(crate) fn of(bsn: &str) -> Self {
        Self {
            dossier: Dossier::new(key("0384", "42420001", bsn)),
            beleid: Beleid::default(),
            producten: None,
            today: date(2023, 11, 1),
            entry: 0,
        }
    }

    /// A story in which number 100 was assigned and approved.
    pub(crate) fn assigned() -> Self {
        let mut story = Self::new();
        story.assign(assigned(date(2022, 12, 20)));
        story
    }

    pub(crate) fn event(&mut self, inhoud: Inhoud) -> Event {
        self.entry += 1;
        let id = format!("M{}", self.entry);
        event(self.dossier.key(), self.entry, &id, self.today, self.today, inhoud)
    }

    pub(crate) fn judge(&mut self, inhoud: Inhoud) -> Judgement {
        self.judge_with(inhoud, |_| {})
    }

    pub(crate) fn judge_with(&mut self, inhoud: Inhoud, set: impl FnOnce(&mut Context<'_>)) -> Judgement {
        let event = self.event(inhoud);
        let (beleid, producten) = (self.beleid.clone(), self.producten.clone());
        let mut context = Context::new(self.today, &beleid);
        context.producten = producten.as_ref();
        set(&mut context);
        let judgement = judge(&self.dossier, &event, &context).unwrap();
        self.dossier.apply(&event, &judgement.verdict).unwrap();
        assert_eq!(self.dossier, judgement.dossier, "judging and applying differ");
        judgement
    }

    /// Sends a 301 and has it approved.
    pub(crate) fn assign(&mut self, product: ToegewezenProduct) -> Judgement {
        let judgement = self.judge(Inhoud::Toewijzen(vec![product]));
        let op = Identificatie::new(&format!("M{}", self.entry)).unwrap();
        self.judge(Inhoud::ToewijzingRetour(ToewijzingRetour { op, codes: vec![], met_klassen: false }));
        judgement
    }

    /// Answers the message with this Identificatie.
    pub(crate) fn answer_to(&mut self, id: &str, codes: &[&str]) -> Judgement {
        let op = Identificatie::new(id).unwrap();
        let codes = codes.iter().map(|code| Retourcode::new(code).unwrap()).collect();
        self.judge(Inhoud::ToewijzingRetour(ToewijzingRetour { op, codes, met_klassen: false }))
    }

    /// Answers the message sent last.
    pub(crate) fn answer(&mut self, codes: &[&str]) -> Judgement {
        self.answer_to(&format!("M{}", self.entry), codes)
    }

    pub(crate) fn starts(&mut self, starts: &[StartProduct]) -> String {
        let judgement = self.judge(Inhoud::Starten(starts.to_vec()));
        show(&judgement.verdict)
    }

    pub(crate) fn stops(&mut self, stops: &[StopProduct]) -> String {
        let judgement = self.judge(Inhoud::Stoppen(stops.to_vec()));
        show(&judgement.verdict)
    }

    /// State of the delivery of number 100, as `GESTART 2023-01-05`.
    pub(crate) fn levering(&self) -> String {
        let staat = self.dossier.levering_staat(&Onderwerp::Toewijzing(nr(100)));
        let mut text = staat.status.as_str().to_owned();
        for part in [staat.begindatum, staat.einddatum].into_iter().flatten() {
            text.push_str(&format!(" {part}"));
        }
        text
    }

    pub(crate) fn status(&self) -> &'static str {
        self.dossier.status(nr(100)).as_str()
    }
}

/// A verdict as text: `ok`, `header 0001`, or the codes per class.
pub(crate) fn show(verdict: &Verdict) -> String {
    let join = |codes: &[Retourcode]| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    match verdict {
        Verdict::Goedgekeurd => "ok".into(),
        Verdict::AfgekeurdInKop(codes) => format!("header {}", join(codes)),
        Verdict::Afgekeurd(_) => {
            verdict.klassen().iter().map(|codes| join(codes)).collect::<Vec<_>>().join(" | ")
        }
    }
}

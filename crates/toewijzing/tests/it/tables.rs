//! The transition tables against the machine, and the page that shows them against the tables.

use iwmo_toewijzing::dossier::{LeveringStatus, Onderwerp, ToewijzingStatus};
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::*;
use iwmo_toewijzing::judge::Regel;
use iwmo_toewijzing::tables::{
    LEVERING, Overgang, TOEWIJZING, Toestand, VERZOEK, VerzoekToestand, markdown, mermaid,
};
use jiff::ToSpan;
use jiff::civil::date;

use crate::support::*;

/// Plays the example of every row: all words but the last must lead to the state before, the last one does the rest.
fn play<S: Toestand + std::fmt::Debug>(
    rows: &[Overgang<S>],
    start: impl Fn() -> Story,
    word: impl Fn(&mut Story, &str) -> Vec<Regel>,
    state: impl Fn(&Story) -> S,
) {
    for row in rows {
        let mut story = start();
        let words: Vec<&str> = row.voorbeeld.split(' ').collect();
        let (last, before) = words.split_last().unwrap();
        for text in before {
            assert_eq!(word(&mut story, text), [], "{}: {} of {}", row.id, text, row.voorbeeld);
        }
        assert_eq!(state(&story), row.van, "{}: {}, before", row.id, row.voorbeeld);
        let mut rules = word(&mut story, last);
        rules.sort();
        rules.dedup();
        let mut wanted = row.regels.to_vec();
        wanted.sort();
        assert_eq!(rules, wanted, "{}: {}", row.id, row.voorbeeld);
        assert_eq!(state(&story), row.naar, "{}: {}, after", row.id, row.voorbeeld);
    }
    for state in S::ALLE {
        assert!(rows.iter().any(|row| row.van == *state), "nothing happens in {}", state.naam());
    }
}

fn rules(story: &mut Story, inhoud: Inhoud) -> Vec<Regel> {
    story.judge(inhoud).bevindingen.iter().map(|found| found.regel).collect()
}

#[test]
fn delivery_rows_hold() {
    let word = |story: &mut Story, text: &str| {
        let delete = text.starts_with('-');
        let mut signs = text.trim_start_matches('-').chars();
        let (kind, begin) = (signs.next().unwrap(), signs.next().unwrap());
        let begin = if begin == '1' { date(2023, 1, 5) } else { date(2023, 7, 3) };
        let end = if signs.next() == Some('b') { date(2023, 9, 1) } else { date(2023, 8, 1) };
        let status = if delete { StatusAanlevering::Verwijderen } else { StatusAanlevering::Eerste };
        let inhoud = match kind {
            'S' => Inhoud::Starten(vec![StartProduct { status, ..start(begin) }]),
            'P' => Inhoud::Stoppen(vec![StopProduct { status, ..stop(begin, "20", end) }]),
            'E' => Inhoud::Stoppen(vec![StopProduct { status, ..stop(begin, "23", end) }]),
            _ => panic!("{text}"),
        };
        rules(story, inhoud)
    };
    let state = |story: &Story| -> LeveringStatus {
        story.dossier.levering_staat(&Onderwerp::Toewijzing(nr(100))).status
    };
    play(LEVERING, Story::assigned, word, state);
}

#[test]
fn assignment_rows_hold() {
    let total = Omvang { volume: 80, eenheid: 4, frequentie: 6 };
    let base = || ToegewezenProduct { omvang: Some(total), ..assigned(date(2022, 12, 20)) };
    let word = |story: &mut Story, text: &str| {
        // Each word that is a new version comes a day later than the one before.
        let day = date(2023, 1, 1).saturating_add((story.dossier.versies(nr(100)).len() as i64).days());
        let mut product = ToegewezenProduct { toewijzingsdatum: day, ..base() };
        match text {
            "goed" => {
                story.answer(&[]);
                return Vec::new();
            }
            "fout" => {
                story.answer(&["0200", "S329"]);
                return Vec::new();
            }
            "nieuw" | "opnieuw" => product = base(),
            "ongewijzigd" | "terug" => {}
            "oud" => product.toewijzingsdatum = date(2022, 12, 1),
            "verwijderd" => {
                product.einddatum = Some(product.ingangsdatum);
                product.reden_wijziging = Some(RedenWijziging::VERWIJDERD);
            }
            "later-einde" => {
                product.einddatum = Some(date(2024, 6, 30));
                product.reden_wijziging = Some(RedenWijziging::new("04").unwrap());
            }
            "eerder-einde" => product.einddatum = Some(date(2023, 6, 30)),
            "volume" => product.omvang = Some(Omvang { volume: 100, ..total }),
            "budget" => product.budget = Some(1000),
            "frequentie" => product.omvang = Some(Omvang { frequentie: 2, ..total }),
            "ander-product" => product.product = crate::support::product("07/07A12"),
            _ => panic!("{text}"),
        }
        rules(story, Inhoud::Toewijzen(vec![product]))
    };
    let state = |story: &Story| -> ToewijzingStatus { story.dossier.status(nr(100)) };
    play(TOEWIJZING, Story::new, word, state);
}

#[test]
fn request_rows_hold() {
    let reference = ReferentieAanbieder::new("A").unwrap();
    let word = |story: &mut Story, text: &str| {
        let antwoord = |antwoord| Inhoud::Beantwoorden(Antwoord { referentie: reference.clone(), antwoord });
        // The retours answer the message before them: no row has another between.
        let op = Identificatie::new(&format!("M{}", last_of_gemeente(story))).unwrap();
        let codes = |code: &str| vec![Retourcode::new(code).unwrap()];
        let inhoud = match text {
            "315" => Inhoud::Aanvragen(vec![AangevraagdProduct {
                referentie: reference.clone(),
                product: product("01/01A11"),
                ingangsdatum: date(2023, 12, 1),
            }]),
            "317" => Inhoud::Wijzigen(Wijzigingsverzoek {
                referentie: reference.clone(),
                ongewijzigd: vec![nr(100)],
                te_wijzigen: vec![],
                nieuw: vec![],
            }),
            "301" => Inhoud::Toewijzen(vec![ToegewezenProduct {
                nummer: nr(200),
                referentie_aanbieder: Some(reference.clone()),
                ..assigned(date(2023, 10, 1))
            }]),
            "319-1" => antwoord(VerzoekAntwoord::Afgewezen),
            "319-2" => antwoord(VerzoekAntwoord::InOnderzoek),
            "302-goed" => {
                Inhoud::ToewijzingRetour(ToewijzingRetour { op, codes: vec![], met_klassen: false })
            }
            "302-fout" => {
                Inhoud::ToewijzingRetour(ToewijzingRetour { op, codes: codes("S329"), met_klassen: true })
            }
            "320-goed" => Inhoud::AntwoordRetour(ToewijzingRetour { op, codes: vec![], met_klassen: false }),
            "320-fout" => {
                Inhoud::AntwoordRetour(ToewijzingRetour { op, codes: codes("9355"), met_klassen: true })
            }
            _ => panic!("{text}"),
        };
        rules(story, inhoud)
    };
    let state = |story: &Story| -> VerzoekToestand {
        let status = story.dossier.verzoek(&reference).map(|verzoek| verzoek.status());
        status.map_or(VerzoekToestand::Geen, VerzoekToestand::Verzoek)
    };
    play(VERZOEK, Story::assigned, word, state);
}

/// The number of the message that answered a request last.
fn last_of_gemeente(story: &Story) -> u64 {
    let reacties = story.dossier.verzoeken().iter().flat_map(|verzoek| &verzoek.reacties);
    reacties.map(|reactie| reactie.bericht.entry).max().unwrap_or(0)
}

/// `UPDATE_EXPECT=1` writes the tables into the page.
#[test]
fn the_page_shows_the_tables() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/leven-van-een-toewijzing.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut made = page.clone();
    for (name, diagram, table) in [
        ("toewijzing", mermaid(TOEWIJZING), markdown(TOEWIJZING)),
        ("levering", mermaid(LEVERING), markdown(LEVERING)),
        ("verzoek", mermaid(VERZOEK), markdown(VERZOEK)),
    ] {
        made = between(&made, &format!("{name}-diagram"), &format!("```mermaid\n{diagram}```\n"));
        made = between(&made, &format!("{name}-tabel"), &table);
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &made).unwrap();
    } else {
        assert_eq!(page, made, "UPDATE_EXPECT=1 writes the tables into {}", path.display());
    }
}

/// Replaces what stands between two marks.
fn between(page: &str, name: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- begin {name} -->\n"), format!("<!-- einde {name} -->\n"));
    let (before, rest) = page.split_once(&open).unwrap_or_else(|| panic!("no mark {open}"));
    let (_, after) = rest.split_once(&close).unwrap_or_else(|| panic!("no mark {close}"));
    format!("{before}{open}\n{text}\n{close}{after}")
}

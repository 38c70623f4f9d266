//! What a dossier shows of its records, deleted ones too, and which of them an answer settles.

use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::event::*;
use iwmo_toewijzing::identity::{Identificatie, ReferentieNummer};
use jiff::civil::{Date, date};

use crate::support::*;

const B: Date = date(2023, 1, 5);
const E: Date = date(2023, 3, 1);

/// A delete marks the record; it is not erased (section 3).
#[test]
fn deleted_starts_and_stops_stay_on_record() {
    let mut story = Story::assigned();
    story.starts(&[start(B)]);
    story.stops(&[stop(B, "20", E)]);
    story.stops(&[del_stop(B, "20", E)]);
    story.starts(&[del_start(B)]);
    story.starts(&[start(E)]);
    let levering = story.dossier.levering(&Onderwerp::Toewijzing(nr(100))).unwrap();
    let starts: Vec<(Date, bool)> = levering
        .starts()
        .iter()
        .map(|start| (start.key.begindatum, start.verwijderd_door.is_some()))
        .collect();
    assert_eq!(starts, [(B, true), (E, false)]);
    let stops: Vec<bool> = levering.stops().iter().map(|stop| stop.verwijderd_door.is_some()).collect();
    assert_eq!(stops, [true]);
    let subjects: Vec<&Onderwerp> = story.dossier.onderwerpen().collect();
    assert_eq!(subjects, [&Onderwerp::Toewijzing(nr(100))]);
}

/// A 325 settles the declaration that it names, once; the others wait on.
#[test]
fn a_325_settles_its_own_declaration_once() {
    let mut story = Story::assigned();
    let declare = |nummer: &str| {
        Inhoud::Declareren(vec![Prestatie {
            referentie: ReferentieNummer::new(nummer).unwrap(),
            vorige: None,
            nummer: nr(100),
            credit: false,
            begin: date(2023, 2, 1),
            eind: date(2023, 2, 28),
        }])
    };
    // They are messages 3 and 4.
    story.judge(declare("P1"));
    story.judge(declare("P2"));
    let settle = |op: &str, afgewezen: Afgewezen| {
        let op = Identificatie::new(op).unwrap();
        Inhoud::DeclaratieAntwoord(DeclaratieUitkomst { op, afgewezen })
    };
    let settled = |story: &Story| -> Vec<Option<bool>> {
        let all = story.dossier.declaraties().iter();
        all.map(|one| one.uitkomst.as_ref().map(|(_, refused)| *refused == Afgewezen::Alle)).collect()
    };
    assert_eq!(settled(&story), [None, None]);
    story.judge(settle("M4", Afgewezen::Alle));
    assert_eq!(settled(&story), [None, Some(true)]);
    assert!(!story.dossier.is_gedeclareerd(nr(100)));
    story.judge(settle("M4", Afgewezen::Enkele([].into())));
    assert_eq!(settled(&story), [None, Some(true)], "the first answer counts");
    story.judge(settle("M3", Afgewezen::Enkele([].into())));
    assert_eq!(settled(&story), [Some(false), Some(true)]);
    assert!(story.dossier.is_gedeclareerd(nr(100)));
}

/// A 302 or 320 that something waits for is no surprise; a second one is, and one on nothing.
#[test]
fn a_retour_is_odd_when_nothing_waits_for_it() {
    let mut story = Story::assigned();
    let reference = iwmo_toewijzing::identity::ReferentieAanbieder::new("A").unwrap();
    story.judge(Inhoud::Aanvragen(vec![AangevraagdProduct {
        referentie: reference.clone(),
        product: product("01/01A11"),
        ingangsdatum: date(2023, 12, 1),
    }]));
    // Message 4.
    story.judge(Inhoud::Beantwoorden(Antwoord {
        referentie: reference,
        antwoord: VerzoekAntwoord::InOnderzoek,
    }));
    let mut odd = |op: &str| {
        let op = Identificatie::new(op).unwrap();
        let judgement =
            story.judge(Inhoud::AntwoordRetour(ToewijzingRetour { op, codes: vec![], met_klassen: false }));
        judgement.waarschuwingen.len()
    };
    assert_eq!([odd("M9"), odd("M4"), odd("M4")], [1, 0, 1]);
}

/// The event ids of the own contribution (10.1).
#[test]
fn facts_have_their_ids() {
    use iwmo_toewijzing::judge::FeitSoort::*;
    let all = [
        Toegewezen,
        ToewijzingVervallen,
        ToewijzingGewijzigd,
        ToewijzingBeeindigd,
        Gestart,
        StartVervallen,
        Gestopt,
        StopVervallen,
    ];
    assert_eq!(all.map(|kind| kind.id()), ["E1", "E2", "E2b", "E2c", "E3", "E4", "E5", "E6"]);
}

//! What a retour says, beside what was done with it.

use super::*;
use crate::journal::EntryId;
use crate::view::{EntryFilter, StatistiekFilter};

/// A retour that refuses was processed and refuses: a list says both, and its filters find it by what it says.
#[test]
fn a_retour_that_refuses_is_not_called_approved() {
    let gateway = Gateway::open(&SimulatedDisk::new(4));
    let [approved, refused] = [("T1", 1), ("T2", 2)].map(|(name, number)| {
        let person = Person { bsn: bsn(number).leak(), ..PERSON };
        wmo301(envelope(name), &person, &order(100_100 + number)).unwrap()
    });
    for message in [&approved, &refused] {
        gateway.send("backoffice", message.encode()).unwrap();
    }
    let no = retour::Uitspraak::Header(vec!["0001".parse().unwrap()]);
    let given = [("H1", &approved, retour::Uitspraak::Goedgekeurd), ("H2", &refused, no.clone())]
        .map(|(name, message, says)| gateway.send("hvb", answer(message, name, says)).unwrap().id);
    // One that nobody waits for says what it says as well.
    let unmatched = gateway.send("hvb", answer(&refused, "H3", no)).unwrap().id;
    let shown = |id: &str| {
        let id: EntryId = id.parse().unwrap();
        let entry = gateway.engine.journal().get(id.chain, id.seq).unwrap().unwrap();
        let view = view::summarize(&entry).unwrap();
        let retour = view.retour;
        let found = |filter: EntryFilter| {
            assert_eq!(filter.wants(&view), filter.wants_label(&view::label(&entry)), "{filter:?}");
            filter.wants(&view)
        };
        let by_word = ["goedgekeurd", "afgekeurd"]
            .map(|word| found(EntryFilter { retour: Some(word.to_owned()), ..EntryFilter::default() }));
        assert_eq!(by_word, [retour == Some("goedgekeurd"), retour == Some("afgekeurd")]);
        let by_code = found(EntryFilter { code: Some("0001".to_owned()), ..EntryFilter::default() });
        assert_eq!(by_code, retour == Some("afgekeurd"));
        (view.uitkomst, retour, view.retourcodes)
    };
    let none = Vec::<String>::new();
    let codes = vec!["0001".to_owned()];
    assert_eq!(shown("0222:1"), ("goedgekeurd".to_owned(), None, none.clone()));
    assert_eq!(shown(&given[0]), ("verwerkt".to_owned(), Some("goedgekeurd"), none));
    assert_eq!(shown(&given[1]), ("verwerkt".to_owned(), Some("afgekeurd"), codes.clone()));
    assert_eq!(shown(&unmatched), ("zonder gevolg".to_owned(), Some("afgekeurd"), codes));

    let gemeenten = vec![Gemeente::new(GEMEENTE).unwrap()];
    let filter = StatistiekFilter { gemeenten, ..StatistiekFilter::default() };
    let figures = view::statistiek(&gateway.ledger, &filter).unwrap();
    let counted: Vec<_> = figures
        .berichten
        .iter()
        .filter(|row| row.bericht == "WMO302")
        .map(|row| (row.uitspraak.as_str(), row.aantal))
        .collect();
    assert_eq!(counted, [("afgekeurd", 1), ("goedgekeurd", 1), ("zonder_gevolg", 1)]);
    let refusals: Vec<_> = figures.afkeuringen.iter().map(|row| (row.code.as_str(), row.aantal)).collect();
    assert_eq!(refusals, [("0001", 1)]);
    gateway.stop();
}

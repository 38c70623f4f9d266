//! The rules of iEb 1.0.

use super::super::{ieb, outside};
use super::{Rule, own, rule};
use crate::messages::MessageKind::{Wmo401, Wmo403};
use crate::value::RetourCode;

/// In the order of the standard's list; those with a retourcode of their own come last.
pub(super) const RULES: &[Rule] = &[
    rule(
        "CS002",
        &[Wmo401, Wmo403],
        "Het BSN voldoet niet aan de elfproef.",
        "The BSN does not pass the eleven test.",
        ieb::cs002,
    ),
    rule(
        "CS125",
        &[Wmo401, Wmo403],
        "StatusAanlevering is 1 (eerste), 2 (wijziging) of 3 (verwijderen).",
        "StatusAanlevering is 1 (first), 2 (change) or 3 (delete).",
        ieb::cs125,
    ),
    rule(
        "CS332",
        &[Wmo401, Wmo403],
        "De datum ligt op of na 1 januari 2020.",
        "The date lies on or after 1 January 2020.",
        ieb::cs332,
    ),
    rule(
        "CS334",
        &[Wmo401],
        "KostprijsStartdatum ligt op of na EbStartdatum.",
        "KostprijsStartdatum lies on or after EbStartdatum.",
        ieb::cs334,
    ),
    rule(
        "TR112",
        &[Wmo401],
        "Een eerste EbStartdatum ligt ten hoogste twaalf maanden voor Dagtekening.",
        "A first EbStartdatum lies at most twelve months before Dagtekening.",
        ieb::tr112,
    ),
    rule(
        "TR113",
        &[Wmo401, Wmo403],
        "Een eerste datum ligt ten hoogste één maand na Dagtekening.",
        "A first date lies at most one month after Dagtekening.",
        ieb::tr113,
    ),
    rule(
        "TR116",
        &[Wmo403],
        "Een gewijzigde EbStopdatum ligt ten hoogste 36 maanden voor Dagtekening.",
        "A changed EbStopdatum lies at most 36 months before Dagtekening.",
        ieb::tr116,
    ),
    rule(
        "TR117",
        &[Wmo403],
        "Een gewijzigde EbStopdatum ligt ten hoogste één maand na Dagtekening.",
        "A changed EbStopdatum lies at most one month after Dagtekening.",
        ieb::tr117,
    ),
    own(
        "CS064",
        &[Wmo401, Wmo403],
        RetourCode::DAGTEKENING,
        "Dagtekening ligt niet na vandaag.",
        "Dagtekening does not lie after today.",
        outside::dagtekening,
    ),
    own(
        "CS300",
        &[Wmo401, Wmo403],
        RetourCode::GEMEENTE_ONBEKEND,
        "De gemeentecode staat in de lijst van gemeentecodes.",
        "The gemeentecode is in the list of gemeentecodes.",
        outside::gemeentecode,
    ),
];

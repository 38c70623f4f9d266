//! Why a notification to the CAK waits or needs a person, in words.

use super::Words;

/// Code, Dutch, English.
const REASONS: &[(&str, &str, &str)] = &[
    ("AFWIJKEND", "het CAK heeft andere gegevens dan wij", "the CAK holds other data than we do"),
    ("BEDENKTIJD", "bedenktijd", "held back for a correction"),
    (
        "BELASTING_ONBEKEND",
        "niet bekend of voor dit product een eigen bijdrage geldt",
        "nobody decided whether a contribution is due for this product",
    ),
    (
        "BESCHERMD_WONEN",
        "beschermd wonen heeft een eigen bijdrage met eigen berichten",
        "beschermd wonen has a contribution with messages of its own",
    ),
    ("DEFECT", "het CAK vond een technische fout (0001)", "the CAK found a technical fault (0001)"),
    ("EEN_WIJZIGING_PER_DAG", "een wijziging per dag (OP325)", "one change a day (OP325)"),
    (
        "EERDERE_BSN",
        "het CAK heeft nog perioden onder een onjuist BSN van deze persoon; die gaan eerst weg",
        "the CAK still holds periods under a wrong BSN of this person; those go first",
    ),
    (
        "BSN_ONGELDIG",
        "over dit BSN mag het CAK niets horen (CS002: elfproef, en niet 000000000); geef het juiste op (bsn)",
        "the CAK may hear nothing about this BSN (CS002: 11-proef, and not 000000000); state the right one (bsn)",
    ),
    (
        "GEEN_PLAN",
        "geen rij meldingen binnen de regels leidt naar wat het CAK moet weten",
        "no row of notifications within the rules leads to what the CAK must know",
    ),
    (
        "GEMEENTE_STIL",
        "de meldingen aan het CAK van deze gemeente staan stil",
        "the notifications of this gemeente to the CAK are stopped",
    ),
    (
        "GEMEENTE_ONBEKEND",
        "het CAK kent de gemeente niet (S300)",
        "the CAK does not know the gemeente (S300)",
    ),
    (
        "KOSTPRIJS_GEWEIGERD",
        "het CAK nam de kostprijs niet aan (S333): niet hoger dan het maandbedrag; controleer de opgave",
        "the CAK did not take the price (S333): no more than the amount a month; check the statement",
    ),
    (
        "KOSTPRIJS_OP",
        "van de kostprijs is niet meer dan een maandbedrag over; is hij bereikt, geef dat dan op",
        "no more than a month's amount is left of the price; state it when it is paid off",
    ),
    (
        "MOGELIJK_AANVAARD",
        "het CAK heeft dit EbStartNummer al, mogelijk van een melding van ons die nooit is beantwoord: ga na wat daar staat, geef dat op (bekend_bij_cak) en geef vrij",
        "the CAK has this EbStartNummer, perhaps of a notification of ours that was never answered: find out what stands there, state it (bekend_bij_cak) and release",
    ),
    ("NUMMERS_OP", "er is geen EbStartNummer meer", "no EbStartNummer is left"),
    ("ONBEKENDE_RETOUR", "een retour die bij geen bericht hoort", "a retour that answers no message"),
    (
        "OORZAAK_ONBEKEND",
        "het CAK keurde af zonder reden die wij kennen",
        "the CAK refused without a reason that we know",
    ),
    (
        "SCHEMA_ONGELDIG",
        "het CAK gaf een code die de release niet kent",
        "the CAK gave a code that the release does not know",
    ),
    (
        "STOP_OUD",
        "een stop van meer dan 36 maanden geleden is ingetrokken: het CAK herziet niet verder terug; spreek het af en geef de persoon vrij",
        "a stop of more than 36 months ago was taken back: the CAK revises no further back; settle it and release the person",
    ),
    (
        "TARIEF_ONBEKEND",
        "het maandbedrag van een jaar ontbreekt, dus wat van de kostprijs over is, is niet te berekenen; vul `tarief` aan",
        "the amount a month of a year is missing, so what is left of the price cannot be computed; complete `tarief`",
    ),
    ("TE_VEEL_PERIODEN", "meer perioden dan de planner vergelijkt", "more periods than the planner compares"),
    (
        "TE_VER_TERUG",
        "de start ligt verder terug dan een melding mag reiken (retro_maanden, 9114): geef een latere start op (eigen_datums), of kies retro_beleid knip",
        "the start lies further back than a notification may reach (retro_maanden, 9114): state a later start (eigen_datums), or choose retro_beleid knip",
    ),
    ("TE_VROEG", "te vroeg voor het CAK (9115)", "too early for the CAK (9115)"),
    (
        "TEGENSTRIJDIGE_RETOUR",
        "een tweede, andere retour op hetzelfde bericht",
        "a second, other retour on the same message",
    ),
    (
        "TRANSPORT",
        "het CAK heeft een melding niet aangenomen; verhelp de oorzaak en geef de persoon vrij (`iwmo work release`)",
        "the CAK did not take a notification; mend the cause and release the person (`iwmo work release`)",
    ),
    ("TWEEMAAL_GEWEIGERD", "tweemaal om dezelfde reden geweigerd", "refused twice for the same reason"),
    ("VASTGEHOUDEN", "een medewerker houdt de meldingen vast", "a person holds the notifications back"),
    (
        "VRIJSTELLING",
        "een vrijstelling die geen bericht kent: meld die zelf bij het CAK en geef daarna op dat het gemeld is",
        "an exemption that no message can tell: report it to the CAK yourself, then state that it was reported",
    ),
    (
        "WOONVOORZIENING_MINDERJARIGE",
        "woonvoorziening van een minderjarige: een ouder is mogelijk de eigen bijdrage verschuldigd",
        "woonvoorziening of a minor: a parent may owe the contribution",
    ),
];

/// Returns the words for reasons as the journal has them: codes, separated by commas.
#[must_use]
pub fn reason(codes: &str) -> Words {
    let words = |pick: fn(&(&'static str, &'static str, &'static str)) -> &'static str| {
        let one = |code| REASONS.iter().find(|(known, ..)| *known == code).map_or(code, pick);
        codes.split(',').map(one).collect::<Vec<_>>().join("; ")
    };
    Words::new(words(|(_, nl, _)| nl), words(|(_, _, en)| en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_reasons_and_one_of_a_later_release() {
        assert_eq!(reason("DEFECT").en, "the CAK found a technical fault (0001)");
        assert_eq!(reason("TE_VROEG,NIEUW").nl, "te vroeg voor het CAK (9115); NIEUW");
    }

    #[test]
    fn every_code_has_words_once() {
        let mut codes: Vec<&str> = REASONS.iter().map(|(code, ..)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), REASONS.len());
    }
}

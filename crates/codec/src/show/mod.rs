//! A message for people to read: the elements of the standard, indented, codes with what they mean. Personal values
//! are shown: who asks for a message asks for them.

mod codes;

use std::fmt::Write;

use crate::messages::{Message, Sink, local_name};
use crate::report::Lang;
use crate::stuf::Envelope;
use crate::value::Leaf;

pub use codes::meaning;

const INDENT: &str = "  ";

/// Renders a message, one element a line.
#[must_use]
pub fn show(message: &Message, lang: Lang) -> String {
    let kind = message.kind();
    let mut view = View { out: format!("{kind} ({})\n", kind.release()), open: Vec::new(), lang };
    message.visit(&mut view);
    view.out
}

/// Renders an envelope of the GGk, one element a line; the message in it is left out.
#[must_use]
pub fn envelope(envelope: &Envelope, lang: Lang) -> String {
    let mut view = View { out: format!("{} (StUF 03.01)\n", envelope.berichtcode()), open: Vec::new(), lang };
    envelope.visit(&mut view);
    view.out
}

/// The elements of an envelope that hold a message.
const CARRIED: &[&str] = &["xmlBestand", "tekstBestand"];

struct View {
    out: String,
    open: Vec<&'static str>,
    lang: Lang,
}

impl View {
    fn name(&mut self, name: &str, number: Option<usize>) {
        for _ in 0..=self.open.len() {
            self.out.push_str(INDENT);
        }
        self.out.push_str(name);
        if let Some(number) = number {
            // Writing to a String cannot fail.
            let _ = write!(self.out, " {number}");
        }
    }
}

impl Sink for View {
    fn value(&mut self, tag: &'static str, _number: Option<usize>, value: &impl Leaf) {
        let name = local_name(tag);
        if CARRIED.contains(&name) {
            return;
        }
        let parent = self.open.last().copied().unwrap_or_default();
        let text = value.lexical();
        self.name(name, None);
        self.out.push_str(": ");
        // A text of several lines stays in its column.
        let mut lines = text.lines();
        self.out.push_str(lines.next().unwrap_or_default());
        for line in lines {
            self.out.push('\n');
            self.name("| ", None);
            self.out.push_str(line);
        }
        if let Some(meaning) = meaning(parent, name, &text, self.lang) {
            self.out.push_str("  ");
            self.out.push_str(&meaning);
        }
        self.out.push('\n');
    }

    fn begin(&mut self, tag: &'static str, number: Option<usize>) {
        let name = local_name(tag);
        self.name(name, number);
        self.out.push('\n');
        self.open.push(name);
    }

    fn end(&mut self, _tag: &'static str) {
        self.open.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::show;
    use crate::messages::{Message, MessageKind};
    use crate::report::Lang;
    use crate::schema::Schemas;

    fn fixture(kind: &str) -> Message {
        let path = format!("{}/../../fixtures/valid/{kind}.xml", env!("CARGO_MANIFEST_DIR"));
        Schemas::bundled().decode(&std::fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn a_retour_is_readable() {
        let text = show(&fixture("WMO404"), Lang::Nl);
        let expected = "\
WMO404 (iEb 1.0)
  Header
    BerichtCode: 473
    BerichtVersie: 1
    BerichtSubversie: 0
    Afzender: 0222
    BerichtIdentificatie
      Identificatie: D403-0001
      Dagtekening: 2026-09-01
    XsdVersie
      BasisschemaXsdVersie: 1.2.0
      BerichtXsdVersie: 1.2.0
    IdentificatieRetour: RD403-0001
    DagtekeningRetour: 2026-09-01
    XsdVersieRetour
      BasisschemaXsdVersie: 1.2.0
      BerichtXsdVersie: 1.2.0
    RetourCodes
      RetourCode: 0200  geen opmerking
  Client
    Bsn: 999900006
    StopEigenBijdrage
      EbStartNummer: 1001
      EbStopdatum: 2026-08-31
      StatusAanlevering: 1  eerste aanlevering
      RetourCodes
        RetourCode: 9330  er is geen geldige start met dit nummer
    RetourCodes
      RetourCode: 0200  geen opmerking
";
        assert_eq!(text, expected);
    }

    #[test]
    fn codes_are_explained_by_where_they_stand() {
        let text = show(&fixture("WMO301"), Lang::En);
        for line in [
            "    Geslacht: 2  female",
            "        Soort: 15  mentor",
            "          Soort: 03  place of stay",
            "      Contact 2",
            "        Soort: 04  temporary address",
            "          Categorie: 01  domestic help",
            "          Eenheid: 01  minutes",
            "          Frequentie: 2  per week",
            "        RedenWijziging: 05  reassessed, shortened",
            "        Budget: 450000  EUR 4500.00",
            "    Commentaar: Belt liever niet; schrijf een brief & houd het kort.",
            "    | Tweede regel <met haken>.",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
        }
    }

    /// Every code that a fixture shows has its meaning, in both languages.
    #[test]
    fn every_kind_is_shown_whole() {
        for kind in MessageKind::ALL {
            let message = fixture(kind.name());
            let leaves = message.to_json().matches("\":\"").count();
            for lang in [Lang::Nl, Lang::En] {
                let text = show(&message, lang);
                let shown = text.lines().filter(|line| line.contains(": ")).count();
                // The two names in the envelope of the JSON are not leaves; codes in lists are, without a key.
                let listed = text.matches("RetourCode: ").count();
                assert_eq!(shown, leaves - 2 + listed, "{kind}");
                for explained in
                    ["RetourCode: ", "Categorie: ", "StatusAanlevering: ", "Eenheid: ", "Soort: "]
                {
                    for line in text.lines().filter(|line| line.trim_start().starts_with(explained)) {
                        assert_eq!(line.trim_start().splitn(3, ' ').count(), 3, "{line}");
                        assert!(line.contains("  "), "{line}");
                    }
                }
            }
        }
    }
}

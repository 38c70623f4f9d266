//! The six envelopes, read and written.

use super::SENT_BYTES_MAX;
use super::fout::Fout;
use super::parts::{Adres, Bestand, FourDigits, Systeem, Versie};
use super::values::{Refnummer, Tijdstip};
use crate::messages::{Class, Reader, Root, Sink};
use crate::report::{Report, Text};
use crate::validate::Walk;

const GGK: &str = "http://www.stufstandaarden.nl/koppelvlak/ggk0210";
const STUF: &str = "http://www.egem.nl/StUF/StUF0301";

/// An envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Envelope {
    /// A message that asks: a heenbericht.
    Di01(Vrijbericht),
    /// A message that answers: a retour.
    Du01(Vrijbericht),
    /// A message is stored, and its stuurgegevens are in order.
    Bv03(Bevestiging),
    /// A message will be delivered; an intermediate node says so.
    Bv04(Bevestiging),
    /// A message that was taken in is refused.
    Fo01(Foutbericht),
    /// A message is not taken in.
    Fo03(Foutbericht),
}

/// A Di01 or a Du01.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vrijbericht {
    /// From whom to whom.
    pub adres: Adres,
    /// Its own number, a UUID of version 4.
    pub refnummer: Refnummer,
    /// When it was made.
    pub tijdstip: Tijdstip,
    /// The number of the Di01 that a Du01 answers.
    pub cross_refnummer: Option<Refnummer>,
    /// The kind of message, as `WMO301`.
    pub functie: String,
    /// The version of the program of the sender.
    pub applicatie_versie: Versie,
    /// The version of the message.
    pub functie_versie: Versie,
    /// The message.
    pub bestand: Bestand,
}

/// A Bv03 or a Bv04.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bevestiging {
    /// From whom to whom.
    pub adres: Adres,
    /// Its own number.
    pub refnummer: Refnummer,
    /// When it was made.
    pub tijdstip: Tijdstip,
    /// The number of the message that was taken in.
    pub cross_refnummer: Refnummer,
}

/// A Fo01 or a Fo03.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foutbericht {
    /// From whom to whom, when and about what.
    pub kop: Bevestiging,
    /// Why.
    pub fout: Fout,
}

/// An envelope is too large to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the envelope has {bytes} bytes, more than the {SENT_BYTES_MAX} that may be sent")]
pub struct EnvelopeTooLarge {
    /// The bytes it would have.
    pub bytes: usize,
}

impl Envelope {
    /// Reads an envelope that is well-formed and valid by its schema.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn read(xml: &[u8]) -> Result<Self, Report> {
        let schemas = super::schemas();
        let mut walk = Walk::new(&schemas, xml);
        let code = walk.root().and_then(|(_, name)| code_of(name));
        let mut reader = Reader::new(walk);
        let envelope = match code {
            Some("Di01") => reader.class().map(|Di01(bericht)| Self::Di01(bericht)),
            Some("Du01") => reader.class().map(|Du01(bericht)| Self::Du01(bericht)),
            Some("Bv03") => reader.class().map(|Bv03(bericht)| Self::Bv03(bericht)),
            Some("Bv04") => reader.class().map(|Bv04(bericht)| Self::Bv04(bericht)),
            Some("Fo01") => reader.class().map(|Fo01(bericht)| Self::Fo01(bericht)),
            Some("Fo03") => reader.class().map(|Fo03(bericht)| Self::Fo03(bericht)),
            _ => None,
        };
        let (walk, complete) = reader.into_walk();
        let mut report = walk.finish();
        name_report(&mut report, code);
        match envelope.filter(|_| complete && report.is_valid()) {
            Some(envelope) => Ok(envelope),
            None => {
                if report.is_valid() {
                    // The schema allows nothing that an envelope cannot hold; were it so, it is refused all the same.
                    report.diagnostics.push(unreadable());
                }
                Err(report)
            }
        }
    }

    /// Writes it. It is valid when its values are: lengths and patterns are for [`super::validate`] to judge.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self.clone() {
            Self::Di01(bericht) => Di01(bericht).encode_document(),
            Self::Du01(bericht) => Du01(bericht).encode_document(),
            Self::Bv03(bericht) => Bv03(bericht).encode_document(),
            Self::Bv04(bericht) => Bv04(bericht).encode_document(),
            Self::Fo01(bericht) => Fo01(bericht).encode_document(),
            Self::Fo03(bericht) => Fo03(bericht).encode_document(),
        }
    }

    /// Writes it to be sent.
    ///
    /// # Errors
    ///
    /// It would have more than [`super::SENT_BYTES_MAX`] bytes; one that was received may have some more.
    pub fn encode_to_send(&self) -> Result<Vec<u8>, EnvelopeTooLarge> {
        let xml = self.encode();
        let bytes = xml.len();
        if bytes > SENT_BYTES_MAX { Err(EnvelopeTooLarge { bytes }) } else { Ok(xml) }
    }

    /// Shows its elements, one after the other.
    pub(crate) fn visit(&self, sink: &mut impl Sink) {
        match self {
            Self::Di01(bericht) | Self::Du01(bericht) => bericht.visit(sink, self.berichtcode()),
            Self::Bv03(bericht) | Self::Bv04(bericht) => bericht.visit(sink, self.berichtcode()),
            Self::Fo01(bericht) | Self::Fo03(bericht) => bericht.visit(sink, self.berichtcode()),
        }
    }

    /// Returns the code of its kind, as `Di01`.
    #[must_use]
    pub const fn berichtcode(&self) -> &'static str {
        match self {
            Self::Di01(_) => "Di01",
            Self::Du01(_) => "Du01",
            Self::Bv03(_) => "Bv03",
            Self::Bv04(_) => "Bv04",
            Self::Fo01(_) => "Fo01",
            Self::Fo03(_) => "Fo03",
        }
    }

    /// Returns from whom it comes and for whom it is.
    #[must_use]
    pub const fn adres(&self) -> &Adres {
        match self {
            Self::Di01(bericht) | Self::Du01(bericht) => &bericht.adres,
            Self::Bv03(bericht) | Self::Bv04(bericht) => &bericht.adres,
            Self::Fo01(bericht) | Self::Fo03(bericht) => &bericht.kop.adres,
        }
    }

    /// Returns its number.
    #[must_use]
    pub const fn refnummer(&self) -> &Refnummer {
        match self {
            Self::Di01(bericht) | Self::Du01(bericht) => &bericht.refnummer,
            Self::Bv03(bericht) | Self::Bv04(bericht) => &bericht.refnummer,
            Self::Fo01(bericht) | Self::Fo03(bericht) => &bericht.kop.refnummer,
        }
    }

    /// Returns the number of the envelope that it is about.
    #[must_use]
    pub const fn cross_refnummer(&self) -> Option<&Refnummer> {
        match self {
            Self::Di01(_) => None,
            Self::Du01(bericht) => bericht.cross_refnummer.as_ref(),
            Self::Bv03(bericht) | Self::Bv04(bericht) => Some(&bericht.cross_refnummer),
            Self::Fo01(bericht) | Self::Fo03(bericht) => Some(&bericht.kop.cross_refnummer),
        }
    }

    /// Returns the Bv03 that says it is taken in.
    #[must_use]
    pub fn acknowledge(&self, refnummer: Refnummer, tijdstip: Tijdstip) -> Self {
        Self::Bv03(self.reply(refnummer, tijdstip))
    }

    /// Returns the Fo03 that refuses it at once.
    #[must_use]
    pub fn refuse(&self, fout: Fout, refnummer: Refnummer, tijdstip: Tijdstip) -> Self {
        Self::Fo03(Foutbericht { kop: self.reply(refnummer, tijdstip), fout })
    }

    /// Returns the Fo01 that refuses what was taken in; none where that would answer an error with an error.
    #[must_use]
    pub fn reject(&self, fout: Fout, refnummer: Refnummer, tijdstip: Tijdstip) -> Option<Self> {
        let answers = matches!(self, Self::Di01(_) | Self::Du01(_));
        answers.then(|| Self::Fo01(Foutbericht { kop: self.reply(refnummer, tijdstip), fout }))
    }

    fn reply(&self, refnummer: Refnummer, tijdstip: Tijdstip) -> Bevestiging {
        Bevestiging {
            adres: self.adres().reversed(),
            refnummer,
            tijdstip,
            cross_refnummer: self.refnummer().clone(),
        }
    }
}

/// Returns the code of the envelope whose document element has this name.
pub(super) fn code_of(root: &str) -> Option<&'static str> {
    Some(match root {
        "envelopHeenbericht-ggk_Di01" => "Di01",
        "envelopRetourbericht-ggk_Du01" => "Du01",
        "Bv03Bericht" => "Bv03",
        "Bv04Bericht" => "Bv04",
        "Fo01Bericht" => "Fo01",
        "Fo03Bericht" => "Fo03",
        _ => return None,
    })
}

/// Says in a report which envelope it is about.
pub(super) fn name_report(report: &mut Report, code: Option<&'static str>) {
    report.message = code;
    report.release = code.map(|_| "StUF 03.01");
}

fn unreadable() -> crate::report::Diagnostic {
    crate::report::Diagnostic {
        severity: crate::report::Severity::Error,
        stage: crate::report::Stage::Schema,
        rule: "cvc-elt.1",
        line: 1,
        column: 1,
        offset: 0,
        path: "/".to_owned(),
        message: Text::fixed("Dit is geen envelop van het GGk.", "This is no envelope of the GGk."),
        hint: None,
        value: None,
        personal: true,
        retourcode: None,
    }
}

/// The stuurgegevens of any envelope: the elements that it may have, in the order of the schema.
struct Stuurgegevens {
    adres: Adres,
    refnummer: Refnummer,
    tijdstip: Tijdstip,
    cross_refnummer: Option<Refnummer>,
    functie: Option<String>,
}

impl Stuurgegevens {
    /// `crossed`: it has a crossRefnummer, before a functie if it has that too.
    fn decode(reader: &mut Reader<'_, '_>, crossed: bool) -> Option<Self> {
        let (mut zender, mut ontvanger, mut refnummer, mut tijdstip) = (None, None, None, None);
        let (mut cross_refnummer, mut functie) = (None, None);
        while let Some(child) = reader.child() {
            match child {
                // The element itself says which code it is.
                0 => drop(reader.leaf::<String>()),
                1 => zender = reader.class::<Systeem>(),
                2 => ontvanger = reader.class::<Systeem>(),
                3 => refnummer = reader.leaf(),
                4 => tijdstip = reader.leaf(),
                5 if crossed => cross_refnummer = reader.leaf(),
                _ => functie = reader.leaf(),
            }
        }
        Some(Self {
            adres: Adres { zender: zender?, ontvanger: ontvanger? },
            refnummer: refnummer?,
            tijdstip: tijdstip?,
            cross_refnummer,
            functie,
        })
    }
}

fn visit_stuurgegevens(
    sink: &mut impl Sink,
    (tag, code): (&'static str, &str),
    adres: &Adres,
    (refnummer, tijdstip): (&Refnummer, &Tijdstip),
    cross_refnummer: Option<&Refnummer>,
    functie: Option<&String>,
) {
    sink.begin(tag, None);
    sink.leaf("StUF:berichtcode", &code.to_owned());
    sink.class("StUF:zender", &adres.zender);
    sink.class("StUF:ontvanger", &adres.ontvanger);
    sink.leaf("StUF:referentienummer", refnummer);
    sink.leaf("StUF:tijdstipBericht", tijdstip);
    if let Some(cross_refnummer) = cross_refnummer {
        sink.leaf("StUF:crossRefnummer", cross_refnummer);
    }
    if let Some(functie) = functie {
        sink.leaf("StUF:functie", functie);
    }
    sink.end(tag);
}

/// The parameters of a Di01 or Du01.
struct Parameters {
    applicatie_versie: Versie,
    functie_versie: Versie,
    bestand: Bestand,
}

impl Class for Parameters {
    fn decode(reader: &mut Reader<'_, '_>) -> Option<Self> {
        let mut versies: [Option<FourDigits>; 4] = [None; 4];
        let mut bestand = None;
        while let Some(child) = reader.child() {
            match versies.get_mut(usize::from(child)) {
                Some(versie) => *versie = reader.leaf(),
                None => bestand = reader.class(),
            }
        }
        let [applicatie, applicatie_sub, functie, functie_sub] = versies;
        Some(Self {
            applicatie_versie: Versie::new(applicatie?.0, applicatie_sub?.0),
            functie_versie: Versie::new(functie?.0, functie_sub?.0),
            bestand: bestand?,
        })
    }

    fn visit(&self, sink: &mut impl Sink) {
        let (versie, subversie) = self.applicatie_versie.leaves();
        sink.leaf("GGK:applicatieVersie", &versie);
        sink.leaf("GGK:applicatieSubversie", &subversie);
        let (versie, subversie) = self.functie_versie.leaves();
        sink.leaf("GGK:functieVersie", &versie);
        sink.leaf("GGK:functieSubversie", &subversie);
        sink.class("GGK:bericht", &self.bestand);
    }
}

impl Vrijbericht {
    fn decode(reader: &mut Reader<'_, '_>, crossed: bool) -> Option<Self> {
        let mut stuurgegevens = None;
        let mut parameters: Option<Parameters> = None;
        while let Some(child) = reader.child() {
            match child {
                0 => stuurgegevens = Stuurgegevens::decode(reader, crossed),
                _ => parameters = reader.class(),
            }
        }
        let (stuurgegevens, parameters) = (stuurgegevens?, parameters?);
        Some(Self {
            adres: stuurgegevens.adres,
            refnummer: stuurgegevens.refnummer,
            tijdstip: stuurgegevens.tijdstip,
            cross_refnummer: stuurgegevens.cross_refnummer,
            functie: stuurgegevens.functie?,
            applicatie_versie: parameters.applicatie_versie,
            functie_versie: parameters.functie_versie,
            bestand: parameters.bestand,
        })
    }

    fn visit(&self, sink: &mut impl Sink, code: &str) {
        visit_stuurgegevens(
            sink,
            ("GGK:stuurgegevens", code),
            &self.adres,
            (&self.refnummer, &self.tijdstip),
            self.cross_refnummer.as_ref(),
            Some(&self.functie),
        );
        let parameters = Parameters {
            applicatie_versie: self.applicatie_versie,
            functie_versie: self.functie_versie,
            bestand: self.bestand.clone(),
        };
        sink.class("GGK:parameters", &parameters);
    }
}

impl Bevestiging {
    fn from_stuurgegevens(stuurgegevens: Stuurgegevens) -> Option<Self> {
        Some(Self {
            adres: stuurgegevens.adres,
            refnummer: stuurgegevens.refnummer,
            tijdstip: stuurgegevens.tijdstip,
            cross_refnummer: stuurgegevens.cross_refnummer?,
        })
    }

    fn decode(reader: &mut Reader<'_, '_>) -> Option<Self> {
        let mut stuurgegevens = None;
        while reader.child().is_some() {
            stuurgegevens = Stuurgegevens::decode(reader, true);
        }
        Self::from_stuurgegevens(stuurgegevens?)
    }

    fn visit(&self, sink: &mut impl Sink, code: &str) {
        let numbers = (&self.refnummer, &self.tijdstip);
        let crossed = Some(&self.cross_refnummer);
        visit_stuurgegevens(sink, ("StUF:stuurgegevens", code), &self.adres, numbers, crossed, None);
    }
}

impl Foutbericht {
    fn decode(reader: &mut Reader<'_, '_>) -> Option<Self> {
        let (mut stuurgegevens, mut fout) = (None, None);
        while let Some(child) = reader.child() {
            match child {
                0 => stuurgegevens = Stuurgegevens::decode(reader, true),
                _ => fout = reader.class(),
            }
        }
        Some(Self { kop: Bevestiging::from_stuurgegevens(stuurgegevens?)?, fout: fout? })
    }

    fn visit(&self, sink: &mut impl Sink, code: &str) {
        self.kop.visit(sink, code);
        sink.class("StUF:body", &self.fout);
    }
}

/// Makes a document element of one of the shapes above.
macro_rules! root {
    ($kind:ident, $shape:ident, $tag:literal, $namespaces:expr $(, $crossed:literal)?) => {
        struct $kind($shape);

        impl Class for $kind {
            fn decode(reader: &mut Reader<'_, '_>) -> Option<Self> {
                $shape::decode(reader $(, $crossed)?).map(Self)
            }

            fn visit(&self, sink: &mut impl Sink) {
                self.0.visit(sink, stringify!($kind));
            }
        }

        impl Root for $kind {
            const TAG: &'static str = $tag;
            const NAMESPACES: &'static [(&'static str, &'static str)] = $namespaces;
        }
    };
}

root!(Di01, Vrijbericht, "GGK:envelopHeenbericht-ggk_Di01", &[("GGK", GGK), ("StUF", STUF)], false);
root!(Du01, Vrijbericht, "GGK:envelopRetourbericht-ggk_Du01", &[("GGK", GGK), ("StUF", STUF)], true);
root!(Bv03, Bevestiging, "StUF:Bv03Bericht", &[("StUF", STUF)]);
root!(Bv04, Bevestiging, "StUF:Bv04Bericht", &[("StUF", STUF)]);
root!(Fo01, Foutbericht, "StUF:Fo01Bericht", &[("StUF", STUF)]);
root!(Fo03, Foutbericht, "StUF:Fo03Bericht", &[("StUF", STUF)]);

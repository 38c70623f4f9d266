//! The message in an envelope: putting it in, and taking it out.

use super::envelope::Vrijbericht;
use super::parts::{Adres, Bestand, Versie};
use super::values::{Refnummer, Tijdstip};
use crate::Private;
use crate::messages::{MessageKind, Release};

/// Why an envelope holds no message for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadProblem {
    /// The functie is not the name of a message.
    FunctieUnknown,
    /// A heenbericht in a Du01, or a retour in a Di01.
    FunctieMisplaced,
    /// A file that is not XML.
    NotXml,
    /// Nothing at all, which the schema allows.
    Empty,
}

impl PayloadProblem {
    /// Returns the code of the error to answer with.
    #[must_use]
    pub const fn stuf_code(self) -> &'static str {
        match self {
            Self::FunctieUnknown => "StUF034",
            Self::FunctieMisplaced => "StUF040",
            Self::NotXml | Self::Empty => "StUF055",
        }
    }
}

impl Vrijbericht {
    /// Puts a message into an envelope, byte for byte; for a Du01 it still needs
    /// [`answering`](Vrijbericht::answering).
    #[must_use]
    pub fn wrap(
        kind: MessageKind,
        xml: Vec<u8>,
        adres: Adres,
        refnummer: Refnummer,
        tijdstip: Tijdstip,
        applicatie_versie: Versie,
    ) -> Self {
        let functie_versie = match kind.release() {
            Release::Iwmo3_2 => Versie::new(3, 2),
            Release::Ieb1_0 => Versie::new(1, 0),
        };
        Self {
            adres,
            refnummer,
            tijdstip,
            cross_refnummer: None,
            functie: kind.name().to_owned(),
            applicatie_versie,
            functie_versie,
            bestand: Bestand::Xml(Private::new(xml)),
        }
    }

    /// Names the envelope that this one answers.
    #[must_use]
    pub fn answering(mut self, refnummer: Refnummer) -> Self {
        self.cross_refnummer = Some(refnummer);
        self
    }

    /// Takes the message out: its kind by the functie, and its bytes, which nobody has judged yet. `retour`: it came
    /// in a Du01.
    ///
    /// # Errors
    ///
    /// When there is no message of ours in it.
    pub fn payload(&self, retour: bool) -> Result<(MessageKind, &[u8]), PayloadProblem> {
        let kind = MessageKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == self.functie)
            .ok_or(PayloadProblem::FunctieUnknown)?;
        // The 325 answers a 323 without being its retour: it is seen in either envelope.
        if kind != MessageKind::Wmo325 && kind.is_retour() != retour {
            return Err(PayloadProblem::FunctieMisplaced);
        }
        match &self.bestand {
            Bestand::Tekst { .. } => Err(PayloadProblem::NotXml),
            Bestand::Xml(xml) if xml.expose().is_empty() => Err(PayloadProblem::Empty),
            Bestand::Xml(xml) => Ok((kind, xml.expose())),
        }
    }
}

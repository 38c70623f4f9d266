//! What envelopes are made of: parties, versions, and what is carried.

use std::borrow::Cow;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Private;
use crate::messages::{Class, Reader, Sink};
use crate::value::{Leaf, LexicalError};

/// A party and its program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Systeem {
    /// A gemeentecode, an AGB code or a name as `CAK`; only in errors and acknowledgements it may be absent.
    pub organisatie: Option<String>,
    /// The program that made the message; as receiver always `GGk`.
    pub applicatie: String,
    /// The gemeente or the body that acts for it.
    pub administratie: Option<String>,
    /// Means nothing, and may be a person.
    pub gebruiker: Option<Private<String>>,
}

impl Systeem {
    /// Returns a party without more.
    #[must_use]
    pub fn new(organisatie: &str, applicatie: &str) -> Self {
        Self {
            organisatie: Some(organisatie.to_owned()),
            applicatie: applicatie.to_owned(),
            administratie: None,
            gebruiker: None,
        }
    }
}

impl Class for Systeem {
    fn decode(reader: &mut Reader<'_, '_>) -> Option<Self> {
        let (mut organisatie, mut applicatie, mut administratie, mut gebruiker) = (None, None, None, None);
        while let Some(child) = reader.child() {
            match child {
                0 => organisatie = reader.leaf(),
                1 => applicatie = reader.leaf(),
                2 => administratie = reader.leaf(),
                3 => gebruiker = reader.leaf(),
                _ => {}
            }
        }
        Some(Self { organisatie, applicatie: applicatie?, administratie, gebruiker })
    }

    fn visit(&self, sink: &mut impl Sink) {
        if let Some(organisatie) = &self.organisatie {
            sink.leaf("StUF:organisatie", organisatie);
        }
        sink.leaf("StUF:applicatie", &self.applicatie);
        if let Some(administratie) = &self.administratie {
            sink.leaf("StUF:administratie", administratie);
        }
        if let Some(gebruiker) = &self.gebruiker {
            sink.leaf("StUF:gebruiker", gebruiker);
        }
    }
}

/// From whom to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adres {
    /// Who sends.
    pub zender: Systeem,
    /// To whom.
    pub ontvanger: Systeem,
}

impl Adres {
    /// Returns the address of an answer.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self { zender: self.ontvanger.clone(), ontvanger: self.zender.clone() }
    }
}

/// A version and subversion, of four digits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versie {
    versie: u16,
    subversie: u16,
}

/// The largest number of four digits.
const VERSIE_MAX: u16 = 9999;

impl Versie {
    /// Returns a version; a number of more than four digits becomes the largest of four.
    #[must_use]
    pub const fn new(versie: u16, subversie: u16) -> Self {
        const fn four(number: u16) -> u16 {
            if number > VERSIE_MAX { VERSIE_MAX } else { number }
        }
        Self { versie: four(versie), subversie: four(subversie) }
    }

    /// Returns version and subversion.
    #[must_use]
    pub const fn numbers(self) -> (u16, u16) {
        (self.versie, self.subversie)
    }

    pub(super) const fn leaves(self) -> (FourDigits, FourDigits) {
        (FourDigits(self.versie), FourDigits(self.subversie))
    }
}

/// A number written with four digits.
#[derive(Clone, Copy)]
pub(super) struct FourDigits(pub(super) u16);

impl FromStr for FourDigits {
    type Err = LexicalError;

    fn from_str(text: &str) -> Result<Self, LexicalError> {
        let digits = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| digits).map(Self).ok_or(LexicalError::new("four digits"))
    }
}

impl Leaf for FourDigits {
    fn from_lexical(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn lexical(&self) -> Cow<'_, str> {
        Cow::Owned(format!("{:04}", self.0))
    }
}

/// What an envelope carries, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bestand {
    /// An XML document, as the messages of iWmo are.
    Xml(Private<Vec<u8>>),
    /// Anything else, with a name that is never to be used as a path.
    Tekst {
        /// The name.
        bestandsnaam: String,
        /// The bytes.
        inhoud: Private<Vec<u8>>,
    },
}

/// Bytes as base64.
struct Base64(Vec<u8>);

impl Leaf for Base64 {
    fn from_lexical(text: &str) -> Option<Self> {
        // Single spaces are what is left of white space; XML Schema allows it anywhere in base64.
        if text.contains(' ') {
            let text: String = text.split(' ').collect();
            return STANDARD.decode(text).ok().map(Self);
        }
        STANDARD.decode(text).ok().map(Self)
    }

    fn lexical(&self) -> Cow<'_, str> {
        Cow::Owned(STANDARD.encode(&self.0))
    }
}

impl Class for Bestand {
    fn decode(reader: &mut Reader<'_, '_>) -> Option<Self> {
        let mut bestand = None;
        while let Some(child) = reader.child() {
            let bestandsnaam = reader.attribute("bestandsnaam");
            let inhoud = reader.leaf().map(|Base64(inhoud)| Private::new(inhoud));
            bestand = match child {
                0 => inhoud
                    .zip(bestandsnaam)
                    .map(|(inhoud, bestandsnaam)| Self::Tekst { bestandsnaam, inhoud }),
                _ => inhoud.map(Self::Xml),
            };
        }
        bestand
    }

    fn visit(&self, sink: &mut impl Sink) {
        match self {
            Self::Xml(inhoud) => sink.leaf("GGK:xmlBestand", &Base64Of(inhoud.expose())),
            Self::Tekst { bestandsnaam, inhoud } => {
                sink.leaf_with(
                    "GGK:tekstBestand",
                    ("bestandsnaam", bestandsnaam),
                    &Base64Of(inhoud.expose()),
                );
            }
        }
    }
}

/// Bytes to be written as base64, in one unbroken run.
struct Base64Of<'b>(&'b [u8]);

impl Leaf for Base64Of<'_> {
    fn from_lexical(_text: &str) -> Option<Self> {
        None
    }

    fn lexical(&self) -> Cow<'_, str> {
        Cow::Owned(STANDARD.encode(self.0))
    }
}

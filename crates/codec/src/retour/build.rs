//! Making a retour.

use std::fmt;

use super::copy::{Codes, copy};
use super::view::judged_classes;
use crate::messages::ieb_1_0::basisschema::RETOUR_CODES as IEB_CODES;
use crate::messages::iwmo_3_2::basisschema::RETOUR_CODES as IWMO_CODES;
use crate::messages::{Message, MessageKind, Release};
use crate::value::{Datum, RetourCode};

/// The characters of an IdentificatieRetour.
const IDENTIFICATIE_CHARS_MAX: usize = 12;

/// What is answered, and under what name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// IdentificatieRetour: 1 to 12 characters, not all white space, unique for the one who answers.
    pub identificatie_retour: String,
    /// DagtekeningRetour.
    pub dagtekening_retour: Datum,
    /// XsdVersieRetour; none: the version of the bundled schemas.
    pub xsd_versie_retour: Option<XsdVersies>,
    /// The outcome.
    pub uitspraak: Uitspraak,
}

/// The versions of the schemas a retour is made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XsdVersies {
    /// BasisschemaXsdVersie.
    pub basisschema: String,
    /// BerichtXsdVersie.
    pub bericht: String,
}

impl XsdVersies {
    /// The versions of the bundled schemas.
    #[must_use]
    pub fn bundled(release: Release) -> Self {
        let version = match release {
            Release::Iwmo3_2 => "1.0.0",
            Release::Ieb1_0 => "1.2.0",
        };
        Self { basisschema: version.to_owned(), bericht: version.to_owned() }
    }
}

/// The outcome of judging a heenbericht. A message is approved or refused as a whole (IV032).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uitspraak {
    /// Approved: a header without codes.
    Goedgekeurd,
    /// Refused by its header, or by its own rules (0001): a header with these codes, no body.
    Header(Vec<RetourCode>),
    /// Refused by classes: the whole body, with these codes for each of [`judged_classes`], in that order; a class
    /// without codes gets 0200.
    Klassen(Vec<Vec<RetourCode>>),
}

/// A verdict that no retour can be made of. Our caller's mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetourError {
    /// There is no retour on this kind of message.
    NoRetour(MessageKind),
    /// IdentificatieRetour is empty, blank or longer than 12 characters.
    Identificatie,
    /// There must be codes for so many classes, and there are codes for other than that.
    Classes {
        /// How many classes are judged.
        expected: usize,
        /// For how many there are codes.
        found: usize,
    },
    /// A refusal without a code that refuses.
    NothingWrong,
    /// The code is not on the list of the standard.
    UnknownCode(RetourCode),
    /// The code may not stand there: 0001 alone in a header, 0200 and 0233 only at classes.
    Misplaced(RetourCode),
}

impl fmt::Display for RetourError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRetour(kind) => write!(f, "there is no retour on a {kind}"),
            Self::Identificatie => {
                f.write_str("IdentificatieRetour must have 1 to 12 characters, not all blank")
            }
            Self::Classes { expected, found } => {
                write!(f, "codes for {found} classes, where {expected} are judged")
            }
            Self::NothingWrong => f.write_str("a refusal needs a code that refuses"),
            Self::UnknownCode(code) => write!(f, "{code} is not a retourcode of this standard"),
            Self::Misplaced(code) => write!(f, "{code} may not stand there"),
        }
    }
}

impl std::error::Error for RetourError {}

/// Makes the retour on a heenbericht. The header is copied, sender and receiver not swapped; the codes of a class
/// are sorted, each once (D18).
///
/// # Errors
///
/// A message without retour, or a verdict that contradicts itself or the code list.
pub fn retour(heenbericht: &Message, verdict: &Verdict) -> Result<Message, RetourError> {
    let kind = heenbericht.kind();
    if kind.retour().is_none() {
        return Err(RetourError::NoRetour(kind));
    }
    let identificatie = &verdict.identificatie_retour;
    if identificatie.trim().is_empty() || identificatie.chars().count() > IDENTIFICATIE_CHARS_MAX {
        return Err(RetourError::Identificatie);
    }
    let (header, klassen) = match &verdict.uitspraak {
        Uitspraak::Goedgekeurd => (Vec::new(), None),
        Uitspraak::Header(codes) => (header_codes(kind, codes)?, None),
        Uitspraak::Klassen(klassen) => {
            (vec![RetourCode::GEEN_OPMERKING], Some(class_codes(heenbericht, klassen)?))
        }
    };
    let versies = verdict.xsd_versie_retour.clone().unwrap_or_else(|| XsdVersies::bundled(kind.release()));
    copy(heenbericht, verdict, &versies, header, klassen.map(Codes::new)).ok_or(RetourError::NoRetour(kind))
}

fn known(kind: MessageKind, code: RetourCode) -> Result<RetourCode, RetourError> {
    let list = match kind.release() {
        Release::Iwmo3_2 => IWMO_CODES,
        Release::Ieb1_0 => IEB_CODES,
    };
    if list.contains(&code.as_str()) { Ok(code) } else { Err(RetourError::UnknownCode(code)) }
}

fn sorted(kind: MessageKind, codes: &[RetourCode]) -> Result<Vec<RetourCode>, RetourError> {
    let mut codes = codes.iter().map(|code| known(kind, *code)).collect::<Result<Vec<_>, _>>()?;
    codes.sort_unstable();
    codes.dedup();
    Ok(codes)
}

fn header_codes(kind: MessageKind, codes: &[RetourCode]) -> Result<Vec<RetourCode>, RetourError> {
    let codes = sorted(kind, codes)?;
    match codes.as_slice() {
        [] => Err(RetourError::NothingWrong),
        [RetourCode::TECHNISCH] => Ok(codes),
        many => match many.iter().find(|code| is_remark(**code) || **code == RetourCode::TECHNISCH) {
            Some(code) => Err(RetourError::Misplaced(*code)),
            None => Ok(codes),
        },
    }
}

fn is_remark(code: RetourCode) -> bool {
    code == RetourCode::GEEN_OPMERKING || code == RetourCode::NIET_BEOORDEELD
}

fn class_codes(
    heenbericht: &Message,
    klassen: &[Vec<RetourCode>],
) -> Result<Vec<Vec<RetourCode>>, RetourError> {
    let (expected, found) = (judged_classes(heenbericht).len(), klassen.len());
    if expected != found {
        return Err(RetourError::Classes { expected, found });
    }
    let mut all = Vec::with_capacity(klassen.len());
    for codes in klassen {
        let mut codes = sorted(heenbericht.kind(), codes)?;
        if codes.is_empty() {
            codes.push(RetourCode::GEEN_OPMERKING);
        }
        let misplaced = codes
            .iter()
            .find(|code| **code == RetourCode::TECHNISCH || (is_remark(**code) && codes.len() > 1));
        if let Some(code) = misplaced {
            return Err(RetourError::Misplaced(*code));
        }
        all.push(codes);
    }
    if all.iter().flatten().all(|code| is_remark(*code)) {
        return Err(RetourError::NothingWrong);
    }
    Ok(all)
}

//! What the headers of all messages have in common.

use super::Message;
use crate::value::{Datum, RetourCode};

/// The header of a message, whatever its kind. Sender and receiver are those of the heenbericht, also in a retour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Gemeentecode or AGB code.
    pub afzender: &'a str,
    /// Gemeentecode or AGB code; iEb has none: it is the CAK.
    pub ontvanger: Option<&'a str>,
    /// BerichtIdentificatie/Identificatie.
    pub identificatie: &'a str,
    /// BerichtIdentificatie/Dagtekening.
    pub dagtekening: Datum,
    /// XsdVersie: BasisschemaXsdVersie and BerichtXsdVersie.
    pub xsd_versie: [&'a str; 2],
    /// What a retour adds.
    pub retour: Option<RetourHeader<'a>>,
}

/// What the header of a retour adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetourHeader<'a> {
    /// IdentificatieRetour.
    pub identificatie: &'a str,
    /// DagtekeningRetour.
    pub dagtekening: Datum,
    /// RetourCodes of the header.
    pub retour_codes: &'a [RetourCode],
}

macro_rules! header {
    ($bericht:expr, $ontvanger:expr, $retour:expr) => {{
        let header = &$bericht.header;
        let ontvanger: fn(&_) -> Option<&str> = $ontvanger;
        let retour: fn(&_) -> Option<RetourHeader<'_>> = $retour;
        Header {
            afzender: header.afzender.as_str(),
            ontvanger: ontvanger(header),
            identificatie: &header.bericht_identificatie.identificatie,
            dagtekening: header.bericht_identificatie.dagtekening,
            xsd_versie: [
                header.xsd_versie.basisschema_xsd_versie.as_str(),
                header.xsd_versie.bericht_xsd_versie.as_str(),
            ],
            retour: retour(header),
        }
    }};
}

macro_rules! heen {
    ($module:ident, $bericht:expr) => {
        header!($bericht, |h: &super::$module::Header| Some(h.ontvanger.as_str()), |_| None)
    };
}

macro_rules! heen_ieb {
    ($module:ident, $bericht:expr) => {
        header!($bericht, |_: &super::$module::Header| None, |_| None)
    };
}

macro_rules! retour {
    ($module:ident, $bericht:expr) => {
        header!(
            $bericht,
            |h: &super::$module::Header| Some(h.ontvanger.as_str()),
            |h: &super::$module::Header| { added!(h) }
        )
    };
}

macro_rules! retour_ieb {
    ($module:ident, $bericht:expr) => {
        header!($bericht, |_: &super::$module::Header| None, |h: &super::$module::Header| added!(h))
    };
}

macro_rules! added {
    ($header:expr) => {
        Some(RetourHeader {
            identificatie: &$header.identificatie_retour,
            dagtekening: $header.dagtekening_retour,
            retour_codes: &$header.retour_codes,
        })
    };
}

impl Message {
    /// Returns the header.
    #[must_use]
    pub fn header(&self) -> Header<'_> {
        match self {
            Self::Wmo301(bericht) => heen!(wmo301, bericht),
            Self::Wmo302(bericht) => retour!(wmo302, bericht),
            Self::Wmo305(bericht) => heen!(wmo305, bericht),
            Self::Wmo306(bericht) => retour!(wmo306, bericht),
            Self::Wmo307(bericht) => heen!(wmo307, bericht),
            Self::Wmo308(bericht) => retour!(wmo308, bericht),
            Self::Wmo315(bericht) => heen!(wmo315, bericht),
            Self::Wmo316(bericht) => retour!(wmo316, bericht),
            Self::Wmo317(bericht) => heen!(wmo317, bericht),
            Self::Wmo318(bericht) => retour!(wmo318, bericht),
            Self::Wmo319(bericht) => heen!(wmo319, bericht),
            Self::Wmo320(bericht) => retour!(wmo320, bericht),
            Self::Wmo323(bericht) => heen!(wmo323, bericht),
            Self::Wmo325(bericht) => heen!(wmo325, bericht),
            Self::Wmo401(bericht) => heen_ieb!(wmo401, bericht),
            Self::Wmo402(bericht) => retour_ieb!(wmo402, bericht),
            Self::Wmo403(bericht) => heen_ieb!(wmo403, bericht),
            Self::Wmo404(bericht) => retour_ieb!(wmo404, bericht),
        }
    }
}

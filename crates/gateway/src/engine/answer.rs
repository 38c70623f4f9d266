//! Messages of our own: the retour on a heenbericht, and the notifications to the CAK.

use iwmo_codec::Private;
use iwmo_codec::messages::ieb_1_0::{basisschema, wmo401, wmo403};
use iwmo_codec::messages::iwmo_3_2::{basisschema as iwmo, wmo325};
use iwmo_codec::messages::{Message, MessageKind};
use iwmo_codec::retour::{RetourError, Uitspraak as Codes, Verdict, XsdVersies};
use iwmo_codec::value::{Nummer, RetourCode};
use iwmo_toewijzing::cak::{Onderdeel, Opdracht};
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::civil::Date;

use crate::engine::Refusal;
use crate::engine::batch::unavailable;
use crate::ledger::{At, LedgerError, Rows, keys};
use crate::record::Uitspraak;
use crate::translate::{self, Untranslatable};

/// The version of the iEb schemas that our notifications were made with (IV034).
const IEB_XSD_VERSIE: &str = "1.2.0";

/// Why a message of our own could not be made: a fault of ours.
#[derive(Debug, thiserror::Error)]
pub(super) enum AnswerError {
    /// The retour does not fit the heenbericht.
    #[error(transparent)]
    Retour(#[from] RetourError),
    /// A value has no form in the standard.
    #[error("a value of our own has no form in the standard: {0}")]
    Value(String),
    /// A date has no form in the standard.
    #[error(transparent)]
    Moment(#[from] Untranslatable),
}

/// Builds the retour on a message (IV028).
pub(super) fn retour(
    message: &Message,
    uitspraak: &Uitspraak,
    at: &At,
    today: Date,
) -> Result<Message, AnswerError> {
    let uitspraak = uitspraak.codes().map_err(AnswerError::Value)?;
    let verdict = Verdict {
        identificatie_retour: retour_identificatie(at),
        dagtekening_retour: translate::datum(today)?,
        xsd_versie_retour: None,
        uitspraak,
    };
    Ok(iwmo_codec::retour::retour(message, &verdict)?)
}

/// The Identificatie of what this entry answers: unique within the gemeente, because the entry's number is.
fn retour_identificatie(at: &At) -> String {
    format!("R{:011}", at.seq % 100_000_000_000)
}

/// Writes the 325 that says that a 323 was not taken: a header alone, with these codes (IV087).
pub(super) fn declaratie_geweigerd(
    message: &Message,
    codes: &[String],
    at: &At,
    today: Date,
    rows: &impl Rows,
) -> Result<Message, Refusal> {
    let Message::Wmo323(m) = message else {
        return Err(unavailable(&format!("a {} is no declaration", message.kind().name())));
    };
    let fault = |error: AnswerError| unavailable(&error.to_string());
    let codes: Result<Vec<RetourCode>, _> = codes.iter().map(|code| code.parse()).collect();
    let gemeente = Gemeente::new(m.header.ontvanger.as_str()).map_err(|e| unavailable(&e.to_string()))?;
    let identificatie =
        declaratie_identificatie(gemeente, at, rows).map_err(|error| unavailable(&error.to_string()))?;
    let versies = XsdVersies::bundled(message.kind().release());
    Ok(Message::from(wmo325::Bericht {
        header: wmo325::Header {
            bericht_code: Default::default(),
            bericht_versie: Default::default(),
            bericht_subversie: Default::default(),
            afzender: m.header.ontvanger,
            ontvanger: m.header.afzender,
            bericht_identificatie: iwmo::BerichtIdentificatie {
                identificatie,
                dagtekening: translate::datum(today).map_err(|error| fault(error.into()))?,
            },
            xsd_versie: iwmo::XsdVersie {
                basisschema_xsd_versie: versies.basisschema,
                bericht_xsd_versie: versies.bericht,
            },
            declaratie_identificatie: m.header.bericht_identificatie.clone(),
            // The rules within the message are our own, not the official XSLTs (IV028).
            xslt_versie: None,
            xsd_versie_declaratie: m.header.xsd_versie.clone(),
            retour_codes: codes.map_err(|_| fault(AnswerError::Value("RetourCode".to_owned())))?,
        },
        declaratie_antwoord: None,
    }))
}

/// An Identificatie for a 325 that no 325 of the gemeente has had (TR056): the backoffice chooses its own.
fn declaratie_identificatie(gemeente: Gemeente, at: &At, rows: &impl Rows) -> Result<String, LedgerError> {
    let code = MessageKind::Wmo325.bericht_code();
    for letter in ["D", "E", "F", "G"] {
        let name = format!("{letter}{:011}", at.seq % 100_000_000_000);
        if rows.bytes(&keys::heenbericht(gemeente, gemeente.as_str(), code, &name))?.is_none() {
            return Ok(name);
        }
    }
    Err(LedgerError::Inconsistent { entry: at.name(), what: "no Identificatie is left for a 325".to_owned() })
}

/// The Identificatie of the notification that this entry makes.
pub(super) fn eb_identificatie(at: &At) -> String {
    format!("EB{:010}", at.seq % 10_000_000_000)
}

impl Uitspraak {
    /// Returns what the codec builds a retour from; the text of a code that is none.
    ///
    /// # Errors
    ///
    /// A code has no form in the standard.
    pub fn codes(&self) -> Result<Codes, String> {
        let parse = |texts: &Vec<String>| -> Result<Vec<RetourCode>, String> {
            texts.iter().map(|text| text.parse().map_err(|_| text.clone())).collect()
        };
        Ok(match self {
            Uitspraak::Goedgekeurd | Uitspraak::ZonderGevolg | Uitspraak::Geparkeerd { .. } => {
                Codes::Goedgekeurd
            }
            Uitspraak::Kop { codes } => Codes::Header(parse(codes)?),
            Uitspraak::Klassen { codes } => {
                Codes::Klassen(codes.iter().map(parse).collect::<Result<_, _>>()?)
            }
        })
    }
}

/// Builds the notification to the CAK that a command asks for.
pub(super) fn eb_melding(
    gemeente: Gemeente,
    bsn: &Bsn,
    opdracht: &Opdracht,
    identificatie: &str,
    today: Date,
) -> Result<Message, AnswerError> {
    let value = |what: &str| AnswerError::Value(what.to_owned());
    let afzender = gemeente.as_str().parse().map_err(|_| value("Afzender"))?;
    let bsn = Private::new(bsn.expose().parse().map_err(|_| value("Bsn"))?);
    let bericht_identificatie = basisschema::BerichtIdentificatie {
        identificatie: identificatie.to_owned(),
        dagtekening: translate::datum(today)?,
    };
    let xsd_versie = basisschema::XsdVersie {
        basisschema_xsd_versie: IEB_XSD_VERSIE.to_owned(),
        bericht_xsd_versie: IEB_XSD_VERSIE.to_owned(),
    };
    let eb_start_nummer = Nummer::new(u64::from(opdracht.nummer().value()));
    let datum = translate::datum(opdracht.datum())?;
    let status_aanlevering =
        opdracht.status_aanlevering().to_string().parse().map_err(|_| value("StatusAanlevering"))?;
    Ok(match opdracht.onderdeel() {
        Onderdeel::Start => Message::from(wmo401::Bericht {
            header: wmo401::Header {
                bericht_code: Default::default(),
                bericht_versie: Default::default(),
                bericht_subversie: Default::default(),
                afzender,
                bericht_identificatie,
                xsd_versie,
            },
            client: wmo401::Client {
                bsn,
                start_eigen_bijdrage: wmo401::StartEigenBijdrage {
                    eb_start_nummer,
                    eb_startdatum: datum,
                    eb_kostprijs: opdracht.kostprijs().map(kostprijs).transpose()?,
                    status_aanlevering,
                },
            },
        }),
        Onderdeel::Stop => Message::from(wmo403::Bericht {
            header: wmo403::Header {
                bericht_code: Default::default(),
                bericht_versie: Default::default(),
                bericht_subversie: Default::default(),
                afzender,
                bericht_identificatie,
                xsd_versie,
            },
            client: wmo403::Client {
                bsn,
                stop_eigen_bijdrage: wmo403::StopEigenBijdrage {
                    eb_start_nummer,
                    eb_stopdatum: datum,
                    status_aanlevering,
                },
            },
        }),
    })
}

fn kostprijs(kostprijs: iwmo_toewijzing::cak::Kostprijs) -> Result<basisschema::Kostprijs, AnswerError> {
    Ok(basisschema::Kostprijs {
        kostprijs_bedrag: Nummer::new(u64::from(kostprijs.bedrag_cent)),
        kostprijs_startdatum: translate::datum(kostprijs.startdatum)?,
    })
}

//! iEb 4.0, **not verified**: the WMO405 as far as public sources establish it.
//!
//! The release is in force at the CAK, but its schemas are not public, so nothing here is typed, bundled or used by
//! the gateway. What is not established stands in one place, [`Aannames`]; a [`Wmo405`] can be written only with those
//! named ([`Basis::Onbevestigd`]), or after the official schemas, loaded as any others, have accepted every kind of
//! notification written with them ([`Gestaafd::by`]). WMO406, its retour, is not established enough to be read, and
//! WMO407 and WMO408 (beschermd wonen) are not this module's matter.
//!
//! Source: ieb-cak.md, section 4.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::Private;
use crate::messages::escape;
use crate::report::Report;
use crate::schema::Schemas;
use crate::value::{Bsn, Datum, Gemeentecode, Nummer};

/// Characters of an Identificatie, as in all messages of the iStandaarden.
const IDENTIFICATIE_CHARACTERS_MAX: usize = 12;

/// One notification: the whole record of a period, which replaces what was sent before under its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Wmo405 {
    /// The gemeente.
    pub afzender: Gemeentecode,
    /// Its own name for the message.
    pub identificatie: String,
    /// When it was made.
    pub dagtekening: Datum,
    /// The person.
    pub bsn: Private<Bsn>,
    /// Names the period, uniquely within the gemeente.
    pub eb_start_nummer: Nummer,
    /// Its first day.
    pub eb_startdatum: Datum,
    /// Its last day; a running period has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eb_stopdatum: Option<Datum>,
    /// The price that the CAK is to guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eb_kostprijs: Option<Kostprijs>,
    /// First, changed or deleted.
    pub status_aanlevering: Status,
}

/// A price that the CAK is to guard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct Kostprijs {
    /// Eurocents.
    pub kostprijs_bedrag: Nummer,
    /// From when on.
    pub kostprijs_startdatum: Datum,
}

/// StatusAanlevering of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// 1: the first with this number.
    #[serde(rename = "1")]
    Eerste,
    /// 2: replaces the record; a stop is a change that adds the stop date.
    #[serde(rename = "2")]
    Gewijzigd,
    /// 3: everything sent under this number counts as not sent.
    #[serde(rename = "3")]
    Verwijderd,
}

/// What no public source settles, in one place. The defaults are the best guesses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aannames {
    /// BerichtCode: 578 by a public transcription of COD002.
    pub bericht_code: &'static str,
    /// BerichtVersie and BerichtSubversie: by analogy with other releases.
    pub versie: (&'static str, &'static str),
    /// The namespace of the message: by the pattern of other releases.
    pub namespace: &'static str,
    /// The namespace of the shared types: likewise.
    pub basis_namespace: &'static str,
    /// BasisschemaXsdVersie and BerichtXsdVersie.
    pub xsd_versies: (&'static str, &'static str),
    /// Whether there is an Ontvanger after Afzender; release 1.0 has none.
    pub ontvanger: Option<&'static str>,
    /// The element around the periods, if they may be several; release 1.0 has one class without a container.
    pub perioden: Option<&'static str>,
    /// Whether StatusAanlevering comes last in the period, as in release 1.0, or first.
    pub status_laatst: bool,
}

impl Default for Aannames {
    fn default() -> Self {
        Self {
            bericht_code: "578",
            versie: ("4", "0"),
            namespace: "http://www.istandaarden.nl/ieb/4_0/wmo405/schema",
            basis_namespace: "http://www.istandaarden.nl/ieb/4_0/basisschema/schema",
            xsd_versies: ("1.0.0", "1.0.0"),
            ontvanger: None,
            perioden: None,
            status_laatst: true,
        }
    }
}

/// Assumptions that the official schemas accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gestaafd(Aannames);

impl Gestaafd {
    /// Holds assumptions against the official schemas: a start, a stop, a price, the withdrawal of a stop and a delete
    /// are written and validated. That settles the structure; what the rules of the release demand it does not.
    ///
    /// # Errors
    ///
    /// The first notification that the schemas refuse, with what is wrong.
    pub fn by(schemas: &Schemas, aannames: Aannames) -> Result<Self, Report> {
        for sample in samples() {
            let report = schemas.validate_schema(&sample.written(&aannames));
            if !report.is_valid() {
                return Err(report);
            }
        }
        Ok(Self(aannames))
    }
}

/// What a notification is written on.
#[derive(Clone, Debug)]
pub enum Basis<'a> {
    /// Assumptions that nothing confirms: to look at, never to be sent to the CAK.
    Onbevestigd(&'a Aannames),
    /// Assumptions that the official schemas accept.
    Gestaafd(&'a Gestaafd),
}

/// Why a notification cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wmo405Error {
    /// Identificatie is empty or too long.
    #[error("Identificatie has 1 to {IDENTIFICATIE_CHARACTERS_MAX} characters")]
    Identificatie,
    /// The period ends before it begins.
    #[error("EbStopdatum lies before EbStartdatum")]
    EindigtVoorBegin,
}

impl Wmo405 {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// A value that no release would take.
    pub fn encode(&self, basis: &Basis<'_>) -> Result<Vec<u8>, Wmo405Error> {
        let characters = self.identificatie.trim().chars().count();
        if characters == 0 || self.identificatie.chars().count() > IDENTIFICATIE_CHARACTERS_MAX {
            return Err(Wmo405Error::Identificatie);
        }
        if self.eb_stopdatum.is_some_and(|stop| stop < self.eb_startdatum) {
            return Err(Wmo405Error::EindigtVoorBegin);
        }
        let aannames = match basis {
            Basis::Onbevestigd(aannames) => aannames,
            Basis::Gestaafd(Gestaafd(aannames)) => aannames,
        };
        Ok(self.written(aannames))
    }

    fn written(&self, aannames: &Aannames) -> Vec<u8> {
        let Aannames { namespace, basis_namespace, .. } = aannames;
        let mut out = Lines { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n".to_owned(), depth: 0 };
        out.open("wmo405:Bericht", &format!(" xmlns:ieb=\"{basis_namespace}\" xmlns:wmo405=\"{namespace}\""));
        out.open("wmo405:Header", "");
        out.value("wmo405:BerichtCode", aannames.bericht_code);
        out.value("wmo405:BerichtVersie", aannames.versie.0);
        out.value("wmo405:BerichtSubversie", aannames.versie.1);
        out.value("wmo405:Afzender", self.afzender.as_str());
        if let Some(ontvanger) = aannames.ontvanger {
            out.value("wmo405:Ontvanger", ontvanger);
        }
        out.open("wmo405:BerichtIdentificatie", "");
        out.value("ieb:Identificatie", &self.identificatie);
        out.value("ieb:Dagtekening", &self.dagtekening.to_string());
        out.close("wmo405:BerichtIdentificatie");
        out.open("wmo405:XsdVersie", "");
        out.value("ieb:BasisschemaXsdVersie", aannames.xsd_versies.0);
        out.value("ieb:BerichtXsdVersie", aannames.xsd_versies.1);
        out.close("wmo405:XsdVersie");
        out.close("wmo405:Header");
        out.open("wmo405:Client", "");
        out.value("wmo405:Bsn", self.bsn.expose().as_str());
        let perioden = aannames.perioden.map(|name| format!("wmo405:{name}"));
        if let Some(perioden) = &perioden {
            out.open(perioden, "");
        }
        self.periode(aannames, &mut out);
        if let Some(perioden) = &perioden {
            out.close(perioden);
        }
        out.close("wmo405:Client");
        out.close("wmo405:Bericht");
        out.out.into_bytes()
    }

    fn periode(&self, aannames: &Aannames, out: &mut Lines) {
        let status = match self.status_aanlevering {
            Status::Eerste => "1",
            Status::Gewijzigd => "2",
            Status::Verwijderd => "3",
        };
        out.open("wmo405:PeriodeEigenBijdrageAbo", "");
        if !aannames.status_laatst {
            out.value("wmo405:StatusAanlevering", status);
        }
        out.value("wmo405:EbStartNummer", &self.eb_start_nummer.to_string());
        out.value("wmo405:EbStartdatum", &self.eb_startdatum.to_string());
        if let Some(stop) = self.eb_stopdatum {
            out.value("wmo405:EbStopdatum", &stop.to_string());
        }
        if let Some(kostprijs) = &self.eb_kostprijs {
            out.open("wmo405:EbKostprijs", "");
            out.value("ieb:KostprijsBedrag", &kostprijs.kostprijs_bedrag.to_string());
            out.value("ieb:KostprijsStartdatum", &kostprijs.kostprijs_startdatum.to_string());
            out.close("wmo405:EbKostprijs");
        }
        if aannames.status_laatst {
            out.value("wmo405:StatusAanlevering", status);
        }
        out.close("wmo405:PeriodeEigenBijdrageAbo");
    }
}

/// Every kind of notification that the planner would send.
fn samples() -> Vec<Wmo405> {
    let day =
        |month, day| Datum::new(2026, month, day).unwrap_or_else(|| unreachable!("a day of the calendar"));
    let (Ok(afzender), Ok(bsn), Ok(nummer), Ok(bedrag)) =
        ("0222".parse(), "999900006".parse(), "1001".parse(), "250000".parse())
    else {
        unreachable!("values of their types")
    };
    let start = Wmo405 {
        afzender,
        identificatie: "P405-0001".to_owned(),
        dagtekening: day(3, 11),
        bsn: Private::new(bsn),
        eb_start_nummer: nummer,
        eb_startdatum: day(3, 10),
        eb_stopdatum: None,
        eb_kostprijs: None,
        status_aanlevering: Status::Eerste,
    };
    let kostprijs = Kostprijs { kostprijs_bedrag: bedrag, kostprijs_startdatum: day(3, 10) };
    let changed = Wmo405 { status_aanlevering: Status::Gewijzigd, ..start.clone() };
    vec![
        Wmo405 { eb_kostprijs: Some(kostprijs), ..start.clone() },
        Wmo405 { eb_stopdatum: Some(day(6, 30)), ..changed.clone() },
        changed,
        Wmo405 { status_aanlevering: Status::Verwijderd, ..start.clone() },
        start,
    ]
}

/// Elements, one to a line, as all our messages are written (OP192).
struct Lines {
    out: String,
    depth: usize,
}

impl Lines {
    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n('\t', self.depth));
    }

    fn open(&mut self, tag: &str, attributes: &str) {
        self.indent();
        // Writing to a String cannot fail.
        let _ = write!(self.out, "<{tag}{attributes}>\r\n");
        self.depth += 1;
    }

    fn close(&mut self, tag: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        // As above.
        let _ = write!(self.out, "</{tag}>\r\n");
    }

    fn value(&mut self, tag: &str, value: &str) {
        self.indent();
        // As above.
        let _ = write!(self.out, "<{tag}>");
        escape(&mut self.out, value);
        // As above.
        let _ = write!(self.out, "</{tag}>\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::SchemaSource;

    /// A schema as the official one may be: ours, from the assumptions.
    fn schema(aannames: &Aannames, status_first: bool) -> Schemas {
        let status = r#"<xs:element name="StatusAanlevering" type="xs:integer"/>"#;
        let (first, last) = if status_first { (status, "") } else { ("", status) };
        let Aannames { namespace, basis_namespace, .. } = aannames;
        let basis = format!(
            r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{basis_namespace}"
                 elementFormDefault="qualified">
               <xs:complexType name="Id"><xs:sequence><xs:element name="Identificatie" type="xs:string"/>
                 <xs:element name="Dagtekening" type="xs:date"/></xs:sequence></xs:complexType>
               <xs:complexType name="Xsd"><xs:sequence><xs:element name="BasisschemaXsdVersie" type="xs:string"/>
                 <xs:element name="BerichtXsdVersie" type="xs:string"/></xs:sequence></xs:complexType>
               <xs:complexType name="Prijs"><xs:sequence><xs:element name="KostprijsBedrag" type="xs:integer"/>
                 <xs:element name="KostprijsStartdatum" type="xs:date"/></xs:sequence></xs:complexType>
             </xs:schema>"#
        );
        let message = format!(
            r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:b="{basis_namespace}"
                 targetNamespace="{namespace}" elementFormDefault="qualified">
               <xs:import namespace="{basis_namespace}" schemaLocation="basis.xsd"/>
               <xs:element name="Bericht"><xs:complexType><xs:sequence>
                 <xs:element name="Header"><xs:complexType><xs:sequence>
                   <xs:element name="BerichtCode" type="xs:integer"/><xs:element name="BerichtVersie" type="xs:integer"/>
                   <xs:element name="BerichtSubversie" type="xs:integer"/><xs:element name="Afzender" type="xs:string"/>
                   <xs:element name="BerichtIdentificatie" type="b:Id"/><xs:element name="XsdVersie" type="b:Xsd"/>
                 </xs:sequence></xs:complexType></xs:element>
                 <xs:element name="Client"><xs:complexType><xs:sequence>
                   <xs:element name="Bsn" type="xs:string"/>
                   <xs:element name="PeriodeEigenBijdrageAbo"><xs:complexType><xs:sequence>{first}
                     <xs:element name="EbStartNummer" type="xs:integer"/><xs:element name="EbStartdatum" type="xs:date"/>
                     <xs:element name="EbStopdatum" type="xs:date" minOccurs="0"/>
                     <xs:element name="EbKostprijs" type="b:Prijs" minOccurs="0"/>{last}
                   </xs:sequence></xs:complexType></xs:element>
                 </xs:sequence></xs:complexType></xs:element>
               </xs:sequence></xs:complexType></xs:element>
             </xs:schema>"#
        );
        Schemas::load(&[
            SchemaSource { name: "basis.xsd", text: &basis },
            SchemaSource { name: "wmo405.xsd", text: &message },
        ])
        .unwrap()
    }

    #[test]
    fn the_official_schemas_settle_what_is_assumed() {
        let guess = Aannames::default();
        let settled = Gestaafd::by(&schema(&guess, false), guess.clone()).unwrap();
        let [start, ..] = &samples()[..] else { panic!("samples") };
        let xml = start.encode(&Basis::Gestaafd(&settled)).unwrap();
        assert_eq!(xml, start.encode(&Basis::Onbevestigd(&guess)).unwrap());
        // Another place of the status is found out, and put right in the one place there is.
        let other = schema(&guess, true);
        assert!(!Gestaafd::by(&other, guess.clone()).unwrap_err().is_valid());
        assert!(Gestaafd::by(&other, Aannames { status_laatst: false, ..guess.clone() }).is_ok());
        let wrong = Aannames { ontvanger: Some("CAK"), ..guess.clone() };
        assert!(Gestaafd::by(&schema(&guess, false), wrong).is_err());
        let wrong = Aannames { perioden: Some("Perioden"), ..guess.clone() };
        assert!(Gestaafd::by(&schema(&guess, false), wrong).is_err());
    }

    #[test]
    fn what_no_release_would_take_is_not_written() {
        let guess = Aannames::default();
        let basis = Basis::Onbevestigd(&guess);
        let start = samples().pop().unwrap();
        for name in ["", "  ", "1234567890123"] {
            let named = Wmo405 { identificatie: name.into(), ..start.clone() };
            assert_eq!(named.encode(&basis), Err(Wmo405Error::Identificatie));
        }
        let backwards = Wmo405 { eb_stopdatum: Datum::new(2026, 3, 9), ..start.clone() };
        assert_eq!(backwards.encode(&basis), Err(Wmo405Error::EindigtVoorBegin));
        let one_day = Wmo405 { eb_stopdatum: Some(start.eb_startdatum), ..start };
        assert!(one_day.encode(&basis).is_ok());
    }

    #[test]
    fn json_has_the_names_of_the_standard_and_debug_no_person() {
        let start = samples().pop().unwrap();
        let json = serde_json::to_string(&start).unwrap();
        assert!(
            json.contains("\"EbStartNummer\":") && json.contains("\"StatusAanlevering\":\"1\""),
            "{json}"
        );
        assert_eq!(serde_json::from_str::<Wmo405>(&json).unwrap(), start);
        assert!(!format!("{start:?}").contains("999900006"));
    }
}

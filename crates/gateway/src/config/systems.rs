//! Municipal systems that show a certificate in place of a token, and what the rest of the file says about them.

use super::mistake::{MistakeKind, said};
use super::parties::{NAME_WANTED, gemeentecodes, name};
use super::reader::{Findings, Found, Section, parsed};
use super::relations::Parts;
use super::{Gemeentecode, Oin, System};
use crate::pki::Fingerprint;

/// A system, with what is checked against other sections.
pub(super) struct SystemDraft {
    here: Found<()>,
    pub(super) name: Found<String>,
    pub(super) fingerprints: Vec<Found<Fingerprint>>,
    pub(super) oin: Option<Found<Oin>>,
    pub(super) gemeenten: Vec<Found<Gemeentecode>>,
}

/// Reads a `[[system]]`.
pub(super) fn system(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<SystemDraft> {
    let here = section.here();
    let found = section.parsed("name", findings, NAME_WANTED, name);
    let why = ("zeg welk systeem het is, als \"zaaksysteem\"", "say which system it is, as \"zaaksysteem\"");
    let found = section.required("name", found, findings, why);
    let wanted = (
        "de SHA-256 van de publieke sleutel: 64 hexadecimale cijfers",
        "the SHA-256 of the public key: 64 hexadecimal digits",
    );
    let fingerprints = section.texts("fingerprint", findings);
    let fingerprints = fingerprints
        .into_iter()
        .filter_map(|found| parsed(found, findings, wanted, |text| text.parse().ok()))
        .collect();
    let wanted = ("het OIN: twintig cijfers tussen aanhalingstekens", "the OIN: twenty digits in quotes");
    let oin = section.parsed("oin", findings, wanted, |text| text.parse().ok());
    let gemeenten = gemeentecodes(&mut section, findings);
    // Deliberately no default: what a certificate opens is written down.
    let some = (!gemeenten.is_empty()).then_some(());
    let why = (
        "noem de gemeenten die het mag zien, als [\"0222\"]",
        "name the gemeenten that it may see, as [\"0222\"]",
    );
    section.required("gemeenten", some, findings, why);
    section.finish(findings);
    Some(SystemDraft { here, name: found?, fingerprints, oin, gemeenten })
}

impl SystemDraft {
    pub(super) fn done(self) -> System {
        System {
            name: self.name.value,
            fingerprints: self.fingerprints.into_iter().map(|found| found.value).collect(),
            oin: self.oin.map(|found| found.value),
            gemeenten: self.gemeenten.into_iter().map(|found| found.value).collect(),
        }
    }
}

/// A system can be known, and has somewhere to come in.
pub(super) fn check(system: &SystemDraft, parts: &Parts, findings: &mut Findings<'_>) {
    let name = &system.name.value;
    if system.fingerprints.is_empty() && system.oin.is_none() {
        let message = said(
            format!("systeem `{name}` is aan geen certificaat te herkennen"),
            format!("system `{name}` cannot be known by any certificate"),
        );
        let hint = said(
            "voeg fingerprint toe (SHA-256 van de publieke sleutel), of oin",
            "add fingerprint (SHA-256 of the public key), or oin",
        );
        findings.about(MistakeKind::MissingKey, &system.here, message, hint);
    }
    match (parts.system_authorities, &system.oin) {
        (None, _) => {
            let message = said(
                "er is geen [backoffice], dus dit systeem kan nergens binnenkomen",
                "there is no [backoffice], so this system has nowhere to come in",
            );
            let hint = said("voeg [backoffice] toe", "add [backoffice]");
            findings.about(MistakeKind::Conflict, &system.here, message, hint);
        }
        (Some(0), Some(oin)) => {
            let message = said(
                "een OIN telt alleen onder een vertrouwde uitgever, en die is er niet",
                "an OIN only counts under a trusted authority, and there is none",
            );
            let hint = said(
                "voeg client_ca toe aan [backoffice], of gebruik fingerprint",
                "add client_ca to [backoffice], or use fingerprint",
            );
            findings.about(MistakeKind::Conflict, oin, message, hint);
        }
        _ => {}
    }
}

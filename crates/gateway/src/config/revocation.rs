//! The revocation lists that a section names.

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::files::unusable;
use super::mistake::{MistakeKind, said};
use super::reader::{Findings, Section};
use crate::pki::{PeerCertificate, Revocation, RevocationList};

/// Reads the lists of a section whose authorities are these, and how strict it is.
pub(super) fn lists(
    name: &'static str,
    authorities: &[CertificateDer<'static>],
    section: &mut Section<'_, '_>,
    findings: &mut Findings<'_>,
) -> Revocation {
    let wanted = ("\"strict\" of \"lenient\"", "\"strict\" or \"lenient\"");
    let lenient = section.parsed("crl_policy", findings, wanted, |text| match text {
        "strict" => Some(false),
        "lenient" => Some(true),
        _ => None,
    });
    let lenient = lenient.is_some_and(|found| found.value);
    let mut lists = Vec::new();
    let named = section.texts(name, findings);
    for found in &named {
        let folder = findings.folder;
        let found = found.clone().map(|path| folder.join(path));
        findings.names(&found.value);
        match RevocationList::read(&found.value) {
            Ok(read) => {
                for list in &read {
                    over(list, lenient, &found, findings);
                }
                lists.extend(read);
            }
            Err(error) => unusable(&found, &error, findings),
        }
    }
    if !lenient && !lists.is_empty() {
        for authority in
            authorities.iter().filter(|authority| !lists.iter().any(|list| list.is_of(authority)))
        {
            let subject = PeerCertificate::from_der(authority).map(|one| one.subject).unwrap_or_default();
            let message = said(
                format!("`{name}` heeft geen lijst van {subject}: niemand onder die uitgever komt erin"),
                format!("`{name}` has no list of {subject}: nobody under that authority gets in"),
            );
            let hint = said(
                "voeg de lijst toe, of kies crl_policy = \"lenient\"",
                "add the list, or choose crl_policy = \"lenient\"",
            );
            let here = named.first().map_or_else(|| section.here().span, |found| found.span.clone());
            findings.add(MistakeKind::Risky, here, name, message, hint);
        }
    }
    Revocation { lists, lenient }
}

fn over(
    list: &RevocationList,
    lenient: bool,
    found: &super::reader::Found<std::path::PathBuf>,
    findings: &mut Findings<'_>,
) {
    let Some(until) = list.until.filter(|_| list.is_over(Timestamp::now())) else { return };
    let path = found.value.display();
    let (nl, en) = match lenient {
        true => ("telt wel nog", "still counts"),
        false => {
            ("niemand onder deze uitgever komt er zo in", "nobody under this authority gets in like this")
        }
    };
    let message =
        said(format!("{path} is verlopen op {until}; {nl}"), format!("{path} ran out on {until}; {en}"));
    let hint = said("haal de nieuwe lijst op bij de uitgever", "fetch the new list of the authority");
    findings.about(MistakeKind::Risky, found, message, hint);
}

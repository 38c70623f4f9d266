//! The files that a configuration names.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan};
use rustls::pki_types::CertificateDer;

use super::mistake::{MistakeKind, said};
use super::reader::{Findings, Found, Section};
use crate::lists::ListsError;
use crate::pki::{Identity, PkiError, certificates};

/// A certificate that ends sooner than this is worth a warning.
const EXPIRY_WARNING_DAYS: i64 = 30;

/// Reads `certificate` and `key` of a section.
pub(super) fn identity(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Identity> {
    let certificate = section.path("certificate", findings);
    let why = (
        "geef het PEM-bestand met het certificaat en zijn keten",
        "name the PEM file with the certificate and its chain",
    );
    let certificate = section.required("certificate", certificate, findings, why);
    let key = section.path("key", findings);
    let why = (
        "geef het PEM-bestand met de sleutel van het certificaat",
        "name the PEM file with the key of the certificate",
    );
    let key = section.required("key", key, findings, why);
    let (certificate, key) = (certificate?, key?);
    findings.names(&certificate.value);
    findings.names(&key.value);
    // Each file by itself first, so that both are reported when both are wrong.
    let readable = [&certificate, &key].map(|found| readable(found, findings));
    if readable.contains(&false) {
        return None;
    }
    warn_if_open(&key, findings);
    match Identity::read(&certificate.value, &key.value) {
        Ok(identity) => {
            check_dates(&identity, &certificate, findings);
            Some(identity)
        }
        Err(error) => {
            let found = if concerns(&error, &key.value) { &key } else { &certificate };
            unusable(found, &error, findings);
            None
        }
    }
}

/// Reads files with certificates of authorities.
pub(super) fn authorities(
    name: &'static str,
    section: &mut Section<'_, '_>,
    findings: &mut Findings<'_>,
) -> Vec<CertificateDer<'static>> {
    let mut authorities = Vec::new();
    for found in section.texts(name, findings) {
        let folder = findings.folder;
        let found = found.map(|path| folder.join(path));
        findings.names(&found.value);
        match certificates(&found.value) {
            Ok(certificates) => authorities.extend(certificates),
            Err(error) => unusable(&found, &error, findings),
        }
    }
    authorities
}

/// Reads a list of codes.
pub(super) fn list<T>(
    name: &'static str,
    section: &mut Section<'_, '_>,
    findings: &mut Findings<'_>,
    read: impl FnOnce(&Path) -> Result<T, ListsError>,
) -> Option<T> {
    let found = section.path(name, findings)?;
    findings.names(&found.value);
    match read(&found.value) {
        Ok(list) => Some(list),
        Err(error) => {
            let message = said(
                format!("de lijst is niet bruikbaar: {error}"),
                format!("the list cannot be used: {error}"),
            );
            let hint = said(
                "kolommen door tabs gescheiden, de eerste regel met hun namen, zoals in deploy/lists",
                "columns separated by tabs, the first line with their names, as in deploy/lists",
            );
            findings.about(MistakeKind::UnusableFile, &found, message, hint);
            None
        }
    }
}

/// Checks that the data folder is one or can be made.
pub(super) fn data(found: &Found<PathBuf>, findings: &mut Findings<'_>) {
    let path = &found.value;
    if path.exists() {
        return folder(found, findings);
    }
    if path.parent().is_some_and(|parent| parent.as_os_str().is_empty() || parent.is_dir()) {
        return;
    }
    let message = said(
        format!("de map boven {} bestaat niet", path.display()),
        format!("the folder above {} does not exist", path.display()),
    );
    let hint =
        said("maak die map; de map zelf wordt gemaakt", "make that folder; the folder itself will be made");
    findings.about(MistakeKind::UnusableFile, found, message, hint);
}

/// Checks that what is there under the name of a folder is one.
pub(super) fn folder(found: &Found<PathBuf>, findings: &mut Findings<'_>) {
    let path = &found.value;
    if path.exists() && !path.is_dir() {
        let message =
            said(format!("{} is geen map", path.display()), format!("{} is not a folder", path.display()));
        findings.about(MistakeKind::UnusableFile, found, message, said("geef een map", "name a folder"));
    }
}

fn readable(found: &Found<PathBuf>, findings: &mut Findings<'_>) -> bool {
    match std::fs::File::open(&found.value) {
        Ok(_) => true,
        Err(source) => {
            unusable(found, &PkiError::Unreadable { path: found.value.clone(), source }, findings);
            false
        }
    }
}

fn concerns(error: &PkiError, file: &Path) -> bool {
    matches!(error, PkiError::Unreadable { path, .. } | PkiError::NotPem { path, .. } | PkiError::Missing { path, .. } if path == file)
}

pub(super) fn unusable(found: &Found<PathBuf>, error: &PkiError, findings: &mut Findings<'_>) {
    let path = found.value.display();
    let message =
        said(format!("{path} is niet bruikbaar: {error}"), format!("{path} cannot be used: {error}"));
    let hint = match error {
        PkiError::Unreadable { .. } => said(
            "controleer de naam en de rechten; een relatief pad begint bij de map van dit bestand",
            "check its name and permissions; a relative path starts at the folder of this file",
        ),
        PkiError::NotPem { .. } | PkiError::Missing { .. } => said(
            "het bestand moet PEM zijn: `-----BEGIN …-----`; een sleutel zonder wachtwoord",
            "the file must be PEM: `-----BEGIN …-----`; a key without a password",
        ),
        _ => said(
            "certificaat en sleutel moeten bij elkaar horen, het eigen certificaat als eerste in de keten",
            "certificate and key must belong together, our own certificate first in the chain",
        ),
    };
    findings.about(MistakeKind::UnusableFile, found, message, hint);
}

fn check_dates(identity: &Identity, found: &Found<PathBuf>, findings: &mut Findings<'_>) {
    let certificate = match identity.certificate() {
        Ok(certificate) => certificate,
        Err(error) => return unusable(found, &error, findings),
    };
    let (now, path) = (Timestamp::now(), found.value.display());
    let hint = said("zet er een nieuw certificaat neer", "put a new certificate there");
    if !certificate.valid_at(now) {
        let (from, until) = (certificate.not_before, certificate.not_after);
        let message = said(
            format!("{path} is nu niet geldig, maar van {from} tot {until}"),
            format!("{path} is not valid now, but from {from} until {until}"),
        );
        findings.about(MistakeKind::UnusableFile, found, message, hint);
    } else if now
        .saturating_add((24 * EXPIRY_WARNING_DAYS).hours())
        .is_ok_and(|soon| soon > certificate.not_after)
    {
        let until = certificate.not_after;
        let message =
            said(format!("{path} is nog geldig tot {until}"), format!("{path} is only valid until {until}"));
        findings.about(MistakeKind::Risky, found, message, hint);
    }
}

#[cfg(unix)]
fn warn_if_open(key: &Found<PathBuf>, findings: &mut Findings<'_>) {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS: u32 = 0o007;
    let open = std::fs::metadata(&key.value).is_ok_and(|data| data.permissions().mode() & OTHERS != 0);
    if open {
        let path = key.value.display();
        let message = said(
            format!("iedereen op deze machine kan bij {path}"),
            format!("everyone on this machine can get at {path}"),
        );
        let hint = said(format!("chmod o= {path}"), format!("chmod o= {path}"));
        findings.about(MistakeKind::Risky, key, message, hint);
    }
}

#[cfg(not(unix))]
fn warn_if_open(_key: &Found<PathBuf>, _findings: &mut Findings<'_>) {}

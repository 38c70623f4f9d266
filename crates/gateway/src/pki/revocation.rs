//! Lists of certificates that their authority took back.
//!
//! A list counts for certificates under a configured authority whether it is strict or not: what it names is refused.
//! Strict, which is the default, means that each certificate of a chain must be covered by a list that has not run out;
//! lenient, that what no list covers is let in and a list that has run out still counts. A pinned key is asked no
//! authority about, so of the lists only what they name counts for it.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use super::peer::{name, timestamp};
use super::{PkiError, read};

/// How PEM begins.
const PEM: &[u8] = b"-----BEGIN ";

/// The lists by which a side of the gateway refuses certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocation {
    /// The lists.
    pub lists: Vec<RevocationList>,
    /// What no list covers is let in.
    pub lenient: bool,
}

/// One list of one authority.
#[derive(Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// The file it stands in.
    pub file: PathBuf,
    /// The authority, as people read it.
    pub authority: String,
    /// When it was made.
    pub made: Timestamp,
    /// Until when it counts; none: it does not say.
    pub until: Option<Timestamp>,
    der: CertificateRevocationListDer<'static>,
    issuer: Vec<u8>,
    serials: Arc<HashSet<Vec<u8>>>,
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("file", &self.file)
            .field("until", &self.until)
            .field("revoked", &self.serials.len())
            .finish_non_exhaustive()
    }
}

impl RevocationList {
    /// Reads the lists of a file: PEM, of which there may be several, or one in DER.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or has something else in it.
    pub fn read(path: &Path) -> Result<Vec<Self>, PkiError> {
        let bytes = read(path)?;
        let bad = |reason: String| PkiError::NotPem { path: path.to_owned(), reason };
        let ders: Vec<CertificateRevocationListDer<'static>> =
            if bytes.windows(PEM.len()).any(|part| part == PEM) {
                let found = CertificateRevocationListDer::pem_slice_iter(&bytes).collect::<Result<_, _>>();
                found.map_err(|error| bad(error.to_string()))?
            } else {
                vec![bytes.into()]
            };
        if ders.is_empty() {
            return Err(PkiError::Missing { path: path.to_owned(), what: "revocation list" });
        }
        ders.into_iter().map(|der| Self::from_der(path, der).map_err(&bad)).collect()
    }

    fn from_der(file: &Path, der: CertificateRevocationListDer<'static>) -> Result<Self, String> {
        let (rest, list) = CertificateRevocationList::from_der(&der).map_err(|error| error.to_string())?;
        if !rest.is_empty() {
            return Err("bytes after the end of the revocation list".to_owned());
        }
        let moment = |seconds| timestamp(seconds).map_err(|error| error.to_string());
        let serials = list.iter_revoked_certificates().map(|revoked| serial(revoked.raw_serial())).collect();
        Ok(Self {
            file: file.to_owned(),
            authority: name(list.issuer()),
            made: moment(list.last_update().timestamp())?,
            until: list.next_update().map(|until| moment(until.timestamp())).transpose()?,
            issuer: list.issuer().as_raw().to_vec(),
            serials: Arc::new(serials),
            der,
        })
    }

    /// Returns whether the list has run out.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until < now)
    }

    /// Returns whether it is a list of this authority.
    #[must_use]
    pub fn is_of(&self, authority: &CertificateDer<'_>) -> bool {
        X509Certificate::from_der(authority)
            .is_ok_and(|(_, authority)| authority.subject().as_raw() == self.issuer)
    }
}

impl Revocation {
    /// Returns the lists as TLS wants them.
    pub(super) fn ders(&self) -> Vec<CertificateRevocationListDer<'static>> {
        self.lists.iter().map(|list| list.der.clone()).collect()
    }

    /// Returns whether a list names this certificate.
    pub(super) fn names(&self, certificate: &CertificateDer<'_>) -> bool {
        if self.lists.is_empty() {
            return false;
        }
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
        let number = serial(certificate.raw_serial());
        let issuer = certificate.issuer().as_raw();
        self.lists.iter().any(|list| list.issuer == issuer && list.serials.contains(&number))
    }
}

/// A serial number without the zeros that only say that it is positive.
fn serial(raw: &[u8]) -> Vec<u8> {
    let zeros = raw.iter().take_while(|byte| **byte == 0).count();
    raw[zeros..].to_vec()
}

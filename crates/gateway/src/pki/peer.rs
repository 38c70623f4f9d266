//! What a certificate says about its holder.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::PkiError;

/// SHA-256 of a public key (the whole SubjectPublicKeyInfo in DER).
///
/// It survives a renewal of the certificate with the same key, and is what
/// `openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum` prints.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct NotAFingerprint;

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    /// Reads 64 hexadecimal digits; colons between bytes are allowed.
    fn from_str(text: &str) -> Result<Self, NotAFingerprint> {
        let mut bytes = [0; 32];
        let mut digits = 0;
        for character in text.chars().filter(|character| *character != ':') {
            let value = character.to_digit(16).ok_or(NotAFingerprint)?;
            let byte = bytes.get_mut(digits / 2).ok_or(NotAFingerprint)?;
            *byte = (*byte << 4) | u8::try_from(value).map_err(|_| NotAFingerprint)?;
            digits += 1;
        }
        if digits == 64 { Ok(Self(bytes)) } else { Err(NotAFingerprint) }
    }
}

/// What identifies the holder of a certificate, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Of its public key.
    pub fingerprint: Fingerprint,
    /// The serialNumber of its subject: in Dutch government certificates the OIN.
    pub serial_number: Option<String>,
    /// The name of its subject, as people read it.
    pub subject: String,
    /// First moment of validity.
    pub not_before: Timestamp,
    /// Last moment of validity.
    pub not_after: Timestamp,
    /// Whether it may be used to authenticate a client: no extended key usage, or one that includes it.
    pub client_authentication: bool,
    /// Whether it is a certification authority's.
    pub authority: bool,
}

impl PeerCertificate {
    /// Reads a certificate. Nothing about it is verified.
    ///
    /// # Errors
    ///
    /// [`PkiError::Certificate`] when it is no X.509 certificate.
    pub fn from_der(certificate: &CertificateDer<'_>) -> Result<Self, PkiError> {
        let (rest, parsed) = X509Certificate::from_der(certificate)
            .map_err(|error| PkiError::Certificate(error.to_string()))?;
        if !rest.is_empty() {
            return Err(PkiError::Certificate("bytes after its end".into()));
        }
        // Two serial numbers would let a peer choose which one we see.
        let mut serial_numbers =
            parsed.subject().iter_by_oid(&x509_parser::oid_registry::OID_X509_SERIALNUMBER);
        let serial_number =
            serial_numbers.next().and_then(|attribute| attribute.as_str().ok()).map(str::to_owned);
        if serial_numbers.next().is_some() {
            return Err(PkiError::Certificate("its subject has two serial numbers".into()));
        }
        let usage = parsed.extended_key_usage().map_err(|error| PkiError::Certificate(error.to_string()))?;
        let constraints =
            parsed.basic_constraints().map_err(|error| PkiError::Certificate(error.to_string()))?;
        Ok(Self {
            fingerprint: Fingerprint(Sha256::digest(parsed.public_key().raw).into()),
            serial_number,
            subject: name(parsed.subject()),
            not_before: timestamp(parsed.validity().not_before.timestamp())?,
            not_after: timestamp(parsed.validity().not_after.timestamp())?,
            client_authentication: usage.is_none_or(|usage| usage.value.any || usage.value.client_auth),
            authority: constraints.is_some_and(|constraints| constraints.value.ca),
        })
    }

    /// Returns whether the certificate is valid at this moment.
    #[must_use]
    pub fn valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }
}

/// Longest name of a certificate's holder or authority that is kept.
const NAME_CHARACTERS_MAX: usize = 200;

/// A name as people read it: printable, and not longer than it should be.
pub(super) fn name(name: &X509Name<'_>) -> String {
    let shown = name.to_string();
    shown.chars().filter(|c| !c.is_control()).take(NAME_CHARACTERS_MAX).collect()
}

pub(super) fn timestamp(seconds: i64) -> Result<Timestamp, PkiError> {
    Timestamp::from_second(seconds).map_err(|error| PkiError::Certificate(error.to_string()))
}

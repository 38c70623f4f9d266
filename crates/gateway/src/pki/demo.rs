//! A certification authority made on the spot, for `iwmo demo` and for tests.
//!
//! For demonstration only: its private key lives in memory, and what it signs is good
//! for loopback. Real partners have certificates of a real authority.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams, SanType,
    SerialNumber,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::{Fingerprint, Identity, PeerCertificate, PkiError};

/// Days that a demonstration certificate is valid: long enough for `iwmo check-config` to find nothing to say.
const VALID_DAYS: i64 = 90;

/// The serialNumber attribute of a subject (X.520), where Dutch government certificates have the OIN.
const OID_SERIAL_NUMBER: [u64; 4] = [2, 5, 4, 5];

/// A certification authority for demonstrations and tests.
pub struct DemoAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl std::fmt::Debug for DemoAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DemoAuthority")
    }
}

/// A certificate of a [`DemoAuthority`] with its key.
#[derive(Clone)]
pub struct DemoCertificate {
    /// Certificate and key, ready for use.
    pub identity: Identity,
    /// Of its public key, to pin.
    pub fingerprint: Fingerprint,
    /// The certificate, to write to a file.
    pub certificate_pem: String,
    /// The private key, to write to a file.
    pub key_pem: String,
}

impl std::fmt::Debug for DemoCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoCertificate").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl DemoAuthority {
    /// Makes an authority.
    ///
    /// # Errors
    ///
    /// [`PkiError::Demo`] when the system has no randomness to make a key from.
    pub fn new(name: &str) -> Result<Self, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        validity(&mut params, Timestamp::now(), VALID_DAYS);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let pem = certificate.pem();
        let der = certificate.der().clone();
        Ok(Self { issuer: Issuer::new(params, key), certificate: der, pem })
    }

    /// Returns the authority's own certificate, to trust.
    #[must_use]
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// Returns the authority's own certificate, to write to a file.
    #[must_use]
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// Makes a certificate for a server on this machine: `localhost`, 127.0.0.1 and ::1.
    ///
    /// # Errors
    ///
    /// [`PkiError::Demo`] when the system has no randomness to make a key from.
    pub fn server(&self, name: &str) -> Result<DemoCertificate, PkiError> {
        self.server_of(name, None)
    }

    /// Makes a server certificate, with an OIN in the serialNumber of its subject if one is given.
    ///
    /// # Errors
    ///
    /// [`PkiError::Demo`] when the system has no randomness to make a key from.
    pub fn server_of(&self, name: &str, oin: Option<&str>) -> Result<DemoCertificate, PkiError> {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        params.subject_alt_names.push(SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)));
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(oin) = oin {
            params.distinguished_name.push(DnType::CustomDnType(OID_SERIAL_NUMBER.to_vec()), oin);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        validity(&mut params, Timestamp::now(), VALID_DAYS);
        self.sign(params)
    }

    /// Makes a client certificate, with an OIN in the serialNumber of its subject if one is given.
    ///
    /// # Errors
    ///
    /// [`PkiError::Demo`] when the system has no randomness to make a key from.
    pub fn client(&self, name: &str, oin: Option<&str>) -> Result<DemoCertificate, PkiError> {
        self.client_from(name, oin, Timestamp::now(), VALID_DAYS)
    }

    /// Makes a client certificate that has run out, to show what happens then.
    ///
    /// # Errors
    ///
    /// [`PkiError::Demo`] when the system has no randomness to make a key from.
    pub fn client_expired(&self, name: &str, oin: Option<&str>) -> Result<DemoCertificate, PkiError> {
        let start = Timestamp::now() - (24 * (VALID_DAYS + 10)).hours();
        self.client_from(name, oin, start, VALID_DAYS)
    }

    /// Makes the list of the certificates that the authority took back, in DER, good for so many days from now; a number
    /// below zero makes one that has run out.
    ///
    /// # Errors
    ///
    /// [`PkiError::Demo`] when it cannot be signed.
    pub fn revocation_list(&self, revoked: &[&DemoCertificate], days: i64) -> Result<Vec<u8>, PkiError> {
        let mut revoked_certs = Vec::new();
        let moment = |moment: Timestamp| {
            let date = moment.to_zoned_datetime(TimeZone::UTC).date();
            let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
            rcgen::date_time_ymd(i32::from(date.year()), month, day)
        };
        let now = Timestamp::now();
        let made = moment(now.saturating_sub((24 * 60).hours()).unwrap_or(now));
        for certificate in revoked {
            revoked_certs.push(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&certificate.identity.serial()?),
                revocation_time: made,
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            });
        }
        let params = CertificateRevocationListParams {
            this_update: made,
            next_update: moment(now.saturating_add((24 * days).hours()).unwrap_or(now)),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.issuer)?.der().to_vec())
    }

    fn client_from(
        &self,
        name: &str,
        oin: Option<&str>,
        start: Timestamp,
        days: i64,
    ) -> Result<DemoCertificate, PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(oin) = oin {
            params.distinguished_name.push(DnType::CustomDnType(OID_SERIAL_NUMBER.to_vec()), oin);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        validity(&mut params, start, days);
        self.sign(params)
    }

    fn sign(&self, mut params: CertificateParams) -> Result<DemoCertificate, PkiError> {
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let der = certificate.der().clone();
        Ok(DemoCertificate {
            fingerprint: PeerCertificate::from_der(&der)?.fingerprint,
            identity: Identity::new(vec![der, self.certificate.clone()], private)?,
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
        })
    }
}

/// From the day before `start`, so that two clocks a little apart agree, for `days` days.
fn validity(params: &mut CertificateParams, start: Timestamp, days: i64) {
    let day = |moment: Timestamp| {
        let date = moment.to_zoned_datetime(TimeZone::UTC).date();
        rcgen::date_time_ymd(i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(start.saturating_sub(24.hours()).unwrap_or(start));
    params.not_after = day(start.saturating_add((24 * days).hours()).unwrap_or(start));
}

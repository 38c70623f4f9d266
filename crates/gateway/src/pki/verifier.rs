//! Decides which certificates complete a handshake.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::{ClientTrust, Fingerprint, PeerCertificate, PkiError, Revocation, provider, roots};

/// What a verifier of either side does with the signature of the handshake: whose certificate it is does not matter.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider.signature_verification_algorithms.supported_schemes()
        }
    };
}

/// Accepts pinned public keys, and whatever is under a configured authority.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    pinned: HashSet<Fingerprint>,
    authorities: Option<Arc<dyn ClientCertVerifier>>,
    revocation: Revocation,
    mandatory: bool,
    provider: Arc<CryptoProvider>,
}

impl ClientVerifier {
    pub(super) fn new(
        trust: &ClientTrust,
        revocation: &Revocation,
        mandatory: bool,
    ) -> Result<Self, PkiError> {
        let authorities = if trust.authorities.is_empty() {
            None
        } else {
            let roots = Arc::new(roots(&trust.authorities)?);
            let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider());
            if !revocation.lists.is_empty() {
                builder = builder.with_crls(revocation.ders());
                builder = match revocation.lenient {
                    true => builder.allow_unknown_revocation_status(),
                    false => builder.enforce_revocation_expiration(),
                };
            }
            Some(builder.build().map_err(|error| PkiError::Trust(error.to_string()))?)
        };
        let (pinned, revocation) = (trust.pinned.iter().copied().collect(), revocation.clone());
        Ok(Self { pinned, authorities, revocation, mandatory, provider: provider() })
    }

    /// A pin replaces the chain, not the dates and not the purpose.
    fn verify_pinned(certificate: &PeerCertificate, now: UnixTime) -> Result<ClientCertVerified, Error> {
        let now = i64::try_from(now.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let now = now.ok_or(Error::FailedToGetCurrentTime)?;
        if now < certificate.not_before {
            return Err(CertificateError::NotValidYet.into());
        }
        if now > certificate.not_after {
            return Err(CertificateError::Expired.into());
        }
        if !certificate.client_authentication || certificate.authority {
            return Err(CertificateError::InvalidPurpose.into());
        }
        Ok(ClientCertVerified::assertion())
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // A client would leave out a pinned certificate that is under none of the names hinted at.
        match &self.authorities {
            Some(authorities) if self.pinned.is_empty() => authorities.root_hint_subjects(),
            _ => &[],
        }
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let certificate =
            PeerCertificate::from_der(end_entity).map_err(|_| Error::from(CertificateError::BadEncoding))?;
        if self.pinned.contains(&certificate.fingerprint) {
            if self.revocation.names(end_entity) {
                return Err(CertificateError::Revoked.into());
            }
            return Self::verify_pinned(&certificate, now);
        }
        match &self.authorities {
            Some(authorities) => authorities.verify_client_cert(end_entity, intermediates, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    signatures!();
}

/// Accepts servers as another does, if their certificate has an OIN besides (C-55).
#[derive(Debug)]
pub(super) struct ServerOfOin {
    inner: Arc<dyn ServerCertVerifier>,
    oin: String,
    provider: Arc<CryptoProvider>,
}

impl ServerOfOin {
    pub(super) fn new(inner: Arc<dyn ServerCertVerifier>, oin: &str) -> Self {
        Self { inner, oin: oin.to_owned(), provider: provider() }
    }
}

impl ServerCertVerifier for ServerOfOin {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let shown =
            PeerCertificate::from_der(end_entity).map_err(|_| Error::from(CertificateError::BadEncoding))?;
        match shown.serial_number {
            Some(serial) if serial == self.oin => Ok(verified),
            Some(_) => Err(Error::General("the certificate of the server has another OIN".to_owned())),
            None => Err(Error::General("the certificate of the server has no OIN".to_owned())),
        }
    }

    signatures!();
}

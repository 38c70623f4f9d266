//! Certificates and TLS: who we are, whom we trust, who the peer is.
//!
//! Threat model: whoever reaches a listener may send anything. The exchange listener completes a handshake
//! only with a client that proves possession of the key of a certificate that is either under a configured
//! client CA or pinned by the SHA-256 of its public key, is valid today and may be used for client
//! authentication. *Which* partner that is, is decided afterwards from the configuration
//! ([`PeerCertificate`] has what that needs); a certificate that names no partner gets a 403.
//!
//! TLS 1.2 and 1.3 only, with the primitives of `ring`; the provider is passed explicitly everywhere, so
//! nothing depends on a process-wide default.

mod demo;
mod expiry;
mod peer;
mod revocation;
mod verifier;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use x509_parser::prelude::{FromDer, X509Certificate};

pub use demo::{DemoAuthority, DemoCertificate};
pub use expiry::{End, EndKind, LEVELS, Teller};
pub use peer::{Fingerprint, NotAFingerprint, PeerCertificate};
pub use revocation::{Revocation, RevocationList};

/// Protocol names offered in the handshake, in order of preference.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why certificates or keys cannot be used. All of these are mistakes in the configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PkiError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not PEM, or an entry of it is broken.
    #[error("{} is not usable PEM: {reason}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is PEM, but has nothing of the kind that was asked for.
    #[error("{} has no {what}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// The certificate cannot be understood.
    #[error("the certificate cannot be read: {0}")]
    Certificate(String),
    /// Certificate, key or trust anchors do not go together.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The trust anchors cannot be used to verify peers.
    #[error("the trusted certificates cannot be used: {0}")]
    Trust(String),
    /// Making a demonstration certificate failed.
    #[error("a demonstration certificate cannot be made: {0}")]
    Demo(#[from] rcgen::Error),
}

/// Our own certificate chain with its private key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        // The key belongs to the first certificate of the chain.
        self.chain == other.chain
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl Identity {
    /// Returns the identity of a chain (leaf first) and the key of the leaf.
    ///
    /// # Errors
    ///
    /// [`PkiError::Tls`] when the key is not that of the leaf or of an unknown kind.
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, PkiError> {
        rustls::sign::CertifiedKey::from_der(chain.clone(), key.clone_key(), &provider())?;
        Ok(Self { chain, key })
    }

    /// Reads an identity from two PEM files, which may be the same file.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, is not PEM, or the two do not belong together.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, PkiError> {
        Self::new(certificates(certificate)?, private_key(key)?)
    }

    /// Returns the fingerprint of the key.
    ///
    /// # Errors
    ///
    /// The certificate cannot be read.
    pub(crate) fn fingerprint(&self) -> Result<Fingerprint, PkiError> {
        let own = self.chain.first().ok_or(rustls::Error::NoCertificatesPresented)?;
        Ok(PeerCertificate::from_der(own)?.fingerprint)
    }

    /// Returns the certificates, our own first.
    #[cfg(test)]
    pub(crate) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Returns the serial number of our certificate.
    pub(crate) fn serial(&self) -> Result<Vec<u8>, PkiError> {
        let leaf = self.chain.first().ok_or_else(|| PkiError::Certificate("the chain is empty".into()))?;
        let (_, parsed) =
            X509Certificate::from_der(leaf).map_err(|error| PkiError::Certificate(error.to_string()))?;
        Ok(parsed.raw_serial().to_vec())
    }

    /// Returns what peers see of us.
    ///
    /// # Errors
    ///
    /// [`PkiError::Certificate`] when the certificate cannot be understood.
    pub fn certificate(&self) -> Result<PeerCertificate, PkiError> {
        let leaf = self.chain.first().ok_or_else(|| PkiError::Certificate("the chain is empty".into()))?;
        PeerCertificate::from_der(leaf)
    }
}

/// Whose client certificates complete a handshake.
#[derive(Clone, Debug, Default)]
pub struct ClientTrust {
    /// Certification authorities; any certificate under one of these is let in.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Public keys let in whoever signed their certificate.
    pub pinned: Vec<Fingerprint>,
}

/// Returns the cryptography that everything here uses.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Reads all certificates of a PEM file.
///
/// # Errors
///
/// When the file cannot be read, is not PEM or has no certificate.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PkiError> {
    let text = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found =
        found.map_err(|error| PkiError::NotPem { path: path.to_owned(), reason: error.to_string() })?;
    if found.is_empty() {
        return Err(PkiError::Missing { path: path.to_owned(), what: "certificate" });
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, PkiError> {
    let text = read(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            PkiError::Missing { path: path.to_owned(), what: "private key" }
        }
        other => PkiError::NotPem { path: path.to_owned(), reason: other.to_string() },
    })
}

fn read(path: &Path) -> Result<Vec<u8>, PkiError> {
    std::fs::read(path).map_err(|source| PkiError::Unreadable { path: path.to_owned(), source })
}

/// The TLS side of a listener. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    clients: Option<Arc<dyn ClientCertVerifier>>,
}

impl ServerTls {
    fn new(identity: &Identity, clients: Option<Arc<dyn ClientCertVerifier>>) -> Result<Self, PkiError> {
        let builder =
            ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let builder = match &clients {
            Some(clients) => builder.with_client_cert_verifier(Arc::clone(clients)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(identity.chain.clone(), identity.key.clone_key())?;
        config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
        Ok(Self { config: Arc::new(config), clients })
    }

    /// Returns what a handshake needs.
    #[must_use]
    pub fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    /// Returns whether a handshake with this chain, the client's own certificate first, would be let in now.
    #[must_use]
    pub fn accepts(&self, chain: &[CertificateDer<'_>]) -> bool {
        let (Some(clients), Some((own, others))) = (&self.clients, chain.split_first()) else { return true };
        clients.verify_client_cert(own, others, UnixTime::now()).is_ok()
    }
}

/// Returns the TLS side of a listener that demands a client certificate.
///
/// # Errors
///
/// When identity or trust anchors cannot be used.
pub fn server_config_mutual(identity: &Identity, trust: &ClientTrust) -> Result<ServerTls, PkiError> {
    server_config_asking(identity, trust, &Revocation::default(), true)
}

/// Returns the TLS side of a listener that asks for a client certificate, and refuses those that were taken back. Unless
/// it is `mandatory`, a client without one gets in; one that shows a certificate shows a good one in any case.
///
/// # Errors
///
/// When identity, trust anchors or lists cannot be used.
pub fn server_config_asking(
    identity: &Identity,
    trust: &ClientTrust,
    revocation: &Revocation,
    mandatory: bool,
) -> Result<ServerTls, PkiError> {
    ServerTls::new(identity, Some(Arc::new(verifier::ClientVerifier::new(trust, revocation, mandatory)?)))
}

/// Returns the TLS side of a listener whose clients show who they are in another way.
///
/// # Errors
///
/// When the identity cannot be used.
pub fn server_config(identity: &Identity) -> Result<ServerTls, PkiError> {
    ServerTls::new(identity, None)
}

/// Returns the TLS side of a client: our certificate, and the authorities whose servers we talk to.
///
/// Nothing but `authorities` is trusted; the roots of the operating system play no part.
///
/// # Errors
///
/// When identity or trust anchors cannot be used.
pub fn client_config(
    identity: Option<&Identity>,
    authorities: &[CertificateDer<'static>],
) -> Result<ClientConfig, PkiError> {
    client_config_checking(identity, authorities, &Revocation::default())
}

/// Returns the TLS side of a client that refuses servers whose certificate was taken back.
///
/// # Errors
///
/// When identity, trust anchors or lists cannot be used.
pub fn client_config_checking(
    identity: Option<&Identity>,
    authorities: &[CertificateDer<'static>],
    revocation: &Revocation,
) -> Result<ClientConfig, PkiError> {
    client_config_for(identity, authorities, revocation, None)
}

/// Returns the TLS side of a client that talks to no server but one whose certificate has this OIN, if one is given.
///
/// # Errors
///
/// When identity, trust anchors or lists cannot be used.
pub fn client_config_for(
    identity: Option<&Identity>,
    authorities: &[CertificateDer<'static>],
    revocation: &Revocation,
    oin: Option<&str>,
) -> Result<ClientConfig, PkiError> {
    let own = |builder: rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>| {
        Ok(match identity {
            Some(identity) => {
                builder.with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())?
            }
            None => builder.with_no_client_auth(),
        })
    };
    let roots = Arc::new(roots(authorities)?);
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    if roots.is_empty() {
        // Whoever calls nobody needs to trust nobody; every server is refused then.
        return own(config.with_root_certificates(roots));
    }
    let mut builder = WebPkiServerVerifier::builder_with_provider(roots, provider());
    if !revocation.lists.is_empty() {
        builder = builder.with_crls(revocation.ders());
        builder = match revocation.lenient {
            true => builder.allow_unknown_revocation_status(),
            false => builder.enforce_revocation_expiration(),
        };
    }
    let verifier = builder.build().map_err(|error| PkiError::Trust(error.to_string()))?;
    match oin {
        None => own(config.with_webpki_verifier(verifier)),
        Some(oin) => {
            let verifier = Arc::new(verifier::ServerOfOin::new(verifier, oin));
            own(config.dangerous().with_custom_certificate_verifier(verifier))
        }
    }
}

fn roots(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, PkiError> {
    let mut roots = RootCertStore::empty();
    for certificate in authorities {
        roots.add(certificate.clone()).map_err(|error| PkiError::Trust(error.to_string()))?;
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;

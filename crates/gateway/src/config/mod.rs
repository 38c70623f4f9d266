//! The configuration file of `iwmo serve`: what it holds, and every mistake in it at once.
//!
//! `deploy/iwmo.example.toml` describes each setting; a test keeps it and this module together. The daemon
//! and `iwmo check-config` use the same [`check`]. Nothing here is guessed: an unknown key is a
//! mistake, so that a misspelt limit never falls back to its default in silence.
//!
//! Relative paths are relative to the folder of the file.

mod beleid;
mod broken;
mod difference;
mod eigen_bijdrage;
mod ends;
mod files;
mod mistake;
mod oin;
mod parties;
mod reader;
mod relations;
mod revocation;
mod route;
mod sections;
mod sources;
mod stilte;
mod systems;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use iwmo_codec::rules::outside::{Gemeentecodes, Productcodes};
use iwmo_toewijzing::cak::Lagen;
use iwmo_toewijzing::judge::Beleid;
use rustls::pki_types::CertificateDer;

use crate::engine::PartnerId;
use crate::pki::{ClientTrust, Fingerprint, Identity, Revocation};

pub(crate) use eigen_bijdrage::of_policy;

pub use difference::{changes, fixed};
pub use iwmo_toewijzing::identity::{Aanbieder as AgbCode, Gemeente as Gemeentecode};
pub use mistake::{Mistake, MistakeKind, MistakeView, Severity, Text};
pub use oin::{NotAnOin, Oin};
pub use sources::{PARTNER_FILES_MAX, Sources, data_folder};
pub use stilte::{NotAStilte, Stilte, is_awake_for, stilte_at};

/// A configuration without mistakes, with its certificates read.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of journal and ledger.
    pub data: PathBuf,
    /// Where partners deliver.
    pub exchange: ExchangeSettings,
    /// Where municipal systems come in; none without the section.
    pub backoffice: Option<BackofficeSettings>,
    /// Where operators and monitoring look; none without the section.
    pub ops: Option<SocketAddr>,
    /// The gemeenten served.
    pub gemeenten: Vec<Gemeente>,
    /// The codes of gemeenten that are known (TR378); none: not checked.
    pub gemeentecodes: Option<Gemeentecodes>,
    /// The counterparties.
    pub partners: Vec<Partner>,
    /// The keys to the backoffice listener.
    pub tokens: Vec<Token>,
    /// How long what is about persons is kept.
    pub retention: Retention,
    /// Municipal systems that show a certificate there.
    pub systems: Vec<System>,
    /// What is allowed at most.
    pub limits: Limits,
    /// How outgoing messages are sent.
    pub sending: Sending,
    /// What is logged, and how.
    pub logging: Logging,
    /// Where traces go; none: nowhere.
    pub telemetry: Option<Telemetry>,
    /// The files that it names with certificates, keys and lists.
    pub files: Vec<PathBuf>,
}

/// How long what is about persons is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Years after the last change.
    pub years: u16,
    /// Whether it is removed by itself when they are over.
    pub automatic: bool,
}

impl Default for Retention {
    fn default() -> Self {
        Self { years: crate::removal::TERM_YEARS, automatic: true }
    }
}

/// The exchange listener.
#[derive(Clone, Debug)]
pub struct ExchangeSettings {
    /// Address and port.
    pub address: SocketAddr,
    /// Our certificate as a server.
    pub identity: Identity,
    /// Authorities under which client certificates are let in.
    pub client_authorities: Vec<CertificateDer<'static>>,
    /// Which of those are refused all the same.
    pub revocation: Revocation,
}

/// The backoffice listener.
#[derive(Clone, Debug)]
pub struct BackofficeSettings {
    /// Address and port.
    pub address: SocketAddr,
    /// Our certificate as a server.
    pub identity: Identity,
    /// Authorities under which client certificates are let in.
    pub client_authorities: Vec<CertificateDer<'static>>,
    /// Which of those are refused all the same.
    pub revocation: Revocation,
}

/// A gemeente served by this gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gemeente {
    /// CBS code.
    pub code: Gemeentecode,
    /// As people know it.
    pub name: String,
    /// The partner that is its CAK; without one nothing is sent to the CAK.
    pub cak: Option<PartnerId>,
    /// The product codes that it agreed on with its aanbieders (TR381); none: not checked.
    pub productcodes: Option<Productcodes>,
    /// The choices the law leaves to it.
    pub policy: Policy,
}

/// The choices of a gemeente.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// How long a start or stop that comes before what it builds on waits for that (D8); none: it is judged at once.
    pub parkeertijd: Option<Duration>,
    /// What the CAK is told, and when.
    pub eigen_bijdrage: Lagen,
    /// How messages are judged where the standard leaves a choice, which days it works, and what it agreed with its
    /// aanbieders.
    pub beleid: Beleid,
}

/// What a partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartnerKind {
    /// A care provider.
    Aanbieder,
    /// The CAK.
    Cak,
    /// The national hub.
    Ggk,
    /// A municipal system that receives and sends as a partner does.
    Backoffice,
}

/// The way by which a partner gets what is for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartnerRoute {
    /// We post it to the partner's exchange.
    Direct,
    /// The partner fetches it here.
    Ophalen,
    /// We post it in an envelope of the GGk, to the partner or to the hub that it is behind.
    Stuf,
    /// We put it into a folder.
    Map,
}

impl PartnerRoute {
    /// Returns the word for it in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Ophalen => "ophalen",
            Self::Stuf => "stuf",
            Self::Map => "map",
        }
    }
}

/// A counterparty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its name here.
    pub id: PartnerId,
    /// What it is.
    pub kind: PartnerKind,
    /// Of an aanbieder.
    pub agb: Option<AgbCode>,
    /// How it gets what is for it.
    pub route: PartnerRoute,
    /// Where it receives, without the path of the exchange; of a partner behind a hub, where the hub does.
    pub url: Option<String>,
    /// The hub that it is behind.
    pub via: Option<PartnerId>,
    /// Its folder, with `in`, `out`, `done` and `refused`.
    pub folder: Option<PathBuf>,
    /// Public keys of the certificates it may show.
    pub fingerprints: Vec<Fingerprint>,
    /// The OIN in a certificate, under a configured authority, that it may show.
    pub oin: Option<Oin>,
    /// The OIN that the certificate of its server must have: its own, unless the configuration says otherwise; of a partner
    /// behind a hub, that of the hub's.
    pub server_oin: Option<Oin>,
    /// When nothing is sent to it; of a partner behind a hub, also when nothing is to the hub.
    pub stilte: Vec<Stilte>,
    /// The gemeenten it deals with.
    pub gemeenten: Vec<Gemeentecode>,
    /// What it may take of the gateway, where that is not what every partner may.
    pub limits: PartnerLimits,
}

/// What one partner may take of the gateway; what is not given is as for every partner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartnerLimits {
    /// Bytes of one message.
    pub message_bytes: Option<usize>,
    /// Messages a minute, averaged, and how many of them at once.
    pub messages: Option<(u32, u32)>,
    /// Connections at the same time.
    pub connections: Option<usize>,
}

impl Partner {
    /// Returns a partner of which no more is known: it fetches, and cannot be known by any certificate.
    #[must_use]
    pub fn new(id: &str, kind: PartnerKind) -> Self {
        Self {
            id: PartnerId(id.to_owned()),
            kind,
            agb: None,
            route: PartnerRoute::Ophalen,
            url: None,
            via: None,
            folder: None,
            fingerprints: Vec::new(),
            oin: None,
            server_oin: None,
            stilte: Vec::new(),
            gemeenten: Vec::new(),
            limits: PartnerLimits::default(),
        }
    }

    /// Returns whether we bring what is for it; else it fetches.
    #[must_use]
    pub fn is_served(&self) -> bool {
        match self.route {
            PartnerRoute::Direct | PartnerRoute::Stuf => self.url.is_some(),
            PartnerRoute::Map => self.folder.is_some(),
            PartnerRoute::Ophalen => false,
        }
    }
}

/// A key to the backoffice listener.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Who has it; messages sent with it are from the [`PartnerId`] of this name.
    pub name: String,
    /// SHA-256 of the token; the token itself is nowhere in the gateway.
    pub sha256: [u8; 32],
    /// The gemeenten it opens.
    pub gemeenten: Vec<Gemeentecode>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("name", &self.name)
            .field("gemeenten", &self.gemeenten)
            .finish_non_exhaustive()
    }
}

/// A municipal system that shows a certificate at the backoffice listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// What it is called; messages that it hands in are from the [`PartnerId`] of this name.
    pub name: String,
    /// Public keys of the certificates it may show.
    pub fingerprints: Vec<Fingerprint>,
    /// The OIN in a certificate, under a configured authority, that it may show.
    pub oin: Option<Oin>,
    /// The gemeenten it may see.
    pub gemeenten: Vec<Gemeentecode>,
}

/// What is allowed at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message.
    pub message_bytes: usize,
    /// Bytes of all messages being received together.
    pub receiving_bytes: usize,
    /// Connections of one listener.
    pub connections: usize,
    /// Connections of one partner to the exchange.
    pub partner_connections: usize,
    /// Messages a second of one partner, averaged; short bursts may have ten times as many.
    pub messages_per_second: u32,
    /// For a TLS handshake.
    pub handshake: Duration,
    /// For the head of a request.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// For an answer to be read away, once it does not go out at once.
    pub answer: Duration,
    /// Of silence on a connection.
    pub idle: Duration,
    /// For what is in flight when the daemon stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 32 * 1024 * 1024,
            receiving_bytes: 256 * 1024 * 1024,
            connections: 1024,
            partner_connections: 512,
            messages_per_second: 1000,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            body: Duration::from_secs(60),
            answer: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            drain: Duration::from_secs(20),
        }
    }
}

/// How outgoing messages are sent.
#[derive(Clone, Debug)]
pub struct Sending {
    /// Our certificate as a client; none: that of the exchange listener.
    pub identity: Option<Identity>,
    /// Authorities under which the servers of partners are trusted.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Which of those are refused all the same.
    pub revocation: Revocation,
    /// Pace and patience.
    pub pace: Pace,
}

/// Pace and patience of sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Wait after the first failure; it doubles with each one.
    pub backoff_first: Duration,
    /// The longest wait.
    pub backoff_max: Duration,
    /// A message that still fails after so long is parked for an operator.
    pub park_after: Duration,
    /// Messages to one partner at the same time.
    pub concurrent: usize,
    /// For one attempt as a whole.
    pub attempt: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            backoff_first: Duration::from_secs(5),
            backoff_max: Duration::from_secs(15 * 60),
            park_after: Duration::from_secs(3 * 24 * 60 * 60),
            concurrent: 8,
            attempt: Duration::from_secs(60),
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// One JSON object a line, or text for people.
    pub format: LogFormat,
    /// A filter as `info` or `warn,iwmo_gateway::outbox=debug`.
    pub filter: String,
}

impl Default for Logging {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".to_owned() }
    }
}

/// Where traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// Where the collector takes OTLP over HTTP, with the path.
    pub otlp: String,
    /// The name of this gateway there.
    pub service: String,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What a check of a configuration file found.
#[derive(Debug)]
pub struct Checked {
    /// Everything that is wrong, in the order of the file, warnings too.
    pub mistakes: Vec<Mistake>,
    /// The configuration; none when a mistake is more than a warning.
    pub config: Option<Config>,
}

/// Why a configuration file could not be checked at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", path.display())]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: std::io::Error,
}

/// Checks a configuration file and everything it names.
///
/// # Errors
///
/// [`Unreadable`] when there is no file to check.
pub fn check(path: &Path) -> Result<Checked, Unreadable> {
    Ok(Sources::read(path)?.check())
}

/// Checks the text of a configuration file; relative paths start at `folder`.
#[cfg(test)]
fn check_text(text: &str, folder: &Path) -> Checked {
    Sources::of_text(text, folder).check()
}

impl Config {
    /// Returns whom the exchange listener lets in.
    #[must_use]
    pub fn client_trust(&self) -> ClientTrust {
        ClientTrust {
            authorities: self.exchange.client_authorities.clone(),
            pinned: self.partners.iter().flat_map(|partner| partner.fingerprints.iter().copied()).collect(),
        }
    }

    /// Returns whose certificates the backoffice listener looks at; none: it asks for none.
    #[must_use]
    pub fn system_trust(&self) -> Option<ClientTrust> {
        let authorities = self.backoffice.as_ref()?.client_authorities.clone();
        let pinned: Vec<_> =
            self.systems.iter().flat_map(|system| system.fingerprints.iter().copied()).collect();
        (!authorities.is_empty() || !pinned.is_empty()).then_some(ClientTrust { authorities, pinned })
    }
}

#[cfg(test)]
mod tests;

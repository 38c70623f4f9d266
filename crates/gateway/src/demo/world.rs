//! Certificates, configuration, the gateway and its partners.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use iwmo_codec::Schemas;
use rand::RngExt;
use sha2::{Digest, Sha256};

use super::DemoError;
use super::caller::Caller;
use super::narrator::Narrator;
use super::peers::{self, Peer, Role};
use crate::clock::SystemClock;
use crate::config;
use crate::daemon::Daemon;
use crate::hex::hex;
use crate::listener::Stopper;
use crate::pki::{DemoAuthority, DemoCertificate, Fingerprint};

/// The gemeenten of the demonstration.
pub(super) const GEMEENTEN: &[(&str, &str)] =
    &[("0222", "Doetinchem"), ("1586", "Oost Gelre"), ("0285", "Voorst")];

/// AGB code of the simulated coalition.
pub(super) const HVB: &str = "98000001";
/// AGB code of the second simulated aanbieder.
pub(super) const LINDE: &str = "98000002";

/// Everything that takes part.
pub(super) struct World {
    pub(super) daemon: Daemon,
    pub(super) hvb: Arc<Peer>,
    pub(super) linde: Arc<Peer>,
    pub(super) cak: Arc<Peer>,
    pub(super) backoffice: Caller,
    pub(super) narrator: Narrator,
    stopper: Stopper,
}

struct Participant {
    peer: Arc<Peer>,
    client: DemoCertificate,
    address: SocketAddr,
}

impl World {
    pub(super) async fn start(data: &Path, narrator: Narrator) -> Result<Self, DemoError> {
        let authority = DemoAuthority::new("iwmo demo")?;
        let server = authority.server("gateway")?;
        let sender = authority.client("gateway", None)?;
        let (stopper, stop) = Stopper::new();
        let schemas = Schemas::bundled();
        let gateway = peers::gateway_as_partner(sender.fingerprint);
        let mut participants = Vec::new();
        for (name, role) in
            [("coalitie-hvb", Role::Aanbieder), ("zorg-de-linde", Role::Aanbieder), ("cak", Role::Cak)]
        {
            let peer = Peer::new(name, role, schemas.clone());
            let endpoint = authority.server(name)?;
            let address = peer.listen(&endpoint.identity, &gateway, stop.clone()).await?;
            participants.push(Participant { peer, client: authority.client(name, None)?, address });
        }
        let token = token();
        let tls = data.join("tls");
        write(&tls.join("ca.pem"), authority.certificate_pem())?;
        for (name, certificate) in [("exchange", &server), ("client", &sender)] {
            write(&tls.join(format!("{name}.pem")), &certificate.certificate_pem)?;
            write_secret(&tls.join(format!("{name}-key.pem")), &certificate.key_pem)?;
        }
        for participant in &participants {
            let name = participant.peer.name;
            write(&tls.join(format!("{name}.pem")), &participant.client.certificate_pem)?;
            write_secret(&tls.join(format!("{name}-key.pem")), &participant.client.key_pem)?;
        }
        write_secret(&tls.join("backoffice-token"), &token)?;
        let file = data.join("iwmo.toml");
        write(&file, &configuration(&participants, &token))?;

        let checked =
            config::check(&file).map_err(|error| DemoError::File { path: file, source: error.source })?;
        let Some(config) = checked.config else { return Err(DemoError::Configuration(checked.mistakes)) };
        let daemon = Daemon::start(config, Arc::new(SystemClock), &mut |_| {}).await?;
        narrator.follow(daemon.engine());

        let exchange = format!("https://{}", daemon.exchange());
        for participant in &participants {
            let caller =
                Caller::partner(exchange.clone(), &participant.client.identity, authority.certificate())?;
            participant.peer.connect(caller);
        }
        let address = daemon.backoffice().ok_or(DemoError::NotConnected)?;
        let backoffice = Caller::backoffice(format!("https://{address}"), token, authority.certificate())?;
        let mut peers = participants.into_iter().map(|participant| participant.peer);
        let (Some(hvb), Some(linde), Some(cak)) = (peers.next(), peers.next(), peers.next()) else {
            return Err(DemoError::NotConnected);
        };
        Ok(Self { daemon, hvb, linde, cak, backoffice, narrator, stopper })
    }

    pub(super) async fn stop(self) {
        self.narrator.settle(self.daemon.engine()).await;
        self.daemon.stop().await;
        self.stopper.stop();
    }
}

fn token() -> String {
    let bytes: [u8; 32] = rand::rng().random();
    hex(&bytes)
}

fn configuration(participants: &[Participant], token: &str) -> String {
    let mut text = String::from(
        "# Written by `iwmo demo`. The partners in it live only as long as the demonstration.\n\
         data = \".\"\n\n\
         [exchange]\naddress = \"127.0.0.1:0\"\ncertificate = \"tls/exchange.pem\"\nkey = \"tls/exchange-key.pem\"\n\n\
         [backoffice]\naddress = \"127.0.0.1:0\"\ncertificate = \"tls/exchange.pem\"\nkey = \"tls/exchange-key.pem\"\n\n",
    );
    for (code, name) in GEMEENTEN {
        text.push_str(&format!(
            "[[gemeente]]\ncode = \"{code}\"\nname = \"{name}\"\ncak = \"cak\"\n\n[gemeente.policy]\nstandaard = \"ieb-1.0\"\nbedenktijd = \"0s\"\n\n"
        ));
    }
    for participant in participants {
        let (name, address) = (participant.peer.name, participant.address);
        let fingerprint: Fingerprint = participant.client.fingerprint;
        let kind = match name {
            "coalitie-hvb" => format!("kind = \"aanbieder\"\nagb = \"{HVB}\""),
            "zorg-de-linde" => format!("kind = \"aanbieder\"\nagb = \"{LINDE}\""),
            _ => "kind = \"cak\"".to_owned(),
        };
        text.push_str(&format!(
            "[[partner]]\nid = \"{name}\"\n{kind}\nurl = \"https://{address}\"\nfingerprint = \"{fingerprint}\"\n\n"
        ));
    }
    let sha256 = hex(&Sha256::digest(token));
    let gemeenten: Vec<String> = GEMEENTEN.iter().map(|(code, _)| format!("\"{code}\"")).collect();
    text.push_str(&format!(
        "[[token]]\nname = \"backoffice\"\nsha256 = \"{sha256}\"\ngemeenten = [{}]\n\n\
         [sending]\nserver_ca = [\"tls/ca.pem\"]\ncertificate = \"tls/client.pem\"\nkey = \"tls/client-key.pem\"\n\
         backoff_first = \"100ms\"\n",
        gemeenten.join(", ")
    ));
    text
}

fn write(path: &Path, text: &str) -> Result<(), DemoError> {
    std::fs::write(path, text).map_err(|source| DemoError::File { path: path.to_owned(), source })
}

fn write_secret(path: &Path, text: &str) -> Result<(), DemoError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let open = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| DemoError::File { path: path.to_owned(), source })
}

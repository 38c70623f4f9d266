//! A whole daemon in this process, over real sockets and certificates.

mod limits;
mod peer;
mod pull;
pub(crate) mod stuf;
mod stuf_hostile;
mod stuf_later;
mod stuf_rows;
mod stuf_table;

use std::path::{Path, PathBuf};

use tokio::sync::watch;

use super::*;
use crate::clock::SystemClock;
use crate::demo::messages::{Envelope, Order, Person, wmo301};
use crate::engine::{Inbound, Intake, PartnerId, Receipt};
use crate::pki::{self, DemoAuthority, DemoCertificate};

pub(crate) const HVB: &str = "98000001";
pub(crate) const LINDE: &str = "98000002";
/// Tokens of the backoffice systems of the two gemeenten.
pub(crate) const TOKEN: &str = "token-of-0222";
pub(crate) const TOKEN_1586: &str = "token-of-1586";

const PERSON: Person = Person {
    bsn: "999900006",
    achternaam: "Wit",
    voorletters: "T",
    geboortedatum: "1951-08-13",
    geslacht: "1",
    straat: "Lindelaan",
    plaats: "Doetinchem",
    postcode: "7001AA",
};

/// Certificates and a folder for a gateway.
pub(crate) struct World {
    folder: tempfile::TempDir,
    pub(crate) authority: DemoAuthority,
    pub(crate) hvb: DemoCertificate,
    pub(crate) linde: DemoCertificate,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = DemoAuthority::new("Test CA").unwrap();
        let own = authority.server("gateway").unwrap();
        let client = authority.client("gateway", None).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("gateway.pem", &own.certificate_pem);
        write("gateway-key.pem", &own.key_pem);
        write("client.pem", &client.certificate_pem);
        write("client-key.pem", &client.key_pem);
        write("ca.pem", authority.certificate_pem());
        let hvb = authority.client("hvb", Some("00000001111111110000")).unwrap();
        let linde = authority.client("linde", Some("00000002222222220000")).unwrap();
        Self { folder, authority, hvb, linde }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The usual partners: two aanbieders that fetch.
    pub(crate) fn partners(&self) -> String {
        [("hvb", HVB, &self.hvb), ("linde", LINDE, &self.linde)]
            .map(|(id, agb, certificate)| {
                let fingerprint = certificate.fingerprint;
                format!(
                    "[[partner]]\nid = \"{id}\"\nkind = \"aanbieder\"\nagb = \"{agb}\"\nroute = \"ophalen\"\nfingerprint = \"{fingerprint}\"\n"
                )
            })
            .concat()
    }

    /// A configuration with these partners.
    pub(crate) fn text(&self, partners: &str) -> String {
        let token = |name: &str, token: &str, gemeente: &str| {
            let sha256 = crate::hex::hex(&<[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(token)));
            format!("[[token]]\nname = \"{name}\"\nsha256 = \"{sha256}\"\ngemeenten = [\"{gemeente}\"]\n")
        };
        let tokens = [token("backoffice", TOKEN, "0222"), token("other", TOKEN_1586, "1586")].concat();
        format!(
            "data = \"data\"\n[exchange]\naddress = \"127.0.0.1:0\"\ncertificate = \"gateway.pem\"\nkey = \"gateway-key.pem\"\nclient_ca = [\"ca.pem\"]\n[backoffice]\naddress = \"127.0.0.1:0\"\ncertificate = \"gateway.pem\"\nkey = \"gateway-key.pem\"\n[sending]\nserver_ca = [\"ca.pem\"]\ncertificate = \"client.pem\"\nkey = \"client-key.pem\"\nbackoff_first = \"100ms\"\n[[gemeente]]\ncode = \"0222\"\nname = \"Doetinchem\"\n[[gemeente]]\ncode = \"1586\"\nname = \"Oost Gelre\"\n{tokens}{partners}"
        )
    }

    pub(crate) fn write(&self, partners: &str) -> PathBuf {
        let path = self.path("iwmo.toml");
        std::fs::write(&path, self.text(partners)).unwrap();
        path
    }

    pub(crate) async fn start(&self, partners: &str) -> Daemon {
        let config = read(&self.write(partners));
        Daemon::start(config, Arc::new(SystemClock), &mut |_| {}).await.unwrap()
    }

    pub(crate) fn client(&self, certificate: Option<&DemoCertificate>) -> reqwest::Client {
        let identity = certificate.map(|certificate| &certificate.identity);
        let tls = pki::client_config(identity, &[self.authority.certificate()]).unwrap();
        reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
    }
}

pub(crate) fn read(path: &Path) -> Config {
    let checked = config::check(path).unwrap();
    checked.config.unwrap_or_else(|| panic!("{:?}", checked.mistakes))
}

/// A 301 of a gemeente to an aanbieder, with this Identificatie and number.
pub(crate) fn toewijzing(gemeente: &str, agb: &str, nummer: u32) -> Vec<u8> {
    let today = crate::clock::dutch_date(jiff::Timestamp::now());
    let envelope = Envelope { gemeente, agb, identificatie: &format!("T{nummer}"), today };
    let order = Order { nummer, categorie: "02", code: "02A05", ingangsdatum: today, einddatum: today };
    let person = Person { bsn: crate::engine::tests::bsn(nummer).leak(), ..PERSON };
    wmo301(envelope, &person, &order).unwrap().encode()
}

/// Hands a message in as a backoffice system does.
pub(crate) async fn order(daemon: &Daemon, token: &str, message: Vec<u8>) -> Receipt {
    let partner = PartnerId(token.to_owned());
    let inbound = Inbound {
        partner,
        route: crate::engine::Route::Backoffice,
        bytes: message.into(),
        key: None,
        bevestigd: Vec::new(),
    };
    daemon.engine().receive(inbound).await.unwrap()
}

//! A place to run a gateway: folder, certificates, configuration, and the daemon itself.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use iwmo_gateway::pki::{DemoAuthority, DemoCertificate};
use tempfile::TempDir;

use super::program::command;
use super::{Caller, Endpoint, PATIENCE, Run, iwmo, store};

/// A partner of the gateway: its name, and its AGB code if it is an aanbieder.
pub(crate) type PartnerOf = (&'static str, Option<&'static str>);

/// The coalition.
pub(crate) const HVB: PartnerOf = ("coalitie-hvb", Some("98000001"));
/// A second aanbieder.
pub(crate) const LINDE: PartnerOf = ("zorg-de-linde", Some("98000002"));
/// The aanbieder of the official samples 305 and 307.
pub(crate) const AMSTEL: PartnerOf = ("amstel", Some("65656055"));
/// The aanbieder of the official sample 301.
pub(crate) const SAMPLE: PartnerOf = ("voorbeeld", Some("42420001"));
/// The CAK.
pub(crate) const CAK: PartnerOf = ("cak", None);

const PARTNERS: [PartnerOf; 5] = [HVB, LINDE, AMSTEL, SAMPLE, CAK];
const GEMEENTEN: [(&str, &str); 4] =
    [("0222", "Doetinchem"), ("0363", "Amsterdam"), ("0384", "Diemen"), ("1586", "Oost Gelre")];

/// The token that opens all gemeenten.
const TOKEN: &str = "a-token-of-the-tests-that-opens-every-gemeente";
/// The token that opens 1586 alone.
const TOKEN_1586: &str = "a-token-of-the-tests-that-opens-oost-gelre-alone";

/// A folder with everything a gateway needs.
pub(crate) struct Site {
    pub(crate) authority: DemoAuthority,
    pub(crate) gateway: DemoCertificate,
    partners: Vec<(PartnerOf, DemoCertificate)>,
    folder: TempDir,
}

impl Site {
    /// A folder with certificates and a configuration in which no partner receives.
    pub(crate) fn new() -> Self {
        let authority = DemoAuthority::new("system test").unwrap();
        let gateway = authority.client("gateway", None).unwrap();
        let partner = |partner: PartnerOf| (partner, authority.client(partner.0, None).unwrap());
        let partners = PARTNERS.map(partner).into();
        let folder = tempfile::tempdir().unwrap();
        let server = authority.server("gateway").unwrap();
        for (name, text) in [
            ("ca.pem", authority.certificate_pem()),
            ("server.pem", &server.certificate_pem),
            ("server-key.pem", &server.key_pem),
            ("client.pem", &gateway.certificate_pem),
            ("client-key.pem", &gateway.key_pem),
        ] {
            write_secret(&folder.path().join(name), text);
        }
        let site = Self { authority, gateway, partners, folder };
        site.configure(&[], "");
        site
    }

    /// Writes the configuration: who receives where, and more sections.
    pub(crate) fn configure(&self, receivers: &[(PartnerOf, SocketAddr)], more: &str) {
        std::fs::write(self.config(), self.configuration(receivers, more)).unwrap();
    }

    /// The text of the configuration.
    pub(crate) fn configuration(&self, receivers: &[(PartnerOf, SocketAddr)], more: &str) -> String {
        let mut text = String::from(
            "data = \"store\"\n\n\
             [exchange]\naddress = \"127.0.0.1:0\"\ncertificate = \"server.pem\"\nkey = \"server-key.pem\"\n\
             client_ca = [\"ca.pem\"]\n\n\
             [backoffice]\naddress = \"127.0.0.1:0\"\ncertificate = \"server.pem\"\nkey = \"server-key.pem\"\n\n\
             [ops]\naddress = \"127.0.0.1:0\"\n\n\
             [sending]\nserver_ca = [\"ca.pem\"]\ncertificate = \"client.pem\"\nkey = \"client-key.pem\"\n\
             backoff_first = \"100ms\"\nbackoff_max = \"1s\"\n\n",
        );
        for (code, name) in GEMEENTEN {
            let section = format!(
                "[[gemeente]]\ncode = \"{code}\"\nname = \"{name}\"\ncak = \"cak\"\n\n\
                 [gemeente.policy]\nstandaard = \"ieb-1.0\"\nbedenktijd = \"0s\"\n\n"
            );
            text.push_str(&section);
        }
        for ((name, agb), certificate) in &self.partners {
            let kind = match agb {
                Some(agb) => format!("kind = \"aanbieder\"\nagb = \"{agb}\""),
                None => "kind = \"cak\"".to_owned(),
            };
            let fingerprint = certificate.fingerprint;
            writeln!(text, "[[partner]]\nid = \"{name}\"\n{kind}\nfingerprint = \"{fingerprint}\"").unwrap();
            if let Some((_, address)) = receivers.iter().find(|((receiver, _), _)| receiver == name) {
                writeln!(text, "url = \"https://{address}\"").unwrap();
            }
            text.push('\n');
        }
        let all = GEMEENTEN.map(|(code, _)| format!("\"{code}\"")).join(", ");
        for (name, token, gemeenten) in
            [("zaaksysteem", TOKEN, all.as_str()), ("oost-gelre", TOKEN_1586, "\"1586\"")]
        {
            let digest: String =
                store::sha256(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
            let section =
                format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digest}\"\ngemeenten = [{gemeenten}]\n\n");
            text.push_str(&section);
        }
        text.push_str(more);
        text
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("iwmo.toml")
    }

    /// The folder of the store.
    pub(crate) fn data(&self) -> PathBuf {
        self.path("store")
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Opens the endpoint of a partner, at an address of the system's choice or at a given one.
    pub(crate) async fn endpoint(&self, partner: PartnerOf, address: Option<SocketAddr>) -> Endpoint {
        let identity = self.authority.server(partner.0).unwrap().identity;
        let address = address.unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
        Endpoint::open(partner.0, address, &identity, self.gateway.fingerprint).await
    }

    /// Opens the endpoint of a partner that shows this certificate.
    pub(crate) async fn endpoint_as(&self, partner: PartnerOf, server: &DemoCertificate) -> Endpoint {
        let address = ([127, 0, 0, 1], 0).into();
        Endpoint::open(partner.0, address, &server.identity, self.gateway.fingerprint).await
    }

    /// The certificate of a partner.
    pub(crate) fn certificate(&self, partner: PartnerOf) -> &DemoCertificate {
        &self.partners.iter().find(|(known, _)| *known == partner).unwrap().1
    }

    /// The token that opens all gemeenten.
    pub(crate) fn token(&self) -> &'static str {
        TOKEN
    }

    /// A partner that calls the exchange.
    pub(crate) fn partner(&self, partner: PartnerOf) -> Caller {
        let (_, certificate) = self.partners.iter().find(|(known, _)| *known == partner).unwrap();
        Caller::partner(Some(&certificate.identity), &self.authority)
    }

    /// A municipal system of all gemeenten.
    pub(crate) fn backoffice(&self) -> Caller {
        Caller::backoffice(Some(TOKEN), &self.authority)
    }

    /// A municipal system of gemeente 1586 alone.
    pub(crate) fn backoffice_1586(&self) -> Caller {
        Caller::backoffice(Some(TOKEN_1586), &self.authority)
    }

    /// Starts the daemon and waits until it serves.
    pub(crate) fn start(&self) -> Daemon {
        Daemon::start(&self.config())
    }

    /// Starts the daemon so that its disk can be made full ([`Daemon::disk`]).
    pub(crate) fn start_on_a_small_disk(&self) -> Daemon {
        // A file that may not grow is then an error, as it is on a full disk, and not the end of the process.
        self.start_through(&["bash", "-c", "trap '' XFSZ; exec \"$@\"", "bash"])
    }

    /// Starts the daemon by a command that becomes it: the program and its arguments come after the words given.
    pub(crate) fn start_through(&self, command: &[&str]) -> Daemon {
        let mut through = std::process::Command::new(command[0]);
        through.args(&command[1..]).args([super::program::IWMO, "serve", "--config"]);
        Daemon::run(through, &self.config())
    }

    /// Runs a command on the store.
    pub(crate) fn iwmo(&self, arguments: &[&str]) -> Run {
        let data = self.data();
        let data = data.to_str().unwrap();
        iwmo(arguments.iter().copied().chain(["--data", data]))
    }

    /// Asserts that the journal's chain is whole and that the ledger is what the journal says.
    #[track_caller]
    pub(crate) fn verify(&self) {
        let journal = self.iwmo(&["journal", "verify", "--format", "json"]).exits(0).json();
        assert_eq!(journal[0]["valid"], true, "{journal:?}");
        let replay = self.iwmo(&["replay", "--verify", "--format", "json"]).exits(0).json();
        assert_eq!(replay[0]["equal"], true, "{replay:?}");
    }
}

/// Writes a file that its owner alone can read.
fn write_secret(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A running daemon; killed when the test ends without stopping it.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) exchange: String,
    pub(crate) backoffice: String,
    pub(crate) ops: String,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Daemon {
    fn start(config: &Path) -> Self {
        Self::run(command(["serve", "--config"]), config)
    }

    fn run(mut program: std::process::Command, config: &Path) -> Self {
        let mut child = program
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (mut stderr, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        let mut daemon = Self {
            exchange: String::new(),
            backoffice: String::new(),
            ops: String::new(),
            log,
            reader: Some(reader),
            child,
        };
        let mut lines = BufReader::new(daemon.child.stdout.take().unwrap()).lines();
        loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the daemon did not start: {}", daemon.whole_log());
            };
            match line.split_once(' ') {
                Some(("exchange", address)) => daemon.exchange = address.to_owned(),
                Some(("backoffice", address)) => daemon.backoffice = address.to_owned(),
                Some(("ops", address)) => daemon.ops = address.to_owned(),
                None if line == "ready" => return daemon,
                _ => panic!("the daemon said {line:?}"),
            }
        }
    }

    /// What it has logged up to now.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fills its disk, or makes room on it again.
    pub(crate) fn disk(&self, full: bool) {
        let most = if full { "1:unlimited" } else { "unlimited:unlimited" };
        let pid = self.child.id().to_string();
        let prlimit = std::process::Command::new("prlimit");
        let told = { prlimit }.args(["--pid", &pid, &format!("--fsize={most}")]).status().unwrap();
        assert!(told.success());
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.whole_log()
    }

    /// Tells it to stop, waits, and returns its log. It must end well.
    pub(crate) fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        let told = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(told.success());
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(start.elapsed() < PATIENCE, "the daemon does not stop: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        };
        let log = self.whole_log();
        assert_eq!(status.code(), Some(0), "{log}");
        log
    }

    fn whole_log(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.log()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

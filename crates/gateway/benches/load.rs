//! How many messages the exchange takes, and how long each waits, beside a bare mutual-TLS echo server of the same stack.
//!
//!     cargo bench -p iwmo-gateway --bench load [-- MESSAGES [TURNS [CONNECTIONS]]]
//!
//! Generator, echo server and gateway share the machine, and take turns in one run, so that the ratio holds whatever else
//! the machine does. Every message is a 305 of 3 KiB about another person, on a connection that stays open. The gateway
//! answers 202 after it validated and judged the message and made it durable with its retour (a 306) and with what the
//! CAK planner decided. The paced turns send at half of what was reached; their latency counts from when a message was
//! due, so that a stall is not hidden by the messages that it kept from being sent. MESSAGES is the number in each turn
//! (default 20,000), TURNS how many there are of each contestant (default 3): 50 turns show what a million messages do to
//! the memory. CONNECTIONS is how many of the generator are open at once (default 1024): what each costs, both pay. With
//! fewer of them the cores wait for the disk now and then, of which the echo knows nothing.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that fails should say where")]

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use iwmo_codec::messages::Message;
use iwmo_gateway::clock::{Clock, SystemClock};
use iwmo_gateway::config::{Limits, Partner, PartnerKind as Kind, PartnerLimits};
use iwmo_gateway::engine::{
    Engine, GemeenteSettings, Inbound, Intake, PartnerId, PartnerKind, PartnerSettings, Route, Settings,
};
use iwmo_gateway::exchange::{Directory, Exchange, Rate};
use iwmo_gateway::listener::body::BodyReader;
use iwmo_gateway::listener::{Bounds, Listener, Stopper};
use iwmo_gateway::pki::{ClientTrust, DemoAuthority, DemoCertificate, client_config, server_config_mutual};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use jiff::ToSpan;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Size of a message.
const MESSAGE_BYTES: usize = 3 << 10;

/// Connections of the generator unless told.
const CONNECTIONS: usize = 1024;

/// Turns of each contestant unless told; the best counts, as the rest of the machine only ever takes away.
const TURNS: usize = 3;

const GEMEENTE: &str = "0222";
const AGB: &str = "98000001";

fn main() {
    // `cargo bench` adds `--bench`.
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let (count, turns) = (numbers.next().unwrap_or(20_000), numbers.next().unwrap_or(TURNS));
    let connections = numbers.next().unwrap_or(CONNECTIONS);
    // Both ends of each connection are open here, and a shell often gives no more than one of a thousand.
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(count, turns, connections));
}

async fn run(count: usize, turns: usize, connections: usize) {
    let authority = DemoAuthority::new("bench").unwrap();
    let partner = authority.client("hvb", None).unwrap();
    let echo = serve(&authority, &partner, Router::new().route("/", post(async |body: Bytes| body))).await;
    let dir = folder("bench-load");
    let engine = engine(&dir);
    let exchange = serve(&authority, &partner, exchange(&engine, &partner)).await;
    let client = Client { authority, partner, connections };

    println!("{count} messages of {MESSAGE_BYTES} bytes a turn, {connections} connections:");
    let mut stock = Stock { engine: engine.clone(), bsns: Box::new(bsns()), number: 0 };
    let (mut best_echo, mut best_gateway) = (0_f64, 0_f64);
    for turn in 1..=turns {
        let (echoed, _) = client.flood(echo, "/", echoes(count)).await;
        let (taken, spent) =
            client.flood(exchange, "/uitwisseling/v1/berichten", stock.take(count).await).await;
        (best_echo, best_gateway) = (best_echo.max(echoed), best_gateway.max(taken));
        println!("  turn {turn}: echo {echoed:>8.0}/s   gateway {taken:>8.0}/s   memory {}", memory());
        println!("    processor time of a message: {}", spent.of_each(count));
    }
    println!(
        "  best:   echo {best_echo:>8.0}/s   gateway {best_gateway:>8.0}/s   {:.0} %",
        best_gateway / best_echo * 100.0
    );
    let rate = best_gateway / 2.0;
    let mut times = client.paced(exchange, "/uitwisseling/v1/berichten", stock.take(count).await, rate).await;
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!(
        "  at {rate:.0}/s: p50 {:.1} ms   p99 {:.1} ms   p99.9 {:.1} ms   most {:.1} ms   memory {}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        memory()
    );
    let entries = engine.journal().entries();
    println!("  {entries} journal entries");
    engine.stop();
    fs::remove_dir_all(dir).unwrap();
}

fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).unwrap();
    }
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.trim_start_matches("VmRSS:").trim().to_owned()
}

/// Serves a router with mutual TLS, as the exchange is served.
async fn serve(authority: &DemoAuthority, partner: &DemoCertificate, router: Router) -> SocketAddr {
    let trust = ClientTrust { authorities: Vec::new(), pinned: vec![partner.fingerprint] };
    let identity = authority.server("gateway").unwrap().identity;
    let (tls, source) = watch::channel(server_config_mutual(&identity, &trust).unwrap());
    let bounds = Bounds::from(&Limits::default());
    let listener = Listener::bind("bench", ([127, 0, 0, 1], 0).into(), Some(source), bounds).await.unwrap();
    let address = listener.address().unwrap();
    tokio::spawn(async move {
        let (_stopper, stop) = Stopper::new();
        listener.serve(router, stop).await;
        drop(tls);
    });
    address
}

fn engine(dir: &Path) -> Engine {
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let mut settings = Settings::default();
    let partner = |kind| PartnerSettings { kind, gemeenten: vec![gemeente] };
    let cak = PartnerId("cak".to_owned());
    // The CAK planner runs, and holds what it would tell.
    let bedenktijd = Some(Duration::from_secs(4 * 60 * 60));
    let own = GemeenteSettings { cak: Some(cak.clone()), bedenktijd, ..Default::default() };
    settings.gemeenten.insert(gemeente, own);
    settings.partners.insert(cak, partner(PartnerKind::Cak));
    settings.partners.insert(PartnerId("backoffice".to_owned()), partner(PartnerKind::Backoffice));
    let hvb = PartnerKind::Aanbieder(Aanbieder::new(AGB).unwrap());
    settings.partners.insert(PartnerId("hvb".to_owned()), partner(hvb));
    Engine::open(dir, settings, Arc::new(SystemClock), &mut |_| {}).unwrap().0
}

fn exchange(engine: &Engine, certificate: &DemoCertificate) -> Router {
    let partner = Partner {
        id: PartnerId("hvb".to_owned()),
        kind: Kind::Aanbieder,
        agb: Some(Aanbieder::new(AGB).unwrap()),
        url: None,
        route: iwmo_gateway::config::PartnerRoute::Direct,
        via: None,
        folder: None,
        fingerprints: vec![certificate.fingerprint],
        oin: None,
        server_oin: None,
        stilte: Vec::new(),
        gemeenten: vec![Gemeente::new(GEMEENTE).unwrap()],
        limits: PartnerLimits::default(),
    };
    let (directory, source) = watch::channel(Arc::new(Directory::new(&[partner])));
    // It must outlive the router, which lives as long as the program.
    std::mem::forget(directory);
    let limits = Limits::default();
    let bodies = BodyReader::new(limits.message_bytes, limits.body, limits.receiving_bytes);
    let rate = Rate { messages_per_second: 1_000_000 };
    Exchange::new(Arc::new(engine.clone()), source, bodies, rate).router()
}

fn echoes(count: usize) -> Vec<Vec<u8>> {
    vec![vec![b'x'; MESSAGE_BYTES]; count]
}

/// Messages that are new to the engine.
struct Stock {
    engine: Engine,
    bsns: Box<dyn Iterator<Item = String> + Send>,
    number: u32,
}

impl Stock {
    /// Orders support for so many persons, and returns the 305 of each.
    async fn take(&mut self, count: usize) -> Vec<Vec<u8>> {
        let mut starts = Vec::with_capacity(count);
        let mut work = JoinSet::new();
        for bsn in self.bsns.by_ref().take(count) {
            self.number += 1;
            let (order, start) = messages(self.number, &bsn);
            starts.push(start);
            if work.len() >= 256 {
                work.join_next().await.unwrap().unwrap();
            }
            let engine = self.engine.clone();
            work.spawn(async move {
                let partner = PartnerId("backoffice".to_owned());
                let inbound = Inbound {
                    partner,
                    route: Route::Backoffice,
                    key: None,
                    bytes: order.into(),
                    bevestigd: Vec::new(),
                };
                engine.receive(inbound).await.unwrap();
            });
        }
        while work.join_next().await.is_some() {}
        starts
    }
}

/// The load generator.
struct Client {
    authority: DemoAuthority,
    partner: DemoCertificate,
    connections: usize,
}

impl Client {
    async fn connect(&self, address: SocketAddr) -> TlsStream<TcpStream> {
        let mut tls = client_config(Some(&self.partner.identity), &[self.authority.certificate()]).unwrap();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(tls)).connect(name, stream).await.unwrap()
    }

    /// Sends as fast as answers come; returns messages per second, and the processor time that the threads took.
    async fn flood(&self, address: SocketAddr, path: &'static str, bodies: Vec<Vec<u8>>) -> (f64, Spent) {
        let count = bodies.len();
        let mut lanes = lanes(bodies, self.connections);
        let mut streams = Vec::new();
        for _ in 0..self.connections {
            streams.push(self.connect(address).await);
        }
        let (begin, spent) = (Instant::now(), Spent::until_now());
        let mut work = JoinSet::new();
        for mut stream in streams {
            let lane = lanes.pop().unwrap();
            work.spawn(async move {
                for body in lane {
                    ask(&mut stream, path, &body).await;
                }
            });
        }
        while let Some(done) = work.join_next().await {
            done.unwrap();
        }
        (count as f64 / begin.elapsed().as_secs_f64(), Spent::until_now().since(&spent))
    }

    /// Sends at a rate; returns how long each took from when it was due.
    async fn paced(
        &self,
        address: SocketAddr,
        path: &'static str,
        bodies: Vec<Vec<u8>>,
        rate: f64,
    ) -> Vec<Duration> {
        let mut lanes = lanes(bodies, self.connections);
        let mut streams = Vec::new();
        for _ in 0..self.connections {
            streams.push(self.connect(address).await);
        }
        let connections = self.connections;
        let begin = Instant::now() + Duration::from_millis(50);
        let mut work = JoinSet::new();
        for (place, mut stream) in streams.into_iter().enumerate() {
            let lane = lanes.pop().unwrap();
            work.spawn(async move {
                let mut times = Vec::with_capacity(lane.len());
                for (turn, body) in lane.into_iter().enumerate() {
                    let due = begin + Duration::from_secs_f64((turn * connections + place) as f64 / rate);
                    tokio::time::sleep_until(due.into()).await;
                    ask(&mut stream, path, &body).await;
                    times.push(due.elapsed());
                }
                times
            });
        }
        let mut times = Vec::new();
        while let Some(done) = work.join_next().await {
            times.extend(done.unwrap());
        }
        times
    }
}

/// Nanoseconds of processor time by the names of threads; generator and server share those of the runtime.
#[derive(Default)]
struct Spent(BTreeMap<String, u64>);

impl Spent {
    fn until_now() -> Self {
        let mut spent = Self::default();
        for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
            let read = |file: &str| fs::read_to_string(task.path().join(file)).unwrap_or_default();
            let nanoseconds = read("schedstat").split(' ').next().and_then(|first| first.parse().ok());
            *spent.0.entry(read("comm").trim().to_owned()).or_default() += nanoseconds.unwrap_or(0_u64);
        }
        spent
    }

    fn since(mut self, before: &Self) -> Self {
        for (name, nanoseconds) in &mut self.0 {
            *nanoseconds = nanoseconds.saturating_sub(before.0.get(name).copied().unwrap_or(0));
        }
        self
    }

    fn of_each(&self, count: usize) -> String {
        let micros = |nanoseconds: u64| nanoseconds as f64 / count as f64 / 1000.0;
        let all = micros(self.0.values().sum());
        let named =
            self.0.iter().map(|(name, spent)| (name, micros(*spent))).filter(|(_, spent)| *spent >= 0.1);
        let texts: Vec<String> = named.map(|(name, spent)| format!("{name} {spent:.1}")).collect();
        format!("{all:.1} µs ({})", texts.join(", "))
    }
}

/// Deals messages out to the connections.
fn lanes(bodies: Vec<Vec<u8>>, connections: usize) -> Vec<Vec<Vec<u8>>> {
    let mut lanes: Vec<Vec<Vec<u8>>> = (0..connections).map(|_| Vec::new()).collect();
    for (at, body) in bodies.into_iter().enumerate() {
        lanes[at % connections].push(body);
    }
    lanes
}

/// Posts a message and reads the answer, which must be 200 or 202.
async fn ask(stream: &mut TlsStream<TcpStream>, path: &str, body: &[u8]) {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    stream.write_all(&request).await.unwrap();
    let mut answer = Vec::with_capacity(512);
    let head = loop {
        let read = stream.read_buf(&mut answer).await.unwrap();
        assert!(read > 0, "the connection was closed");
        if let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 20"), "{text}{}", String::from_utf8_lossy(&answer[head..]));
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next()).unwrap();
    let whole = head + length.parse::<usize>().unwrap();
    while answer.len() < whole {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "the connection was closed");
    }
}

/// Numbers of the test series that pass the 11-proef.
fn bsns() -> impl Iterator<Item = String> {
    let passes = |text: &String| {
        let digits = text.bytes().map(|byte| i64::from(byte - b'0'));
        digits.zip([9, 8, 7, 6, 5, 4, 3, 2, -1]).map(|(digit, weight)| digit * weight).sum::<i64>() % 11 == 0
    };
    (100_000_000..).map(|at: u64| at.to_string()).filter(passes)
}

/// The order and the start of one person's support.
fn messages(number: u32, bsn: &str) -> (Vec<u8>, Vec<u8>) {
    let today = SystemClock.today();
    let ago = |days: i64| today.saturating_sub(days.days()).to_string();
    let header = |code: &str, from: &str, to: &str| {
        json!({
            "BerichtCode": code, "BerichtVersie": "3", "BerichtSubversie": "2", "Afzender": from, "Ontvanger": to,
            "BerichtIdentificatie": { "Identificatie": format!("B{number}"), "Dagtekening": today.to_string() },
            "XsdVersie": { "BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0" },
        })
    };
    let product = json!({ "Categorie": "02", "Code": "02A05" });
    let naam = json!({ "Geslachtsnaam": { "Achternaam": "Jansen" }, "Voorletters": "A" });
    let mut order_naam = naam.clone();
    order_naam["NaamGebruik"] = "1".into();
    let order = json!({
        "Bsn": bsn, "Geboortedatum": { "Datum": "1950-01-01" }, "Geslacht": "1", "Naam": order_naam,
        "Contactgegevens": [{ "Soort": "01", "Adres": {
            "Huis": { "Huisnummer": "12" }, "Postcode": "7001AA", "Straatnaam": "Lindelaan",
            "Plaatsnaam": "Doetinchem", "LandCode": "NL" } }],
        "ToegewezenProducten": [{
            "ToewijzingNummer": number.to_string(), "Product": product, "Toewijzingsdatum": today.to_string(),
            "Toewijzingstijd": "09:00:00", "Ingangsdatum": ago(120),
            "Einddatum": today.saturating_add(90.days()).to_string(),
            "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" } }],
    });
    let start = json!({
        "Bsn": bsn, "Geboortedatum": { "Datum": "1950-01-01" }, "Geslacht": "1", "Naam": naam,
        "StartProducten": [{
            "ToewijzingNummer": number.to_string(), "Product": product, "ToewijzingIngangsdatum": ago(120),
            "Begindatum": ago(10), "StatusAanlevering": "1" }],
    });
    let mut start = encode("WMO305", header("418", AGB, GEMEENTE), start);
    // White space between classes is of no meaning; the validator reads it all the same.
    let end = start.windows(2).rposition(|two| two == b"</").unwrap();
    let missing = MESSAGE_BYTES.saturating_sub(start.len());
    start.splice(end..end, std::iter::repeat_n(b' ', missing));
    (encode("WMO301", header("414", GEMEENTE, AGB), order), start)
}

fn encode(kind: &str, header: serde_json::Value, client: serde_json::Value) -> Vec<u8> {
    let value = json!({
        "message": kind, "release": "iWmo 3.2", "Bericht": { "Header": header, "Client": client },
    });
    Message::from_json(&value.to_string()).unwrap().encode()
}

//! The simulated partners: each a TLS endpoint of its own that takes messages as the gateway does, and answers
//! them as its counterpart in the world would.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use iwmo_codec::messages::{Message, MessageKind};
use iwmo_codec::retour::{RetourView, Uitspraak, Verdict, retour};
use iwmo_codec::value::RetourCode;
use iwmo_codec::{Schemas, rules};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::DemoError;
use super::caller::Caller;
use crate::clock::{Clock, SystemClock};
use crate::config::{Limits, Partner};
use crate::engine::{Inbound, Intake, Receipt, Refusal};
use crate::exchange::{BERICHTEN_PATH, Directory, Exchange, Rate};
use crate::listener::body::BodyReader;
use crate::listener::{Bounds, Listener, Stop};
use crate::pki::{self, ClientTrust, Identity};
use crate::translate;

/// How long a step may take before it counts as failed.
pub(super) const STEP_TIME: Duration = Duration::from_secs(10);

/// What a simulated partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Confirms every toewijzing.
    Aanbieder,
    /// Keeps periods of eigen bijdrage and judges notifications by the rules of iEb 1.0.
    Cak,
}

/// A simulated partner.
pub(super) struct Peer {
    /// Its name in the gateway's configuration.
    pub(super) name: &'static str,
    role: Role,
    schemas: Schemas,
    caller: OnceLock<Caller>,
    received: watch::Sender<Vec<Message>>,
    counter: AtomicU64,
    periods: Mutex<BTreeMap<(String, u64), Period>>,
}

/// A period of eigen bijdrage as the simulated CAK holds it. Dates compare as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) bsn: String,
    pub(super) start: String,
    pub(super) stop: Option<String>,
    pub(super) deleted: bool,
}

impl Peer {
    pub(super) fn new(name: &'static str, role: Role, schemas: Schemas) -> Arc<Self> {
        Arc::new(Self {
            name,
            role,
            schemas,
            caller: OnceLock::new(),
            received: watch::channel(Vec::new()).0,
            counter: AtomicU64::new(0),
            periods: Mutex::new(BTreeMap::new()),
        })
    }

    /// Opens the endpoint; the gateway is the one partner it lets in. Returns where it listens.
    pub(super) async fn listen(
        self: &Arc<Self>,
        server: &Identity,
        gateway: &Partner,
        stop: Stop,
    ) -> Result<SocketAddr, DemoError> {
        let trust = ClientTrust { authorities: Vec::new(), pinned: gateway.fingerprints.clone() };
        let tls = pki::server_config_mutual(server, &trust)?;
        let limits = Limits::default();
        let (tls, source) = watch::channel(tls);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = Listener::bind(self.name, address, Some(source), Bounds::from(&limits)).await?;
        let address = listener.address()?;
        let (directory, directory_source) =
            watch::channel(Arc::new(Directory::new(std::slice::from_ref(gateway))));
        let bodies = BodyReader::new(limits.message_bytes, limits.body, limits.receiving_bytes);
        let rate = Rate { messages_per_second: limits.messages_per_second };
        let router = Exchange::new(Arc::clone(self), directory_source, bodies, rate).router();
        tokio::spawn(async move {
            listener.serve(router, stop).await;
            // What the listener reads its settings from must outlive it.
            drop((tls, directory));
        });
        Ok(address)
    }

    /// Tells the partner how to reach the gateway.
    pub(super) fn connect(&self, caller: Caller) {
        // Set once, before the first message.
        let _ = self.caller.set(caller);
    }

    /// Sends a message to the gateway and returns what it answered.
    pub(super) async fn send(&self, bytes: Bytes) -> Result<super::caller::Answer, DemoError> {
        let caller = self.caller.get().ok_or(DemoError::NotConnected)?;
        caller.post(BERICHTEN_PATH, bytes).await
    }

    /// Waits until a message of this kind has come in that the test accepts, and returns it.
    pub(super) async fn expect(
        &self,
        kind: MessageKind,
        test: impl Fn(&Message) -> bool,
    ) -> Result<Message, DemoError> {
        let mut received = self.received.subscribe();
        let found = |messages: &Vec<Message>| {
            messages.iter().find(|message| message.kind() == kind && test(message)).cloned()
        };
        let wait = async {
            loop {
                if let Some(message) = found(&received.borrow_and_update()) {
                    return message;
                }
                if received.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::time::timeout(STEP_TIME, wait)
            .await
            .map_err(|_| DemoError::Missing { partner: self.name, message: kind.name() })
    }

    /// Returns how many messages of this kind have come in that the test accepts.
    pub(super) fn count(&self, kind: MessageKind, test: impl Fn(&Message) -> bool) -> usize {
        self.received.borrow().iter().filter(|message| message.kind() == kind && test(message)).count()
    }

    /// Returns the periods that stand at the simulated CAK for a person, by number.
    pub(super) fn periods(&self, bsn: &str) -> Vec<Period> {
        let Ok(periods) = self.periods.lock() else { return Vec::new() };
        periods.values().filter(|period| period.bsn == bsn && !period.deleted).cloned().collect()
    }

    fn answer(&self, message: &Message) {
        let verdict = match (self.role, message) {
            (Role::Aanbieder, Message::Wmo301(_) | Message::Wmo319(_)) => {
                match rules::check(message).is_empty() {
                    true => Uitspraak::Goedgekeurd,
                    false => Uitspraak::Header(vec![RetourCode::TECHNISCH]),
                }
            }
            (Role::Cak, Message::Wmo401(_) | Message::Wmo403(_)) => self.judge(message),
            _ => return,
        };
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let Ok(today) = translate::datum(SystemClock.today()) else { return };
        let verdict = Verdict {
            identificatie_retour: format!("A{number:09}"),
            dagtekening_retour: today,
            xsd_versie_retour: None,
            uitspraak: verdict,
        };
        let Ok(retour) = retour(message, &verdict) else { return };
        let (Some(caller), name) = (self.caller.get().cloned(), self.name) else { return };
        // The receipt comes first, as it does in the world: the answer is a message of its own.
        tokio::spawn(async move {
            if let Err(error) = caller.post(BERICHTEN_PATH, Bytes::from(retour.encode())).await {
                tracing::error!(code = "DemoPeerSendError", %error, partner = name, "A simulated partner could not answer.");
            }
        });
    }

    /// The rules of iEb 1.0 that need what was sent before: TR102, TR103, TR071, TR328, TR330 and OP291.
    fn judge(&self, message: &Message) -> Uitspraak {
        let code = match self.apply(message) {
            None => return Uitspraak::Goedgekeurd,
            Some(code) => code,
        };
        match code.parse() {
            Ok(code) => Uitspraak::Klassen(vec![vec![code]]),
            Err(_) => Uitspraak::Header(vec![RetourCode::TECHNISCH]),
        }
    }

    fn apply(&self, message: &Message) -> Option<&'static str> {
        let mut periods = self.periods.lock().ok()?;
        match message {
            Message::Wmo401(m) => {
                let start = &m.client.start_eigen_bijdrage;
                // A number is unique within the gemeente (OP290).
                let number = (m.header.afzender.to_string(), start.eb_start_nummer.value());
                let bsn = m.client.bsn.expose().as_str().to_owned();
                let date = start.eb_startdatum.to_string();
                let open = |period: &Period| period.bsn == bsn && !period.deleted && period.stop.is_none();
                match start.status_aanlevering.as_str() {
                    "1" if periods.contains_key(&number) => Some("9102"),
                    // OP291 has no code of its own; a gateway that sends this is wrong.
                    "1" if periods.values().any(open) => Some("9102"),
                    "1" => {
                        periods.insert(number, Period { bsn, start: date, stop: None, deleted: false });
                        None
                    }
                    "2" => match periods.get_mut(&number) {
                        None => Some("9103"),
                        Some(period) => {
                            period.start = date;
                            None
                        }
                    },
                    _ => match periods.get_mut(&number) {
                        Some(period) if period.stop.is_some() => Some("9071"),
                        Some(period) if period.start == date => {
                            period.deleted = true;
                            None
                        }
                        _ => Some("9329"),
                    },
                }
            }
            Message::Wmo403(m) => {
                let stop = &m.client.stop_eigen_bijdrage;
                let date = stop.eb_stopdatum.to_string();
                let number = (m.header.afzender.to_string(), stop.eb_start_nummer.value());
                match periods.get_mut(&number) {
                    None => Some("9330"),
                    Some(period) if period.deleted => Some("9330"),
                    Some(period) => match stop.status_aanlevering.as_str() {
                        "3" if period.stop.as_ref() != Some(&date) => Some("9329"),
                        "3" => {
                            period.stop = None;
                            None
                        }
                        _ if date < period.start => Some("9328"),
                        _ => {
                            period.stop = Some(date);
                            None
                        }
                    },
                }
            }
            _ => None,
        }
    }
}

impl Intake for Peer {
    async fn receive(&self, inbound: Inbound) -> Result<Receipt, Refusal> {
        let message = match self.schemas.decode(&inbound.bytes) {
            Ok(message) => message,
            Err(report) => return Err(Refusal::Invalid(Box::new(report))),
        };
        let sha256 = Sha256::digest(&inbound.bytes).into();
        let mut id = 0;
        self.received.send_modify(|received| {
            received.push(message.clone());
            id = received.len();
        });
        self.answer(&message);
        Ok(Receipt { id: format!("{}:{id}", self.name), sha256, dubbel: false })
    }
}

/// The gateway as its partners know it: by the key of its certificate.
pub(super) fn gateway_as_partner(fingerprint: pki::Fingerprint) -> Partner {
    let backoffice = crate::config::PartnerKind::Backoffice;
    Partner { fingerprints: vec![fingerprint], ..Partner::new("gateway", backoffice) }
}

/// Returns the codes of a retour other than 0200, ascending.
pub(super) fn codes(message: &Message) -> Vec<String> {
    let view = RetourView::of(message);
    let mut codes: Vec<String> = view
        .iter()
        .flat_map(RetourView::codes)
        .map(|code| code.to_string())
        .filter(|code| code != "0200")
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

//! A partner that receives: a TLS endpoint that records what it gets, and can misbehave.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use iwmo_codec::Schemas;
use iwmo_codec::messages::{Message, MessageKind};
use iwmo_gateway::config::{Limits, Partner, PartnerKind};
use iwmo_gateway::engine::{Inbound, Intake, Receipt, Refusal};
use iwmo_gateway::exchange::{Directory, Exchange, Rate};
use iwmo_gateway::listener::body::BodyReader;
use iwmo_gateway::listener::{Bounds, Listener, Stopper};
use iwmo_gateway::pki::{ClientTrust, Fingerprint, Identity, server_config_mutual};
use tokio::sync::watch;

use super::{PARTNERS, until};

/// How a partner answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// 202.
    Well,
    /// Takes the message, then says that it could not: the sender must send again.
    Forgetful,
    /// 503 to everything, nothing taken.
    Busy,
}

/// What one partner got.
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    mailbox: Arc<Mailbox>,
    stopper: Mutex<Option<Stopper>>,
}

struct Mailbox {
    name: String,
    schemas: Schemas,
    mood: Mutex<Mood>,
    got: Mutex<Vec<(Bytes, Message)>>,
}

impl Endpoint {
    /// Opens the endpoint; the gateway with this key is the one that it lets in.
    pub(crate) async fn open(
        name: &str,
        address: SocketAddr,
        identity: &Identity,
        gateway: Fingerprint,
    ) -> Self {
        let trust = ClientTrust { authorities: Vec::new(), pinned: vec![gateway] };
        let (tls, source) = watch::channel(server_config_mutual(identity, &trust).unwrap());
        let limits = Limits::default();
        let bounds = Bounds::from(&limits);
        let listener =
            PARTNERS.spawn(async move { Listener::bind("partner", address, Some(source), bounds).await });
        let listener = listener.await.unwrap().unwrap();
        let address = listener.address().unwrap();
        let partner =
            Partner { fingerprints: vec![gateway], ..Partner::new("gateway", PartnerKind::Backoffice) };
        let (directory, partners) = watch::channel(Arc::new(Directory::new(&[partner])));
        let mailbox = Arc::new(Mailbox {
            name: name.to_owned(),
            schemas: Schemas::bundled(),
            mood: Mutex::new(Mood::Well),
            got: Mutex::new(Vec::new()),
        });
        let bodies = BodyReader::new(limits.message_bytes, limits.body, limits.receiving_bytes);
        let rate = Rate { messages_per_second: limits.messages_per_second };
        let router = Exchange::new(Arc::clone(&mailbox), partners, bodies, rate).router();
        let (stopper, stop) = Stopper::new();
        PARTNERS.spawn(async move {
            listener.serve(router, stop).await;
            // What the listener reads its settings from must outlive it.
            drop((tls, directory));
        });
        Self { address, mailbox, stopper: Mutex::new(Some(stopper)) }
    }

    /// How it answers from now on.
    pub(crate) fn mood(&self, mood: Mood) {
        *self.mailbox.mood.lock().unwrap() = mood;
    }

    /// Closes the endpoint; what it got stays.
    pub(crate) fn close(&self) {
        drop(self.stopper.lock().unwrap().take());
    }

    /// Everything it got, in order; the same message may stand there more than once.
    pub(crate) fn got(&self) -> Vec<(Bytes, Message)> {
        self.mailbox.got.lock().unwrap().clone()
    }

    /// Waits for the answer to a message, or the message itself: they carry the same Identificatie.
    pub(crate) async fn expect(&self, kind: MessageKind, identificatie: &str) -> Message {
        let what = format!("{} gets {} {identificatie}", self.mailbox.name, kind.name());
        until(&what, || self.find(kind, identificatie).into_iter().next().map(|(_, message)| message)).await
    }

    /// The messages of this kind with this Identificatie.
    pub(crate) fn find(&self, kind: MessageKind, identificatie: &str) -> Vec<(Bytes, Message)> {
        let fits = |(_, message): &(Bytes, Message)| {
            message.kind() == kind && message.header().identificatie == identificatie
        };
        self.got().into_iter().filter(fits).collect()
    }
}

impl Intake for Mailbox {
    async fn receive(&self, inbound: Inbound) -> Result<Receipt, Refusal> {
        let mood = *self.mood.lock().unwrap();
        let busy = || Refusal::Unavailable { reason: "busy".to_owned(), retry_after_seconds: 0 };
        if mood == Mood::Busy {
            return Err(busy());
        }
        let message =
            self.schemas.decode(&inbound.bytes).map_err(|report| Refusal::Invalid(Box::new(report)))?;
        let number = {
            let mut got = self.got.lock().unwrap();
            got.push((inbound.bytes.clone(), message));
            got.len()
        };
        if mood == Mood::Forgetful {
            return Err(busy());
        }
        Ok(Receipt {
            id: format!("{}:{number}", self.name),
            sha256: super::store::sha256(&inbound.bytes),
            dubbel: false,
        })
    }
}

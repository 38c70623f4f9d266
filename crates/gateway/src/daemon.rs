//! The gateway as one running thing: the engine, its listeners, the outbox and the daily run.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iwmo_codec::messages::Message;
use iwmo_toewijzing::judge::Beleid;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::backoffice::{Api, Backoffice};
use crate::clock::Clock;
use crate::config::{self, Config, PartnerRoute};
use crate::control::Control;
use crate::engine::{
    Engine, EngineError, GemeenteSettings, Opened, PartnerId, PartnerKind, PartnerSettings, Refusal, Settings,
};
use crate::exchange::{Directory, Exchange, Pull, Rate};
use crate::folder::{FolderRoute, Folders};
use crate::ggk::Ggk;
use crate::ledger::Progress;
use crate::listener::body::BodyReader;
use crate::listener::{Bounds, ListenError, Listener, Stop, Stopper};
use crate::lists;
use crate::metrics::{self, Scrape};
use crate::outbox::{DirectError, DirectRoute, Outbox, Routes, StufRoute};
use crate::pki::{self, PkiError};
use crate::problem::Problem;

/// How often the daemon looks whether a new day has begun, or a held message is due.
const DUE_CHECK: Duration = Duration::from_secs(1);

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The store could not be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// An address could not be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// A certificate cannot be used.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The sender could not be set up.
    #[error(transparent)]
    Sender(#[from] DirectError),
}

/// A running gateway.
pub struct Daemon {
    engine: Engine,
    opened: Opened,
    exchange: SocketAddr,
    backoffice: Option<SocketAddr>,
    ops: Option<SocketAddr>,
    stopper: Stopper,
    tasks: JoinSet<()>,
    // What the configuration gave is read through these; a reload will send new values.
    _sources: Sources,
}

struct Sources {
    _directory: watch::Sender<Arc<Directory>>,
    _tokens: watch::Sender<Arc<Vec<config::Token>>>,
    _partners: watch::Sender<Arc<Vec<config::Partner>>>,
    _exchange_tls: watch::Sender<Arc<rustls::ServerConfig>>,
    _backoffice_tls: Option<watch::Sender<Arc<rustls::ServerConfig>>>,
}

impl Daemon {
    /// Opens the store, binds every listener and begins.
    ///
    /// The listeners are bound before the store is opened, so that a port in use changes nothing.
    ///
    /// # Errors
    ///
    /// [`DaemonError`] says what stood in the way; nothing is running then.
    pub async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Self, DaemonError> {
        let bounds = Bounds::from(&config.limits);
        let trust = config.client_trust();
        let exchange_tls = pki::server_config_mutual(&config.exchange.identity, &trust)?;
        let (exchange_tls, source) = watch::channel(exchange_tls);
        let exchange = Listener::bind("exchange", config.exchange.address, Some(source), bounds).await?;
        let exchange_address = local(&exchange, "exchange", config.exchange.address)?;
        let (backoffice, backoffice_tls) = match &config.backoffice {
            None => (None, None),
            Some(settings) => {
                let (sender, source) = watch::channel(pki::server_config(&settings.identity)?);
                let listener = Listener::bind("backoffice", settings.address, Some(source), bounds).await?;
                let address = local(&listener, "backoffice", settings.address)?;
                (Some((listener, address)), Some(sender))
            }
        };
        let ops = match config.ops {
            None => None,
            Some(address) => {
                let listener = Listener::bind("ops", address, None, bounds).await?;
                let bound = local(&listener, "ops", address)?;
                Some((listener, bound))
            }
        };
        let identity = config.sending.identity.as_ref().unwrap_or(&config.exchange.identity);
        let client = pki::client_config(Some(identity), &config.sending.authorities)?;
        let route = DirectRoute::new(client, config.sending.pace.attempt)?;

        let settings = settings(&config);
        let (engine, opened) = Engine::open(&config.data, settings.clone(), Arc::clone(&clock), progress)?;

        engine.set_term_years(config.retention.years);

        let intake = Arc::new(engine.clone());
        let (stopper, stop) = Stopper::new();
        let mut tasks = JoinSet::new();
        let bodies =
            BodyReader::new(config.limits.message_bytes, config.limits.body, config.limits.receiving_bytes);
        let (directory, directory_source) = watch::channel(Arc::new(Directory::new(&config.partners)));
        let rate = Rate { messages_per_second: config.limits.messages_per_second };
        let door = Exchange::new(Arc::clone(&intake), directory_source.clone(), bodies.clone(), rate);
        let pull = Pull::new(engine.clone(), directory_source.clone(), door.pacer());
        let (partners, partner_source) = watch::channel(Arc::new(config.partners.clone()));
        let ggk =
            Ggk::new(engine.clone(), directory_source, partner_source.clone(), bodies.clone(), door.pacer());
        let router = door.router().merge(pull.router()).merge(ggk.router());
        // Every route answers a wrong method in the same form, whichever part it is of.
        let router = router.method_not_allowed_fallback(async || Problem::method_not_allowed());
        tasks.spawn(exchange.serve(router, stop.clone()));
        let (tokens, token_source) = watch::channel(Arc::new(config.tokens.clone()));
        let backoffice = backoffice.map(|(listener, address)| {
            let (clock, settings) = (Arc::clone(&clock), Arc::new(settings.clone()));
            let api = Api::new(engine.clone(), clock, settings, stop.clone(), config.limits.idle);
            let frame = Backoffice::new(Arc::clone(&intake), token_source, bodies, Arc::new(from_json));
            let router = frame.router(api.router());
            tasks.spawn(listener.serve(router, stop.clone()));
            address
        });
        match Control::bind(&config.data, engine.clone()) {
            Ok(control) => drop(tasks.spawn(control.serve(stop.clone()))),
            // The gateway does its work without; whoever needs the socket is told by the command that finds none.
            Err(error) => {
                tracing::warn!(code = "ControlBindError", %error, "There is no control socket: commands cannot change anything while the gateway runs.");
            }
        }
        let health = engine.health().clone();
        let ops = ops.map(|(listener, address)| {
            let scrape = Scrape {
                engine: engine.clone(),
                clock: Arc::clone(&clock),
                data: config.data.clone(),
                partners: config.partners.iter().map(|partner| partner.id.clone()).collect(),
                certificates: config.certificate_ends(),
            };
            let readiness = Arc::new(move || health.reason().into_iter().collect());
            let router = crate::ops::router(readiness, metrics::router(scrape));
            tasks.spawn(listener.serve(router, stop.clone()));
            address
        });
        let routes =
            Routes { stuf: StufRoute::new(&route, engine.clone()), direct: route, folder: FolderRoute };
        let own: BTreeSet<String> = settings
            .partners
            .iter()
            .filter(|(_, partner)| partner.kind == PartnerKind::Backoffice)
            .map(|(id, _)| id.0.clone())
            .collect();
        let folders = Folders::new(
            engine.clone(),
            partner_source.clone(),
            config.limits.message_bytes,
            Arc::new(move |name| own.contains(name)),
        );
        let (runtime, looking) = (tokio::runtime::Handle::current(), stop.clone());
        tasks.spawn_blocking(move || folders.run(&runtime, &looking));
        let outbox = Outbox::new(
            Arc::new(engine.clone()),
            Arc::new(routes),
            config.sending.pace.clone(),
            config.limits.drain,
        );
        tasks.spawn(outbox.run(partner_source, stop.clone()));
        if config.retention.automatic {
            tasks.spawn(remove_daily(engine.clone(), Arc::clone(&clock), stop.clone()));
        }
        let (days, mut stop) = (engine.clone(), stop);
        tasks.spawn(async move {
            let mut today = None;
            loop {
                let now = clock.today();
                if today == Some(now) {
                    days.due();
                } else if days.day(now) {
                    today = Some(now);
                }
                tokio::select! {
                    () = tokio::time::sleep(DUE_CHECK) => {}
                    () = stop.stopped() => return,
                }
            }
        });
        let sources = Sources {
            _directory: directory,
            _tokens: tokens,
            _partners: partners,
            _exchange_tls: exchange_tls,
            _backoffice_tls: backoffice_tls,
        };
        Ok(Self {
            engine,
            opened,
            exchange: exchange_address,
            backoffice,
            ops,
            stopper,
            tasks,
            _sources: sources,
        })
    }

    /// Returns the engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns what opening the store brought.
    #[must_use]
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Returns where partners deliver.
    #[must_use]
    pub fn exchange(&self) -> SocketAddr {
        self.exchange
    }

    /// Returns where municipal systems come in.
    #[must_use]
    pub fn backoffice(&self) -> Option<SocketAddr> {
        self.backoffice
    }

    /// Returns where operators and monitoring look.
    #[must_use]
    pub fn ops(&self) -> Option<SocketAddr> {
        self.ops
    }

    /// Stops taking, finishes what is in flight, then closes the store.
    pub async fn stop(mut self) {
        self.stopper.stop();
        while let Some(ended) = self.tasks.join_next().await {
            if ended.is_err() {
                tracing::error!(code = "TaskPanicked", "A part of the gateway ended by a fault of its own.");
            }
        }
        let engine = self.engine.clone();
        // The loop finishes its batch; waiting for it must not hold up the runtime.
        if tokio::task::spawn_blocking(move || engine.stop()).await.is_err() {
            tracing::error!(code = "TaskPanicked", "The engine could not be stopped.");
        }
    }
}

/// Removes every day what is about persons of whom the term is over.
async fn remove_daily(engine: Engine, clock: Arc<dyn Clock>, mut stop: Stop) {
    let mut last = None;
    loop {
        let today = clock.today();
        if last != Some(today) {
            last = Some(today);
            tokio::select! {
                () = crate::removal::day(&engine, today) => {}
                () = stop.stopped() => return,
            }
        }
        tokio::select! {
            () = tokio::time::sleep(DUE_CHECK) => {}
            () = stop.stopped() => return,
        }
    }
}

fn local(listener: &Listener, name: &'static str, address: SocketAddr) -> Result<SocketAddr, ListenError> {
    listener.address().map_err(|source| ListenError { name, address, source })
}

/// Turns the JSON of `iwmo show --format json` into XML.
fn from_json(json: &[u8]) -> Result<Vec<u8>, Refusal> {
    let unacceptable = |detail: String| Refusal::Unacceptable {
        title: "This is no message".to_owned(),
        detail,
        rules: Vec::new(),
        retourcodes: Vec::new(),
    };
    let text = std::str::from_utf8(json).map_err(|_| unacceptable("the JSON is not UTF-8".to_owned()))?;
    let message = Message::from_json(text).map_err(|error| unacceptable(error.to_string()))?;
    Ok(message.encode())
}

impl From<&config::Limits> for Bounds {
    fn from(limits: &config::Limits) -> Self {
        Self {
            connections: limits.connections,
            handshake: limits.handshake,
            head: limits.head,
            idle: limits.idle,
            drain: limits.drain,
        }
    }
}

/// Whole minutes, rounded up, so that a time that is not nothing never becomes nothing.
fn minutes(time: Option<Duration>) -> u32 {
    let seconds = time.unwrap_or_default().as_secs();
    u32::try_from(seconds.div_ceil(60)).unwrap_or(u32::MAX)
}

/// Returns what the engine needs of a configuration.
#[must_use]
pub fn settings(config: &Config) -> Settings {
    let mut settings = Settings {
        gemeentelijst: config.gemeentecodes.as_ref().map(lists::gemeentelijst),
        ..Settings::default()
    };
    for configured in &config.gemeenten {
        settings.gemeenten.insert(
            configured.code,
            GemeenteSettings {
                naam: configured.name.clone(),
                cak: configured.cak.clone(),
                bedenktijd: configured.policy.bedenktijd,
                producten: configured.productcodes.as_ref().map(lists::productlijst),
                beleid: Beleid {
                    parkeertijd_minuten: minutes(configured.policy.parkeertijd),
                    ..Beleid::default()
                },
                ..GemeenteSettings::default()
            },
        );
    }
    for partner in &config.partners {
        let kind = match partner.kind {
            config::PartnerKind::Aanbieder => {
                match partner.agb {
                    Some(aanbieder) => PartnerKind::Aanbieder(aanbieder),
                    // The configuration check demands an AGB code of an aanbieder.
                    None => continue,
                }
            }
            config::PartnerKind::Cak => PartnerKind::Cak,
            config::PartnerKind::Backoffice => PartnerKind::Backoffice,
            // A hub speaks for the partners behind it, and in its own name never.
            config::PartnerKind::Ggk => continue,
        };
        if partner.route == PartnerRoute::Stuf {
            settings.stuf.insert(partner.id.clone());
        }
        let gemeenten = partner.gemeenten.clone();
        settings.partners.insert(partner.id.clone(), PartnerSettings { kind, gemeenten });
    }
    for token in &config.tokens {
        let partner = PartnerSettings { kind: PartnerKind::Backoffice, gemeenten: token.gemeenten.clone() };
        settings.partners.insert(PartnerId(token.name.clone()), partner);
    }
    settings
}

#[cfg(test)]
pub(crate) mod tests;

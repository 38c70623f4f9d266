//! The gateway as one running thing: the engine, its listeners, the outbox and the daily run.

mod expiry;
mod live;
mod open_files;
mod ready;
mod reload;
mod replaced;
mod seen;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use iwmo_codec::messages::Message;
use iwmo_toewijzing::cak::EbBeleid;
use iwmo_toewijzing::judge::Beleid;
use tokio::task::JoinSet;

use crate::backoffice::{Api, Backoffice};
use crate::clock::Clock;
use crate::config::{self, Config, PartnerRoute};
use crate::control::Control;
use crate::engine::{
    Engine, EngineError, GemeenteSettings, Opened, PartnerId, PartnerKind, PartnerSettings, Refusal, Settings,
};
use crate::exchange::{Exchange, Pacer, PartnerGate, Pull, Rate};
use crate::folder::{FolderRoute, Folders};
use crate::ggk::Ggk;
use crate::journal::Indexer;
use crate::ledger::Progress;
use crate::listener::body::BodyReader;
use crate::listener::{Bounds, ListenError, Listener, Stop, Stopper};
use crate::lists;
use crate::metrics::{self, Scrape};
use crate::outbox::{DirectError, DirectRoute, Outbox, Routes, StufRoute};
use crate::pki::PkiError;
use crate::problem::Problem;
use crate::traces::Exporter;
use live::{Live, Made};
use seen::Watched;

pub use expiry::ends;
pub use reload::{NotReloaded, Reloaded, Reloader, SetFilter, Wanted};
pub use seen::{Failed, Seen, SeenCertificate, SeenPartner};

/// How often the daemon looks whether a new day has begun, or a held message is due.
const DUE_CHECK: Duration = Duration::from_secs(1);

/// How long the indexes of the journal are left alone when they are as they should be.
const INDEX_PAUSE: Duration = Duration::from_millis(250);

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
    reloader: Arc<Reloader>,
    exporter: Option<Exporter>,
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
        open_files::take_all();
        let made = Made::of(&config)?;
        let live = Arc::new(Live::new(config, made));
        let config = live.config();
        let bounds = *live.bounds.borrow();
        let (exchange_tls, source) = (live.exchange_tls.subscribe(), live.bounds.subscribe());
        let exchange =
            Listener::bind("exchange", config.exchange.address, Some(exchange_tls), bounds).await?;
        let seen = Arc::new(Seen::open(&config.data));
        let shown = Arc::clone(&seen);
        let gate = PartnerGate::new(live.directory.subscribe(), live.allowances.subscribe())
            .telling(Box::new(move |partner, certificate| shown.certificate(partner, certificate)));
        let exchange = exchange.following(source).gated(Arc::new(gate));
        let exchange_address = local(&exchange, "exchange", config.exchange.address)?;
        let backoffice = match (&config.backoffice, &live.backoffice_tls) {
            (Some(settings), Some(tls)) => {
                let tls = Some(tls.subscribe());
                let listener = Listener::bind("backoffice", settings.address, tls, bounds).await?;
                let address = local(&listener, "backoffice", settings.address)?;
                Some((listener.following(live.bounds.subscribe()), address))
            }
            _ => None,
        };
        let ops = match config.ops {
            None => None,
            Some(address) => {
                let listener = Listener::bind("ops", address, None, bounds).await?;
                let bound = local(&listener, "ops", address)?;
                Some((listener.following(live.bounds.subscribe()), bound))
            }
        };
        let route = DirectRoute::following(live.caller.subscribe());
        let settings = settings(&config);
        let (engine, opened) = Engine::open(&config.data, settings, Arc::clone(&clock), progress)?;

        engine.set_term_years(config.retention.years);

        let intake = Arc::new(engine.clone());
        let reloader = Arc::new(Reloader::new(engine.clone(), Arc::clone(&live)));
        let (stopper, stop) = Stopper::new();
        let mut tasks = JoinSet::new();
        let exporter = match &config.telemetry {
            Some(telemetry) => Exporter::begin(telemetry, config.exchange.identity.fingerprint()?)?,
            None => None,
        };
        let bodies = BodyReader::following(live.bodies.subscribe());
        let pacer = Arc::new(Pacer::following(live.allowances.subscribe()));
        let rate = Rate { messages_per_second: config.limits.messages_per_second };
        let door = Exchange::new(Arc::clone(&intake), live.directory.subscribe(), bodies.clone(), rate);
        let door = door.paced(Arc::clone(&pacer));
        let pull = Pull::new(engine.clone(), live.directory.subscribe(), Arc::clone(&pacer));
        let (directory, partners) = (live.directory.subscribe(), live.partners.subscribe());
        let ggk = Ggk::new(engine.clone(), directory, partners, bodies.clone(), pacer);
        let router = door.router().merge(pull.router()).merge(ggk.router());
        // Every route answers a wrong method in the same form, whichever part it is of.
        let router = router.method_not_allowed_fallback(async || Problem::method_not_allowed());
        tasks.spawn(exchange.serve(router, stop.clone()));
        let backoffice = backoffice.map(|(listener, address)| {
            let (settings, bounds) = (live.settings.subscribe(), live.bounds.subscribe());
            let partners = live.partners.subscribe();
            let api = Api::new(engine.clone(), Arc::clone(&clock), settings, partners, stop.clone(), bounds);
            let tokens = live.tokens.subscribe();
            let frame = Backoffice::new(Arc::clone(&intake), tokens, bodies, Arc::new(from_json));
            let frame = frame.with_systems(live.systems.subscribe());
            let router = frame.router(api.router());
            tasks.spawn(listener.serve(router, stop.clone()));
            address
        });
        match Control::bind(&config.data, engine.clone()) {
            Ok(control) => {
                let control = control.reloading(Arc::clone(&reloader));
                drop(tasks.spawn(control.serve(stop.clone())));
            }
            // The gateway does its work without; whoever needs the socket is told by the command that finds none.
            Err(error) => {
                tracing::warn!(code = "ControlBindError", %error, "There is no control socket: commands cannot change anything while the gateway runs.");
            }
        }
        let ops = ops.map(|(listener, address)| {
            let scrape = Scrape {
                engine: engine.clone(),
                clock: Arc::clone(&clock),
                data: config.data.clone(),
                config: live.config.subscribe(),
                seen: Arc::clone(&seen),
            };
            let readiness = ready::Ready {
                engine: engine.clone(),
                clock: Arc::clone(&clock),
                config: live.config.subscribe(),
            };
            let readiness = Arc::new(move || readiness.reasons());
            let router = crate::ops::router(readiness, metrics::router(scrape));
            tasks.spawn(listener.serve(router, stop.clone()));
            address
        });
        let routes =
            Routes { stuf: StufRoute::new(&route, engine.clone()), direct: route, folder: FolderRoute };
        let (in_force, known) = (live.config.subscribe(), live.settings.subscribe());
        let folders = Folders::new(
            engine.clone(),
            live.partners.subscribe(),
            Box::new(move || in_force.borrow().limits.message_bytes),
            Arc::new(move |name| {
                let settings = known.borrow();
                let sender = settings.partners.get(&PartnerId(name.to_owned()));
                sender.is_some_and(|sender| sender.kind == PartnerKind::Backoffice)
            }),
        );
        let (runtime, looking) = (tokio::runtime::Handle::current(), stop.clone());
        tasks.spawn_blocking(move || folders.run(&runtime, &looking));
        let (indexer, looking) = (Indexer::new(engine.journal(), crate::view::label), stop.clone());
        tasks.spawn_blocking(move || indexer.run(INDEX_PAUSE, &|| looking.is_stopped()));
        let (pace, drain) = (config.sending.pace.clone(), config.limits.drain);
        let routes = Watched { route: routes, seen: Arc::clone(&seen) };
        let outbox = Outbox::new(Arc::new(engine.clone()), Arc::new(routes), pace, drain);
        let outbox = outbox.following(live.pace.subscribe());
        tasks.spawn(outbox.run(live.partners.subscribe(), stop.clone()));
        tasks.spawn(replaced::watch(Arc::clone(&reloader), stop.clone()));
        tasks.spawn(remove_daily(engine.clone(), Arc::clone(&live), Arc::clone(&clock), stop.clone()));
        let (in_force, looking) = (live.config.subscribe(), Arc::clone(&clock));
        tasks.spawn(expiry::watch(in_force, Arc::clone(&seen), looking, stop.clone()));
        tasks.spawn(seen.keep(stop.clone()));
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
        let exchange = exchange_address;
        Ok(Self { engine, opened, exchange, backoffice, ops, stopper, tasks, reloader, exporter })
    }

    /// Returns what puts a new configuration in force. Until it is told where the configuration was read
    /// ([`Reloader::follow`]), it refuses.
    #[must_use]
    pub fn reloader(&self) -> &Arc<Reloader> {
        &self.reloader
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
        if let Some(exporter) = self.exporter.take() {
            exporter.end().await;
        }
    }
}

/// Removes every day what is about persons of whom the term is over.
async fn remove_daily(engine: Engine, live: Arc<Live>, clock: Arc<dyn Clock>, mut stop: Stop) {
    let mut last = None;
    loop {
        let today = clock.today();
        let retention = live.config().retention;
        engine.set_term_years(retention.years);
        if retention.automatic && last != Some(today) {
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
            answer: limits.answer,
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
                cak: configured.cak.clone(),
                bedenktijd: None,
                producten: configured.productcodes.as_ref().map(lists::productlijst),
                beleid: Beleid {
                    parkeertijd_minuten: minutes(configured.policy.parkeertijd),
                    ..configured.policy.beleid.clone()
                },
                eb: EbBeleid::new(configured.policy.eigen_bijdrage.clone()),
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
    for system in &config.systems {
        let partner = PartnerSettings { kind: PartnerKind::Backoffice, gemeenten: system.gemeenten.clone() };
        settings.partners.insert(PartnerId(system.name.clone()), partner);
    }
    settings
}

#[cfg(test)]
pub(crate) mod tests;

//! What the configuration gives to the parts of the gateway, each through a channel: a new configuration is sent
//! through all of them, and counts for connections, requests and attempts from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::watch;

use super::{DaemonError, open_files, settings};
use crate::config::{
    BackofficeSettings, Config, ExchangeSettings, Oin, Pace, Partner, Sending, System, Token,
};
use crate::engine::Settings;
use crate::exchange::{Allowances, Directory, Rate};
use crate::listener::Bounds;
use crate::listener::body::BodyRoom;
use crate::outbox::Caller;
use crate::pki::{self, ServerTls};

/// What has to be made of a configuration, and can fail.
pub(super) struct Made {
    exchange: ServerTls,
    backoffice: Option<ServerTls>,
    caller: Caller,
}

impl Made {
    /// Makes it.
    ///
    /// # Errors
    ///
    /// A certificate cannot be used.
    pub(super) fn of(config: &Config) -> Result<Self, DaemonError> {
        let ExchangeSettings { identity, revocation, .. } = &config.exchange;
        let exchange = pki::server_config_asking(identity, &config.client_trust(), revocation, true)?;
        let backoffice = match (&config.backoffice, config.system_trust()) {
            (None, _) => None,
            (Some(settings), None) => Some(pki::server_config(&settings.identity)?),
            // Who has a token needs no certificate.
            (Some(BackofficeSettings { identity, revocation, .. }), Some(trust)) => {
                Some(pki::server_config_asking(identity, &trust, revocation, false)?)
            }
        };
        let identity = config.sending.identity.as_ref().unwrap_or(&config.exchange.identity);
        let Sending { authorities, revocation, .. } = &config.sending;
        let client = pki::client_config_checking(Some(identity), authorities, revocation)?;
        let mut of_oin = BTreeMap::new();
        for oin in server_oins(config) {
            let tls = pki::client_config_for(Some(identity), authorities, revocation, Some(oin.as_str()))?;
            of_oin.insert(oin, tls);
        }
        let caller = Caller::new(client, config.sending.pace.attempt)?.with_oins(of_oin)?;
        Ok(Self { exchange, backoffice, caller })
    }
}

/// The sending ends.
pub(super) struct Live {
    pub(super) config: watch::Sender<Arc<Config>>,
    pub(super) settings: watch::Sender<Arc<Settings>>,
    pub(super) exchange_tls: watch::Sender<ServerTls>,
    /// None without that listener.
    pub(super) backoffice_tls: Option<watch::Sender<ServerTls>>,
    pub(super) bounds: watch::Sender<Bounds>,
    pub(super) bodies: watch::Sender<Arc<BodyRoom>>,
    pub(super) directory: watch::Sender<Arc<Directory>>,
    pub(super) allowances: watch::Sender<Arc<Allowances>>,
    pub(super) partners: watch::Sender<Arc<Vec<Partner>>>,
    pub(super) tokens: watch::Sender<Arc<Vec<Token>>>,
    pub(super) systems: watch::Sender<Arc<Vec<System>>>,
    pub(super) caller: watch::Sender<Caller>,
    pub(super) pace: watch::Sender<Pace>,
}

impl Live {
    /// Begins with a configuration.
    pub(super) fn new(config: Config, made: Made) -> Self {
        Self {
            settings: watch::Sender::new(Arc::new(settings(&config))),
            exchange_tls: watch::Sender::new(made.exchange),
            backoffice_tls: made.backoffice.map(watch::Sender::new),
            bounds: watch::Sender::new(open_files::bounds(&config.limits)),
            bodies: watch::Sender::new(Arc::new(room(&config))),
            directory: watch::Sender::new(Arc::new(Directory::new(&config.partners))),
            allowances: watch::Sender::new(Arc::new(allowances(&config))),
            partners: watch::Sender::new(Arc::new(config.partners.clone())),
            tokens: watch::Sender::new(Arc::new(config.tokens.clone())),
            systems: watch::Sender::new(Arc::new(config.systems.clone())),
            caller: watch::Sender::new(made.caller),
            pace: watch::Sender::new(config.sending.pace.clone()),
            config: watch::Sender::new(Arc::new(config)),
        }
    }

    /// Returns the configuration in force.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.borrow())
    }

    /// Puts another configuration in force.
    ///
    /// What did not change is not sent: a task that is told begins anew, and a pool of connections is given up.
    pub(super) fn send(&self, config: Config, made: Made) {
        let old = self.config();
        self.settings.send_replace(Arc::new(settings(&config)));
        self.exchange_tls.send_replace(made.exchange);
        if let (Some(sender), Some(tls)) = (&self.backoffice_tls, made.backoffice) {
            sender.send_replace(tls);
        }
        let bounds = open_files::bounds(&config.limits);
        self.bounds.send_if_modified(|before| std::mem::replace(before, bounds) != bounds);
        let bodies = room(&config).after(&self.bodies.borrow());
        self.bodies.send_replace(Arc::new(bodies));
        self.directory.send_replace(Arc::new(Directory::new(&config.partners)));
        self.allowances.send_replace(Arc::new(allowances(&config)));
        let identity = |config: &Config| {
            config.sending.identity.clone().unwrap_or_else(|| config.exchange.identity.clone())
        };
        if identity(&old) != identity(&config)
            || old.sending.authorities != config.sending.authorities
            || old.sending.revocation != config.sending.revocation
            || server_oins(&old) != server_oins(&config)
            || old.sending.pace.attempt != config.sending.pace.attempt
        {
            self.caller.send_replace(made.caller);
        }
        let pace = config.sending.pace.clone();
        self.pace.send_if_modified(|before| std::mem::replace(before, pace.clone()) != pace);
        self.tokens.send_replace(Arc::new(config.tokens.clone()));
        self.systems.send_replace(Arc::new(config.systems.clone()));
        if old.partners != config.partners {
            self.partners.send_replace(Arc::new(config.partners.clone()));
        }
        self.config.send_replace(Arc::new(config));
    }
}

/// The OINs that servers must have, each with a client of its own.
fn server_oins(config: &Config) -> BTreeSet<Oin> {
    config.partners.iter().filter_map(|partner| partner.server_oin).collect()
}

fn room(config: &Config) -> BodyRoom {
    let limits = &config.limits;
    BodyRoom::new(limits.message_bytes, limits.body, limits.receiving_bytes)
}

fn allowances(config: &Config) -> Allowances {
    let rate = Rate { messages_per_second: config.limits.messages_per_second };
    let mut allowances = Allowances::new(rate).connections(config.limits.partner_connections);
    for partner in &config.partners {
        allowances = allowances.with(&partner.id, &partner.limits);
    }
    allowances
}

//! `iwmo serve`: the daemon.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::open::{ledger_advice, words};
use super::output::{Failure, Found, Outcome, Terminal};
use super::owned::Owned;
use super::{check, logging, progress};
use crate::clock::SystemClock;
use crate::config::{Config, Sources};
use crate::daemon::{Daemon, DaemonError, SetFilter, Wanted};
use crate::engine::EngineError;

/// Run the gateway
///
/// Checks the configuration as `iwmo check-config` does, opens the store, applies what a crash kept from being
/// applied, and serves until it is told to stop (SIGTERM, SIGINT). Then it takes nothing more, finishes what is
/// in flight and closes the store. SIGHUP puts a new configuration in force, as `iwmo reload` does.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Serve {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let sources = Sources::read(&self.config)?;
        let checked = sources.check();
        if !checked.mistakes.is_empty() {
            check::text(&mut io::stderr().lock(), &self.config, &checked, terminal)?;
        }
        let Some(config) = checked.config else {
            return Err(Failure::new(format!("{}: the configuration has mistakes", self.config.display()))
                .hint("mend what is listed above; nothing was started"));
        };
        let _owned = Owned::of(&config.data);
        let filter = logging::start(&config.logging)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(serve(config, sources, filter))
    }
}

async fn serve(config: Config, sources: Sources, filter: SetFilter) -> Outcome {
    let bar = progress::bar("ledger");
    let mut show = |progress: crate::ledger::Progress| {
        bar.set_length(progress.entries);
        bar.set_position(progress.applied);
    };
    let started = Daemon::start(config, Arc::new(SystemClock), &mut show).await;
    bar.finish_and_clear();
    let daemon = started.map_err(not_started)?;
    // Whoever reads `ready` may say stop at once; until here the default holds, and a start can be broken off.
    let mut stop = StopSignal::listen()?;
    let mut hangup = signal(SignalKind::hangup())?;
    daemon.reloader().follow(sources, Some(filter)).await;
    let applied = daemon.opened().catch_up.applied;
    // A store that begins has nothing to build from.
    if let Some(reason) = daemon.opened().catch_up.rebuilt.as_ref().filter(|_| applied > 0) {
        tracing::warn!(code = "LedgerRebuilt", reason, "The ledger was built anew from the journal.");
    }
    let address = |address: Option<std::net::SocketAddr>| address.map(|address| address.to_string());
    tracing::info!(
        code = "GatewayStarted",
        exchange = %daemon.exchange(),
        backoffice = address(daemon.backoffice()),
        ops = address(daemon.ops()),
        applied,
        "The gateway serves."
    );
    // For who started it by hand or from a script, and reads the ports that the system chose.
    let mut out = io::stdout().lock();
    writeln!(out, "exchange {}", daemon.exchange())?;
    if let Some(address) = daemon.backoffice() {
        writeln!(out, "backoffice {address}")?;
    }
    if let Some(address) = daemon.ops() {
        writeln!(out, "ops {address}")?;
    }
    writeln!(out, "ready")?;
    out.flush()?;
    drop(out);
    let engine = daemon.engine().clone();
    let reloads = async {
        while hangup.recv().await.is_some() {
            // What came of it is in the log: who sends a signal waits for no answer.
            let _told = daemon.reloader().reload(Wanted::default()).await;
        }
        std::future::pending::<()>().await;
    };
    let failed = tokio::select! {
        () = stop.received() => false,
        // Who runs the gateway starts it again; the ledger is then brought up to the journal.
        () = engine.ended() => true,
        () = reloads => false,
    };
    tracing::info!(code = "GatewayStopping", "The gateway stops: it finishes what is in flight.");
    daemon.stop().await;
    tracing::info!(code = "GatewayStopped", "The gateway has stopped.");
    if failed {
        return Err(Failure::new("the gateway could not go on; the log says why")
            .hint("start it again: what was acknowledged is in the journal and nothing is lost"));
    }
    Ok(Found::AllWell)
}

/// Says why the gateway did not start, and what to do about it.
fn not_started(error: DaemonError) -> Failure {
    let hint = match &error {
        DaemonError::Engine(EngineError::Journal(error)) => error.advice().to_owned(),
        DaemonError::Engine(EngineError::Vault(error)) => error.advice().to_owned(),
        DaemonError::Engine(EngineError::Ledger(error)) => ledger_advice(error).to_owned(),
        DaemonError::Engine(_) => {
            "check that the disk has room and that this user may write the data folder".to_owned()
        }
        DaemonError::Listen(error) => match error.source.kind() {
            io::ErrorKind::AddrInUse => format!(
                "another program listens there, perhaps another gateway: stop it, or give {}.address another port",
                error.name
            ),
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine has no such address: mend {}.address", error.name)
            }
            io::ErrorKind::PermissionDenied => {
                format!("this user may not use that port: give {}.address one above 1023", error.name)
            }
            _ => format!("mend {}.address", error.name),
        },
        DaemonError::Pki(_) | DaemonError::Sender(_) => {
            "look at the certificates and keys that the configuration names; iwmo check-config FILE"
                .to_owned()
        }
    };
    Failure::new(words(&error)).hint(hint)
}

/// SIGTERM and SIGINT.
struct StopSignal {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignal {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

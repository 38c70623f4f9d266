//! The log of the daemon: lines on standard error, text or JSON, with a filter that a reload can change.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_log::{AsLog, LogTracer, log};
use tracing_subscriber::EnvFilter;

use super::output::Failure;
use crate::config::{LogFormat, Logging};
use crate::daemon::SetFilter;

/// The library of the store. It keeps parts for each thread that are dropped as it is taken down, and who writes
/// then finds that a line can no longer be made: that would end the process. Its warnings and errors, which an
/// operator can act on, come before that; nothing else of its is let through.
const STORE: [&str; 1] = ["lsm_tree"];

/// Begins to log, and returns what changes the filter.
pub(super) fn start(logging: &Logging) -> Result<SetFilter, Failure> {
    let filter = EnvFilter::try_new(&logging.filter)
        .map_err(|error| Failure::new(format!("logging.filter: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match logging.format {
        LogFormat::Json => {
            let builder = builder.json().flatten_event(true).with_filter_reloading();
            let handle = builder.reload_handle();
            install(builder.finish())?;
            Ok(Box::new(move |text| reloaded(text, |filter| handle.reload(filter))))
        }
        LogFormat::Text => {
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            install(builder.finish())?;
            Ok(Box::new(move |text| reloaded(text, |filter| handle.reload(filter))))
        }
    }
}

fn install(subscriber: impl Subscriber + Send + Sync) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("logging cannot begin: {error}"));
    tracing::subscriber::set_global_default(subscriber).map_err(|error| failed(&error))?;
    log::set_boxed_logger(Box::new(Libraries(LogTracer::new()))).map_err(|error| failed(&error))?;
    log::set_max_level(LevelFilter::current().as_log());
    Ok(())
}

/// Records of libraries that write to `log`.
struct Libraries(LogTracer);

fn is_let_through(metadata: &log::Metadata<'_>) -> bool {
    let of_the_store = STORE.iter().any(|name| metadata.target().starts_with(name));
    !of_the_store || metadata.level() <= log::Level::Warn
}

impl log::Log for Libraries {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        is_let_through(metadata) && self.0.enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        if is_let_through(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {}
}

fn reloaded<E: std::fmt::Display>(
    text: &str,
    set: impl FnOnce(EnvFilter) -> Result<(), E>,
) -> Result<(), String> {
    let filter = EnvFilter::try_new(text).map_err(|error| error.to_string())?;
    set(filter).map_err(|error| error.to_string())?;
    // Records of libraries that write to `log` are dropped above this level before they cost anything.
    log::set_max_level(LevelFilter::current().as_log());
    Ok(())
}

//! The log of the daemon: lines on standard error, text or JSON, with a filter that a reload can change.

use std::io::{self, IsTerminal};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_log::{AsLog, LogTracer};
use tracing_subscriber::EnvFilter;

use super::output::Failure;
use crate::config::{LogFormat, Logging};
use crate::daemon::SetFilter;

/// Libraries whose log records are left out. A storage engine writes some while a thread is being taken down, when
/// a line can no longer be made: that would end the process. They say nothing that an operator can act on.
const SILENT: [&str; 1] = ["sled"];

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
    LogTracer::builder()
        .ignore_all(SILENT)
        .with_max_level(LevelFilter::current().as_log())
        .init()
        .map_err(|error| failed(&error))
}

fn reloaded<E: std::fmt::Display>(
    text: &str,
    set: impl FnOnce(EnvFilter) -> Result<(), E>,
) -> Result<(), String> {
    let filter = EnvFilter::try_new(text).map_err(|error| error.to_string())?;
    set(filter).map_err(|error| error.to_string())?;
    // Records of libraries that write to `log` are dropped above this level before they cost anything.
    tracing_log::log::set_max_level(LevelFilter::current().as_log());
    Ok(())
}

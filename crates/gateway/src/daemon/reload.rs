//! Puts a new configuration in force while the gateway runs.
//!
//! The whole of it is read and checked first. Whatever is wrong with it leaves the old one in force, and is told to who
//! asked, in the log and as a metric. What changed is in the journal before it counts.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::sync::Mutex;

use super::live::{Live, Made};
use super::settings;
use crate::config::{self, Config, Mistake, Severity, Sources};
use crate::engine::{Engine, Noted, PartnerId, check_reason};
use crate::ledger::keys;
use crate::metrics::GATEWAY_CONFIG_RELOADS;
use crate::record::Wie;

/// Most lines that the journal keeps of one change.
const LINES_MAX: usize = 200;

/// Takes a new filter of log lines.
pub type SetFilter = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// Who asks for a new configuration, and for which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only the files that the configuration names are looked at again, not the configuration itself: a change that
    /// somebody is making there is not put in force because a certificate was replaced.
    pub files_only: bool,
    /// Nothing is put in force; the answer says what would be.
    pub preview: bool,
    /// Who; none: a signal, or a file that was replaced.
    pub wie: Option<Wie>,
    /// Why.
    pub reden: Option<String>,
}

/// What a new configuration changes or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What, a line each; nothing: the configuration says what it said.
    pub wat: Vec<String>,
    /// What to know about it.
    pub let_op: Vec<String>,
    /// What is risky about it.
    pub mistakes: Vec<Mistake>,
}

/// Why the old configuration stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NotReloaded {
    /// In one line.
    pub why: String,
    /// Everything that is wrong with the new one.
    pub mistakes: Vec<Mistake>,
}

/// Puts new configurations in force.
pub struct Reloader {
    engine: Engine,
    live: Arc<Live>,
    /// The texts in force; none: the gateway was started without a file. Held while a configuration is put in force.
    sources: Mutex<Option<Sources>>,
    filter: OnceLock<SetFilter>,
}

impl std::fmt::Debug for Reloader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloader").finish_non_exhaustive()
    }
}

impl Reloader {
    pub(super) fn new(engine: Engine, live: Arc<Live>) -> Self {
        Self { engine, live, sources: Mutex::new(None), filter: OnceLock::new() }
    }

    /// Says from which texts the configuration in force was read, and how the filter of log lines is changed.
    pub async fn follow(&self, sources: Sources, filter: Option<SetFilter>) {
        *self.sources.lock().await = Some(sources);
        if let Some(filter) = filter {
            // Set once, by who starts the gateway.
            let _ = self.filter.set(filter);
        }
    }

    /// Returns the file of the configuration; an empty path when the gateway was started without one.
    pub async fn file(&self) -> PathBuf {
        self.sources.lock().await.as_ref().map(|sources| sources.path().to_owned()).unwrap_or_default()
    }

    /// Returns the configuration in force.
    #[must_use]
    pub fn config(&self) -> Arc<Config> {
        self.live.config()
    }

    /// Reads the configuration again and puts it in force.
    ///
    /// # Errors
    ///
    /// [`NotReloaded`] says everything that is wrong; the old configuration is in force.
    pub async fn reload(&self, wanted: Wanted) -> Result<Reloaded, NotReloaded> {
        let preview = wanted.preview;
        let done = self.attempt(wanted).await;
        if !preview {
            tell(&done);
        }
        done
    }

    async fn attempt(&self, wanted: Wanted) -> Result<Reloaded, NotReloaded> {
        let mut in_force = self.sources.lock().await;
        let refused = |why: String| NotReloaded { why, mistakes: Vec::new() };
        if let Some(Err(error)) = wanted.reden.as_deref().map(check_reason) {
            return Err(refused(error.to_string()));
        }
        let Some(before) = in_force.clone() else {
            return Err(refused("the gateway was started without a configuration file".to_owned()));
        };
        let read = tokio::task::spawn_blocking(move || {
            let sources = if wanted.files_only { before } else { Sources::read(before.path())? };
            let checked = sources.check();
            Ok::<_, config::Unreadable>((sources, checked))
        });
        let read =
            read.await.map_err(|_| refused("a fault of the gateway: it could not be read".to_owned()))?;
        let (sources, checked) = read.map_err(|error| refused(error.to_string()))?;
        let mistakes = checked.mistakes;
        let Some(new) = checked.config else {
            let count = mistakes.iter().filter(|found| found.kind.severity() == Severity::Error).count();
            let noun = if count == 1 { "mistake" } else { "mistakes" };
            let why = format!("the configuration has {count} {noun}; the one before stays in force");
            return Err(NotReloaded { why, mistakes });
        };
        let old = self.live.config();
        let fixed = config::fixed(&old, &new);
        if !fixed.is_empty() {
            let why = format!("{}; restart the gateway for that", fixed.join("; "));
            return Err(NotReloaded { why, mistakes });
        }
        let made = Made::of(&new).map_err(|error| NotReloaded {
            why: format!("the configuration cannot be used: {error}"),
            mistakes: mistakes.clone(),
        })?;
        let wat = config::changes(&old, &new);
        let let_op = self.unserved(&old, &new);
        if wanted.preview {
            return Ok(Reloaded { wat, let_op, mistakes });
        }
        if !wat.is_empty() {
            let mut lines = wat.clone();
            if lines.len() > LINES_MAX {
                lines.truncate(LINES_MAX);
                lines.push(format!("and {} more", wat.len() - LINES_MAX));
            }
            let noted = Noted { wat: lines, wie: wanted.wie, reden: wanted.reden };
            let set = self.engine.set(settings(&new), noted).await;
            set.map_err(|error| NotReloaded { why: error.to_string(), mistakes: mistakes.clone() })?;
            if old.logging.filter != new.logging.filter
                && let Some(set) = self.filter.get()
                && let Err(error) = set(&new.logging.filter)
            {
                tracing::warn!(code = "LogFilterError", error, "The filter of log lines stays as it was.");
            }
            self.live.send(new, made);
        }
        *in_force = Some(sources);
        Ok(Reloaded { wat, let_op, mistakes })
    }

    /// Partners that are taken away while messages wait for them.
    fn unserved(&self, old: &Config, new: &Config) -> Vec<String> {
        let served =
            |config: &Config, id: &PartnerId| config.partners.iter().any(|partner| partner.id == *id);
        let gone = old.partners.iter().map(|partner| &partner.id).filter(|id| !served(new, id));
        let said = gone.filter_map(|id| {
            let waiting = self.engine.ledger().queue(&keys::wachtrij_van(id)).count();
            let what = format!("{waiting} messages wait for partner {id}, to whom nothing is sent then");
            (waiting > 0).then_some(what)
        });
        said.collect()
    }
}

fn tell(done: &Result<Reloaded, NotReloaded>) {
    match done {
        Ok(reloaded) if reloaded.wat.is_empty() => {
            GATEWAY_CONFIG_RELOADS.count(&["unchanged"]);
            tracing::info!(
                code = "ConfigUnchanged",
                "The configuration was read again and says what it said."
            );
        }
        Ok(reloaded) => {
            GATEWAY_CONFIG_RELOADS.count(&["applied"]);
            for line in &reloaded.wat {
                tracing::info!(code = "ConfigChanged", what = line, "The configuration changed.");
            }
            for line in &reloaded.let_op {
                tracing::warn!(
                    code = "ConfigLeavesMessages",
                    what = line,
                    "Messages wait for a partner that is gone."
                );
            }
        }
        Err(refused) => {
            GATEWAY_CONFIG_RELOADS.count(&["refused"]);
            for mistake in &refused.mistakes {
                let file = mistake.file.as_deref().map(|file| file.display().to_string());
                tracing::error!(
                    code = "ConfigMistake",
                    file,
                    line = mistake.line,
                    key = mistake.key,
                    what = %mistake.message.en,
                    "A mistake in the configuration."
                );
            }
            tracing::error!(
                code = "ConfigReloadError",
                why = refused.why,
                "The new configuration is not in force; the one before is."
            );
        }
    }
}

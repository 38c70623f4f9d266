//! `iwmo demo`: the whole process on this machine.
//!
//! A real gateway, started from a configuration file as `iwmo serve` starts it, with simulated aanbieders and a
//! simulated CAK as TLS endpoints of their own on loopback. The certificates are made on the spot. Nothing inside
//! the gateway knows that it is a demonstration: every message goes over mutual TLS or the backoffice API.
//!
//! | file | what |
//! | --- | --- |
//! | `world.rs` | certificates, configuration, the gateway and its partners |
//! | `peers.rs`, `caller.rs` | the simulated partners and how they call |
//! | `messages.rs`, `requests.rs` | what they send |
//! | `stories.rs`, `stories_asked.rs` | what happens, step by step, and what must come of it |
//! | `narrator.rs` | the timeline as it happens |

mod caller;
pub(crate) mod messages;
mod narrator;
mod peers;
pub(crate) mod requests;
mod stories;
mod stories_asked;
mod world;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::Mistake;
use crate::daemon::DaemonError;
use crate::listener::ListenError;
use crate::outbox::DirectError;
use crate::pki::PkiError;

pub use narrator::{Narrator, Told};
pub use stories::{Report, Step};

/// The file that says that a folder holds a demonstration and may be emptied for the next.
const MARKER: &str = "iwmo-demo";

/// A pause between steps, so that a person can read along.
const READING_TIME: Duration = Duration::from_millis(600);

/// Why the demonstration could not be played.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The folder holds something else.
    #[error("{}: the folder is not empty and holds no demonstration", .0.display())]
    Occupied(PathBuf),
    /// A gateway, or a command that changes something, has the store of an earlier demonstration.
    #[error("{}: the store of the earlier demonstration is in use", .0.display())]
    InUse(PathBuf),
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The configuration that was written has mistakes: a fault of ours.
    #[error("the configuration of the demonstration has mistakes: {0:?}")]
    Configuration(Vec<Mistake>),
    /// A certificate could not be made.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// An endpoint could not be opened.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The gateway did not start.
    #[error("the gateway did not start: {0}")]
    Gateway(#[from] DaemonError),
    /// A client could not be made.
    #[error(transparent)]
    Client(#[from] DirectError),
    /// A call failed.
    #[error("a call to the gateway failed: {0}")]
    Call(#[from] reqwest::Error),
    /// A message of the demonstration cannot be made: a fault of ours.
    #[error("a message of the demonstration cannot be made: {0}")]
    Message(String),
    /// A partner spoke before it knew the gateway: a fault of ours.
    #[error("a simulated partner does not know where the gateway is")]
    NotConnected,
    /// A step did not come about.
    #[error("{partner} did not receive the {message} that must come")]
    Missing {
        /// Who waited.
        partner: &'static str,
        /// For what.
        message: &'static str,
    },
    /// A step came out otherwise.
    #[error("{0}")]
    Otherwise(String),
}

/// Plays the demonstration in a folder and tells what came of each step.
///
/// # Errors
///
/// [`DemoError`] when it could not be played at all; a step that came out wrong is in the report.
pub async fn play(data: &Path, fast: bool, narrator: Narrator) -> Result<Report, DemoError> {
    prepare(data)?;
    let world = world::World::start(data, narrator).await?;
    let pause = if fast { Duration::ZERO } else { READING_TIME };
    let report = stories::play(&world, pause).await;
    world.stop().await;
    Ok(report)
}

/// Empties the folder of an earlier demonstration, or makes a new one.
fn prepare(data: &Path) -> Result<(), DemoError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| DemoError::File { path, source }
    };
    let marker = data.join(MARKER);
    if data.exists() {
        let empty = std::fs::read_dir(data).map_err(file(data))?.next().is_none();
        if !empty && !marker.exists() {
            return Err(DemoError::Occupied(data.to_owned()));
        }
        // Held until all of it is gone: a gateway that somebody tries out on it has acknowledged what would be lost.
        let lock = File::options().write(true).open(data.join("journal").join("lock")).ok();
        if lock.as_ref().is_some_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock))) {
            return Err(DemoError::InUse(data.to_owned()));
        }
        for part in ["journal", "ledger", "tls"] {
            let path = data.join(part);
            if path.exists() {
                std::fs::remove_dir_all(&path).map_err(file(&path))?;
            }
        }
    }
    std::fs::create_dir_all(data.join("tls")).map_err(file(data))?;
    let text = "This folder holds a demonstration; the next `iwmo demo` empties it.\n";
    std::fs::write(&marker, text).map_err(file(&marker))
}

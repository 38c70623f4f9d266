//! `iwmo keys`: how the keys of a store stand, and a new master key.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde_json::json;

use super::change;
use super::journal::KEPT_KEY;
use super::open::{self, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use super::owned::Owned;
use crate::engine::{Engine, check_reason};
use crate::evidence::{KEY_FILE, SigningKey};
use crate::hex::hex;
use crate::record::Wat;
use crate::vault::{KEYS_DIR, Status};

/// Look at the keys that what is about persons is sealed under, or put them under a new master key
///
/// Everything in the journal that names a person is sealed under a key of that person. The keys stand in the folder
/// `keys` of the store, wrapped by a master key. Without them the journal cannot be read: copy that folder whenever it
/// may have changed, and keep the copy apart from the backups of the journal.
#[derive(Debug, Args)]
pub(super) struct KeysCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// How many keys there are and under which master key; works beside a running gateway
    Status(Keys),
    /// Put all keys under a new master key; the gateway must be stopped
    ///
    /// Copies of the folder from before keep working for the journal as it was, with their own master key. Who did it, and
    /// why, is recorded: see `iwmo audit`.
    Rotate(Rotate),
    /// Print the public key that evidence is signed with; makes the key when there is none
    Evidence(Keys),
}

#[derive(Debug, Args)]
struct Keys {
    #[command(flatten)]
    store: StoreArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Args)]
struct Rotate {
    #[command(flatten)]
    keys: Keys,
    /// Why; it is recorded with who did it
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl KeysCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        match self.verb {
            Verb::Status(keys) => {
                let folder = keys.store.folder()?;
                let journal = open::journal(&folder)?;
                match journal.reader().vault() {
                    Some(vault) => say(&vault.status(), keys.format, terminal),
                    None => Err(Failure::new(format!("{}: this store has no keys yet", folder.display()))
                        .hint("the next start of the gateway makes them")),
                }
            }
            Verb::Evidence(keys) => {
                let folder = keys.store.folder()?;
                let _owned = Owned::of(&folder);
                let file = folder.join(KEYS_DIR).join(KEY_FILE);
                let key = SigningKey::open(&file)
                    .map_err(|error| Failure::new(open::words(&error)).hint(KEPT_KEY))?;
                let mut out = io::stdout().lock();
                match keys.format {
                    Format::Json => writeln!(out, "{}", json!({ "evidence": key.public() }))?,
                    Format::Text => writeln!(out, "{}", key.public())?,
                }
                Ok(Found::AllWell)
            }
            Verb::Rotate(Rotate { keys, reason }) => {
                let folder = keys.store.folder()?;
                let _owned = Owned::of(&folder);
                check_reason(&reason).map_err(|error| Failure::new(error.to_string()))?;
                // Holding the journal keeps a daemon from adding keys meanwhile.
                let engine = change::attend(&folder)?;
                let rotated = rotate(&engine, &reason);
                engine.stop();
                say(&rotated?, keys.format, terminal)
            }
        }
    }
}

/// The name of the new master key is known when it is there, so what is done comes before its entry.
fn rotate(engine: &Engine, reason: &str) -> Result<Status, Failure> {
    let reader = engine.journal();
    let vault = reader.vault().ok_or_else(|| Failure::new("this store has no keys yet"))?;
    vault.rotate().map_err(open::locked)?;
    let status = vault.status();
    let wat = Wat::SleutelsVernieuwd { hoofdsleutel: hex(&status.master) };
    change::record(engine, wat, reason, "the keys were put under a new master key")?;
    Ok(status)
}

fn say(status: &Status, format: Format, terminal: &Terminal) -> Outcome {
    let mut out = io::stdout().lock();
    let Status { dir, keys, destroyed, master } = status;
    let (dir, master) = (dir.display(), hex(master));
    match format {
        Format::Json => {
            writeln!(
                out,
                "{}",
                json!({ "folder": dir.to_string(), "keys": keys, "destroyed": destroyed, "master": master })
            )?;
        }
        Format::Text => {
            let dutch = format!("{keys} sleutels in {dir}, onder hoofdsleutel {master}");
            let english = format!("{keys} keys in {dir}, under master key {master}");
            let words = terminal.say(&dutch, &english);
            writeln!(out, "{words}")?;
            if *destroyed > 0 {
                let dutch = format!("{destroyed} sleutels vernietigd");
                let english = format!("{destroyed} keys destroyed");
                writeln!(out, "{}", terminal.say(&dutch, &english))?;
            }
        }
    }
    Ok(Found::AllWell)
}

//! Commands that show what is about a person leave a record of it, when a gateway runs that keeps one.
//!
//! A reading command changes nothing, so on a store that no gateway holds (a backup, a copy on another machine, a gateway
//! that is stopped) nothing is recorded: who can read its files needs no command to see what is in them. It says so on
//! standard error.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use iwmo_toewijzing::identity::{Bsn, Gemeente};

use super::output::Terminal;
use crate::control::{Client, ClientError, Look, Request};
use crate::journal::Chain;
use crate::ledger::{LedgerError, Persoon, Rows, keys};
use crate::record::Blik;
use crate::store::Ledger;

/// Looks that one request may name; one request more for each further so many.
const LOOKS_MAX: usize = 1000;

/// Records what is about to be shown.
pub(super) fn look(folder: &Path, looks: Vec<(Chain, Blik)>, terminal: &Terminal) {
    look_more(folder, looks, terminal, &mut false);
}

/// Records one of several looks of a command; that it could not be is said once.
pub(super) fn look_more(folder: &Path, looks: Vec<(Chain, Blik)>, terminal: &Terminal, said: &mut bool) {
    if looks.is_empty() {
        return;
    }
    let why = match told(folder, looks) {
        Ok(true) => return,
        Ok(false) => {
            let (nl, en) = (
                "er draait geen gateway op deze map, of zij is niet te bereiken",
                "no gateway runs on this folder, or it cannot be reached",
            );
            terminal.say(nl, en).to_owned()
        }
        Err(error) => error.to_string(),
    };
    if std::mem::replace(said, true) {
        return;
    }
    let what = terminal.say("deze inzage is niet vastgelegd", "this look was not recorded");
    // Standard error may be closed; there is nowhere left to say so.
    let _ = writeln!(std::io::stderr().lock(), "{what}: {why}");
}

/// Returns what is to be recorded when these persons are looked up.
pub(super) fn persons(
    ledger: &Ledger,
    persons: &[(Gemeente, Bsn)],
) -> Result<Vec<(Chain, Blik)>, LedgerError> {
    let looked = |(gemeente, bsn): &(Gemeente, Bsn)| {
        let persoon: Option<Persoon> = ledger.row(&keys::persoon(*gemeente, bsn))?;
        Ok((keys::chain(*gemeente), Blik::Persoon { sinds: persoon.map(|persoon| persoon.sinds) }))
    };
    persons.iter().map(looked).collect()
}

fn told(folder: &Path, looks: Vec<(Chain, Blik)>) -> Result<bool, ClientError> {
    let Some(mut client) = Client::connect(folder)? else { return Ok(false) };
    let looks: Vec<Look> =
        looks.into_iter().map(|(chain, wat)| Look { keten: chain.to_string(), wat }).collect();
    for part in looks.chunks(LOOKS_MAX) {
        let request = Request::Look { blikken: part.to_vec(), namens: std::env::var("SUDO_USER").ok() };
        let _: serde_json::Value = client.ask(&request, &mut |_| {})?;
    }
    Ok(true)
}

/// Counts exported entries by chain.
#[derive(Default)]
pub(super) struct Exported(BTreeMap<Chain, u64>);

impl Exported {
    /// Counts an entry.
    pub(super) fn count(&mut self, chain: Chain) {
        *self.0.entry(chain).or_default() += 1;
    }

    /// Returns what is to be recorded.
    pub(super) fn looks(self) -> Vec<(Chain, Blik)> {
        self.0.into_iter().map(|(chain, entries)| (chain, Blik::Uitvoer { entries })).collect()
    }
}

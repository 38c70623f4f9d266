//! Which entries a command is about; the same options for every verb.

use std::fs;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use iwmo_toewijzing::identity::{Bsn, Gemeente, ToewijzingNummer};
use jiff::Timestamp;

use super::summary;
use crate::cli::look::{self, look};
use crate::cli::open::{self, PastArguments, ReadStore, StoreArguments};
use crate::cli::output::{Failure, Terminal, period, unreadable};
use crate::cli::replay::failed;
use crate::cli::toewijzing;
use crate::journal::{CLOCK_SLACK, Chain, Entry, ReadError, Takes, Wanted};
use crate::ledger::{Horizon, LedgerError, Rows, keys};
use crate::view::{self, EntryFilter, EntryView};

/// A BSN and its line feed fit in this; more is not read.
const BSN_BYTES_MAX: u64 = 64;

/// Which entries.
#[derive(Debug, Args)]
pub(super) struct Filter {
    /// Only of this gemeente (CBS code; 0000: of none)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<Chain>,
    /// Only this kind of message, as WMO305
    #[arg(long, value_name = "KIND", value_parser = view::soort_bericht)]
    message: Option<String>,
    /// Only from this partner
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Only retours that say this of the message that they answer
    #[arg(long, value_name = "VERDICT", value_parser = ["goedgekeurd", "afgekeurd"])]
    retour: Option<String>,
    /// Only with this retourcode (given, or by a retour), this finding, or refused under this rule
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    /// Only about this toewijzing: GEMEENTE/NUMMER, as 0222/100101
    #[arg(long, value_name = "TOEWIJZING", conflicts_with = "bsn_from")]
    toewijzing: Option<String>,
    /// Only about the person whose BSN is in this file; -: on standard input. Never as an argument: others can see those
    #[arg(long, value_name = "FILE")]
    bsn_from: Option<PathBuf>,
    /// Only from this moment on, as 2026-11-25, 2026-11-25T14:00 (on a Dutch clock) or 2026-11-25T14:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = open::argument_moment)]
    from: Option<Timestamp>,
    /// Only before this moment, or up to and including an entry (GEMEENTE:SEQ)
    #[arg(long, value_name = "TIME|GEMEENTE:SEQ", value_parser = open::horizon)]
    until: Option<Horizon>,
}

/// Where to stop.
#[derive(Clone, Copy)]
enum End {
    Never,
    Before(Timestamp),
    /// After the entry with this number in the order of all chains.
    After(u64),
}

impl End {
    /// Whether an entry stands behind it.
    fn is_before(self, entry: &Entry) -> bool {
        match self {
            Self::Never => false,
            Self::Before(moment) => entry.time >= moment,
            Self::After(number) => entry.number > number,
        }
    }

    /// Whether no entry from this one on can stand before it.
    fn is_past(self, entry: &Entry) -> bool {
        match self {
            Self::Never => false,
            Self::Before(moment) => moment.checked_add(CLOCK_SLACK).is_ok_and(|end| entry.time >= end),
            Self::After(number) => entry.number > number,
        }
    }
}

/// What to do with an entry: go on, or stop.
pub(super) type Each<'a> = dyn FnMut(&Entry, EntryView) -> Result<ControlFlow<()>, Failure> + 'a;

impl Filter {
    /// Gives every entry that is wanted, in the order of the journal, until told to stop.
    pub(super) fn each(
        &self,
        store: &StoreArguments,
        terminal: &Terminal,
        each: &mut Each<'_>,
    ) -> Result<(), Failure> {
        if let Some(Horizon::Before(until)) = &self.until {
            period(self.from.as_ref(), Some(until), ("--from", "--until"))?;
        }
        if self.toewijzing.is_some() || self.bsn_from.is_some() {
            return self.each_of_person(store, terminal, each);
        }
        let folder = store.folder()?;
        let end = self.end(&folder)?;
        let browser = open::browser(&folder)?;
        let filter = self.entry_filter();
        let takes = |label: &[u8]| filter.wants_label(label);
        let label = (!filter.is_empty()).then_some(&takes as Takes<'_>);
        let wanted = Wanted { chain: self.gemeente, from: self.from, label };
        let found: Box<dyn Iterator<Item = Result<Entry, ReadError>>> =
            if wanted.label.is_none() && wanted.from.is_none() && wanted.chain.is_none() {
                Box::new(browser.select(None, None))
            } else {
                Box::new(browser.find(wanted, view::label))
            };
        for entry in found {
            let entry = entry.map_err(LedgerError::from)?;
            if end.is_past(&entry) {
                return Ok(());
            }
            if self.give(&entry, &filter, end, each)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What is asked of an entry that its index knows.
    fn entry_filter(&self) -> EntryFilter {
        EntryFilter {
            bericht: self.message.clone(),
            partner: self.partner.clone(),
            retour: self.retour.clone(),
            code: self.code.clone(),
        }
    }

    /// Where to stop in this store.
    fn end(&self, folder: &Path) -> Result<End, Failure> {
        Ok(match self.until {
            None => End::Never,
            Some(Horizon::Before(moment)) => End::Before(moment),
            Some(Horizon::Through(id)) => {
                let journal = open::journal(folder)?;
                let entry = journal.reader().get_sealed(id.chain, id.seq);
                let entry = entry.map_err(LedgerError::from)?;
                End::After(
                    entry
                        .ok_or_else(|| Failure::from(LedgerError::NoEntry { entry: id.to_string() }))?
                        .number,
                )
            }
        })
    }

    /// Gives an entry, if it is wanted.
    fn give(
        &self,
        entry: &Entry,
        filter: &EntryFilter,
        end: End,
        each: &mut Each<'_>,
    ) -> Result<ControlFlow<()>, Failure> {
        let time = entry.time;
        if self.gemeente.is_some_and(|chain| chain != entry.id.chain)
            || self.from.is_some_and(|from| time < from)
            || end.is_before(entry)
        {
            return Ok(ControlFlow::Continue(()));
        }
        let view = summary(entry)?;
        if filter.wants(&view) { each(entry, view) } else { Ok(ControlFlow::Continue(())) }
    }

    /// The ledger knows which entries concern a person.
    fn each_of_person(
        &self,
        store: &StoreArguments,
        terminal: &Terminal,
        each: &mut Each<'_>,
    ) -> Result<(), Failure> {
        let folder = store.folder()?;
        // Before the store is opened, so that nobody waits for a file that is not there.
        let bsn = self.bsn_from.as_ref().map(|file| read_bsn(file, terminal)).transpose()?;
        let end = self.end(&folder)?;
        let store = open::read(store, &PastArguments::at(self.until), terminal)?;
        let (persons, nummer) = match (&self.toewijzing, bsn) {
            (Some(text), _) => {
                let (gemeente, nummer) = toewijzing::name(text, &store)?;
                let owner: Option<iwmo_toewijzing::event::DossierKey> =
                    store.ledger.row(&keys::toewijzing(gemeente, nummer)).map_err(failed)?;
                (owner.map(|owner| (gemeente, owner.bsn)).into_iter().collect(), Some(nummer))
            }
            (None, Some(bsn)) => {
                let codes = store.reader.tips().into_keys().map(|chain| chain.to_string());
                let persons: Vec<(Gemeente, Bsn)> =
                    codes.filter_map(|code| Gemeente::new(&code).ok()).map(|code| (code, bsn)).collect();
                look(&folder, look::persons(&store.ledger, &persons).map_err(failed)?, terminal);
                (persons, None)
            }
            (None, None) => (Vec::new(), None),
        };
        let filter = self.entry_filter();
        for entry in entries_of(&store, &persons)? {
            if about(&store, &entry, nummer)? && self.give(&entry, &filter, end, each)?.is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Returns the entries that concern these persons, in the order of the journal.
fn entries_of(store: &ReadStore, persons: &[(Gemeente, Bsn)]) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for (gemeente, bsn) in persons {
        for row in store.ledger.scan(&keys::persoon_entries(*gemeente, bsn)) {
            let (key, _) = row.map_err(|error| failed(error.into()))?;
            let Some(seq) = key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes)) else { continue };
            let entry = store.reader.get(keys::chain(*gemeente), seq);
            entries.extend(entry.map_err(|error| failed(error.into()))?);
        }
    }
    entries.sort_by_key(|entry| entry.number);
    Ok(entries)
}

/// Returns whether an entry speaks of a toewijzing, or of its person as a whole.
fn about(store: &ReadStore, entry: &Entry, nummer: Option<ToewijzingNummer>) -> Result<bool, Failure> {
    let Some(nummer) = nummer else { return Ok(true) };
    let lines = view::lines(&store.ledger, &store.reader, &store.schemas, entry).map_err(failed)?;
    Ok(lines.iter().any(|line| line.toewijzingen.is_empty() || line.toewijzingen.contains(&nummer.value())))
}

/// Reads a BSN from a file or standard input. What was read stands in no error.
pub(in crate::cli) fn read_bsn(file: &PathBuf, terminal: &Terminal) -> Result<Bsn, Failure> {
    let name = file.display();
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        io::stdin().lock().take(BSN_BYTES_MAX).read_to_string(&mut text)
    } else {
        fs::File::open(file).and_then(|opened| opened.take(BSN_BYTES_MAX).read_to_string(&mut text))
    };
    read.map_err(|error| unreadable(file, &error))?;
    let bsn = Bsn::new(text.trim()).map_err(|_| {
        Failure::new(format!("{name}: this is not one BSN"))
            .hint("give a file with nine digits and nothing else")
    })?;
    if bsn.expose().parse().is_ok_and(|bsn: iwmo_codec::value::Bsn| !bsn.passes_eleven_test()) {
        let note = terminal.say(
            "let op: dit nummer voldoet niet aan de 11-proef; zijn het de goede cijfers?",
            "note: this number fails the 11-proef; are these the right digits?",
        );
        // Standard error may be closed; there is nowhere left to say so.
        let _ = writeln!(io::stderr().lock(), "{note}");
    }
    Ok(bsn)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::engine::tests::{Gateway, bsn, numbered, play_all};

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        store: StoreArguments,
        #[command(flatten)]
        filter: Filter,
    }

    /// Returns the entries that these options give.
    fn found(data: &Path, options: &[&str]) -> Result<Vec<String>, Failure> {
        let fixed = ["journal", "--data", data.to_str().unwrap()];
        let command = Command::try_parse_from(fixed.iter().chain(options)).unwrap();
        let mut found = Vec::new();
        let terminal = Terminal::new(Default::default(), Default::default());
        command.filter.each(&command.store, &terminal, &mut |entry, _| {
            found.push(entry.id.to_string());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Every filter gives its entries, beside a running gateway and after it.
    #[test]
    fn filters_give_what_they_say() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path();
        let gateway = Gateway::in_folder(folder);
        let story = play_all(&gateway);
        let other = gateway.send("backoffice", numbered(9)).unwrap();
        let file = folder.join("bsn");
        let of_person: Vec<String> = story.iter().map(|(receipt, _)| receipt.id.clone()).collect();
        let mut gateway = Some(gateway);
        for running in [true, false] {
            if !running {
                gateway.take().unwrap().stop();
            }
            let all = found(folder, &[]).unwrap();
            assert_eq!(all.len(), 1 + 8 + 6, "{all:?}");
            assert_eq!(found(folder, &["--gemeente", "0000"]).unwrap(), ["0000:1"]);
            assert_eq!(found(folder, &["--message", "wmo301"]).unwrap().len(), 2);
            assert_eq!(found(folder, &["--partner", "cak"]).unwrap().len(), 2);
            assert_eq!(found(folder, &["--code", "9019"]).unwrap(), Vec::<String>::new());
            assert_eq!(found(folder, &["--from", "2026-11-26"]).unwrap(), Vec::<String>::new());
            assert_eq!(found(folder, &["--until", "2026-11-26"]).unwrap(), all);
            assert_eq!(found(folder, &["--until", "0222:3"]).unwrap(), all[..4]);
            let early = found(folder, &["--until", "0222:3", "--toewijzing", "0222/100101"]).unwrap();
            assert!(early.len() < of_person.len() && of_person.starts_with(&early), "{early:?}");
            assert!(found(folder, &["--until", "0222:999"]).is_err());
            assert_eq!(found(folder, &["--toewijzing", "0222/100101"]).unwrap(), of_person);
            assert_eq!(found(folder, &["--toewijzing", "0222/1"]).unwrap(), Vec::<String>::new());
            fs::write(&file, format!("{}\n", bsn(9))).unwrap();
            assert_eq!(
                found(folder, &["--bsn-from", file.to_str().unwrap()]).unwrap(),
                std::slice::from_ref(&other.id)
            );
        }
    }

    #[test]
    fn what_is_no_bsn_stands_in_no_error() {
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("bsn");
        fs::write(&file, "1234567890\n").unwrap();
        let terminal = Terminal::new(Default::default(), Default::default());
        let error = read_bsn(&file, &terminal).unwrap_err();
        assert!(!error.message.contains("123456"), "{error}");
        assert!(error.message.contains("bsn"));
    }
}

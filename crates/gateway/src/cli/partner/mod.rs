//! `iwmo partner`: the counterparties, their routes and certificates.

mod add;
mod list;
mod probe;
mod test;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::change::{ChangeArguments, change};
use super::open::StoreArguments;
use super::output::{Failure, Format, Outcome, Terminal};
use crate::config::{self, Config, Partner};
use crate::control::{Change, PartnerChange, PartnerVerb};

/// Add a partner, show partners, try the way to one, hold and release sending to one
#[derive(Debug, Args)]
pub(super) struct PartnerCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Add(add::Add),
    List(list::List),
    Show(list::Show),
    Test(test::Test),
    /// Send nothing to a partner until it is released
    Hold(Hold),
    /// Send to a partner again, at once
    Release(Hold),
}

/// Which partner.
#[derive(Debug, Args)]
struct Hold {
    /// The partner
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    change: ChangeArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Hold {
    fn run(self, verb: PartnerVerb, terminal: &Terminal) -> Outcome {
        // Without the configuration nothing says which partners there are.
        let mut achter = Vec::new();
        if let Some(config) = self.store.configuration()? {
            known(&config, &self.name)?;
            let behind = |partner: &&Partner| partner.via.as_ref().is_some_and(|via| via.0 == self.name);
            achter.extend(config.partners.iter().filter(behind).map(|partner| partner.id.0.clone()));
        }
        let wanted = PartnerChange { verb, partner: self.name, achter };
        change(&self.store, &self.change, Change::Partner(wanted), self.format, terminal)
    }
}

impl PartnerCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        match self.verb {
            Verb::Add(command) => command.run(terminal),
            Verb::List(command) => command.run(terminal),
            Verb::Show(command) => command.run(terminal),
            Verb::Test(command) => command.run(terminal),
            Verb::Hold(command) => command.run(PartnerVerb::Vasthouden, terminal),
            Verb::Release(command) => command.run(PartnerVerb::Vrijgeven, terminal),
        }
    }
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
struct ConfigArguments {
    /// Configuration of the gateway
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl ConfigArguments {
    fn read(&self) -> Result<Config, Failure> {
        let checked = config::check(&self.config)?;
        checked.config.ok_or_else(|| mistaken(&self.config))
    }
}

fn mistaken(file: &Path) -> Failure {
    Failure::new(format!("{}: the configuration has mistakes", file.display()))
        .hint(format!("iwmo check-config {}", file.display()))
}

/// Returns a partner of the configuration.
fn known<'c>(config: &'c Config, name: &str) -> Result<&'c Partner, Failure> {
    let found = config.partners.iter().find(|partner| partner.id.0 == name);
    found.ok_or_else(|| {
        Failure::new(format!("there is no partner {name:?}"))
            .hint("iwmo partner list --config FILE says which there are")
    })
}

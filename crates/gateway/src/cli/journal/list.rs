//! `iwmo journal list`.

use std::io;
use std::ops::ControlFlow;

use clap::Args;

use super::filter::Filter;
use super::write_line;
use crate::cli::open::StoreArguments;
use crate::cli::output::{Format, Found, Outcome, Terminal};

/// List entries, oldest first
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    filter: Filter,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl List {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let (mut shown, mut more) = (0, false);
        self.filter.each(&self.store, terminal, &mut |_, view| {
            if shown == self.limit {
                more = true;
                return Ok(ControlFlow::Break(()));
            }
            write_line(&mut out, &view, self.format)?;
            shown += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        io::Write::flush(&mut out)?;
        if more {
            terminal.there_is_more()?;
        } else if shown == 0 {
            terminal.nothing_found()?;
        }
        Ok(Found::AllWell)
    }
}

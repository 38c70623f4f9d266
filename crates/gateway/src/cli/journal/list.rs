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
        let mut shown = 0;
        if self.limit == 0 {
            return Ok(Found::AllWell);
        }
        self.filter.each(&self.store, terminal, &mut |_, view| {
            write_line(&mut out, &view, self.format)?;
            shown += 1;
            Ok(if shown == self.limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        io::Write::flush(&mut out)?;
        if shown == 0 {
            terminal.nothing_found()?;
        }
        Ok(Found::AllWell)
    }
}

//! The commands of `iwmo`: one file each, this one says which there are.

mod audit;
mod cak;
mod change;
mod check;
mod client;
mod deadlines;
mod demo;
mod erase;
mod journal;
mod keys;
mod logging;
mod look;
mod man;
mod message;
mod open;
mod outbox;
mod output;
mod owned;
mod partner;
mod progress;
mod reload;
mod replay;
mod serve;
mod stats;
mod status;
mod store;
mod toewijzing;
mod validate;
mod whatif;
mod work;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use output::{Color, Failure, Format, Found, Lang, Outcome, Terminal};

const AFTER_HELP: &str = "\
Begin here:
  iwmo demo --fast                    the whole process on this machine
  iwmo validate bericht.xml           what is wrong with a message
  iwmo check-config iwmo.toml         what is wrong with a configuration
  iwmo serve --config iwmo.toml       run the gateway

Exit codes:
  0  done, and all is well
  1  done, and something was found: an invalid message, a failed check
  2  it could not run; the reason is on standard error";

/// Exchange messages between gemeenten, aanbieders and the CAK
///
/// The gateway validates the messages of iWmo 3.2 and iEb 1.0, tracks every toewijzing through 301, 305 and
/// 307, answers each message with its retour, and tells the CAK when the eigen bijdrage starts and stops.
#[derive(Debug, Parser)]
#[command(
    name = "iwmo",
    version,
    max_term_width = 100, after_long_help = AFTER_HELP,
    arg_required_else_help = true,
    propagate_version = true
)]
struct Arguments {
    /// Language of what people read
    #[arg(long, global = true, value_enum, default_value_t, value_name = "LANG")]
    lang: Lang,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Validate(validate::Validate),
    Show(message::Show),
    Encode(message::Encode),
    Retour(message::Retour),
    Demo(demo::Demo),
    Serve(serve::Serve),
    CheckConfig(check::CheckConfig),
    Reload(reload::Reload),
    Journal(journal::JournalCommand),
    Toewijzing(toewijzing::ToewijzingCommand),
    Client(client::Client),
    Cak(cak::CakCommand),
    Work(work::WorkCommand),
    Outbox(outbox::OutboxCommand),
    Partner(partner::PartnerCommand),
    Deadlines(deadlines::Deadlines),
    Audit(audit::Audit),
    Stats(stats::Stats),
    Status(status::Status),
    Replay(replay::Replay),
    Store(store::StoreCommand),
    Keys(keys::KeysCommand),
    Erase(erase::Erase),
    /// Write a completion script for a shell to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man page to standard output; with --all those of every command into a folder
    Man {
        /// Folder for one page a command
        #[arg(long, value_name = "DIR")]
        all: Option<std::path::PathBuf>,
    },
}

/// Runs the program and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Nowhere to report a failure to print: standard output or error is closed.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let terminal = Terminal::new(arguments.lang, arguments.color);
    output::finish(dispatch(arguments.command, &terminal), &terminal)
}

fn dispatch(command: Command, terminal: &Terminal) -> Outcome {
    match command {
        Command::Validate(command) => command.run(terminal),
        Command::Show(command) => command.run(terminal),
        Command::Encode(command) => command.run(terminal),
        Command::Retour(command) => command.run(terminal),
        Command::Demo(command) => command.run(terminal),
        Command::Serve(command) => command.run(terminal),
        Command::CheckConfig(command) => command.run(terminal),
        Command::Reload(command) => command.run(terminal),
        Command::Journal(command) => command.run(terminal),
        Command::Toewijzing(command) => command.run(terminal),
        Command::Client(command) => command.run(terminal),
        Command::Cak(command) => command.run(terminal),
        Command::Work(command) => command.run(terminal),
        Command::Outbox(command) => command.run(terminal),
        Command::Partner(command) => command.run(terminal),
        Command::Deadlines(command) => command.run(terminal),
        Command::Audit(command) => command.run(terminal),
        Command::Stats(command) => command.run(terminal),
        Command::Status(command) => command.run(terminal),
        Command::Replay(command) => command.run(terminal),
        Command::Store(command) => command.run(terminal),
        Command::Keys(command) => command.run(terminal),
        Command::Erase(command) => command.run(terminal),
        Command::Completions { shell } => {
            // It panics when it cannot write, and a closed pipe is nothing to panic about.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "iwmo", &mut script);
            io::stdout().lock().write_all(&script)?;
            Ok(Found::AllWell)
        }
        Command::Man { all: None } => {
            man::page(Arguments::command(), &mut io::stdout().lock())?;
            Ok(Found::AllWell)
        }
        Command::Man { all: Some(folder) } => {
            man::pages(Arguments::command(), &folder).map_err(|error| output::unwritable(&folder, &error))?;
            Ok(Found::AllWell)
        }
    }
}

//! The commands of `iwmo`: one file each, this one says which there are.

mod check;
mod demo;
mod journal;
mod message;
mod open;
mod outbox;
mod output;
mod progress;
mod replay;
mod serve;
mod store;
mod toewijzing;
mod validate;
mod whatif;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

pub use output::{Color, Failure, Format, Found, Lang, Outcome, Terminal};

/// Exchange messages between gemeenten, aanbieders and the CAK
///
/// The gateway validates the messages of iWmo 3.2 and iEb 1.0, tracks every toewijzing through 301, 305 and
/// 307, answers each message with its retour, and tells the CAK when the eigen bijdrage starts and stops.
///
/// See the whole process on this machine:   iwmo demo --fast
/// Check a message:                         iwmo validate bericht.xml
/// Run the gateway:                         iwmo serve --config iwmo.toml
///
/// Exit codes: 0 done and all is well; 1 done and something was found (an invalid message, a failed check);
/// 2 it could not run, the reason is on standard error.
#[derive(Debug, Parser)]
#[command(
    name = "iwmo",
    version,
    verbatim_doc_comment,
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
    Journal(journal::JournalCommand),
    Toewijzing(toewijzing::ToewijzingCommand),
    Outbox(outbox::OutboxCommand),
    Replay(replay::Replay),
    Store(store::StoreCommand),
    /// Write a completion script for a shell to standard output
    Completions {
        /// The shell
        shell: clap_complete::Shell,
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
        Command::Journal(command) => command.run(terminal),
        Command::Toewijzing(command) => command.run(terminal),
        Command::Outbox(command) => command.run(terminal),
        Command::Replay(command) => command.run(terminal),
        Command::Store(command) => command.run(terminal),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "iwmo", &mut io::stdout().lock());
            Ok(Found::AllWell)
        }
    }
}

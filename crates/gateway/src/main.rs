//! The program `iwmo`; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    iwmo_gateway::cli::run(std::env::args_os())
}

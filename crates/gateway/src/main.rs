//! The program `iwmo`; everything it does is in the library.

use std::process::ExitCode;

/// Judging makes and drops many small pieces, and the store too: the system's allocator took a quarter of the
/// time of a loaded gateway, and more still where the library of the system is musl.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    iwmo_gateway::cli::run(std::env::args_os())
}

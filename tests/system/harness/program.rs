//! The program, run to its end.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The program itself.
pub(super) const IWMO: &str = env!("CARGO_BIN_EXE_iwmo");

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// The run, if it ended with this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// The lines of JSON on standard output; each must be an object.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        json_lines(&self.out)
    }

    /// The first line on standard error.
    pub(crate) fn reason(&self) -> &str {
        self.err.lines().next().unwrap_or_default()
    }
}

/// Reads lines of JSON objects.
#[track_caller]
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    let object = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value.is_object(), "{line}");
        value
    };
    text.lines().map(object).collect()
}

/// Runs the program.
pub(crate) fn iwmo<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Run {
    run(command(arguments), b"")
}

/// Runs the program with something on its standard input.
pub(crate) fn iwmo_in<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>, input: &[u8]) -> Run {
    run(command(arguments), input)
}

/// The program with arguments, in an environment that does not change how it speaks.
pub(super) fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(IWMO);
    command.args(arguments).current_dir(Path::new(env!("CARGO_TARGET_TMPDIR")));
    for name in ["COLUMNS", "NO_COLOR", "RUST_LOG", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command
}

fn run(mut command: Command, input: &[u8]) -> Run {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that does not read all of it closes the pipe.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

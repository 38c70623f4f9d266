//! Writes the typed messages of `iwmo-codec` from the schemas.
//!
//! `cargo run` writes; `cargo run -- --check` compares and exits with 1 when a file would change.

mod model;
mod names;
mod render;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use model::Failure;

/// Folder of schemas, module of the codec, prefix of the shared types.
const STANDARDS: &[(&str, &str, &str)] = &[("iwmo/3.2", "iwmo_3_2", "iwmo"), ("ieb/1.0", "ieb_1_0", "ieb")];

fn main() -> ExitCode {
    match run(std::env::args().skip(1).any(|argument| argument == "--check")) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(check: bool) -> Result<ExitCode, Failure> {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no folder above")?;
    let repository = schemas.parent().ok_or("no folder above")?;
    let mut files = BTreeMap::new();
    for (folder, module, prefix) in STANDARDS {
        let documents = model::read(&schemas.join(folder))?;
        let target = repository.join("crates/codec/src/messages").join(module);
        for (name, text) in render::module(folder, prefix, &documents)? {
            files.insert(target.join(name), format(repository, &text)?);
        }
    }
    let mut changed = Vec::new();
    for (path, text) in &files {
        if std::fs::read_to_string(path).ok().as_deref() != Some(text) {
            changed.push(path);
        }
    }
    let stray = stray(repository, &files)?;
    if check {
        for path in changed.iter().copied().chain(&stray) {
            eprintln!("not as generated: {}", path.display());
        }
        return Ok(ExitCode::from(u8::from(!changed.is_empty() || !stray.is_empty())));
    }
    for path in &stray {
        std::fs::remove_file(path)?;
    }
    for path in changed {
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        std::fs::write(path, &files[path])?;
        eprintln!("wrote {}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Files in the generated folders that no schema stands for any more.
fn stray(repository: &Path, files: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>, Failure> {
    let mut stray = Vec::new();
    for (_, module, _) in STANDARDS {
        let folder = repository.join("crates/codec/src/messages").join(module);
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry?.path();
            if !files.contains_key(&path) {
                stray.push(path);
            }
        }
    }
    Ok(stray)
}

/// Formats as `cargo fmt` does, so that the formatter's check passes too.
fn format(repository: &Path, text: &str) -> Result<String, Failure> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(repository)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no pipe")?.write_all(text.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err("rustfmt refused the generated text".into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

//! libxml2 over the same documents, by a small program in C that is compiled here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::corpus::Document;

/// The compiled program and its input: a schema and a file of documents for each kind.
pub(crate) struct Harness {
    program: PathBuf,
    arguments: Vec<PathBuf>,
}

impl Harness {
    /// Compiles the program and writes the documents for it.
    ///
    /// # Errors
    ///
    /// Says what is missing on this machine.
    pub(crate) fn prepare(documents: &[Document]) -> Result<Self, String> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libxml2");
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let program = compile(&folder)?;
        let mut kinds: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        for document in documents {
            let blob = kinds.entry(&document.kind).or_default();
            let length = u32::try_from(document.xml.len()).map_err(|error| error.to_string())?;
            blob.extend(length.to_le_bytes());
            blob.extend(&document.xml);
        }
        let mut arguments = Vec::new();
        for (kind, blob) in kinds {
            let standard = if kind.starts_with("WMO4") { "ieb/1.0" } else { "iwmo/3.2" };
            let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
            let file = folder.join(format!("{kind}.bin"));
            fs::write(&file, blob).map_err(|error| error.to_string())?;
            arguments.push(schemas.join(standard).join(format!("{kind}.xsd")));
            arguments.push(file);
        }
        Ok(Self { program, arguments })
    }

    /// Validates every document once; the time that took, without reading files and schemas.
    pub(crate) fn run(&mut self) -> Option<Duration> {
        let output = Command::new(&self.program).args(&self.arguments).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "libxml2 refused a document: {errors}");
        text.trim().parse().ok().map(Duration::from_nanos)
    }
}

fn compile(folder: &Path) -> Result<PathBuf, String> {
    let flags = Command::new("pkg-config")
        .args(["--cflags", "--libs", "libxml-2.0"])
        .output()
        .map_err(|_| "pkg-config is not installed".to_owned())?;
    if !flags.status.success() {
        return Err("its development files are not installed".into());
    }
    let program = folder.join("libxml2");
    let output = Command::new("cc")
        .arg("-O2")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/speed/libxml2.c"))
        .arg("-o")
        .arg(&program)
        .args(String::from_utf8_lossy(&flags.stdout).split_whitespace())
        .output()
        .map_err(|_| "there is no C compiler".to_owned())?;
    if output.status.success() {
        Ok(program)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

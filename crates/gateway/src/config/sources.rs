//! The texts that a configuration is made of: the file itself, and a folder with partners.
//!
//! `partner_files` names a folder, `partners.d` beside the configuration without it. Each `*.toml` in it, in the order of
//! their names, has `[[partner]]` sections and nothing else; a name that begins with a dot is left alone. Relative paths
//! in them start at the folder of the configuration, as in the configuration itself.
//!
//! A limit: [`PARTNER_FILES_MAX`] files.

use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::mistake::{MistakeKind, said};
use super::reader::{Findings, Part};
use super::{Checked, Unreadable, sections};

/// The setting that names the folder with partners.
pub(super) const PARTNER_FILES: &str = "partner_files";
/// The folder with partners when the configuration names none.
const PARTNER_FILES_DEFAULT: &str = "partners.d";
/// Most files with partners.
pub const PARTNER_FILES_MAX: usize = 10_000;

/// The texts of a configuration, as they were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    path: PathBuf,
    text: String,
    partners: Vec<PartnerFile>,
    /// What is wrong with the folder.
    folder: Option<Wrong>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PartnerFile {
    path: PathBuf,
    text: Result<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    Unreadable(PathBuf, String),
    TooMany(PathBuf),
}

impl Sources {
    /// Reads a configuration and the folder with partners.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when there is no configuration; what is wrong with the folder is a mistake of [`Sources::check`].
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| Unreadable { path: path.to_owned(), source })?;
        let mut sources = Self { path: path.to_owned(), text, partners: Vec::new(), folder: None };
        sources.read_partners();
        Ok(sources)
    }

    /// The text of a configuration whose folder is `folder`.
    #[cfg(test)]
    pub(super) fn of_text(text: &str, folder: &Path) -> Self {
        let mut sources = Self {
            path: folder.join("iwmo.toml"),
            text: text.to_owned(),
            partners: Vec::new(),
            folder: None,
        };
        sources.read_partners();
        sources
    }

    /// Checks all of it, and everything it names.
    #[must_use]
    pub fn check(&self) -> Checked {
        sections::check(self)
    }

    /// Returns the file of the configuration.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the folder with partners, whether it is there or not.
    #[must_use]
    pub fn partner_folder(&self) -> PathBuf {
        self.folder().join(self.named_folder().as_deref().unwrap_or(PARTNER_FILES_DEFAULT))
    }

    /// Adds a file with partners that is not there yet, or another text for one that is.
    #[must_use]
    pub fn with_partner_file(mut self, path: &Path, text: &str) -> Self {
        self.partners.retain(|file| file.path != path);
        self.partners.push(PartnerFile { path: path.to_owned(), text: Ok(text.to_owned()) });
        self.partners.sort_by(|one, other| one.path.cmp(&other.path));
        self
    }

    /// Returns where relative paths start.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new(""))
    }

    /// Returns the texts, the configuration itself first.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = vec![Part { file: None, text: &self.text, base: 0 }];
        let mut base = self.text.len() + 1;
        for file in &self.partners {
            let text = file.text.as_deref().unwrap_or_default();
            parts.push(Part { file: Some(&file.path), text, base });
            base += text.len() + 1;
        }
        parts
    }

    /// Returns whether there is a text that could not be read.
    pub(super) fn is_incomplete(&self) -> bool {
        self.folder.is_some() || self.partners.iter().any(|file| file.text.is_err())
    }

    /// Reports what could not be read.
    pub(super) fn complain(&self, findings: &mut Findings<'_>) {
        match &self.folder {
            None => {}
            Some(Wrong::Unreadable(folder, error)) => {
                let folder = folder.display();
                let message = said(
                    format!("de map {folder} is niet te lezen: {error}"),
                    format!("the folder {folder} cannot be read: {error}"),
                );
                let hint = said("controleer de naam en de rechten", "check its name and permissions");
                findings.add(MistakeKind::UnusableFile, 0..0, PARTNER_FILES, message, hint);
            }
            Some(Wrong::TooMany(folder)) => {
                let folder = folder.display();
                let message = said(
                    format!("de map {folder} heeft meer dan {PARTNER_FILES_MAX} bestanden"),
                    format!("the folder {folder} has more than {PARTNER_FILES_MAX} files"),
                );
                let hint = said("zet meer partners in een bestand", "put more partners into one file");
                findings.add(MistakeKind::UnusableFile, 0..0, PARTNER_FILES, message, hint);
            }
        }
        for (file, part) in self.partners.iter().zip(self.parts().iter().skip(1)) {
            let Err(error) = &file.text else { continue };
            let path = file.path.display();
            let message =
                said(format!("{path} is niet te lezen: {error}"), format!("{path} cannot be read: {error}"));
            let hint = said("controleer de naam en de rechten", "check its name and permissions");
            findings.add(MistakeKind::UnusableFile, part.base..part.base, "", message, hint);
        }
    }

    fn named_folder(&self) -> Option<String> {
        let (document, _) = DeTable::parse_recoverable(&self.text);
        document.get_ref().get(PARTNER_FILES)?.get_ref().as_str().map(str::to_owned)
    }

    fn read_partners(&mut self) {
        let named = self.named_folder();
        let folder = self.partner_folder();
        let paths = match toml_files(&folder) {
            Ok(paths) => paths,
            // Only a folder that was asked for must be there.
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => return,
            Err(error) => {
                self.folder = Some(Wrong::Unreadable(folder, error.to_string()));
                return;
            }
        };
        if paths.len() > PARTNER_FILES_MAX {
            self.folder = Some(Wrong::TooMany(folder));
            return;
        }
        let read = |path: PathBuf| {
            let text = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            PartnerFile { path, text }
        };
        self.partners = paths.into_iter().map(read).collect();
    }
}

/// Returns the data folder that the text of a configuration names, whatever else is in it.
#[must_use]
pub fn data_folder(text: &str) -> Option<PathBuf> {
    let (document, _) = DeTable::parse_recoverable(text);
    document.get_ref().get("data")?.get_ref().as_str().map(PathBuf::from)
}

/// The files of a folder that have partners, by name.
fn toml_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".toml") && !name.starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIN: &str =
        "data = \"store\"\n[[partner]]\nid = \"a\"\nkind = \"cak\"\noin = \"00000001234567890000\"\n";
    const OTHER: &str =
        "\n[[partner]]\nid = \"a\"\nkind = \"cak\"\nurl = \"nowhere\"\n[sending]\nconcurrent = 1\n";

    /// The mistakes as `file:line key: what`.
    fn told(sources: &Sources) -> Vec<String> {
        let one = |mistake: &super::super::Mistake| {
            let file = mistake.file.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy());
            format!("{}:{} {}: {}", file.unwrap_or_default(), mistake.line, mistake.key, mistake.message.en)
        };
        sources.check().mistakes.iter().map(one).collect()
    }

    #[test]
    fn a_mistake_names_its_file_and_the_line_there() {
        let folder = tempfile::tempdir().unwrap();
        let partners = folder.path().join("partners.d");
        std::fs::create_dir(&partners).unwrap();
        std::fs::write(partners.join("b.toml"), OTHER).unwrap();
        std::fs::write(
            partners.join("c.toml"),
            "[[partner]]\nid = \"c\"\nkind = \"cak\"\nfolder = \"x\"\nnonsense\n",
        )
        .unwrap();
        // What is no such file is left alone.
        for name in [".d.toml", "e.toml.bak", "README"] {
            std::fs::write(partners.join(name), "nonsense").unwrap();
        }
        let found = told(&Sources::of_text(MAIN, folder.path()));
        for wanted in [
            "b.toml:3 partner[1].id: `partner[1].id` is a, which is already on line 3",
            "b.toml:5 partner[1].url: `partner[1].url` has a value that cannot be",
            "b.toml:6 sending: there is no setting `sending`",
            "c.toml:5 : not valid TOML: key with no value, expected `=`",
        ] {
            assert!(found.iter().any(|line| line == wanted), "{wanted}: {found:#?}");
        }
        let sources =
            Sources::of_text(MAIN, folder.path()).with_partner_file(&partners.join("a.toml"), OTHER);
        let twice = told(&sources);
        let wanted = "b.toml:3 partner[1].id: `partner[1].id` is a, which is already on line 3";
        assert!(twice.iter().any(|line| line == wanted) && twice.len() > found.len(), "{twice:#?}");
        assert!(twice.iter().any(|line| line.starts_with("a.toml:3 ")), "{twice:#?}");
    }

    #[test]
    fn only_a_folder_that_is_named_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let about = |text: &str| {
            let found = told(&Sources::of_text(text, folder.path()));
            found.into_iter().filter(|line| line.contains("partner_files")).collect::<Vec<_>>()
        };
        assert_eq!(about(MAIN), Vec::<String>::new());
        let named = about(&format!("partner_files = \"others\"\n{MAIN}"));
        assert!(named[0].contains("cannot be read"), "{named:?}");
        std::fs::create_dir(folder.path().join("others")).unwrap();
        assert_eq!(about(&format!("partner_files = \"others\"\n{MAIN}")), Vec::<String>::new());
        assert_eq!(data_folder("data = \"x\"\nnonsense\n"), Some(PathBuf::from("x")));
    }

    #[test]
    fn so_many_files_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let partners = folder.path().join("partners.d");
        std::fs::create_dir(&partners).unwrap();
        for number in 0..PARTNER_FILES_MAX {
            std::fs::File::create(partners.join(format!("{number}.toml"))).unwrap();
        }
        assert!(!Sources::of_text(MAIN, folder.path()).is_incomplete());
        std::fs::File::create(partners.join("more.toml")).unwrap();
        let found = told(&Sources::of_text(MAIN, folder.path()));
        assert!(found.iter().any(|line| line.contains("more than 10000 files")), "{found:#?}");
    }
}

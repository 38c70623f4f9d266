//! The lists of codes that a gemeente keeps beside the program: read, and handed to the codec and the machine.

use std::io::Read;
use std::path::{Path, PathBuf};

use iwmo_codec::rules::outside::{Gemeentecodes, ListError, Outside, Productcodes};
use iwmo_toewijzing::identity::{Categorie, Gemeente, ProductCode};
use iwmo_toewijzing::judge::{Gemeentelijst, Productlijst};
use jiff::civil::Date;

/// Bytes of one list.
const LIST_BYTES_MAX: u64 = 16 << 20;

/// The file of a folder with the codes of gemeenten (TR378).
pub const GEMEENTECODES: &str = "gemeentecodes.tsv";
/// The file of a folder with the product codes (TR381).
pub const PRODUCTCODES: &str = "productcodes.tsv";

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than any list.
    #[error("{}: larger than {LIST_BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A line of the file.
    #[error("{}: {error}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong.
        error: ListError,
    },
    /// The folder has neither file.
    #[error("{}: there is no {GEMEENTECODES} and no {PRODUCTCODES} in this folder", path.display())]
    Nothing {
        /// The folder.
        path: PathBuf,
    },
}

/// Reads the lists that are in a folder.
///
/// # Errors
///
/// A list that is there cannot be used, or none is there.
pub fn read(folder: &Path) -> Result<Outside, ListsError> {
    let (gemeenten, producten) = (folder.join(GEMEENTECODES), folder.join(PRODUCTCODES));
    let outside = Outside {
        vandaag: None,
        gemeenten: gemeenten.exists().then(|| gemeentecodes(&gemeenten)).transpose()?,
        producten: producten.exists().then(|| productcodes(&producten)).transpose()?,
    };
    match (&outside.gemeenten, &outside.producten) {
        (None, None) => Err(ListsError::Nothing { path: folder.to_owned() }),
        _ => Ok(outside),
    }
}

/// Reads a list of gemeentecodes.
///
/// # Errors
///
/// It cannot be used.
pub fn gemeentecodes(path: &Path) -> Result<Gemeentecodes, ListsError> {
    let text = text(path)?;
    Gemeentecodes::parse(&text).map_err(|error| ListsError::Line { path: path.to_owned(), error })
}

/// Reads a list of product codes.
///
/// # Errors
///
/// It cannot be used.
pub fn productcodes(path: &Path) -> Result<Productcodes, ListsError> {
    let text = text(path)?;
    Productcodes::parse(&text).map_err(|error| ListsError::Line { path: path.to_owned(), error })
}

fn text(path: &Path) -> Result<String, ListsError> {
    let unreadable = |source| ListsError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(LIST_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    match u64::try_from(text.len()) {
        Ok(bytes) if bytes <= LIST_BYTES_MAX => Ok(text),
        _ => Err(ListsError::TooLarge { path: path.to_owned() }),
    }
}

/// The list of gemeenten as the machine judges by it (TR378).
#[must_use]
pub fn gemeentelijst(codes: &Gemeentecodes) -> Gemeentelijst {
    let day = |datum: iwmo_codec::value::Datum| crate::translate::date(datum).ok();
    let mut list = Gemeentelijst::new();
    for (code, van, tot) in codes.iter() {
        if let Ok(code) = Gemeente::new(code) {
            list.add(code, van.and_then(day).unwrap_or(Date::MIN), tot.and_then(day));
        }
    }
    list
}

/// The list of products as the machine judges by it (TR381).
#[must_use]
pub fn productlijst(codes: &Productcodes) -> Productlijst {
    let mut list = Productlijst::new();
    for (categorie, code) in codes.iter() {
        if let (Ok(categorie), Ok(code)) = (Categorie::new(categorie.as_str()), ProductCode::new(code)) {
            list.add(categorie, code);
        }
    }
    list
}

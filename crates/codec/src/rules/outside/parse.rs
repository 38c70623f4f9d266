//! Reads the lines of a list.

use std::fmt;

use super::LIST_ENTRIES_MAX;
use crate::value::Datum;

/// Why a list cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListError {
    /// The line, from 1; 0 for the list as a whole.
    pub line: usize,
    /// What is wrong there.
    pub problem: ListProblem,
}

/// What is wrong in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListProblem {
    /// The first line does not name this column.
    ColumnMissing(&'static str),
    /// A gemeentecode has four digits.
    NotAGemeentecode,
    /// A categorie is one of WMO020.
    NotACategorie,
    /// A product code has one to five characters.
    NotAProductcode,
    /// A day is written as 2026-01-31.
    NotADay,
    /// The last day lies before the first.
    EndsBeforeItBegins,
    /// There is not one entry: everything would be refused.
    Empty,
    /// More than [`LIST_ENTRIES_MAX`] entries.
    TooLong,
}

impl fmt::Display for ListProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ColumnMissing(name) => return write!(f, "the first line has no column {name}"),
            Self::NotAGemeentecode => "a gemeentecode has four digits",
            Self::NotACategorie => "the categorie is none of the standard (WMO020)",
            Self::NotAProductcode => "a product code has one to five characters",
            Self::NotADay => "a day is written as 2026-01-31",
            Self::EndsBeforeItBegins => "the last day lies before the first",
            Self::Empty => "there is no entry, so that everything would be refused",
            Self::TooLong => return write!(f, "more than {LIST_ENTRIES_MAX} entries"),
        })
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => self.problem.fmt(f),
            line => write!(f, "line {line}: {}", self.problem),
        }
    }
}

impl std::error::Error for ListError {}

/// Hands on the wanted columns of each entry.
pub(super) fn rows<'t, const N: usize>(
    text: &'t str,
    columns: [&'static str; N],
    mut take: impl FnMut([&'t str; N]) -> Result<(), ListProblem>,
) -> Result<(), ListError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let whole = |problem| ListError { line: 0, problem };
    let (line, names) = lines.next().ok_or(whole(ListProblem::Empty))?;
    let names: Vec<&str> = names.split('\t').map(str::trim).collect();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        let problem = ListProblem::ColumnMissing(column);
        *place = names.iter().position(|name| *name == column).ok_or(ListError { line, problem })?;
    }
    let mut entries = 0;
    for (line, row) in lines {
        entries += 1;
        if entries > LIST_ENTRIES_MAX {
            return Err(ListError { line, problem: ListProblem::TooLong });
        }
        // A row that ends early has nothing in its last columns.
        let mut values = [""; N];
        for (index, value) in row.split('\t').enumerate() {
            if let Some(at) = places.iter().position(|place| *place == index) {
                values[at] = value.trim();
            }
        }
        take(values).map_err(|problem| ListError { line, problem })?;
    }
    if entries == 0 { Err(whole(ListProblem::Empty)) } else { Ok(()) }
}

/// Reads a day that may be left open.
pub(super) fn day(text: &str) -> Result<Option<Datum>, ListProblem> {
    match text {
        "" => Ok(None),
        text => match text.parse::<Datum>() {
            Ok(day) if day.has_four_digit_year() => Ok(Some(day)),
            _ => Err(ListProblem::NotADay),
        },
    }
}

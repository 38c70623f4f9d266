//! Reads TOML tables and notes everything that is wrong on the way.
//!
//! A [`Section`] remembers which keys were asked for; [`Section::finish`] reports the others, with the
//! known key that looks most like it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, MistakeKind, Text, said};

/// Changes that make one key into another before it is no longer a slip of the pen.
const SLIPS_MAX: usize = 2;

/// A value with its place in the file.
#[derive(Clone, Debug)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
    pub(super) key: String,
}

impl<T> Found<T> {
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Found<U> {
        Found { value: change(self.value), span: self.span, key: self.key }
    }
}

/// One text of the configuration. All of them count as one after the other: `base` is where this one begins.
#[derive(Clone, Copy)]
pub(super) struct Part<'t> {
    /// The file; none: the configuration itself.
    pub(super) file: Option<&'t Path>,
    pub(super) text: &'t str,
    pub(super) base: usize,
}

/// Collects mistakes.
pub(super) struct Findings<'t> {
    parts: Vec<Part<'t>>,
    /// Relative paths start here.
    pub(super) folder: &'t Path,
    mistakes: Vec<Mistake>,
    /// The files that were named, whatever is in them.
    named: BTreeSet<PathBuf>,
}

impl<'t> Findings<'t> {
    /// Begins with the texts of a configuration, its own first.
    pub(super) fn new(parts: Vec<Part<'t>>, folder: &'t Path) -> Self {
        Self { parts, folder, mistakes: Vec::new(), named: BTreeSet::new() }
    }

    /// Notes that a file is part of what the configuration says.
    pub(super) fn names(&mut self, file: &Path) {
        self.named.insert(file.to_owned());
    }

    /// Returns whether anything was found about a section or a key.
    pub(super) fn mentions(&self, key: &str) -> bool {
        self.mistakes.iter().any(|mistake| {
            mistake.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Returns the files that were named.
    pub(super) fn named(&self) -> Vec<PathBuf> {
        self.named.iter().cloned().collect()
    }

    pub(super) fn add(
        &mut self,
        kind: MistakeKind,
        span: Range<usize>,
        key: &str,
        message: Text,
        hint: Text,
    ) {
        let (file, line, column) = self.place(span.start);
        let file = file.map(Path::to_owned);
        self.mistakes.push(Mistake { kind, file, line, column, key: key.to_owned(), message, hint });
    }

    /// Adds a mistake about a value that was read.
    pub(super) fn about<T>(&mut self, kind: MistakeKind, found: &Found<T>, message: Text, hint: Text) {
        self.add(kind, found.span.clone(), &found.key, message, hint);
    }

    pub(super) fn into_mistakes(mut self) -> Vec<Mistake> {
        self.mistakes.sort_by(|one, other| {
            (&one.file, one.line, one.column).cmp(&(&other.file, other.line, other.column))
        });
        self.mistakes
    }

    /// Returns the line on which something starts, with its file unless that is the configuration itself.
    pub(super) fn line(&self, span: &Range<usize>) -> String {
        match self.place(span.start) {
            (None, line, _) => line.to_string(),
            (Some(file), line, _) => format!("{line} ({})", file.display()),
        }
    }

    fn place(&self, offset: usize) -> (Option<&'t Path>, u32, u32) {
        let index = self.parts.partition_point(|part| part.base <= offset).saturating_sub(1);
        let Some(part) = self.parts.get(index) else { return (None, 1, 1) };
        let before = part.text.get(..offset - part.base).unwrap_or(part.text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[start..].chars().count() + 1;
        (part.file, u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

/// A table being read.
pub(super) struct Section<'d, 't> {
    table: &'d DeTable<'t>,
    /// Where the text of the table begins; the places that the parser gives count from there.
    base: usize,
    span: Range<usize>,
    path: String,
    asked: BTreeSet<&'static str>,
}

impl<'d, 't> Section<'d, 't> {
    /// The whole of a text that begins at `base`.
    pub(super) fn root(table: &'d DeTable<'t>, base: usize) -> Self {
        Self::new(table, base, base..base, String::new())
    }

    pub(super) fn new(table: &'d DeTable<'t>, base: usize, span: Range<usize>, path: String) -> Self {
        Self { table, base, span, path, asked: BTreeSet::new() }
    }

    fn at(&self, span: Range<usize>) -> Range<usize> {
        span.start + self.base..span.end + self.base
    }

    /// Returns where the table starts.
    pub(super) fn here(&self) -> Found<()> {
        Found { value: (), span: self.span.clone(), key: self.path.clone() }
    }

    /// Returns whether a setting is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn value(&mut self, name: &'static str) -> Option<&'d Spanned<DeValue<'t>>> {
        self.asked.insert(name);
        self.table.get(name)
    }

    /// Returns whether a setting is a table.
    pub(super) fn is_table(&self, name: &str) -> bool {
        self.table.get(name).is_some_and(|value| value.get_ref().is_table())
    }

    /// Returns whether a setting is a text.
    pub(super) fn is_text(&self, name: &str) -> bool {
        self.table.get(name).is_some_and(|value| value.get_ref().is_str())
    }

    /// Reads a table of whole numbers by year.
    pub(super) fn by_year(
        &mut self,
        name: &'static str,
        findings: &mut Findings<'_>,
        years: &RangeInclusive<i16>,
        range: RangeInclusive<u64>,
    ) -> BTreeMap<i16, u32> {
        let wanted = ("een tabel met een bedrag per jaar", "a table of an amount by year");
        let Some(found) = self.typed(name, findings, wanted, DeValue::as_table) else {
            return BTreeMap::new();
        };
        let mut by_year = BTreeMap::new();
        for (year, value) in found.value {
            let key = format!("{}.{}", found.key, year.get_ref());
            let amount = value.get_ref().as_integer().and_then(|integer| {
                let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
                u32::try_from(number).ok().filter(|_| range.contains(&number))
            });
            match (year.get_ref().parse().ok().filter(|year| years.contains(year)), amount) {
                (Some(year), Some(amount)) => drop(by_year.insert(year, amount)),
                _ => findings.add(
                    MistakeKind::UnusableValue,
                    self.at(value.span()),
                    &key,
                    said(format!("`{key}` kan niet"), format!("`{key}` cannot be")),
                    said(
                        "schrijf een jaar met eurocenten, als 2026 = 2150",
                        "write a year with eurocents, as 2026 = 2150",
                    ),
                ),
            }
        }
        by_year
    }

    pub(super) fn typed<T>(
        &mut self,
        name: &'static str,
        findings: &mut Findings<'_>,
        wanted: (&str, &str),
        read: impl FnOnce(&'d DeValue<'t>) -> Option<T>,
    ) -> Option<Found<T>> {
        let value = self.value(name)?;
        let key = self.key(name);
        let Some(read) = read(value.get_ref()) else {
            let found = value.get_ref().type_str();
            findings.add(
                MistakeKind::WrongType,
                self.at(value.span()),
                &key,
                said(format!("`{key}` is van het type {found}"), format!("`{key}` is of type {found}")),
                said(format!("schrijf {}", wanted.0), format!("write {}", wanted.1)),
            );
            return None;
        };
        Some(Found { value: read, span: self.at(value.span()), key })
    }

    /// Reads a table.
    pub(super) fn section(
        &mut self,
        name: &'static str,
        findings: &mut Findings<'_>,
    ) -> Option<Section<'d, 't>> {
        let wanted = ("een tabel", "a table");
        let found = self.typed(name, findings, wanted, DeValue::as_table)?;
        Some(Section::new(found.value, self.base, found.span, found.key))
    }

    /// Reads an array of tables.
    pub(super) fn sections(
        &mut self,
        name: &'static str,
        findings: &mut Findings<'_>,
    ) -> Vec<Section<'d, 't>> {
        let all = |value: &'d DeValue<'t>| {
            let items = value.as_array()?.iter();
            items.map(|item| Some((item.get_ref().as_table()?, item.span()))).collect::<Option<Vec<_>>>()
        };
        let wanted = ("`[[…]]` voor elk ervan", "`[[…]]` for each of them");
        let Some(found) = self.typed(name, findings, wanted, all) else { return Vec::new() };
        let key = found.key;
        let numbered = found.value.into_iter().zip(1..);
        numbered
            .map(|((table, span), number)| {
                Section::new(table, self.base, self.at(span), format!("{key}[{number}]"))
            })
            .collect()
    }

    /// Reads a text.
    pub(super) fn text(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Option<Found<String>> {
        let wanted = ("een tekst tussen aanhalingstekens", "a text in quotes");
        self.typed(name, findings, wanted, |value| value.as_str().map(str::to_owned))
    }

    /// Reads a text or a list of texts.
    pub(super) fn texts(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Vec<Found<String>> {
        let (key, base) = (self.key(name), self.base);
        let one = |value: &DeValue<'_>, span| {
            Some(Found { value: value.as_str()?.to_owned(), span, key: key.clone() })
        };
        let shifted = |span: Range<usize>| span.start + base..span.end + base;
        let all = |value: &'d DeValue<'t>| match value {
            DeValue::Array(items) => {
                items.iter().map(|item| one(item.get_ref(), shifted(item.span()))).collect()
            }
            other => Some(vec![one(other, 0..0)?]),
        };
        let wanted = ("een tekst, of een lijst van teksten", "a text, or a list of texts");
        let Some(found) = self.typed(name, findings, wanted, all) else { return Vec::new() };
        let mut texts = found.value;
        if let [only] = texts.as_mut_slice()
            && only.span.is_empty()
        {
            only.span = found.span;
        }
        texts
    }

    /// Reads a text that stands for something else.
    pub(super) fn parsed<T>(
        &mut self,
        name: &'static str,
        findings: &mut Findings<'_>,
        wanted: (&str, &str),
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Found<T>> {
        let found = self.text(name, findings)?;
        parsed(found, findings, wanted, parse)
    }

    /// Reads a path, from the folder of the file if it is relative.
    pub(super) fn path(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Option<Found<PathBuf>> {
        let folder = findings.folder;
        Some(self.text(name, findings)?.map(|path| folder.join(path)))
    }

    /// Reads an address with a port.
    pub(super) fn address(
        &mut self,
        name: &'static str,
        findings: &mut Findings<'_>,
    ) -> Option<Found<SocketAddr>> {
        let wanted = (
            "een IP-adres met poort, als \"127.0.0.1:8443\"",
            "an IP address with a port, as \"127.0.0.1:8443\"",
        );
        self.parsed(name, findings, wanted, |text| text.parse().ok())
    }

    /// Reads a whole number within a range.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        findings: &mut Findings<'_>,
        range: RangeInclusive<u64>,
    ) -> Option<u64> {
        let read = |value: &DeValue<'_>| {
            let integer = value.as_integer()?;
            // What does not fit in 64 bits is out of every range.
            Some(i128::from_str_radix(integer.as_str(), integer.radix()).unwrap_or(i128::MAX))
        };
        let found = self.typed(name, findings, ("een heel getal", "a whole number"), read)?;
        let value = u64::try_from(found.value).ok().filter(|value| range.contains(value));
        if value.is_none() {
            let (low, high) = range.into_inner();
            let message = said(
                format!("`{}` ligt buiten de grenzen", found.key),
                format!("`{}` is out of bounds", found.key),
            );
            let hint = said(
                format!("kies een getal van {low} tot en met {high}"),
                format!("choose a number from {low} to {high}"),
            );
            findings.about(MistakeKind::UnusableValue, &found, message, hint);
        }
        value
    }

    /// Reads a yes or no.
    pub(super) fn flag(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Option<bool> {
        let found = self.typed(name, findings, ("true of false", "true or false"), DeValue::as_bool)?;
        Some(found.value)
    }

    /// Reads a length of time within a range.
    pub(super) fn duration(
        &mut self,
        name: &'static str,
        findings: &mut Findings<'_>,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let (low, high) = (range.start(), range.end());
        let bounds = (
            format!("een duur als \"10s\", \"15m\", \"24h\" of \"3d\", van {low:?} tot en met {high:?}"),
            format!("a length of time as \"10s\", \"15m\", \"24h\" or \"3d\", from {low:?} to {high:?}"),
        );
        let found = self.parsed(name, findings, (&bounds.0, &bounds.1), |text| {
            duration(text).filter(|duration| range.contains(duration))
        });
        found.map(|found| found.value)
    }

    /// Notes that a required setting is missing, if it is.
    pub(super) fn required<T>(
        &self,
        name: &'static str,
        found: Option<T>,
        findings: &mut Findings<'_>,
        why: (&'static str, &'static str),
    ) -> Option<T> {
        if found.is_none() && !self.has(name) {
            let key = self.key(name);
            let message = said(format!("`{key}` ontbreekt"), format!("`{key}` is missing"));
            findings.add(MistakeKind::MissingKey, self.span.clone(), &key, message, said(why.0, why.1));
        }
        found
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, findings: &mut Findings<'_>) {
        for name in self.table.keys() {
            let text: &str = name.get_ref();
            if self.asked.contains(text) {
                continue;
            }
            let close = self.asked.iter().map(|asked| (slips(text, asked), asked));
            let close = close.filter(|(slips, _)| *slips <= SLIPS_MAX).min();
            let known = || self.asked.iter().copied().collect::<Vec<_>>().join(", ");
            let hint = match close {
                Some((_, close)) => said(format!("bedoelt u `{close}`?"), format!("do you mean `{close}`?")),
                None => said(
                    format!("haal het weg; hier kan staan: {}", known()),
                    format!("remove it; known here: {}", known()),
                ),
            };
            let key = self.key(text);
            let message = said(format!("`{key}` bestaat niet"), format!("there is no setting `{key}`"));
            findings.add(MistakeKind::UnknownKey, self.at(name.span()), &key, message, hint);
        }
    }
}

/// Reads a text that stands for something else, and notes when it does not.
pub(super) fn parsed<T>(
    found: Found<String>,
    findings: &mut Findings<'_>,
    wanted: (&str, &str),
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<Found<T>> {
    let value = parse(&found.value);
    if value.is_none() {
        // The value itself is left out: a secret may have been put in the wrong place.
        let message = said(
            format!("`{}` heeft een waarde die niet kan", found.key),
            format!("`{}` has a value that cannot be", found.key),
        );
        let hint = said(format!("schrijf {}", wanted.0), format!("write {}", wanted.1));
        findings.about(MistakeKind::UnusableValue, &found, message, hint);
    }
    value.map(|value| Found { value, span: found.span, key: found.key })
}

/// A whole number with a unit: `250ms`, `10s`, `15m`, `24h`, `3d`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let seconds = match unit.trim() {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

/// Letters to change, add or leave out to make one text into the other.
fn slips(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, left) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, right) in other.chars().enumerate() {
            let change = diagonal + usize::from(left != right);
            diagonal = row[column + 1];
            row[column + 1] = change.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

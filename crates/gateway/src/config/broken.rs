//! Lines that are not TOML.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::mistake::{MistakeKind, said};
use super::reader::{Findings, Part};

/// Rounds of leaving out broken lines, after which a file is not looked into further.
const ROUNDS_MAX: usize = 20;

/// Reports what is not TOML and returns the text with those lines blank, at the same offsets, and whether
/// there were any. The parser gives up at the first line without `=`, and most faults concern their own line.
pub(super) fn without_broken_lines(part: Part<'_>, findings: &mut Findings<'_>) -> (String, bool) {
    let text = part.text;
    let mut readable = text.to_owned();
    let mut lines = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        let (_, errors) = DeTable::parse_recoverable(&readable);
        let mut progress = false;
        let mut blank = readable.clone();
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            let start =
                text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
            if !lines.insert(start) {
                continue;
            }
            progress = true;
            let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
            blank.replace_range(start..end, &" ".repeat(end - start));
            let message = error.message();
            findings.add(
                MistakeKind::Syntax,
                span.start + part.base..span.end + part.base,
                "",
                said(format!("geen geldige TOML: {message}"), format!("not valid TOML: {message}")),
                said(
                    "schrijf `naam = waarde`, teksten tussen aanhalingstekens; zie https://toml.io",
                    "write `name = value`, texts in quotes; see https://toml.io",
                ),
            );
        }
        if !progress {
            break;
        }
        readable = blank;
    }
    (readable, !lines.is_empty())
}

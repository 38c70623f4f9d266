//! Text with source lines and a caret, as compilers show it.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::mask::Mask;
use super::{Source, Style};
use crate::report::{Diagnostic, Lang, Report, Severity, Stage};

/// Characters of a source line that are shown; a longer one is cut around the caret.
const WIDTH: usize = 120;

/// Bytes of the longest line of which a part is shown; a longer one is not text for people.
const LINE_BYTES_MAX: usize = 64 * 1024;

const RED: &str = "\u{1b}[1;31m";
const YELLOW: &str = "\u{1b}[1;33m";
const GREEN: &str = "\u{1b}[1;32m";
const BLUE: &str = "\u{1b}[1;34m";
const BOLD: &str = "\u{1b}[1m";
const RESET: &str = "\u{1b}[0m";

/// Returns a report as text: each finding with its source line, then one line that sums up.
#[must_use]
pub fn text(source: Source<'_>, report: &Report, style: Style) -> String {
    let document = String::from_utf8_lossy(source.xml);
    let mut lines = Lines::new(&document, style.personal_data);
    let mut out = String::new();
    for diagnostic in &report.diagnostics {
        finding(&mut out, source.file, diagnostic, lines.get(diagnostic), style);
    }
    summary(&mut out, source.file, report, style);
    out
}

fn paint<'t>(style: Style, color: &str, text: &'t str) -> Cow<'t, str> {
    if style.color { Cow::Owned(format!("{color}{text}{RESET}")) } else { Cow::Borrowed(text) }
}

fn finding(out: &mut String, file: &str, diagnostic: &Diagnostic, line: Option<String>, style: Style) {
    let nl = style.lang == Lang::Nl;
    let (word, color) = match (diagnostic.severity, nl) {
        (Severity::Error, true) => ("fout", RED),
        (Severity::Error, false) => ("error", RED),
        (Severity::Warning, true) => ("waarschuwing", YELLOW),
        (Severity::Warning, false) => ("warning", YELLOW),
    };
    let gutter = " ".repeat(diagnostic.line.to_string().len());
    let bar = paint(style, BLUE, "|");
    let head = format!("{word}[{}]", diagnostic.rule);
    // Writing to a string does not fail.
    let _ = writeln!(
        out,
        "{}: {}",
        paint(style, color, &head),
        paint(style, BOLD, diagnostic.message.get(style.lang))
    );
    let _ = writeln!(
        out,
        "{gutter}{} {file}:{}:{}",
        paint(style, BLUE, "-->"),
        diagnostic.line,
        diagnostic.column
    );
    if let Some(line) = line {
        let (shown, caret) = cut(&line, diagnostic.column.saturating_sub(1) as usize);
        let number = diagnostic.line.to_string();
        let _ = writeln!(out, "{gutter} {bar}");
        let _ = writeln!(out, "{} {bar} {shown}", paint(style, BLUE, &number));
        let _ = writeln!(out, "{gutter} {bar} {}{}", " ".repeat(caret), paint(style, color, "^"));
    }
    let mut note = |name: &str, text: &str| {
        let _ = writeln!(out, "{gutter} {} {name}: {text}", paint(style, BLUE, "="));
    };
    note(if nl { "pad" } else { "path" }, &diagnostic.path);
    if let Some(value) = diagnostic.shown_value(style.personal_data) {
        note(if nl { "waarde" } else { "value" }, &format!("{value:?}"));
    }
    if let Some(code) = diagnostic.retourcode {
        note("retourcode", code);
    }
    if let Some(hint) = &diagnostic.hint {
        note("hint", hint.get(style.lang));
    }
    out.push('\n');
}

fn summary(out: &mut String, file: &str, report: &Report, style: Style) {
    let nl = style.lang == Lang::Nl;
    let errors =
        report.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let count = if report.truncated {
        format!("{}{errors}", if nl { "meer dan " } else { "more than " })
    } else {
        errors.to_string()
    };
    let verdict = match (errors, nl) {
        (0, true) => paint(style, GREEN, "geldig").into_owned(),
        (0, false) => paint(style, GREEN, "valid").into_owned(),
        (1, true) if !report.truncated => paint(style, RED, "1 fout").into_owned(),
        (1, false) if !report.truncated => paint(style, RED, "1 error").into_owned(),
        (_, true) => paint(style, RED, &format!("{count} fouten")).into_owned(),
        (_, false) => paint(style, RED, &format!("{count} errors")).into_owned(),
    };
    let _ = match (report.message, report.release) {
        (Some(message), Some(release)) => writeln!(out, "{file}: {message} ({release}): {verdict}"),
        _ => writeln!(out, "{file}: {verdict}"),
    };
}

/// A line no wider than is shown, and where in it the caret goes.
fn cut(line: &str, column: usize) -> (String, usize) {
    let length = line.chars().count();
    if length <= WIDTH {
        return (line.to_owned(), column);
    }
    let start = column.saturating_sub(WIDTH / 3).min(length.saturating_sub(WIDTH));
    let window: String = line.chars().skip(start).take(WIDTH).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if start + WIDTH < length { "…" } else { "" };
    (format!("{before}{window}{after}"), column - start + before.chars().count())
}

/// The lines of a document, in one pass: findings come in document order.
struct Lines<'d> {
    rest: &'d str,
    /// Number of the line that `rest` begins with.
    number: u32,
    mask: Mask,
}

impl<'d> Lines<'d> {
    fn new(document: &'d str, personal_data: bool) -> Self {
        let rest = document.strip_prefix('\u{FEFF}').unwrap_or(document);
        Self { rest, number: 1, mask: Mask::new(personal_data) }
    }

    /// Returns the line of a finding as it may be shown; none where there is none.
    fn get(&mut self, diagnostic: &Diagnostic) -> Option<String> {
        let column = diagnostic.column.saturating_sub(1) as usize;
        let reveal = (!diagnostic.personal && diagnostic.value.is_some() && diagnostic.stage != Stage::Xml)
            .then_some(column);
        while self.number < diagnostic.line {
            let (line, rest) = split_line(self.rest)?;
            self.mask.line(line, None);
            self.rest = rest;
            self.number = self.number.saturating_add(1);
        }
        if self.number != diagnostic.line {
            return None;
        }
        // The line stays unread, for another finding may be on it.
        let line = split_line(self.rest).map_or(self.rest, |(line, _)| line);
        (line.len() <= LINE_BYTES_MAX).then(|| self.mask.clone().line(line, reveal))
    }
}

/// A line and what follows its end: LF, CR LF or CR.
fn split_line(text: &str) -> Option<(&str, &str)> {
    let end = text.find(['\n', '\r'])?;
    let width = if text[end..].starts_with("\r\n") { 2 } else { 1 };
    Some((&text[..end], &text[end + width..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schemas;

    const HEAD: &str = "<w:Bericht xmlns:w=\"http://www.istandaarden.nl/iwmo/3_2/wmo305/schema\">";

    fn shown(xml: &str, style: Style) -> String {
        let report = Schemas::bundled().validate_schema(xml.as_bytes());
        text(Source { file: "a.xml", xml: xml.as_bytes() }, &report, style)
    }

    #[test]
    fn a_finding_shows_its_line_with_personal_text_hidden() {
        let xml = format!(
            "{HEAD}\n  <w:Header/>\n  <w:Client>\n\t<w:Bsn>12345678</w:Bsn><w:Status>x</w:Status></w:Client>\n</w:Bericht>"
        );
        let en = Style { lang: Lang::En, ..Style::default() };
        let out = shown(&xml, en);
        let expected = "\
error[cvc-pattern-valid]: Bsn must consist of 9 digits
 --> a.xml:4:2
  |
4 |  <w:Bsn>········</w:Bsn><w:Status>·</w:Status></w:Client>
  |  ^
  = path: /Bericht/Client/Bsn
";
        assert!(out.contains(expected), "{out}");
        assert!(out.ends_with("a.xml: WMO305 (iWmo 3.2): 4 errors\n"), "{out}");
        assert!(!out.contains("12345678"));
        let out = shown(&xml, Style { personal_data: true, ..Style::default() });
        assert!(out.contains("<w:Bsn>12345678</w:Bsn>") && out.contains("waarde: \"12345678\""), "{out}");
        assert!(out.contains("fout[cvc-pattern-valid]: Bsn moet uit 9 cijfers bestaan"));
    }

    #[test]
    fn harmless_values_are_shown_where_they_stand() {
        let xml = format!("{HEAD}<w:Header><w:BerichtCode>419</w:BerichtCode></w:Header></w:Bericht>");
        let out = shown(&xml, Style::default());
        assert!(out.contains("<w:BerichtCode>419</w:BerichtCode>"), "{out}");
        assert!(out.contains("waarde: \"419\""), "{out}");
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let xml = format!("{HEAD}{}<w:Client/></w:Bericht>", "<w:Foo>x</w:Foo>".repeat(100));
        let out = shown(&xml, Style::default());
        let carets = out.lines().collect::<Vec<_>>();
        for pair in carets.windows(2).filter(|pair| pair[1].trim_end().ends_with('^')) {
            let caret = pair[1].chars().count() - 1;
            assert_eq!(pair[0].chars().nth(caret), Some('<'), "{}\n{}", pair[0], pair[1]);
            assert!(pair[0].chars().count() < WIDTH + 10);
        }
    }

    #[test]
    fn colours_only_when_asked_for() {
        let xml = "<a/>";
        assert!(!shown(xml, Style::default()).contains('\u{1b}'));
        assert!(shown(xml, Style { color: true, ..Style::default() }).contains(RED));
    }

    #[test]
    fn documents_that_are_hardly_text_are_shown_too() {
        for xml in [&b""[..], b"\xff\xfe<", b"<a>\x1b[31m\xc3</a>", b"<a>\r\n</b>", b"\xEF\xBB\xBF<a>&x;</a>"]
        {
            let report = Schemas::bundled().validate_schema(xml);
            let out = text(Source { file: "a.xml", xml }, &report, Style::default());
            assert!(out.contains("-->") && !out.contains('\u{1b}'), "{out}");
        }
    }
}

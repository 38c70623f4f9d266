//! One line of JSON per input (interfaces.md section 2).

use serde::Serialize;

use super::Style;
use crate::report::{Diagnostic, Report, Severity, Stage};

#[derive(Serialize)]
struct Line<'r> {
    file: &'r str,
    message: Option<&'static str>,
    release: Option<&'static str>,
    valid: bool,
    diagnostics: Vec<Entry<'r>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

#[derive(Serialize)]
struct Entry<'r> {
    severity: &'static str,
    stage: &'static str,
    rule: &'static str,
    line: u32,
    column: u32,
    path: &'r str,
    message: &'r str,
    retourcode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'r str>,
}

/// Returns a report as one line of JSON, without the line end.
#[must_use]
pub fn json(file: &str, report: &Report, style: Style) -> String {
    let line = Line {
        file,
        message: report.message,
        release: report.release,
        valid: report.is_valid(),
        diagnostics: report.diagnostics.iter().map(|diagnostic| entry(diagnostic, style)).collect(),
        truncated: report.truncated,
    };
    // Strings, numbers and lists always have a JSON form.
    serde_json::to_string(&line).unwrap_or_default()
}

fn entry(diagnostic: &Diagnostic, style: Style) -> Entry<'_> {
    Entry {
        severity: severity(diagnostic.severity),
        stage: match diagnostic.stage {
            Stage::Xml => "xml",
            Stage::Schema => "schema",
            Stage::Rule => "rule",
        },
        rule: diagnostic.rule,
        line: diagnostic.line,
        column: diagnostic.column,
        path: &diagnostic.path,
        message: diagnostic.message.get(style.lang),
        retourcode: diagnostic.retourcode,
        hint: diagnostic.hint.as_ref().map(|hint| hint.get(style.lang)),
        value: diagnostic.shown_value(style.personal_data),
    }
}

/// The word for a severity, also that of SARIF.
pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Lang;
    use crate::schema::Schemas;

    #[test]
    fn the_shape_is_that_of_the_interface() {
        let xml = br#"<Bericht xmlns="http://www.istandaarden.nl/iwmo/3_1/wmo305/schema"/>"#;
        let report = Schemas::bundled().validate_schema(xml);
        let style = Style { lang: Lang::En, ..Style::default() };
        assert_eq!(
            json("a \"b\".xml", &report, style),
            concat!(
                r#"{"file":"a \"b\".xml","message":null,"release":null,"valid":false,"diagnostics":[{"severity":"error","#,
                r#""stage":"schema","rule":"cvc-elt.1","line":1,"column":1,"path":"/Bericht","#,
                r#""message":"Bericht is no message that these schemas know","retourcode":null,"#,
                r#""hint":"this is a message of iWmo 3.1; here iWmo 3.2 and iEb 1.0 are in force"}]}"#
            )
        );
    }
}

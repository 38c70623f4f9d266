//! Errors as the outside sees them: `application/problem+json` (RFC 9457).

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use iwmo_codec::{Diagnostic, Lang, Report, Severity, Stage};
use serde_json::{Map, Value, json};

use crate::engine::Refusal;
use crate::view::{self, Words};

/// The retourcode of a message that breaks rules of level 2.
const TECHNICAL: &str = "0001";

/// The kind of a problem with who a message says that it is from.
pub(crate) const WRONG_SENDER: &str = "verkeerde-afzender";

/// An answer that says what went wrong and whose turn it is.
///
/// `type` never changes meaning and is what programs go by; `title` and `detail` are for people. None of
/// them holds personal data.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: String,
    detail: Option<String>,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// Starts a problem; `kind` becomes `urn:iwmo:probleem:<kind>`.
    #[must_use]
    pub fn new(status: StatusCode, kind: &'static str, title: impl Into<String>) -> Self {
        let (title, members) = (title.into(), Map::new());
        Self { status, kind, title, detail: None, members, headers: Vec::new() }
    }

    /// Adds what was wrong this time.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a member of its own to the document.
    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds `Retry-After`.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Returns the status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the last part of the problem's `type`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns what it is, in a few words.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns a header of the answer.
    #[must_use]
    pub fn named(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The path does not exist.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "niet-gevonden", "There is nothing at this path")
    }

    /// The path exists, the method does not. The header `Allow` is set by the router.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "methode", "This path does not know this method")
    }

    /// The request is not one that the API describes.
    #[must_use]
    pub fn not_as_described(status: StatusCode) -> Self {
        let title = match status {
            StatusCode::PAYLOAD_TOO_LARGE => "The request is larger than it may be here",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "The request is not of a content type that is taken here",
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                "The request is not as /api/v1/openapi.json describes it"
            }
            _ => "The request is not understood",
        };
        Self::new(status, "verzoek", title)
    }

    /// The content type is not one of `accepted`.
    #[must_use]
    pub fn unsupported_media_type(accepted: &'static str) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "inhoudstype", "The content type is not accepted")
            .detail(format!("accepted: {accepted}; charset utf-8; no content coding"))
            .header(HeaderName::from_static("accept-post"), HeaderValue::from_static(accepted))
    }

    /// The message is longer than the configured size.
    #[must_use]
    pub fn too_large(bytes_max: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "te-groot", "The message is too large")
            .detail(format!("at most {bytes_max} bytes are accepted"))
            .member("bytes_max", json!(bytes_max))
    }

    /// The gateway failed by a fault of its own.
    #[must_use]
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "interne-fout", "The gateway could not do this")
            .detail(detail)
    }

    /// The gateway cannot do it now.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>, retry_after_seconds: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "niet-beschikbaar", "The gateway cannot take this now")
            .detail(reason)
            .retry_after(retry_after_seconds)
    }
}

impl Problem {
    /// Returns the document.
    #[must_use]
    pub fn document(self) -> Value {
        let mut document = Map::new();
        document.insert("type".into(), json!(format!("urn:iwmo:probleem:{}", self.kind)));
        document.insert("title".into(), json!(self.title));
        document.insert("status".into(), json!(self.status.as_u16()));
        if let Some(detail) = self.detail {
            document.insert("detail".into(), json!(detail));
        }
        document.extend(self.members);
        Value::Object(document)
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let (status, kind, headers) = (self.status, self.kind, std::mem::take(&mut self.headers));
        let mut response = (status, self.document().to_string()).into_response();
        let content_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        response.headers_mut().extend(headers);
        response.extensions_mut().insert(ProblemKind(kind));
        response
    }
}

/// Makes a problem of an error that a router or an extractor answered in plain text. The text is dropped: it
/// repeats what the caller sent, in which anything may stand.
pub(crate) async fn only_problems(response: Response) -> Response {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    if !failed || response.extensions().get::<ProblemKind>().is_some() {
        return response;
    }
    // What the framework says may repeat what was sent.
    Problem::not_as_described(status).into_response()
}

/// Travels with a response, for the access log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProblemKind(pub(crate) &'static str);

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(report) => invalid(&report),
            Refusal::BreaksRules(report) => {
                let mut rules: Vec<String> =
                    report.diagnostics.iter().map(|found| found.rule.to_owned()).collect();
                rules.sort_unstable();
                rules.dedup();
                let diagnostics = report.diagnostics.iter().map(diagnostic).collect();
                unacceptable(
                    "The message breaks rules of the standard".to_owned(),
                    "the message is not sent: it would be refused with 0001; diagnostics has each place"
                        .to_owned(),
                    &rules,
                    &[TECHNICAL.to_owned()],
                )
                .member("diagnostics", Value::Array(diagnostics))
            }
            Refusal::Unacceptable { title, detail, rules, retourcodes } => {
                unacceptable(title, detail, &rules, &retourcodes)
            }
            Refusal::WrongSender(detail) => {
                Self::new(StatusCode::FORBIDDEN, WRONG_SENDER, "The message is not from this partner")
                    .detail(detail)
            }
            Refusal::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "sleutel-hergebruikt",
                "The Idempotency-Key was used before for another request",
            )
            .detail("a key belongs to one request; give another request a key of its own"),
            Refusal::TooLarge { bytes_max } => Self::too_large(bytes_max),
            Refusal::Unavailable { reason, retry_after_seconds } => {
                // The reason may tell about disks and paths; operators have it in the log.
                tracing::warn!(reason, "A message could not be stored.");
                Self::unavailable("the store cannot commit now", retry_after_seconds)
            }
        }
    }
}

fn unacceptable(title: String, detail: String, rules: &[String], retourcodes: &[String]) -> Problem {
    let explained = explained(rules, retourcodes);
    let words: Vec<String> = explained.iter().map(|(code, words)| format!("{code}: {}", words.en)).collect();
    let detail = if words.is_empty() { detail } else { format!("{detail} ({})", words.join("; ")) };
    let one = |(code, words): (String, Words)| json!({ "code": code, "nl": words.nl, "en": words.en });
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "onaanvaardbaar", title)
        .detail(detail)
        .member("rules", json!(rules))
        .member("retourcodes", json!(retourcodes))
        .member("uitleg", explained.into_iter().map(one).collect())
}

/// What findings and retourcodes mean; a rule is left out that only the text of the standard explains.
fn explained(rules: &[String], retourcodes: &[String]) -> Vec<(String, Words)> {
    let finding =
        |code: &String| Some((code.clone(), view::finding(code))).filter(|(code, words)| words.en != *code);
    let meaning = |code: &String| {
        let one = |lang| iwmo_codec::show::meaning("RetourCodes", "RetourCode", code, lang);
        Some((code.clone(), Words::new(one(Lang::Nl)?, one(Lang::En)?)))
    };
    rules.iter().filter_map(finding).chain(retourcodes.iter().filter_map(meaning)).collect()
}

fn invalid(report: &Report) -> Problem {
    let errors = report.diagnostics.iter().filter(|found| found.severity == Severity::Error).count();
    let diagnostics = report.diagnostics.iter().map(diagnostic).collect();
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "ongeldig-bericht", "The message is not valid")
        .detail(if report.truncated {
            "diagnostics has the first faults; there are more".to_owned()
        } else {
            format!("{errors} {}; diagnostics has them all", if errors == 1 { "fault" } else { "faults" })
        })
        .member("message", json!(report.message))
        .member("release", json!(report.release))
        .member("valid", Value::Bool(false))
        .member("diagnostics", Value::Array(diagnostics))
}

/// The shape of `iwmo validate --format json`. Offending values stay out, and so do hints, which may show them.
fn diagnostic(found: &Diagnostic) -> Value {
    json!({
        "severity": match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "stage": match found.stage {
            Stage::Xml => "xml",
            Stage::Schema => "schema",
            Stage::Rule => "rule",
        },
        "rule": found.rule,
        "line": found.line,
        "column": found.column,
        "path": found.path,
        "message": found.message.nl,
        "message_en": found.message.en,
        "retourcode": found.retourcode,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A code by itself tells nobody what to do.
    #[test]
    fn what_the_receiver_would_find_is_said_in_words() {
        let refusal = Refusal::Unacceptable {
            title: "The message would be refused".to_owned(),
            detail: "the receiver would find: INCOMPLETE, TR355".to_owned(),
            rules: vec!["INCOMPLETE".to_owned(), "TR355".to_owned()],
            retourcodes: vec!["9019".to_owned()],
        };
        let document = Problem::from(refusal).document();
        assert_eq!(
            document["detail"],
            "the receiver would find: INCOMPLETE, TR355 (INCOMPLETE: the 301 leaves an actual toewijzing out; 9019: no \
             toewijzing fits)"
        );
        assert_eq!(
            document["uitleg"],
            json!([
                { "code": "INCOMPLETE", "nl": "de 301 laat een lopende toewijzing weg", "en": "the 301 leaves an actual toewijzing out" },
                { "code": "9019", "nl": "er is geen passende toewijzing", "en": "no toewijzing fits" },
            ])
        );
    }
}

//! Reads what is asked: the filters of a query, and the JSON of a question.
//!
//! What is wrong with it is told without repeating it: anything may stand in what was sent.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Query, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::api::QUESTION_BYTES_MAX;
use crate::problem::Problem;

/// Refuses parameters where none is known: on what names one thing, and on what is asked with a body. Who puts `proef=true`
/// behind the address, and not into the body, would otherwise do what was only to be shown.
pub(super) async fn no_stray_parameters(request: Request, next: Next) -> Response {
    let named = request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str().contains('{'));
    let takes_none = named || request.method() == Method::POST;
    if takes_none && request.uri().query().is_some_and(|query| !query.is_empty()) {
        let what = "this takes no parameters; what is asked with POST stands in the body";
        return Problem::not_as_described(StatusCode::BAD_REQUEST).detail(what).into_response();
    }
    next.run(request).await
}

/// The parameters of a query.
#[derive(Debug)]
pub(super) struct Filters<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Filters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(filters)) => Ok(Self(filters)),
            Err(rejection) => Err(unread_query(&rejection)),
        }
    }
}

/// The JSON in the body of a request.
#[derive(Debug)]
pub(super) struct Question<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Question<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(question)) => Ok(Self(question)),
            Err(rejection) => Err(unread_body(&rejection)),
        }
    }
}

fn unread_query(rejection: &QueryRejection) -> Problem {
    let text = rejection.body_text();
    let fault = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
    Problem::not_as_described(rejection.status()).detail(without_values(fault))
}

fn unread_body(rejection: &JsonRejection) -> Problem {
    let problem = Problem::not_as_described(rejection.status());
    let text = rejection.body_text();
    match rejection {
        JsonRejection::JsonDataError(_) => {
            let prefix = "Failed to deserialize the JSON body into the target type: ";
            problem.detail(without_values(text.strip_prefix(prefix).unwrap_or(&text)))
        }
        JsonRejection::JsonSyntaxError(_) => {
            let place = text.rfind(" at line ").map_or("", |place| &text[place..]);
            problem.detail(format!("this is no JSON{place}"))
        }
        _ if rejection.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            problem.detail("send JSON, with `Content-Type: application/json`")
        }
        _ if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            problem.detail(format!("a question has at most {QUESTION_BYTES_MAX} bytes"))
        }
        _ => problem,
    }
}

/// What is expected where a day is.
const A_DAY: &str = "a day, as 2026-12-31";

/// Says what serde found wrong, without names and values that the caller made up.
pub(super) fn without_values(fault: &str) -> String {
    // What was expected stands last, and is of our making; a name or value before it may say "expected" too.
    if let Some((found, expected)) = fault.rsplit_once(", expected ") {
        if found.contains("unknown field") {
            return format!(
                "a name that is not known; known here: {}",
                expected.trim_start_matches("one of ")
            );
        }
        // What cannot be read as a day says how far it came, and with what.
        let expected = if expected.contains(" but got ") { A_DAY.to_owned() } else { in_words(expected) };
        return format!("{}expected {expected}", field(fault));
    }
    for known in ["duplicate field `", "missing field `"] {
        let name = fault.split_once(known).and_then(|(_, rest)| rest.split_once('`'));
        if let Some((name, rest)) = name.filter(|(name, _)| is_ours(name)) {
            return format!("{known}{name}`{}", rest.find(" at line ").map_or("", |place| &rest[place..]));
        }
    }
    let day = ["date", "year", "month", "day"].iter().any(|word| fault.contains(word));
    let number = ["digit", "number", "integer"].iter().any(|word| fault.contains(word));
    match fault {
        _ if fault.contains("`true` or `false`") => format!("{}expected `true` or `false`", field(fault)),
        _ if day => format!("{}expected {A_DAY}", field(fault)),
        _ if number => format!("{}expected a whole number", field(fault)),
        _ => format!("{}this cannot be used", field(fault)),
    }
}

/// Says what is expected without the words of programs.
fn in_words(expected: &str) -> String {
    let (what, place) = match expected.find(" at line ") {
        Some(at) => expected.split_at(at),
        None => (expected, ""),
    };
    let is_number =
        what.starts_with(['u', 'i']) && matches!(&what[1..], "8" | "16" | "32" | "64" | "128" | "size");
    let words = match what {
        _ if is_number => "a whole number",
        _ if what.starts_with("struct ") => "an object",
        _ => what,
    };
    format!("{words}{place}")
}

/// The field that a fault is about: one of ours, because an unknown one is another fault.
fn field(fault: &str) -> String {
    let name = fault.split(": ").next().unwrap_or_default();
    if is_ours(name) { format!("{name}: ") } else { String::new() }
}

/// Whether it may be the name of a field, none of which has digits.
fn is_ours(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[expect(dead_code, reason = "only whether it can be read counts")]
        bsn: String,
        #[expect(dead_code, reason = "only whether it can be read counts")]
        aantal: Option<usize>,
        #[expect(dead_code, reason = "only whether it can be read counts")]
        alle: Option<bool>,
        #[expect(dead_code, reason = "only whether it can be read counts")]
        vanaf: Option<jiff::civil::Date>,
        #[expect(dead_code, reason = "only whether it can be read counts")]
        volgorde: Option<Volgorde>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Volgorde {
        Nieuwste,
        Oudste,
    }

    fn told(problem: Problem) -> (u16, String) {
        let document = problem.document();
        let detail = document["detail"].as_str().unwrap_or_default().to_owned();
        (u16::try_from(document["status"].as_u64().unwrap()).unwrap(), detail)
    }

    #[tokio::test]
    async fn a_query_is_told_what_is_wrong_with_it_and_not_what_it_says() {
        const KNOWN: &str =
            "a name that is not known; known here: `bsn`, `aantal`, `alle`, `vanaf`, `volgorde`";
        for (query, expected) in [
            ("999900006=1", KNOWN),
            ("jansen=1", KNOWN),
            ("a, expected one of 999900006=1", KNOWN),
            ("a%60, expected 999900006=999900006", KNOWN),
            ("bsn=1&aantal=999900006x", "aantal: expected a whole number"),
            ("bsn=1&aantal=", "aantal: expected a whole number"),
            ("bsn=1&aantal=99999000069999900006", "aantal: expected a whole number"),
            ("bsn=1&alle=999900006", "alle: expected `true` or `false`"),
            ("bsn=1&vanaf=999900006", "vanaf: expected a day, as 2026-12-31"),
            ("bsn=1&vanaf=2026-13-01", "vanaf: expected a day, as 2026-12-31"),
            ("bsn=1&vanaf=gisteren", "vanaf: expected a day, as 2026-12-31"),
            ("bsn=1&vanaf=", "vanaf: expected a day, as 2026-12-31"),
            ("bsn=1&volgorde=999900006", "volgorde: expected `nieuwste` or `oudste`"),
            ("bsn=999900006&bsn=999900006", "duplicate field `bsn`"),
            ("aantal=1", "missing field `bsn`"),
        ] {
            let uri = format!("/?{}", query.replace(' ', "+"));
            let request = Request::builder().uri(uri).body(Body::empty()).unwrap();
            let (mut parts, _) = request.into_parts();
            let problem = Filters::<Wanted>::from_request_parts(&mut parts, &()).await.unwrap_err();
            assert_eq!(told(problem), (400, expected.to_owned()), "{query}");
        }
    }

    #[tokio::test]
    async fn a_question_is_told_what_is_wrong_with_it_and_not_what_it_says() {
        for (body, status, expected) in [
            ("", 400, "this is no JSON at line 1 column 0"),
            ("{\"bsn\":\"999900006\"", 400, "this is no JSON at line 1 column 18"),
            ("{\"bsn\":999900006}", 422, "bsn: expected a string at line 1 column 16"),
            ("{\"bsn\":\"1\",\"vanaf\":\"2026-13-01\"}", 422, "vanaf: expected a day, as 2026-12-31"),
            ("{}", 422, "missing field `bsn` at line 1 column 2"),
            ("[]", 422, "expected an object at line 1 column 2"),
            ("{\"bsn\":\"1\",\"aantal\":-1}", 422, "aantal: expected a whole number at line 1 column 22"),
            (
                "{\"bsn\":\"1\",\"999900006\":1}",
                422,
                "a name that is not known; known here: `bsn`, `aantal`, `alle`, `vanaf`, `volgorde` at line 1 column 22",
            ),
        ] {
            let request = Request::post("/").header("content-type", "application/json");
            let request = request.body(Body::from(body)).unwrap();
            let problem = Question::<Wanted>::from_request(request, &()).await.unwrap_err();
            assert_eq!(told(problem), (status, expected.to_owned()), "{body}");
        }
        let request = Request::post("/").body(Body::from("{}")).unwrap();
        let problem = Question::<Wanted>::from_request(request, &()).await.unwrap_err();
        assert_eq!(told(problem), (415, "send JSON, with `Content-Type: application/json`".to_owned()));
    }
}

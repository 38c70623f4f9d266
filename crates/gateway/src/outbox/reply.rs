//! What a partner's answer to a delivery means.
//!
//! | answer | meaning |
//! | --- | --- |
//! | 202 with a receipt for these bytes, or without a readable one | delivered |
//! | 202 with a receipt for other bytes | retry: something between us changed them |
//! | 400, 401, 403, 409, 411, 413, 414, 415, 422, 431 | refused: the same bytes will not do; parked for an operator. 401 and 403 are among these because they mean that someone must change a configuration, and hammering a door that says no helps nobody |
//! | 408, 425, 429, 5xx | retry, with `Retry-After` if there is one |
//! | anything else (404, 405, 3xx, 200 …) | retry: an address or a proxy is wrong, which someone can put right without touching the message |

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Attempt, backoff};
use crate::hex::hex;

/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Characters of a receipt that are kept.
const RECEIPT_CHARACTERS_MAX: usize = 128;
/// Rules of a refusal that are told.
const RULES_MAX: usize = 10;
/// Characters of a rule's name.
const RULE_CHARACTERS_MAX: usize = 48;

#[derive(Deserialize)]
struct Answer {
    ontvangst: String,
    sha256: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    diagnostics: Vec<Rule>,
    #[serde(default)]
    rules: Vec<String>,
}

#[derive(Deserialize)]
struct Rule {
    rule: String,
}

/// Reads an answer and says what it means for the bytes sent.
pub(super) async fn read(response: reqwest::Response, sent: &[u8]) -> Attempt {
    let status = response.status();
    let after = retry_after(response.headers());
    match status.as_u16() {
        202 => accepted(&body(response).await, sent),
        400 | 401 | 403 | 409 | 411 | 413 | 414 | 415 | 422 | 431 => {
            Attempt::Refused { reason: refusal(status, &body(response).await) }
        }
        408 | 425 | 429 | 500..=599 => {
            Attempt::Retry { reason: format!("the partner answered {status}"), after }
        }
        _ => Attempt::Retry { reason: format!("the partner answered {status}, not 202"), after },
    }
}

/// As much of the body as is read at most; what cannot be read is left out, for the status decides.
pub(super) async fn body(mut response: reqwest::Response) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ANSWER_BYTES_MAX - bytes.len();
        bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if bytes.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    bytes
}

fn accepted(body: &[u8], sent: &[u8]) -> Attempt {
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return Attempt::Delivered { receipt: None };
    };
    let digest = hex(&Sha256::digest(sent));
    if answer.sha256.is_some_and(|claimed| !claimed.eq_ignore_ascii_case(&digest)) {
        let reason = "the partner's receipt is for other bytes than were sent".to_owned();
        return Attempt::Retry { reason, after: None };
    }
    // A receipt is shown to people and kept: printable, and not longer than a name should be.
    let receipt =
        answer.ontvangst.chars().filter(char::is_ascii_graphic).take(RECEIPT_CHARACTERS_MAX).collect();
    Attempt::Delivered { receipt: Some(receipt) }
}

/// The status and the rules that decided. Titles and details are the partner's prose, in which anything may
/// stand, a BSN too; rule names are let through when they look like rule names.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
        return format!("the partner answered {status}");
    };
    let mut rules: Vec<String> = Vec::new();
    let named = refusal.diagnostics.into_iter().map(|found| found.rule).chain(refusal.rules);
    for rule in named.filter(|rule| is_rule_name(rule)) {
        if rules.len() == RULES_MAX {
            rules.push("…".to_owned());
            break;
        }
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    match rules.is_empty() {
        true => format!("the partner answered {status}"),
        false => format!("the partner answered {status}: {}", rules.join(", ")),
    }
}

/// `TR056`, `cvc-pattern-valid`: a letter first, and fewer digits than a BSN has.
fn is_rule_name(name: &str) -> bool {
    name.len() <= RULE_CHARACTERS_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
        && name.chars().filter(char::is_ascii_digit).count() <= 5
}

/// The wait a partner asks for, in seconds; the form with a date is rare and only costs our own backoff.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(backoff::RETRY_AFTER_MAX))
}

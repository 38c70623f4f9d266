//! Messages as JSON, one line each:
//!
//! `{"message":"WMO305","release":"iWmo 3.2","Bericht":{"Header":{…},"Client":{…}}}`
//!
//! Elements have their own names and nest as in the XML; a container is a list of its elements; every leaf is a
//! string, the text of the element. Reading checks the shape and the types of values; lengths and patterns are
//! checked by validating what [`Message::encode`] writes.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Message, MessageKind, each};

/// JSON that is not a message. It never repeats a value, which may be personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

impl std::error::Error for JsonError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    release: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "Bericht")]
    bericht: &'a RawValue,
}

#[derive(Serialize)]
struct Written<'a, T> {
    message: &'static str,
    release: &'static str,
    #[serde(rename = "Bericht")]
    bericht: &'a T,
}

impl Message {
    /// Writes the message as one line of JSON, personal values included.
    #[must_use]
    pub fn to_json(&self) -> String {
        let kind = self.kind();
        let (message, release) = (kind.name(), kind.release().as_str());
        let json =
            each!(self, bericht => serde_json::to_string(&Written { message, release, bericht: &**bericht }));
        // Strings, lists and maps with string keys always serialise.
        json.unwrap_or_default()
    }

    /// Reads what [`Message::to_json`] writes.
    ///
    /// # Errors
    ///
    /// Text that is not JSON or does not have the shape of a message, with the place.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        Self::read_json(text, None)
    }

    /// Reads JSON that is to be a message of this kind and need not say so itself.
    ///
    /// # Errors
    ///
    /// As [`Message::from_json`]; also when it says that it is of another kind.
    pub fn from_json_as(kind: MessageKind, text: &str) -> Result<Self, JsonError> {
        Self::read_json(text, Some(kind))
    }

    fn read_json(text: &str, expected: Option<MessageKind>) -> Result<Self, JsonError> {
        let at_start = |reason: String| JsonError { line: 1, column: 1, reason };
        let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| json_error(&error, 1, 0))?;
        let named = envelope.message.as_deref().map(str::parse::<MessageKind>).transpose();
        let named =
            named.map_err(|_| at_start("\"message\" is not the name of a message, as WMO305".to_owned()))?;
        let kind = match (named, expected) {
            (Some(named), Some(expected)) if named != expected => {
                return Err(at_start(format!("this is a {named}, not a {expected}")));
            }
            (Some(kind), _) | (None, Some(kind)) => kind,
            (None, None) => return Err(at_start("missing field `message`".to_owned())),
        };
        if envelope.release.is_some_and(|release| release != kind.release().as_str()) {
            return Err(at_start(format!("\"release\" of a {kind} must be {}", kind.release())));
        }
        let json = envelope.bericht.get();
        Self::from_bericht(kind, json).map_err(|error| {
            let (line, column) = place(text, json);
            json_error(&error, line, column)
        })
    }
}

/// The line of a part of the text, from 1, and the characters before it on that line.
fn place(text: &str, part: &str) -> (usize, usize) {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |index| index + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count())
}

fn json_error(error: &serde_json::Error, line: usize, column: usize) -> JsonError {
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    let reason = match (reason.split_once(", expected "), reason.strip_prefix("unknown field `")) {
        // serde repeats the value before this comma.
        (Some((wrong, expected)), _) if wrong.starts_with("invalid ") => format!("expected {expected}"),
        // A name that is no name of an element may be anything.
        (Some((_, expected)), Some(name)) if !is_name(name) => format!("unknown field, expected {expected}"),
        _ => reason.to_owned(),
    };
    let in_first_line = error.line() <= 1;
    JsonError {
        line: line + error.line().saturating_sub(1),
        column: error.column() + if in_first_line { column } else { 0 },
        reason,
    }
}

/// Returns whether a text begins with a short word of letters in backquotes.
fn is_name(text: &str) -> bool {
    const NAME_CHARS_MAX: usize = 40;
    let name = text.split_once('`').map_or(text, |(name, _)| name);
    name.len() <= NAME_CHARS_MAX && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::Message;

    #[test]
    fn unknown_names_are_repeated_only_if_they_are_names() {
        let reason = |name: &str| {
            let text = format!("{{\"message\":\"WMO305\",\"Bericht\":{{\"{name}\":\"\"}}}}");
            Message::from_json(&text).unwrap_err().reason
        };
        assert_eq!(reason("Clint"), "unknown field `Clint`, expected `Header` or `Client`");
        assert_eq!(reason("999900006"), "unknown field, expected `Header` or `Client`");
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        for open in ["[", "{\"Header\":"] {
            let text = format!("{{\"message\":\"WMO305\",\"Bericht\":{}", open.repeat(200_000));
            assert!(Message::from_json(&text).is_err());
            let closed = format!(
                "{{\"message\":\"WMO305\",\"Bericht\":{}{}}}",
                "[".repeat(200_000),
                "]".repeat(200_000)
            );
            assert!(Message::from_json(&closed).is_err());
        }
    }

    #[test]
    fn errors_have_their_place_and_no_value() {
        let text = "{\"message\": \"WMO305\",\n  \"Bericht\": {\"Header\": {\"Afzender\": 42424242}}}";
        let error = Message::from_json(text).unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 45: expected an AGB code (eight digits)");
        let error = Message::from_json(&text.replace("42424242", "\"4242424X\"")).unwrap_err();
        assert_eq!(error.line, 2);
        assert!(!error.reason.contains("4242"), "{error}");
    }

    #[test]
    fn the_envelope_must_fit() {
        for (text, reason) in [
            ("{}", "missing field `Bericht`"),
            ("{", "EOF while parsing an object"),
            ("{\"Bericht\":{}}", "missing field `message`"),
            (
                "{\"message\":\"WMO999\",\"Bericht\":{}}",
                "\"message\" is not the name of a message, as WMO305",
            ),
            (
                "{\"message\":\"WMO305\",\"release\":\"iWmo 3.1\",\"Bericht\":{}}",
                "\"release\" of a WMO305 must be iWmo 3.2",
            ),
        ] {
            assert_eq!(Message::from_json(text).unwrap_err().reason, reason, "{text}");
        }
    }
}

//! What an error message says.

use std::borrow::Cow;

use crate::Private;
use crate::messages::{Class, Reader, Sink};
use crate::value::Leaf;

/// Whose fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plek {
    /// Of who sent the message that is refused.
    Client,
    /// Of who refuses it.
    Server,
}

impl Leaf for Plek {
    fn from_lexical(text: &str) -> Option<Self> {
        match text {
            "client" => Some(Self::Client),
            "server" => Some(Self::Server),
            _ => None,
        }
    }

    fn lexical(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fout {
    /// The code, as `StUF055`; what it means depends on who sent it and when.
    pub code: String,
    /// Whose fault it is.
    pub plek: Plek,
    /// A description, at most 200 characters. Private, because others put values of the message into it.
    pub omschrijving: Private<String>,
    /// More about it, as `WMO305-00010000`; at most 1000 characters.
    pub details: Option<Private<String>>,
    /// Whether the refused message came back with it. It is not kept: it is ours, and may hold anything. Nor is it
    /// ever written.
    pub details_xml: bool,
}

impl Fout {
    /// Returns the one error that a gemeente may send later: what the message holds is not valid by its schema.
    /// The description may hold no value of the message.
    #[must_use]
    pub fn invalid_payload(omschrijving: &str, details: Option<String>) -> Self {
        Self {
            code: "StUF055".to_owned(),
            plek: Plek::Client,
            omschrijving: Private::new(omschrijving.chars().take(OMSCHRIJVING_CHARS_MAX).collect()),
            details: details.map(Private::new),
            details_xml: false,
        }
    }
}

/// Characters of a description at most.
const OMSCHRIJVING_CHARS_MAX: usize = 200;

/// The refused message, skipped.
struct DetailsXml;

impl Class for DetailsXml {
    fn decode(reader: &mut Reader<'_, '_>) -> Option<Self> {
        while reader.child().is_some() {}
        Some(Self)
    }

    fn visit(&self, _sink: &mut impl Sink) {}
}

impl Class for Fout {
    fn decode(reader: &mut Reader<'_, '_>) -> Option<Self> {
        let (mut code, mut plek, mut omschrijving, mut details) = (None, None, None, None);
        let mut details_xml = false;
        while let Some(child) = reader.child() {
            match child {
                0 => code = reader.leaf(),
                1 => plek = reader.leaf(),
                2 => omschrijving = reader.leaf(),
                3 => details = reader.leaf(),
                4 => details_xml = reader.class::<DetailsXml>().is_some(),
                _ => {}
            }
        }
        Some(Self { code: code?, plek: plek?, omschrijving: omschrijving?, details, details_xml })
    }

    fn visit(&self, sink: &mut impl Sink) {
        sink.leaf("StUF:code", &self.code);
        sink.leaf("StUF:plek", &self.plek);
        sink.leaf("StUF:omschrijving", &self.omschrijving);
        if let Some(details) = &self.details {
            sink.leaf("StUF:details", details);
        }
    }
}

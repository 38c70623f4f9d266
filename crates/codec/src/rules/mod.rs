//! The rules of the standard that a message can be judged by alone (level `xslt`: TR, CD, CS). One function each,
//! named after the rule, in [`all`]. Any violation makes the whole message refused with 0001 in the header
//! (header-and-identification.md, section 3). The few rules that need little more than the message stand in the same table.

mod contact;
mod dates;
mod declaration;
mod delivery;
mod ieb;
mod keys;
pub mod outside;
mod overlap;
mod person;
mod place;
mod product;
mod request;
mod table;
mod view;

pub use table::all;

use place::Place;

use crate::messages::{Message, MessageKind};
use crate::report::{DIAGNOSTICS_MAX, Text};
use crate::value::RetourCode;

/// What is needed to judge a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// The message alone.
    Message,
    /// The message and what [`outside`] names; the rule has a retourcode of its own.
    Outside,
}

/// A rule of the standard.
pub struct Rule {
    /// The id, as `TR101`.
    pub id: &'static str,
    /// The messages it is attached to.
    pub messages: &'static [MessageKind],
    /// The code of a retour on a message that breaks it.
    pub retourcode: RetourCode,
    /// What is needed to judge it.
    pub level: Level,
    /// What it demands.
    pub text: Text,
    /// The messages as a set, one bit each.
    kinds: u32,
    check: Check,
}

enum Check {
    Message(fn(&Message, &mut Findings<'_>)),
    Outside(fn(&Message, &outside::Outside, &mut Findings<'_>)),
}

/// A place in a message where a rule is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The id of the rule.
    pub rule: &'static str,
    /// The element, as `/Bericht/Client/Relaties/Relatie[2]/Contact/Adres`.
    pub path: String,
    /// The code of the rule.
    pub retourcode: RetourCode,
    /// What the rule demands.
    pub message: Text,
}

/// Judges a message by all rules of its kind: every violation, in the order of [`all`], of each rule at most one
/// more than a report can show.
#[must_use]
pub fn check(message: &Message) -> Vec<Violation> {
    let kind = message.kind().bit();
    let mut violations = Vec::new();
    for rule in all().filter(|rule| rule.kinds & kind != 0) {
        if let Check::Message(check) = rule.check {
            check(message, &mut Findings::new(rule, &mut violations));
        }
    }
    violations
}

/// Judges a message by the rules beyond level 2 that the date and a list of codes are enough for, as far as these are
/// there. Such a violation does not refuse the message with 0001: its own code stands in the header or at its class.
#[must_use]
pub fn check_outside(message: &Message, outside: &outside::Outside) -> Vec<Violation> {
    let kind = message.kind().bit();
    let mut violations = Vec::new();
    for rule in all().filter(|rule| rule.kinds & kind != 0) {
        if let Check::Outside(check) = rule.check {
            check(message, outside, &mut Findings::new(rule, &mut violations));
        }
    }
    violations
}

/// Collects the violations of one rule.
struct Findings<'a> {
    rule: &'static Rule,
    start: usize,
    violations: &'a mut Vec<Violation>,
}

impl<'a> Findings<'a> {
    fn new(rule: &'static Rule, violations: &'a mut Vec<Violation>) -> Self {
        Self { rule, start: violations.len(), violations }
    }

    fn add(&mut self, place: Place) {
        self.add_path(|| place.to_string());
    }

    fn add_path(&mut self, path: impl FnOnce() -> String) {
        if self.violations.len() - self.start <= DIAGNOSTICS_MAX {
            let Rule { id, retourcode, ref text, .. } = *self.rule;
            self.violations.push(Violation { rule: id, path: path(), retourcode, message: text.clone() });
        }
    }

    fn require(&mut self, condition: bool, place: Place) {
        if !condition {
            self.add(place);
        }
    }
}

#[cfg(test)]
mod tests;

//! The table of rules: what the standard says of each, and its function.

mod ieb;
mod iwmo;

use super::outside::Outside;
use super::{Check, Findings, Level, Rule};
use crate::messages::{Message, MessageKind};
use crate::report::Text;
use crate::value::RetourCode;

/// Returns all rules, in the order of the standard's lists: iWmo, then iEb.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    iwmo::RULES.iter().chain(ieb::RULES)
}

/// Every rule that needs the message alone gives 0001.
const fn rule(
    id: &'static str,
    messages: &'static [MessageKind],
    nl: &'static str,
    en: &'static str,
    check: fn(&Message, &mut Findings<'_>),
) -> Rule {
    Rule {
        id,
        messages,
        kinds: set(messages),
        retourcode: RetourCode::TECHNISCH,
        level: Level::Message,
        text: Text::fixed(nl, en),
        check: Check::Message(check),
    }
}

/// A rule beyond level 2 has a retourcode of its own.
const fn own(
    id: &'static str,
    messages: &'static [MessageKind],
    retourcode: RetourCode,
    nl: &'static str,
    en: &'static str,
    check: fn(&Message, &Outside, &mut Findings<'_>),
) -> Rule {
    Rule {
        id,
        messages,
        kinds: set(messages),
        retourcode,
        level: Level::Outside,
        text: Text::fixed(nl, en),
        check: Check::Outside(check),
    }
}

const fn set(messages: &[MessageKind]) -> u32 {
    let mut kinds = 0;
    let mut index = 0;
    while index < messages.len() {
        kinds |= messages[index].bit();
        index += 1;
    }
    kinds
}

//! The refusals: nothing was recorded, and the sender is told why.

use iwmo_codec::{Report, rules};
use iwmo_toewijzing::judge::{Ernst, Judgement};

use super::Incoming;
use crate::engine::Refusal;
use crate::engine::batch::unavailable;
use crate::engine::judged::gebroken;
use crate::ledger::LedgerError;
use crate::translate::Untranslatable;

/// Refuses to send what breaks the rules of level 2: it would be answered with 0001.
pub(super) fn pass_level_2(incoming: &Incoming<'_>) -> Result<(), Refusal> {
    let violations = rules::check(incoming.message);
    if violations.is_empty() {
        return Ok(());
    }
    let report = Report::of_rules(incoming.message, &incoming.inbound.bytes, &violations);
    Err(Refusal::BreaksRules(Box::new(report)))
}

/// Refuses to send what the receiver would refuse, or what the standard does not want sent.
pub(super) fn preflight(judgements: &[Judgement]) -> Refusal {
    let codes = judgements.iter().flat_map(|judgement| {
        judgement.verdict.kop().into_iter().chain(judgement.verdict.klassen().into_iter().flatten())
    });
    let mut retourcodes: Vec<String> =
        codes.map(|code| code.to_string()).filter(|code| code != "0200").collect();
    retourcodes.sort_unstable();
    retourcodes.dedup();
    let mut rules = gebroken(judgements);
    let warnings = judgements.iter().flat_map(|judgement| &judgement.waarschuwingen);
    let blocking = warnings.filter(|warning| warning.ernst == Ernst::Blokkeert);
    rules.extend(blocking.map(|warning| warning.soort.as_str().to_owned()));
    rules.sort_unstable();
    rules.dedup();
    let detail = format!("the message is not sent, because the receiver would find: {}", rules.join(", "));
    Refusal::Unacceptable { title: "The message would be refused".to_owned(), detail, rules, retourcodes }
}

/// Refuses to send what a person must confirm first (D4), and says how.
pub(super) fn unconfirmed(mut rules: Vec<String>) -> Refusal {
    rules.sort_unstable();
    rules.dedup();
    let names = rules.join(",");
    Refusal::Unacceptable {
        title: "The message needs a confirmation".to_owned(),
        detail: format!(
            "the message may be sent and is warned of: {names}; to send it all the same, send it again with \
             ?bevestigd={names}"
        ),
        rules,
        retourcodes: Vec::new(),
    }
}

/// Refuses what cannot be handled, and says why.
pub(super) fn unacceptable(title: &str, detail: String) -> Refusal {
    Refusal::Unacceptable { title: title.to_owned(), detail, rules: Vec::new(), retourcodes: Vec::new() }
}

/// Refuses what names something that the machine does not know.
pub(super) fn untranslatable(error: Untranslatable) -> Refusal {
    unacceptable("The message does not belong here", error.to_string())
}

/// Refuses what comes from somebody else than the message says.
pub(super) fn wrong_sender(incoming: &Incoming<'_>, named: &str) -> Refusal {
    let kind = incoming.message.kind().name();
    Refusal::WrongSender(format!(
        "partner {} may not send this {kind}: it comes from {named}",
        incoming.inbound.partner
    ))
}

/// The ledger could not be read: the sender must come back, an operator must look.
pub(super) fn broken(error: LedgerError) -> Refusal {
    tracing::error!(code = "LedgerReadError", %error, "The ledger could not be read.");
    unavailable(&error.to_string())
}

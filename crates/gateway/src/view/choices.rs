//! The words that filters take. One that is not among them is refused: a misspelt filter would show nothing, as if all
//! were well.

use std::fmt;

use iwmo_codec::messages::MessageKind;
use iwmo_toewijzing::deadline::Timer;
use iwmo_toewijzing::dossier::LeveringStatus;

use super::termijnen::VERWIJDERING;
use crate::engine::FO01;
use crate::ledger::Stand;

/// A word that a filter does not take; says which it takes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct NotAChoice(Vec<&'static str>);

impl fmt::Display for NotAChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "give one of {}", self.0.join(", "))
    }
}

/// Returns where an outgoing message stands, as `geparkeerd`.
///
/// # Errors
///
/// There is no such word.
pub fn stand(text: &str) -> Result<String, NotAChoice> {
    one_of(Stand::ALL.map(Stand::word).to_vec(), text)
}

/// Returns a kind of message, as `WMO305`.
///
/// # Errors
///
/// There is no such kind.
pub fn bericht(text: &str) -> Result<String, NotAChoice> {
    one_of(MessageKind::ALL.iter().map(|kind| kind.name()).chain([FO01]).collect(), text)
}

/// Returns a state of delivery, as `GESTART`.
///
/// # Errors
///
/// There is no such word.
pub fn levering(text: &str) -> Result<String, NotAChoice> {
    one_of(LeveringStatus::ALL.map(LeveringStatus::as_str).to_vec(), text)
}

/// Returns the name of something that is due, as `OP090x4`.
///
/// # Errors
///
/// There is no such name.
pub fn termijn(text: &str) -> Result<String, NotAChoice> {
    one_of(Timer::ALL.iter().map(|timer| timer.as_str()).chain([VERWIJDERING]).collect(), text)
}

fn one_of(words: Vec<&'static str>, text: &str) -> Result<String, NotAChoice> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(text)).map(|word| (*word).to_owned());
    found.ok_or(NotAChoice(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_known_however_it_is_written_and_another_is_refused() {
        assert_eq!(stand("Geparkeerd"), Ok("geparkeerd".to_owned()));
        assert_eq!(levering("gestart"), Ok("GESTART".to_owned()));
        for name in ["OP090x4", "op090x4", "OP090X4"] {
            assert_eq!(termijn(name), Ok("OP090x4".to_owned()), "{name}");
        }
        assert_eq!(termijn("verwijdering"), Ok("VERWIJDERING".to_owned()));
        let refused = levering("GESTOPT").unwrap_err().to_string();
        assert_eq!(refused, "give one of NIET_GESTART, GESTART, TIJDELIJK_GESTOPT, BEEINDIGD");
    }
}

//! Where a reader of the journal is.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::journal::{Chain, Tips};

/// Most chains in a cursor: there are fewer gemeenten.
const CHAINS_MAX: usize = 1000;

/// What stands for a cursor that has seen nothing.
const START: &str = "begin";

/// The last entry of each chain that a reader has seen.
///
/// It is made of journal positions alone, so it means the same after a restart and on another machine with the same
/// journal. As text it is `0222.15-1586.9`, or `begin`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(BTreeMap<Chain, u64>);

impl Cursor {
    /// Returns the cursor of who has seen everything in these chains.
    #[must_use]
    pub fn at_end(tips: &Tips, chains: &[Chain]) -> Self {
        Self(chains.iter().map(|chain| (*chain, tips.get(chain).map_or(0, |tip| tip.seq))).collect())
    }

    /// Returns the cursor as far as it speaks of these chains.
    #[must_use]
    pub fn only(mut self, chains: &[Chain]) -> Self {
        self.0.retain(|chain, _| chains.contains(chain));
        self
    }

    /// Returns the last entry seen of a chain; none when the cursor does not speak of it.
    #[must_use]
    pub fn seen(&self, chain: Chain) -> Option<u64> {
        self.0.get(&chain).copied()
    }

    /// Notes that an entry was seen.
    pub fn see(&mut self, chain: Chain, seq: u64) {
        self.0.insert(chain, seq);
    }

    /// Returns a chain in which the cursor has seen more than there is.
    #[must_use]
    pub fn ahead_of(&self, tips: &Tips) -> Option<Chain> {
        let ahead = |(chain, seq): &(&Chain, &u64)| **seq > tips.get(*chain).map_or(0, |tip| tip.seq);
        self.0.iter().find(ahead).map(|(chain, _)| *chain)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(START);
        }
        for (index, (chain, seq)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "-" };
            write!(f, "{separator}{chain}.{seq}")?;
        }
        Ok(())
    }
}

/// The text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no cursor that the gateway gave")]
pub struct NotACursor;

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let mut cursor = Self::default();
        if text == START {
            return Ok(cursor);
        }
        for part in text.split('-') {
            let (chain, seq) = part.split_once('.').ok_or(NotACursor)?;
            // `u64::from_str` would also take a sign.
            if !seq.bytes().all(|byte| byte.is_ascii_digit()) || cursor.0.len() >= CHAINS_MAX {
                return Err(NotACursor);
            }
            cursor.see(chain.parse().map_err(|_| NotACursor)?, seq.parse().map_err(|_| NotACursor)?);
        }
        Ok(cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_go_through_text() {
        for text in ["begin", "0222.15", "0222.15-1586.0"] {
            assert_eq!(text.parse::<Cursor>().unwrap().to_string(), text);
        }
        for bad in
            ["", "-", "0222", "0222.", "0222.+1", "0222.1-", "022.1", "0222.99999999999999999999", "x.1"]
        {
            assert_eq!(bad.parse::<Cursor>(), Err(NotACursor), "{bad}");
        }
    }
}

//! Reading the rows of a store that another process holds: it is asked, and answers from a view of one moment.
//!
//! A question is a byte for its kind and then keys, each with its length (u32, little-endian) before it:
//!
//! | kind | question | answer |
//! | --- | --- | --- |
//! | 1 | a key | 1 and the value with its length, or 0 |
//! | 2, 3 | from, to, how many (u32) | pairs from `from` up to and without `to`, first ones first (2) or last ones first (3): keys and values with their lengths |
//!
//! An answer to 2 or 3 has at most [`ANSWER_BYTES`] and one pair; one without pairs says that there are none. Keys are those of
//! the tree itself, so that tips and format are read as those of a store that this process holds.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use lsm_tree::{Result, Slice};

use super::error::{StoreError, guarded};
use super::ledger::{Ledger, View};
use super::tree::{Pair, Still, Tree};

const GET: u8 = 1;
const FORWARD: u8 = 2;
const BACKWARD: u8 = 3;
/// An answer ends after so many bytes.
const ANSWER_BYTES: usize = 256 << 10;
/// Pairs that are asked for at first, and at most.
const PAIRS_FIRST: u32 = 16;
const PAIRS_MAX: u32 = 4_096;

/// Asks the process that holds the store.
pub type Ask = Box<dyn FnMut(&[u8]) -> io::Result<Vec<u8>> + Send>;

/// The rows of another process.
#[derive(Clone)]
pub(super) struct Beside(Arc<Mutex<Ask>>);

impl Ledger {
    /// Reads through another process, which answers with [`View::answer`]; nothing, when its content has another format.
    ///
    /// # Errors
    ///
    /// It does not answer, or what it holds is damaged.
    pub fn beside(ask: Ask, format: u32) -> std::result::Result<Option<Self>, StoreError> {
        Self::read(Tree::Beside(Beside(Arc::new(Mutex::new(ask)))), format)
    }
}

impl View {
    /// Answers a question of [`Ledger::beside`].
    ///
    /// # Errors
    ///
    /// It is none, or the store cannot be read.
    pub fn answer(&self, question: &[u8]) -> std::result::Result<Vec<u8>, StoreError> {
        guarded(|| answer(self.still(), question))
    }
}

fn answer(still: &Still, question: &[u8]) -> Result<Vec<u8>> {
    let (kind, mut rest) = question.split_first().ok_or_else(unknown)?;
    let mut out = Vec::new();
    match *kind {
        GET => match still.get(take(&mut rest)?)? {
            Some(value) => {
                out.push(1);
                put(&mut out, &value);
            }
            None => out.push(0),
        },
        FORWARD | BACKWARD => {
            let (from, to) = (take(&mut rest)?, take(&mut rest)?);
            let count = number(&mut rest)?;
            if from >= to {
                return Ok(out);
            }
            let mut pairs = still.range(from, to);
            for _ in 0..count.min(PAIRS_MAX) {
                let pair = if *kind == FORWARD { pairs.next() } else { pairs.next_back() };
                let Some((key, value)) = pair.transpose()? else { break };
                put(&mut out, &key);
                put(&mut out, &value);
                if out.len() >= ANSWER_BYTES {
                    break;
                }
            }
        }
        _ => return Err(unknown()),
    }
    Ok(out)
}

impl Beside {
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Slice>> {
        let mut question = vec![GET];
        put(&mut question, key);
        let answer = self.ask(&question)?;
        let (found, mut rest) = answer.split_first().ok_or_else(unknown)?;
        if *found == 0 { Ok(None) } else { Ok(Some(take(&mut rest)?.into())) }
    }

    pub(super) fn range(&self, from: &[u8], to: &[u8]) -> BesidePairs {
        BesidePairs {
            beside: self.clone(),
            from: from.to_vec(),
            to: to.to_vec(),
            front: VecDeque::new(),
            back: VecDeque::new(),
            count: PAIRS_FIRST,
        }
    }

    fn ask(&self, question: &[u8]) -> Result<Vec<u8>> {
        let mut ask = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(ask(question)?)
    }
}

/// Pairs that another process gives, some at a time, from both ends.
pub(super) struct BesidePairs {
    beside: Beside,
    /// What was not asked for yet.
    from: Vec<u8>,
    to: Vec<u8>,
    /// Asked for from the front, first ones first.
    front: VecDeque<Pair>,
    /// Asked for from the back, last ones first.
    back: VecDeque<Pair>,
    count: u32,
}

impl BesidePairs {
    pub(super) fn next(&mut self) -> Option<Result<Pair>> {
        if self.front.is_empty() {
            match self.more(FORWARD) {
                Ok(pairs) => self.front = pairs,
                Err(error) => return Some(Err(error)),
            }
            match self.front.back() {
                Some((last, _)) => {
                    self.from = last.to_vec();
                    self.from.push(0);
                }
                None => self.from.clone_from(&self.to),
            }
        }
        self.front.pop_front().or_else(|| self.back.pop_back()).map(Ok)
    }

    pub(super) fn next_back(&mut self) -> Option<Result<Pair>> {
        if self.back.is_empty() {
            match self.more(BACKWARD) {
                Ok(pairs) => self.back = pairs,
                Err(error) => return Some(Err(error)),
            }
            match self.back.back() {
                Some((first, _)) => self.to = first.to_vec(),
                None => self.to.clone_from(&self.from),
            }
        }
        self.back.pop_front().or_else(|| self.front.pop_back()).map(Ok)
    }

    fn more(&mut self, kind: u8) -> Result<VecDeque<Pair>> {
        let mut pairs = VecDeque::new();
        if self.from >= self.to {
            return Ok(pairs);
        }
        let mut question = vec![kind];
        put(&mut question, &self.from);
        put(&mut question, &self.to);
        question.extend_from_slice(&self.count.to_le_bytes());
        self.count = (self.count * 4).min(PAIRS_MAX);
        let answer = self.beside.ask(&question)?;
        let mut rest = &answer[..];
        while !rest.is_empty() {
            let key = Slice::from(take(&mut rest)?);
            pairs.push_back((key, take(&mut rest)?.into()));
        }
        Ok(pairs)
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    // Keys and values are smaller than 4 GiB.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn take<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8]> {
    let length = number(rest)? as usize;
    let (taken, after) = rest.split_at_checked(length).ok_or_else(unknown)?;
    *rest = after;
    Ok(taken)
}

fn number(rest: &mut &[u8]) -> Result<u32> {
    let (number, after) = rest.split_first_chunk().ok_or_else(unknown)?;
    *rest = after;
    Ok(u32::from_le_bytes(*number))
}

fn unknown() -> lsm_tree::Error {
    io::Error::from(io::ErrorKind::InvalidData).into()
}

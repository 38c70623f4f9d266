//! Going through what is in memory and what is in tables as one.

use std::cmp::Ordering;
use std::sync::Arc;

use lsm_tree::{Guard, IterGuardImpl, Result};

use super::super::tree::Pair;
use super::collection::Run;

/// Pairs in the order of their keys, from both ends.
pub(in super::super) struct Range {
    /// Latest first.
    spans: Vec<Span>,
    tables: Tabled,
}

/// What is left of a run: the rows with these numbers.
struct Span {
    run: Arc<Run>,
    from: usize,
    to: usize,
}

/// Pairs of the tables, with the one looked at ahead at each end.
struct Tabled {
    pairs: Box<dyn DoubleEndedIterator<Item = IterGuardImpl> + Send>,
    front: Option<Pair>,
    back: Option<Pair>,
}

/// The end that pairs are taken from.
#[derive(Clone, Copy)]
enum End {
    Front,
    Back,
}

impl Range {
    /// Goes through what has a key from `from` up to and without `to`; `runs` are latest first, and all of them later than
    /// the tables.
    pub(super) fn new(
        runs: &[Arc<Run>],
        from: &[u8],
        to: &[u8],
        tables: Box<dyn DoubleEndedIterator<Item = IterGuardImpl> + Send>,
    ) -> Self {
        let span = |run: &Arc<Run>| {
            let span = Span { run: Arc::clone(run), from: run.before(from), to: run.before(to) };
            (!span.is_empty()).then_some(span)
        };
        let spans = runs.iter().filter_map(span).collect();
        Self { spans, tables: Tabled { pairs: tables, front: None, back: None } }
    }

    fn step(&mut self, end: End) -> Result<Option<Pair>> {
        loop {
            let Some(first) = self.first(end) else { return self.tables.take(end) };
            let span = &self.spans[first];
            let (run, number) = (Arc::clone(&span.run), span.at(end));
            if let Some((key, _)) = self.tables.look(end)? {
                match end.outward(key[..].cmp(run.key(number))) {
                    Ordering::Less => return self.tables.take(end),
                    // What is in memory came later.
                    Ordering::Equal => drop(self.tables.take(end)?),
                    Ordering::Greater => {}
                }
            }
            for span in &mut self.spans[first..] {
                if !span.is_empty() && span.run.compare(span.at(end), &run, number) == Ordering::Equal {
                    span.advance(end);
                }
            }
            if let Some(value) = run.value(number) {
                return Ok(Some((run.key(number).into(), value.into())));
            }
        }
    }

    /// Returns the span that is next in memory: the latest of those with the key that is.
    fn first(&self, end: End) -> Option<usize> {
        let mut first: Option<usize> = None;
        for (at, span) in self.spans.iter().enumerate().filter(|(_, span)| !span.is_empty()) {
            let before = |first: usize| {
                let other = &self.spans[first];
                end.outward(span.run.compare(span.at(end), &other.run, other.at(end))) == Ordering::Less
            };
            if first.is_none_or(before) {
                first = Some(at);
            }
        }
        first
    }
}

impl Iterator for Range {
    type Item = Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(End::Front).transpose()
    }
}

impl DoubleEndedIterator for Range {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(End::Back).transpose()
    }
}

impl End {
    /// Turns an order around for who comes from the back.
    fn outward(self, order: Ordering) -> Ordering {
        match self {
            Self::Front => order,
            Self::Back => order.reverse(),
        }
    }
}

impl Span {
    fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    /// Returns the number of the row at an end of what is not empty.
    fn at(&self, end: End) -> usize {
        match end {
            End::Front => self.from,
            End::Back => self.to - 1,
        }
    }

    fn advance(&mut self, end: End) {
        match end {
            End::Front => self.from += 1,
            End::Back => self.to -= 1,
        }
    }
}

impl Tabled {
    fn look(&mut self, end: End) -> Result<Option<&Pair>> {
        let ahead = match end {
            End::Front => &mut self.front,
            End::Back => &mut self.back,
        };
        if ahead.is_none() {
            let found = match end {
                End::Front => self.pairs.next(),
                End::Back => self.pairs.next_back(),
            };
            *ahead = found.map(IterGuardImpl::into_inner).transpose()?;
        }
        // The last one of all may be the one looked at from the other end.
        Ok(match end {
            End::Front => self.front.as_ref().or(self.back.as_ref()),
            End::Back => self.back.as_ref().or(self.front.as_ref()),
        })
    }

    fn take(&mut self, end: End) -> Result<Option<Pair>> {
        self.look(end)?;
        Ok(match end {
            End::Front => self.front.take().or_else(|| self.back.take()),
            End::Back => self.back.take().or_else(|| self.front.take()),
        })
    }
}

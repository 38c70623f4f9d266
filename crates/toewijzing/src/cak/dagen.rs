//! Days of support, and what is cut off and taken out of them.

use jiff::civil::Date;

/// A row of days, the last included; `None`: it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dagen {
    pub(super) first: Date,
    pub(super) last: Option<Date>,
}

impl Dagen {
    /// Returns what lies within the bounds.
    pub(super) fn clip(self, from: Option<Date>, until: Option<Date>) -> Option<Self> {
        let first = from.map_or(self.first, |from| from.max(self.first));
        let last = match (self.last, until) {
            (Some(last), Some(until)) => Some(last.min(until)),
            (last, until) => last.or(until),
        };
        last.is_none_or(|last| first <= last).then_some(Self { first, last })
    }

    /// Returns what is left without these days: what comes before, and what comes after.
    pub(super) fn without(self, taken: Self) -> impl Iterator<Item = Self> {
        let before = taken.first.yesterday().ok().and_then(|end| self.clip(None, Some(end)));
        let after =
            taken.last.and_then(|last| last.tomorrow().ok()).and_then(|next| self.clip(Some(next), None));
        before.into_iter().chain(after)
    }

    pub(super) fn contains(self, day: Date) -> bool {
        self.first <= day && self.last.is_none_or(|last| day <= last)
    }

    /// True when a day lies in both.
    pub(super) fn meets(self, other: Self) -> bool {
        self.last.is_none_or(|last| other.first <= last) && other.last.is_none_or(|last| self.first <= last)
    }

    /// Cuts at each of these days: it begins a new part.
    pub(super) fn cut(self, days: impl IntoIterator<Item = Date>) -> Vec<Self> {
        let mut cuts: Vec<Date> =
            days.into_iter().filter(|cut| *cut > self.first && self.contains(*cut)).collect();
        cuts.sort();
        cuts.dedup();
        let mut parts = Vec::with_capacity(cuts.len() + 1);
        let mut first = self.first;
        for cut in cuts {
            parts.push(Self { first, last: Some(cut.yesterday().unwrap_or(cut)) });
            first = cut;
        }
        parts.push(Self { first, last: self.last });
        parts
    }
}

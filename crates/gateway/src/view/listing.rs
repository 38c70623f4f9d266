//! What the lists of deadlines and of work have in common: a page of rows from indexes, under filters, in the order of their
//! places.

use iwmo_toewijzing::identity::Gemeente;
use iwmo_toewijzing::judge::Beleid;
use jiff::civil::Date;

use super::PlaceCursor;
use super::page::{Page, Rows, Seen};
use super::termijnen::Begin;
use crate::engine::Settings;
use crate::ledger::LedgerError;
use crate::store::{Ledger, Value};

/// What is asked for.
pub(super) trait Asked {
    /// What the list has.
    type Row;

    /// Where a page begins, and how many rows it has at most.
    fn page(&self) -> (Option<&PlaceCursor>, usize);

    /// Whether the filters let a row through.
    fn takes(&self, row: &Self::Row, today: Date) -> bool;

    /// The place of a row in the list. No personal data is in it.
    fn place(row: &Self::Row) -> String;
}

/// The rows that come first.
pub(super) struct Listing<'f, A: Asked> {
    pub(super) filter: &'f A,
    pub(super) settings: &'f Settings,
    /// Of gemeenten that are not configured.
    standard: Beleid,
    pub(super) today: Date,
    pub(super) begin: Begin,
    rows: Rows<'f, A::Row>,
}

impl<'f, A: Asked> Listing<'f, A> {
    /// A page on which no row stands yet; no row that is due before a day is wanted.
    pub(super) fn begin(
        settings: &'f Settings,
        filter: &'f A,
        today: Date,
        not_before: Option<Date>,
    ) -> Self {
        let (after, limit) = filter.page();
        let begin = Begin::new(after, not_before);
        Self { filter, settings, standard: Beleid::default(), today, begin, rows: Rows::new(after, limit) }
    }

    /// The choices of a gemeente: its working days and what it agreed.
    pub(super) fn beleid(&self, gemeente: Gemeente) -> &Beleid {
        self.settings.gemeenten.get(&gemeente).map_or(&self.standard, |own| &own.beleid)
    }

    /// Keeps a row, if it is asked for.
    pub(super) fn keep(&mut self, row: A::Row) {
        if self.filter.takes(&row, self.today) {
            self.rows.keep(A::place(&row), row);
        }
    }

    /// A row of an index that stands in the order of the list.
    pub(super) fn seen(&self, row: A::Row) -> Seen<A::Row> {
        let place = A::place(&row);
        let row = self.filter.takes(&row, self.today).then(|| (place.clone(), row));
        Seen::Row { bound: place, row }
    }

    /// A row, or none, of an index in which nothing from here on is due before a day.
    pub(super) fn seen_from(&self, day: Date, row: Option<A::Row>) -> Seen<A::Row> {
        let row = row.filter(|row| self.filter.takes(row, self.today));
        Seen::Row { bound: day.to_string(), row: row.map(|row| (A::place(&row), row)) }
    }

    /// A row of such an index that is not asked for.
    pub(super) fn passed(&self, row: &A::Row) -> Seen<A::Row> {
        Seen::Row { bound: A::place(row), row: None }
    }

    /// Takes rows from an index, from a key on.
    pub(super) fn follow(
        &mut self,
        ledger: &Ledger,
        prefix: &[u8],
        from: &[u8],
        see: impl Fn(&Self, &[u8], &Value) -> Result<Option<Seen<A::Row>>, LedgerError>,
    ) -> Result<(), LedgerError> {
        let pairs = ledger.range(prefix, from).map(|pair| pair.map_err(LedgerError::from));
        self.follow_all(pairs, |listing, (key, value)| see(listing, &key, &value))
    }

    /// Takes rows that an index leads to.
    pub(super) fn follow_all<I>(
        &mut self,
        items: impl Iterator<Item = Result<I, LedgerError>>,
        see: impl Fn(&Self, I) -> Result<Option<Seen<A::Row>>, LedgerError>,
    ) -> Result<(), LedgerError> {
        let mut rows = std::mem::replace(&mut self.rows, Rows::new(None, 0));
        let result = rows.take(items, |item| see(self, item));
        self.rows = rows;
        result
    }

    /// Returns the page.
    pub(super) fn page(self) -> Page<A::Row, PlaceCursor> {
        self.rows.page()
    }

    /// Returns how many rows of indexes were looked at.
    #[cfg(test)]
    pub(super) fn looks(&self) -> usize {
        self.rows.looks()
    }
}

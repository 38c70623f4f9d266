//! Where two stores are not the same.

use super::error::StoreError;
use super::ledger::{Difference, Ledger};

impl Ledger {
    /// Tells every key, in order, whose value is not the same in another store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] or [`StoreError::Io`].
    pub fn differences(&self, other: &Self, tell: &mut dyn FnMut(Difference)) -> Result<(), StoreError> {
        let (mut here, mut there) = (self.scan(b""), other.scan(b""));
        let (mut left, mut right) = (here.next().transpose()?, there.next().transpose()?);
        loop {
            let order = match (&left, &right) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((one, _)), Some((other, _))) => one.cmp(other),
            };
            let (mut difference, mut key) = ((None, None), None);
            if order.is_le() {
                let (found, value) = std::mem::replace(&mut left, here.next().transpose()?).unzip();
                (key, difference.0) = (found, value);
            }
            if order.is_ge() {
                let (found, value) = std::mem::replace(&mut right, there.next().transpose()?).unzip();
                (key, difference.1) = (found, value);
            }
            if let (Some(key), (here, there)) = (key, difference)
                && here != there
            {
                tell(Difference { key, here, there });
            }
        }
    }
}

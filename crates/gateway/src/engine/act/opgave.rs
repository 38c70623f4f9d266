//! Whether a statement about a person may be, and whether the CAK is told about a gemeente.

use iwmo_toewijzing::cak::{Opgave, OpgaveFout, Opgaven};
use iwmo_toewijzing::identity::{Bsn, Gemeente};

use super::{ActError, Narrowed};
use crate::engine::plan::may_be_told;
use crate::journal::Chain;
use crate::ledger::{CakStil, EbKeuzes, Persoon, Rows, keys};
use crate::record::{OPGAVE_BYTES_MAX, Verklaring, Wat};

pub(super) fn stated(rows: &impl Rows, chain: Chain, verklaring: &Verklaring) -> Result<Narrowed, ActError> {
    let gemeente = gemeente(chain)?;
    if verklaring.opgave.len() > OPGAVE_BYTES_MAX {
        return Err(ActError::TooLong { what: "the statement", bytes_max: OPGAVE_BYTES_MAX });
    }
    let bsn = Bsn::new(&verklaring.bsn).map_err(|_| ActError::NoBsn)?;
    let opgave = verklaring.opgave().map_err(|_| ActError::NoStatement)?;
    opgave.check()?;
    let before: Opgaven = rows.row(&keys::opgaven(gemeente, &bsn))?.unwrap_or_default();
    let mut after = before.clone();
    after.apply(&opgave)?;
    let persoon: Option<Persoon> = rows.row(&keys::persoon(gemeente, &bsn))?;
    // Whoever is known came with a message; what is stated about nobody known, and what is said to be right, must be right.
    let fails = match &opgave {
        Opgave::Bsn(juist) => !may_be_told(juist),
        _ => persoon.is_none() && !may_be_told(&bsn),
    };
    if fails {
        return Err(ActError::BsnFails);
    }
    let eb = persoon.as_ref().map(|persoon| &persoon.eb);
    let changes = match &opgave {
        Opgave::Vasthouden {} => !eb.is_some_and(|eb| eb.is_vastgehouden()),
        Opgave::Vrijgeven {} => {
            eb.is_some_and(|eb| eb.is_vastgehouden() || eb.handmatig().is_some() || eb.is_oud_ingetrokken())
                || persoon.as_ref().is_some_and(|persoon| persoon.plan_op_us.is_some())
        }
        Opgave::Herplannen {} => persoon.is_some(),
        Opgave::BekendBijCak(_) if eb.is_some_and(|eb| eb.onderweg().is_some()) => {
            return Err(OpgaveFout::Onderweg.into());
        }
        Opgave::BekendBijCak(_) => true,
        Opgave::Bsn(juist) if *juist == bsn => return Err(OpgaveFout::ZelfdeBsn.into()),
        // A price that was stated again is sent again.
        Opgave::Kostprijs(_) => before != after || eb.is_some_and(|eb| eb.is_zonder_kostprijs()),
        _ => before != after,
    };
    Ok(Narrowed {
        wat: changes.then(|| Wat::Opgave { verklaring: verklaring.clone() }),
        gewijzigd: u64::from(changes),
        ongewijzigd: u64::from(!changes),
    })
}

/// Whether telling the CAK about a gemeente can be stopped, or go on.
pub(super) fn traffic(rows: &impl Rows, chain: Chain, wat: &Wat) -> Result<Narrowed, ActError> {
    let row: Option<CakStil> = rows.row(&keys::cak_stil(gemeente(chain)?))?;
    let changes = row.is_some() != matches!(wat, Wat::CakStilleggen);
    Ok(Narrowed {
        wat: changes.then(|| wat.clone()),
        gewijzigd: u64::from(changes),
        ongewijzigd: u64::from(!changes),
    })
}

/// Whether choices about the eigen bijdrage wait to be put in force.
pub(super) fn choices(rows: &impl Rows, chain: Chain) -> Result<Narrowed, ActError> {
    let row: Option<EbKeuzes> = rows.row(&keys::eb_beleid(gemeente(chain)?))?;
    let waits = row.is_some_and(|row| row.voorgesteld.is_some());
    Ok(Narrowed {
        wat: waits.then_some(Wat::CakBeleid),
        gewijzigd: u64::from(waits),
        ongewijzigd: u64::from(!waits),
    })
}

fn gemeente(chain: Chain) -> Result<Gemeente, ActError> {
    let gemeente = Gemeente::new(&chain.to_string()).ok().filter(|_| chain != Chain::NONE);
    gemeente.ok_or(ActError::WrongChain(chain))
}

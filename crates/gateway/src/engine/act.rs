//! Whether an act may be, and what is left of it: asked for a preview, and again in the loop that writes it.

mod opgave;
mod work;

pub(crate) use work::{Settled, agreed_upon, settled};

use std::collections::BTreeSet;

use iwmo_codec::value::Bsn;
use iwmo_toewijzing::cak::OpgaveFout;
use tokio::sync::oneshot;

use super::Engine;
use super::worker::Job;
use crate::engine::OutgoingId;
use crate::journal::{Chain, EntryId};
use crate::ledger::{self, LedgerError, Rows, Stand, Uitgaand, Verzending, keys};
use crate::record::{
    ACT_MESSAGES_MAX, Handeling, OPERATOR_BYTES_MAX, Plek, REASON_BYTES_MAX, Sleutel, Wat, Wie,
};

/// An act to be journalled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The chain it belongs in: that of the gemeente, or [`Chain::NONE`].
    pub chain: Chain,
    /// Who.
    pub wie: Wie,
    /// What is to be changed.
    pub wat: Wat,
    /// Why.
    pub reden: String,
    /// Whether a filter chose the messages: one that meanwhile stands where the act cannot be done is left out then, as the
    /// filter would now; of messages that somebody named, each must fit.
    pub gekozen: bool,
    /// How the request is named, if it came over the API with a key.
    pub sleutel: Option<Sleutel>,
}

/// What an act came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acted {
    /// The entry that records it; none: everything was so already.
    pub entry: Option<EntryId>,
    /// How many things it changed.
    pub gewijzigd: u64,
    /// How many were so already.
    pub ongewijzigd: u64,
    /// The same request was made before; `entry` is that of the first time, and nothing has changed now.
    pub dubbel: bool,
}

/// Why an act was refused. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// No reason was given.
    #[error("an act needs a reason")]
    NoReason,
    /// The reason names a person, and it stays readable when what is about the person is removed.
    #[error(
        "a BSN stands in the reason, or nine digits that could be one (they pass the 11-proef), and a reason is kept readable: leave it out; the number of a toewijzing goes behind its gemeente, as 0222/100101"
    )]
    NamesPerson,
    /// A text is too long.
    #[error("{what} is longer than {bytes_max} bytes")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// The most it may have.
        bytes_max: usize,
    },
    /// It names nothing, or too much.
    #[error("an act names 1 to {ACT_MESSAGES_MAX} messages, and this one {0}")]
    Count(usize),
    /// It stands in the wrong chain.
    #[error("such an act does not belong in chain {0}")]
    WrongChain(Chain),
    /// There is no such outgoing message.
    #[error("there is no outgoing message {0}")]
    NoMessage(OutgoingId),
    /// What the message said about a person was removed.
    #[error("{0} was removed, or a part of it")]
    Removed(OutgoingId),
    /// The outgoing message tells the CAK nothing.
    #[error("{0} is no notification to the CAK")]
    NoNotification(OutgoingId),
    /// Nothing odd was found about the message of this entry, or it was no message.
    #[error("nothing odd is known about {0}")]
    NothingOdd(EntryId),
    /// There is no such toewijzing, or no such agreement: only what no message shows is dealt with by hand.
    #[error("{0} names no deadline that can be dealt with")]
    NoDeadline(String),
    /// The CAK refused a notification, and that is with the person: it is not sent again as it was.
    #[error("{0} was not taken by the CAK: mend the cause and release the person (`iwmo work release`)")]
    NotTaken(OutgoingId),
    /// The CAK answered a notification: it knows what stands in it.
    #[error("{0} was answered by the CAK: it is not sent again")]
    Answered(OutgoingId),
    /// A message stands where the act cannot be done.
    #[error("{id} is {stand}: it cannot be {verb}")]
    Unfit {
        /// The message.
        id: OutgoingId,
        /// Where it stands, in a word.
        stand: &'static str,
        /// What was asked, as a participle.
        verb: &'static str,
    },
    /// The person is not named by a BSN.
    #[error("the BSN is not one: nine digits")]
    NoBsn,
    /// Nobody has this BSN.
    #[error("the BSN fails the 11-proef: nothing about it can be told to the CAK")]
    BsnFails,
    /// The statement is not JSON of the right shape.
    #[error("the statement has another shape than the documentation says")]
    NoStatement,
    /// The statement cannot be.
    #[error(transparent)]
    Opgave(#[from] OpgaveFout),
    /// The key was used before for another request.
    #[error("the idempotency key was used before for another request")]
    KeyReused,
    /// Something stands against removing what is about a person.
    #[error("this stands against it: {0}")]
    Hindered(&'static str),
    /// The store has no keys, so there is nothing to destroy.
    #[error("this store has no keys")]
    NoKeys,
    /// It is recorded, and not completed; it will be.
    #[error("it is recorded and not completed yet: {0}")]
    Unfinished(String),
    /// The store cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The store cannot commit now.
    #[error("the store cannot commit now: {0}")]
    Unavailable(String),
}

/// What an act would do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowed {
    /// What is left when everything that is so already is taken out; none: nothing.
    pub wat: Option<Wat>,
    /// How many things it changes.
    pub gewijzigd: u64,
    /// How many are so already.
    pub ongewijzigd: u64,
}

/// Judges an act against the rows as they are, changing nothing.
///
/// # Errors
///
/// [`ActError`] when it may not be; one thing that may not be refuses the whole.
pub fn narrow(rows: &impl Rows, chain: Chain, wat: &Wat) -> Result<Narrowed, ActError> {
    narrow_to(rows, chain, wat, false)
}

/// As [`narrow`]; of messages that a filter chose, those are left out that it would not choose now.
pub(crate) fn narrow_to(
    rows: &impl Rows,
    chain: Chain,
    wat: &Wat,
    gekozen: bool,
) -> Result<Narrowed, ActError> {
    if let Wat::PartnerVasthouden { partner } | Wat::PartnerVrijgeven { partner } = wat {
        return sending(rows, chain, wat, partner, matches!(wat, Wat::PartnerVasthouden { .. }));
    }
    match wat {
        Wat::CakVrijgeven { meldingen } => return work::released(rows, chain, meldingen),
        Wat::WerkAfgehandeld { entries } => return work::done(rows, chain, entries),
        Wat::Opgave { verklaring } => return opgave::stated(rows, chain, verklaring),
        Wat::TermijnAfgehandeld { termijnen } => return work::met(rows, chain, termijnen),
        // Done already, by who holds the store.
        Wat::SleutelsVernieuwd { .. } | Wat::VerliesAanvaard { .. } if chain == Chain::NONE => {
            return Ok(Narrowed { wat: Some(wat.clone()), gewijzigd: 1, ongewijzigd: 0 });
        }
        Wat::CakBeleid => return opgave::choices(rows, chain),
        Wat::CakStilleggen | Wat::CakHervatten => return opgave::traffic(rows, chain, wat),
        _ => {}
    }
    let asked: BTreeSet<Plek> = wat.berichten().iter().copied().collect();
    if asked.is_empty() || wat.berichten().len() > ACT_MESSAGES_MAX {
        return Err(ActError::Count(wat.berichten().len()));
    }
    if chain == Chain::NONE {
        return Err(ActError::WrongChain(chain));
    }
    let (mut left, mut is_so) = (Vec::with_capacity(asked.len()), 0);
    for plek in &asked {
        let id = OutgoingId { gemeente: chain.code(), seq: plek.seq, index: plek.index };
        let row: Option<Uitgaand> = rows.row(&keys::uitgaand(&id))?;
        let Some(row) = row else { return Err(ActError::NoMessage(id)) };
        if matches!(wat, Wat::UitgaandHerhalen { .. })
            && rows.bytes(&keys::verwijderd(chain.code(), plek.seq)).map_err(LedgerError::from)?.is_some()
        {
            return Err(ActError::Removed(id));
        }
        if matches!(wat, Wat::UitgaandOpnieuw { .. } | Wat::UitgaandHerhalen { .. })
            && let Some(settled) = settled(rows, &id, &row)?
        {
            return Err(match settled {
                Settled::Refused => ActError::NotTaken(id),
                Settled::Answered => ActError::Answered(id),
            });
        }
        match fit(wat, row.stand) {
            Fit::Changes => left.push(*plek),
            Fit::IsSo => is_so += 1,
            Fit::Cannot if gekozen => {}
            Fit::Cannot => {
                return Err(ActError::Unfit { id, stand: row.stand.word(), verb: participle(wat) });
            }
        }
    }
    let (gewijzigd, ongewijzigd) = (left.len() as u64, is_so);
    let wat = (!left.is_empty()).then(|| match wat {
        Wat::UitgaandOpnieuw { .. } => Wat::UitgaandOpnieuw { berichten: left },
        Wat::UitgaandHerhalen { .. } => Wat::UitgaandHerhalen { berichten: left },
        Wat::UitgaandVasthouden { .. } => Wat::UitgaandVasthouden { berichten: left },
        Wat::UitgaandVrijgeven { .. } => Wat::UitgaandVrijgeven { berichten: left },
        Wat::UitgaandAnnuleren { .. } => Wat::UitgaandAnnuleren { berichten: left },
        _ => wat.clone(),
    });
    Ok(Narrowed { wat, gewijzigd, ongewijzigd })
}

fn sending(
    rows: &impl Rows,
    chain: Chain,
    wat: &Wat,
    partner: &str,
    hold: bool,
) -> Result<Narrowed, ActError> {
    if chain != Chain::NONE {
        return Err(ActError::WrongChain(chain));
    }
    if partner.len() > keys::PARTNER_BYTES_MAX {
        return Err(ActError::TooLong { what: "the partner's name", bytes_max: keys::PARTNER_BYTES_MAX });
    }
    let row: Verzending = rows.row(&keys::verzending(partner))?.unwrap_or_default();
    let changes = row.vastgehouden.is_some() != hold;
    let (gewijzigd, ongewijzigd) = (u64::from(changes), u64::from(!changes));
    Ok(Narrowed { wat: changes.then(|| wat.clone()), gewijzigd, ongewijzigd })
}

/// Whether an act on a message can be done where it stands.
pub(crate) enum Fit {
    /// It changes the message.
    Changes,
    /// It is so already.
    IsSo,
    /// It cannot be done.
    Cannot,
}

/// Returns whether an act on outgoing messages can be done on one that stands so.
pub(crate) fn fit(wat: &Wat, stand: Stand) -> Fit {
    match wat {
        // What the next hop has may be lost there.
        Wat::UitgaandOpnieuw { .. } => match stand {
            Stand::Wacht | Stand::Geparkeerd | Stand::Doorgegeven => Fit::Changes,
            Stand::Vastgehouden | Stand::Bezorgd | Stand::Geannuleerd => Fit::Cannot,
        },
        // Asked twice, it goes out once: the first waits still.
        Wat::UitgaandHerhalen { .. } => match stand {
            Stand::Bezorgd | Stand::Doorgegeven | Stand::Geparkeerd => Fit::Changes,
            Stand::Wacht => Fit::IsSo,
            Stand::Vastgehouden | Stand::Geannuleerd => Fit::Cannot,
        },
        Wat::UitgaandVasthouden { .. } => match stand {
            Stand::Wacht | Stand::Geparkeerd => Fit::Changes,
            Stand::Vastgehouden => Fit::IsSo,
            Stand::Doorgegeven | Stand::Bezorgd | Stand::Geannuleerd => Fit::Cannot,
        },
        Wat::UitgaandVrijgeven { .. } => match stand {
            Stand::Vastgehouden => Fit::Changes,
            Stand::Wacht => Fit::IsSo,
            Stand::Geparkeerd | Stand::Doorgegeven | Stand::Bezorgd | Stand::Geannuleerd => Fit::Cannot,
        },
        Wat::UitgaandAnnuleren { .. } => match stand {
            Stand::Wacht | Stand::Geparkeerd | Stand::Vastgehouden => Fit::Changes,
            Stand::Geannuleerd => Fit::IsSo,
            Stand::Doorgegeven | Stand::Bezorgd => Fit::Cannot,
        },
        _ => Fit::Cannot,
    }
}

fn participle(wat: &Wat) -> &'static str {
    match wat {
        Wat::UitgaandOpnieuw { .. } | Wat::UitgaandHerhalen { .. } => "sent again",
        Wat::UitgaandVasthouden { .. } | Wat::PartnerVasthouden { .. } => "held",
        Wat::UitgaandVrijgeven { .. } | Wat::PartnerVrijgeven { .. } => "released",
        Wat::UitgaandAnnuleren { .. } => "cancelled",
        _ => "done",
    }
}

/// Returns what the same request came to before, if its key is bound.
pub(super) fn done_before(rows: &impl Rows, act: &Act) -> Result<Option<Acted>, ActError> {
    let (Some(sleutel), Wie::Token { naam }) = (&act.sleutel, &act.wie) else { return Ok(None) };
    let row: Option<ledger::Sleutel> = rows.row(&keys::sleutel(naam, &sleutel.sleutel))?;
    match row {
        None => Ok(None),
        Some(row) if row.inhoud == sleutel.inhoud => {
            let entry = Chain::new(row.chain).map(|chain| EntryId { chain, seq: row.seq });
            Ok(Some(Acted { entry, dubbel: true, ..Acted::default() }))
        }
        Some(_) => Err(ActError::KeyReused),
    }
}

/// Checks that there is a reason that can be recorded.
pub(crate) fn check_reason(reden: &str) -> Result<(), ActError> {
    if reden.trim().is_empty() {
        return Err(ActError::NoReason);
    }
    if reden.len() > REASON_BYTES_MAX {
        return Err(ActError::TooLong { what: "the reason", bytes_max: REASON_BYTES_MAX });
    }
    if names_person(reden) {
        return Err(ActError::NamesPerson);
    }
    Ok(())
}

/// Returns whether a BSN stands in a text: nine digits that pass the 11-proef, and are not the number of a toewijzing behind
/// its gemeente.
fn names_person(text: &str) -> bool {
    let mut before = None;
    text.split_inclusive(|c: char| !c.is_ascii_digit()).any(|part| {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
        let behind = std::mem::replace(&mut before, part.chars().last());
        behind != Some('/') && digits.parse().is_ok_and(|bsn: Bsn| bsn.passes_eleven_test())
    })
}

impl Act {
    /// Returns the record of this act, as far as it changes something.
    pub(super) fn handeling(self, wat: Wat) -> Handeling {
        Handeling { wie: self.wie, wat, reden: self.reden, sleutel: self.sleutel }
    }

    fn check(&self) -> Result<(), ActError> {
        check_reason(&self.reden)?;
        if let Wie::Operator { naam, namens, .. } = &self.wie {
            let long =
                |name: &Option<String>| name.as_ref().is_some_and(|name| name.len() > OPERATOR_BYTES_MAX);
            if long(naam) || long(namens) {
                return Err(ActError::TooLong { what: "the operator's name", bytes_max: OPERATOR_BYTES_MAX });
            }
        }
        Ok(())
    }
}

impl Engine {
    /// Judges an act in the loop, journals what is left of it, and applies that; durable when it returns. The same act
    /// again changes nothing more.
    ///
    /// # Errors
    ///
    /// [`ActError`] says why not; nothing has changed then.
    pub async fn act(&self, act: Act) -> Result<Acted, ActError> {
        act.check()?;
        let (reply, answer) = oneshot::channel();
        let unavailable = |reason: &str| ActError::Unavailable(reason.to_owned());
        self.submit(Job::Act { act, reply }).map_err(unavailable)?;
        answer.await.unwrap_or_else(|_| Err(unavailable("the gateway is stopping")))
    }
}

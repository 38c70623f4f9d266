//! One way to get from the standing to the wanted periods: a matching, and the commands it takes.

use super::command::{EbStartNummer, Opdracht};
use super::layers::EbBeleid;
use super::months::Maanden;
use super::simulate::Staand;
use super::wanted::Periode;

/// Which standing period becomes which wanted one, in order of date.
pub(super) struct Matching {
    pub(super) pairs: Vec<(usize, usize)>,
}

impl Matching {
    pub(super) fn unmatched(&self, standing: usize) -> Vec<usize> {
        (0..standing).filter(|index| self.pairs.iter().all(|(known, _)| known != index)).collect()
    }
}

/// Every order-preserving partial matching. Both counts are below 32; the planner compares far fewer.
pub(super) fn matchings(standing: usize, goal: usize) -> impl Iterator<Item = Matching> {
    let bits = |mask: u32| (0..u32::BITS as usize).filter(move |bit| mask & (1 << bit) != 0);
    (0..1_u32 << standing).flat_map(move |known| {
        (0..1_u32 << goal)
            .filter(move |wanted| wanted.count_ones() == known.count_ones())
            .map(move |wanted| Matching { pairs: bits(known).zip(bits(wanted)).collect() })
    })
}

/// What makes one row of commands better than another; less is better.
pub(super) type Cost = (usize, usize, usize, usize);

/// One way to get from the standing to the wanted periods.
pub(super) struct Proposal<'a> {
    pub(super) standing: &'a [Staand],
    pub(super) goal: &'a [Periode],
    pub(super) matching: &'a Matching,
    pub(super) numbers: &'a [EbStartNummer],
    pub(super) beleid: &'a EbBeleid,
}

impl Proposal<'_> {
    /// Returns the commands, or `None` when the variant says nothing the plain one does not say.
    ///
    /// Bit n of `variant` chooses the other way to be rid of the n-th unmatched period.
    pub(super) fn commands(&self, unmatched: &[usize], variant: u32) -> Option<(Cost, Vec<Opdracht>)> {
        let mut commands = Vec::new();
        let mut variants = 0;
        // (a) what is not wanted, newest first.
        for (bit, &index) in unmatched.iter().enumerate().rev() {
            let other_way = variant & (1 << bit) != 0;
            variants += usize::from(other_way);
            let last = index + 1 == self.standing.len();
            get_rid(self.beleid, &self.standing[index], (other_way, last), &mut commands)?;
        }
        // (b) end points that move later, from last to first.
        for &(known, wanted) in self.matching.pairs.iter().rev() {
            let (known, wanted) = (&self.standing[known], &self.goal[wanted]);
            match (known.stop, wanted.eind) {
                (Some(stop), None) => {
                    commands.push(Opdracht::VerwijderStop { nummer: known.nummer, datum: stop });
                }
                (Some(stop), Some(eind)) if eind > stop => {
                    commands.push(Opdracht::WijzigStop { nummer: known.nummer, datum: eind });
                }
                _ => {}
            }
            if wanted.start > known.start {
                commands.push(change_start(known, wanted));
            }
        }
        // (c) end points that move earlier, from first to last.
        for &(known, wanted) in &self.matching.pairs {
            let (known, wanted) = (&self.standing[known], &self.goal[wanted]);
            let start_earlier = wanted.start < known.start;
            if start_earlier || (wanted.start == known.start && wanted.kostprijs != known.kostprijs) {
                commands.push(change_start(known, wanted));
            }
            match (known.stop, wanted.eind) {
                (None, Some(eind)) => commands.push(Opdracht::MeldStop { nummer: known.nummer, datum: eind }),
                (Some(stop), Some(eind)) if eind < stop => {
                    commands.push(Opdracht::WijzigStop { nummer: known.nummer, datum: eind });
                }
                _ => {}
            }
        }
        // (d) what is new. A period without a month is not worth a message, unless policy says so.
        let mut numbers = self.numbers.iter();
        let mut unmatched_empty = 0;
        for (index, wanted) in self.goal.iter().enumerate() {
            if self.matching.pairs.iter().any(|(_, matched)| *matched == index) {
                continue;
            }
            let silent = !self.beleid.op(wanted.start).nulmaanden_melden;
            if silent && Maanden::under(self.beleid, [(wanted.start, wanted.eind)]).is_empty() {
                unmatched_empty += 1;
                continue;
            }
            let nummer = *numbers.next()?;
            commands.push(Opdracht::MeldStart { nummer, datum: wanted.start, kostprijs: wanted.kostprijs });
            if let Some(eind) = wanted.eind {
                commands.push(Opdracht::MeldStop { nummer, datum: eind });
            }
        }
        let mut touched: Vec<EbStartNummer> = commands.iter().map(Opdracht::nummer).collect();
        touched.sort();
        touched.dedup();
        Some(((commands.len(), variants, touched.len(), unmatched_empty), commands))
    }
}

fn change_start(known: &Staand, wanted: &Periode) -> Opdracht {
    Opdracht::WijzigStart { nummer: known.nummer, datum: wanted.start, kostprijs: wanted.kostprijs }
}

/// Takes back a period; `other_way` is to leave it standing without a month, for one that cannot be deleted because
/// another follows it or the CAK keeps its stop. `None`: there is no other way.
fn get_rid(
    beleid: &EbBeleid,
    known: &Staand,
    (other_way, last): (bool, bool),
    commands: &mut Vec<Opdracht>,
) -> Option<()> {
    let Staand { nummer, start, kostprijs, stop, stop_blijft, .. } = *known;
    let empty = is_empty(beleid, known);
    match (stop, empty, other_way) {
        (None, _, true) => return None,
        (Some(_), false, true) if last && !stop_blijft => return None,
        (None, _, false) => commands.push(Opdracht::VerwijderStart { nummer, datum: start, kostprijs }),
        // Neutralised before: nothing is charged, so the plain way is to let it stand.
        (Some(_), true, false) => {}
        (Some(stop), true, true) | (Some(stop), false, false) => {
            commands.push(Opdracht::VerwijderStop { nummer, datum: stop });
            commands.push(Opdracht::VerwijderStart { nummer, datum: start, kostprijs });
        }
        (Some(stop), false, true) => {
            // A stop on day 1 charges its month, so it moves a day; the start must never pass it on the way.
            let last = if stop.day() == 1 { stop.yesterday().ok()? } else { stop };
            let move_start = Opdracht::WijzigStart { nummer, datum: last, kostprijs };
            if last == stop {
                commands.push(move_start);
            } else {
                let move_stop = Opdracht::WijzigStop { nummer, datum: last };
                if start <= last {
                    commands.extend([move_stop, move_start]);
                } else {
                    commands.extend([move_start, move_stop]);
                }
            }
        }
    }
    Some(())
}

/// True for a stopped period that charges no month.
pub(super) fn is_empty(beleid: &EbBeleid, period: &Staand) -> bool {
    Maanden::under(beleid, [(period.start, period.stop)]).is_empty()
}

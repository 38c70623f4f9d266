//! From what the CAK has to what it should have (section 9.4 of the iEb description, release 1.0).
//!
//! A start is open until its stop is accepted, and a start cannot be deleted under a stop, so matching periods by
//! date breaks the invariants on the way. Therefore every order-preserving matching of standing with wanted periods
//! is tried: its commands are executed on a copy of the record under the rules of the CAK, and of the rows of
//! commands that hold and end in the wanted months the shortest is taken.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::months::Maanden;
use super::policy::{EbBeleid, RetroBeleid, Vensters};
use super::record::{EbDossier, EbStartNummer, Opdracht};
use super::retour::Handmatig;
use super::simulate::{Staand, Stand, Window};
use super::wanted::Periode;

/// The greatest number of periods on either side that are compared with each other; more is for a person.
const PERIODEN_MAX: usize = 6;

/// How often the same command may be refused before a person must look (6.2).
const WEIGERINGEN_MAX: usize = 2;

/// What to tell the CAK now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Plan {
    /// Nothing: the CAK has what it should have, as far as a message may reach today.
    Niets,
    /// Something, but not now.
    Wachten(Wachtreden),
    /// Send the first step. The others follow if nothing changes until then; they are not to be kept.
    Sturen {
        /// The commands in order, at least one.
        stappen: Vec<Stap>,
        /// A start was moved to the limit of a first delivery (P17).
        geknipt: bool,
    },
    /// A person must decide. Deadlines keep running.
    Handmatig(Handmatig),
}

/// Why a plan waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wachtreden {
    /// A message about this person is under way (OP080).
    Onderweg,
    /// The same start or stop was changed today already (OP325).
    EenWijzigingPerDag,
    /// The CAK found the date too far ahead today (9115).
    TeVroeg,
}

/// One command of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stap {
    /// The command.
    pub opdracht: Opdracht,
    /// It takes a number from the counter: the counter moves on when the command is journalled.
    pub uit_teller: bool,
}

/// Plans what to tell the CAK about a person.
///
/// `wanted` are the periods of [`super::wanted`]; `volgend` is the number the counter of the gemeente gives next.
#[must_use]
pub fn plan(
    dossier: &EbDossier,
    wanted: &[Periode],
    beleid: &EbBeleid,
    today: Date,
    volgend: EbStartNummer,
) -> Plan {
    if let Some(reason) = dossier.handmatig {
        return Plan::Handmatig(reason);
    }
    // OP080: one message in flight per person.
    if dossier.onderweg().is_some() {
        return Plan::Wachten(Wachtreden::Onderweg);
    }
    let planner = Planner { dossier, vensters: &beleid.vensters, today, volgend };
    let goal = planner.goal(wanted, beleid.retro);
    let found = match planner.search(&goal) {
        Ok(Some(commands)) => Ok((commands, false)),
        Ok(None) if beleid.retro == RetroBeleid::Knip => planner
            .search(&planner.clamped(&goal))
            .and_then(|commands| commands.map(|commands| (commands, true)).ok_or(Handmatig::GeenPlan)),
        Ok(None) => Err(Handmatig::GeenPlan),
        Err(reason) => Err(reason),
    };
    match found {
        Ok((commands, geknipt)) => planner.decide(commands, geknipt),
        Err(reason) => Plan::Handmatig(reason),
    }
}

struct Planner<'a> {
    dossier: &'a EbDossier,
    vensters: &'a Vensters,
    today: Date,
    volgend: EbStartNummer,
}

impl Planner<'_> {
    fn window(&self) -> Window {
        Window { dagtekening: self.today, toekomst: self.vensters.toekomst }
    }

    /// What of the wanted periods can be told today.
    fn goal(&self, wanted: &[Periode], retro: RetroBeleid) -> Vec<Periode> {
        let standing = Stand::new(self.dossier).perioden().to_vec();
        let window = self.window();
        let mut goal = Vec::new();
        for period in wanted {
            let mut period = *period;
            if self.dossier.zonder_kostprijs {
                period.kostprijs = None;
            }
            // 8.5: what lies too far ahead waits, unless the CAK has it already.
            if window.is_ahead(period.start) && !standing.iter().any(|known| known.start == period.start) {
                continue;
            }
            if let Some(eind) = period.eind
                && window.is_ahead(eind)
                && !standing.iter().any(|known| known.stop == Some(eind))
            {
                period.eind = None;
            }
            if retro == RetroBeleid::Knip
                && let Some(start) = self.clamped_before(&standing, &period)
            {
                period.start = start;
            }
            goal.extend(split_at_fixed_stops(period, &standing));
        }
        goal
    }

    /// P17: a start that was moved to the limit stays there, although a change may reach further back.
    fn clamped_before(&self, standing: &[Staand], period: &Periode) -> Option<Date> {
        let months = self.vensters.start_eerste?;
        let known = standing
            .iter()
            .find(|known| period.start < known.start && period.eind.is_none_or(|eind| known.start <= eind))?;
        let first = self.dossier.berichten().iter().find(|bericht| {
            matches!(bericht.opdracht, Opdracht::MeldStart { nummer, .. } if nummer == known.nummer)
        })?;
        let window = Window { dagtekening: first.dagtekening, toekomst: self.vensters.toekomst };
        (first.opdracht.datum() == known.start && window.earliest(months) == known.start)
            .then_some(known.start)
    }

    /// P17: moves starts that a first delivery cannot reach to the limit.
    fn clamped(&self, goal: &[Periode]) -> Vec<Periode> {
        let Some(months) = self.vensters.start_eerste else { return goal.to_vec() };
        let earliest = self.window().earliest(months);
        let standing = Stand::new(self.dossier).perioden().to_vec();
        goal.iter()
            .filter_map(|period| {
                let known = standing.iter().any(|known| known.start == period.start);
                let start = if known { period.start } else { period.start.max(earliest) };
                period.eind.is_none_or(|eind| start <= eind).then_some(Periode { start, ..*period })
            })
            .collect()
    }

    /// Returns the shortest row of commands that leads to the goal, if there is one.
    fn search(&self, goal: &[Periode]) -> Result<Option<Vec<Opdracht>>, Handmatig> {
        let stand = Stand::new(self.dossier);
        let standing = stand.perioden().to_vec();
        let (known, told) = equal_prefix(&standing, goal);
        let found = self.search_from(&standing[known..], &goal[told..], goal)?;
        match found {
            None if known > 0 && standing.len().max(goal.len()) <= PERIODEN_MAX => {
                self.search_from(&standing, goal, goal)
            }
            found => Ok(found),
        }
    }

    fn search_from(
        &self,
        standing: &[Staand],
        goal: &[Periode],
        whole_goal: &[Periode],
    ) -> Result<Option<Vec<Opdracht>>, Handmatig> {
        if standing.len() > PERIODEN_MAX || goal.len() > PERIODEN_MAX {
            return Err(Handmatig::TeVeelPerioden);
        }
        let months = Maanden::of(whole_goal.iter().map(|period| (period.start, period.eind)));
        let mut numbers = self.numbers(goal.len())?;
        numbers.truncate(goal.len());
        let base = Stand::new(self.dossier);
        let mut best: Option<(Cost, Vec<Opdracht>)> = None;
        for matching in matchings(standing.len(), goal.len()) {
            let unmatched = matching.unmatched(standing.len());
            for variant in 0..1_u32 << unmatched.len() {
                let proposal = Proposal { standing, goal, matching: &matching, numbers: &numbers };
                let Some((cost, commands)) = proposal.commands(&unmatched, variant) else { continue };
                if best.as_ref().is_some_and(|(least, _)| *least <= cost) {
                    continue;
                }
                let mut stand = base.clone();
                let holds = commands.iter().all(|command| stand.execute(command, self.today, self.vensters));
                if holds && stand.maanden() == months {
                    best = Some((cost, commands));
                }
            }
        }
        Ok(best.map(|(_, commands)| commands))
    }

    /// The numbers that new starts may take: those the CAK never received, then the counter's.
    fn numbers(&self, count: usize) -> Result<Vec<EbStartNummer>, Handmatig> {
        let mut numbers = self.dossier.herbruikbaar();
        let mut next = Some(self.volgend);
        for _ in 0..count {
            let number = next.ok_or(Handmatig::NummersOp)?;
            numbers.push(number);
            next = number.next();
        }
        Ok(numbers)
    }

    fn decide(&self, commands: Vec<Opdracht>, geknipt: bool) -> Plan {
        let Some(first) = commands.first() else { return Plan::Niets };
        let sent = self.dossier.berichten();
        // OP325: no two changes of one start or stop on one day.
        let changed_today = first.status_aanlevering() == 2
            && sent.iter().any(|bericht| {
                bericht.dagtekening == self.today
                    && bericht.opdracht.status_aanlevering() == 2
                    && bericht.opdracht.nummer() == first.nummer()
                    && bericht.opdracht.onderdeel() == first.onderdeel()
                    && bericht.uitkomst.as_ref().is_some_and(|outcome| outcome.aanvaard)
            });
        if changed_today {
            return Plan::Wachten(Wachtreden::EenWijzigingPerDag);
        }
        let refusals: Vec<_> = sent
            .iter()
            .skip(self.dossier.vrijgegeven_vanaf)
            .filter(|bericht| bericht.opdracht == *first)
            .filter_map(|bericht| bericht.uitkomst.as_ref().map(|outcome| (bericht, outcome)))
            .filter(|(_, outcome)| !outcome.aanvaard)
            .collect();
        let too_early = refusals.last().is_some_and(|(bericht, outcome)| {
            bericht.dagtekening == self.today && outcome.codes.iter().any(|code| code.as_str() == "9115")
        });
        if too_early {
            return Plan::Wachten(Wachtreden::TeVroeg);
        }
        if refusals.len() >= WEIGERINGEN_MAX {
            return Plan::Handmatig(Handmatig::TweemaalGeweigerd);
        }
        let uit_teller = |opdracht: &Opdracht| {
            matches!(opdracht, Opdracht::MeldStart { .. }) && opdracht.nummer() >= self.volgend
        };
        let stappen =
            commands.iter().map(|&opdracht| Stap { uit_teller: uit_teller(&opdracht), opdracht }).collect();
        Plan::Sturen { stappen, geknipt }
    }
}

/// 9.6: where the CAK would not delete a stop, the same months come from a new period that follows it.
fn split_at_fixed_stops(period: Periode, standing: &[Staand]) -> Vec<Periode> {
    let mut parts = Vec::new();
    let mut rest = period;
    let fixed = standing.iter().filter(|known| known.stop_blijft).filter_map(|known| known.stop);
    for stop in fixed {
        let Ok(next) = stop.tomorrow() else { continue };
        if rest.start <= stop && rest.eind.is_none_or(|eind| eind >= next) {
            parts.push(Periode { eind: Some(stop), ..rest });
            rest.start = next;
        }
    }
    parts.push(rest);
    parts
}

/// How many periods at the front need no command: those that are as wanted, and those between them that charge nothing.
fn equal_prefix(standing: &[Staand], goal: &[Periode]) -> (usize, usize) {
    let (mut known, mut told) = (0, 0);
    while let Some(period) = standing.get(known) {
        let wanted = goal.get(told);
        if wanted.is_some_and(|wanted| same(period, wanted)) {
            told += 1;
        } else if !is_empty(period) || wanted.is_some_and(|next| period.stop >= Some(next.start)) {
            break;
        }
        known += 1;
    }
    (known, told)
}

/// True for a stopped period that charges no month.
fn is_empty(period: &Staand) -> bool {
    Maanden::of([(period.start, period.stop)]).is_empty()
}

fn same(known: &Staand, period: &Periode) -> bool {
    known.start == period.start && known.stop == period.eind && known.kostprijs == period.kostprijs
}

/// Which standing period becomes which wanted one, in order of date.
struct Matching {
    pairs: Vec<(usize, usize)>,
}

impl Matching {
    fn unmatched(&self, standing: usize) -> Vec<usize> {
        (0..standing).filter(|index| self.pairs.iter().all(|(known, _)| known != index)).collect()
    }
}

/// Every order-preserving partial matching. Both counts are at most [`PERIODEN_MAX`].
fn matchings(standing: usize, goal: usize) -> impl Iterator<Item = Matching> {
    let bits = |mask: u32| (0..u32::BITS as usize).filter(move |bit| mask & (1 << bit) != 0);
    (0..1_u32 << standing).flat_map(move |known| {
        (0..1_u32 << goal)
            .filter(move |wanted| wanted.count_ones() == known.count_ones())
            .map(move |wanted| Matching { pairs: bits(known).zip(bits(wanted)).collect() })
    })
}

/// What makes one row of commands better than another; less is better.
type Cost = (usize, usize, usize, usize);

/// One way to get from the standing to the wanted periods.
struct Proposal<'a> {
    standing: &'a [Staand],
    goal: &'a [Periode],
    matching: &'a Matching,
    numbers: &'a [EbStartNummer],
}

impl Proposal<'_> {
    /// Returns the commands, or `None` when the variant says nothing the plain one does not say.
    ///
    /// Bit n of `variant` chooses the other way to be rid of the n-th unmatched period.
    fn commands(&self, unmatched: &[usize], variant: u32) -> Option<(Cost, Vec<Opdracht>)> {
        let mut commands = Vec::new();
        let mut variants = 0;
        // (a) what is not wanted, newest first.
        for (bit, &index) in unmatched.iter().enumerate().rev() {
            let other_way = variant & (1 << bit) != 0;
            variants += usize::from(other_way);
            get_rid(&self.standing[index], other_way, index + 1 == self.standing.len(), &mut commands)?;
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
        // (d) what is new. A period without a month is not worth a message.
        let mut numbers = self.numbers.iter();
        let mut unmatched_empty = 0;
        for (index, wanted) in self.goal.iter().enumerate() {
            if self.matching.pairs.iter().any(|(_, matched)| *matched == index) {
                continue;
            }
            if Maanden::of([(wanted.start, wanted.eind)]).is_empty() {
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
fn get_rid(known: &Staand, other_way: bool, last: bool, commands: &mut Vec<Opdracht>) -> Option<()> {
    let Staand { nummer, start, kostprijs, stop, stop_blijft } = *known;
    let empty = is_empty(known);
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

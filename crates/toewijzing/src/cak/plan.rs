//! From what the CAK has to what it should have (section 9.4 of the iEb description, release 1.0).
//!
//! A start is open until its stop is accepted, and a start cannot be deleted under a stop, so matching periods by
//! date breaks the invariants on the way. Therefore every order-preserving matching of standing with wanted periods
//! is tried: its commands are executed on a copy of the record under the rules of the CAK, and of the rows of
//! commands that hold and end in the wanted months the shortest is taken.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::command::{EbStartNummer, Opdracht};
use super::kostprijs::carried_on;
use super::layers::EbBeleid;
use super::months::{Maanden, shift_months};
use super::policy::{RetroBeleid, Vensters};
use super::proposal::{Cost, Proposal, is_empty, matchings};
use super::record::EbDossier;
use super::retour::Handmatig;
use super::simulate::{Staand, Stand, Window};
use super::wanted::Periode;
use crate::identity::Retourcode;

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
    /// A person holds it back (9.7).
    Vastgehouden,
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
    if dossier.vastgehouden {
        return Plan::Wachten(Wachtreden::Vastgehouden);
    }
    let regels = beleid.op(today);
    let planner = Planner { dossier, beleid, vensters: &regels.vensters, today, volgend };
    let goal = planner.goal(wanted, regels.retro);
    let found = match planner.search(&goal) {
        Ok(Some(commands)) => Ok((commands, false)),
        Ok(None) if regels.retro == RetroBeleid::Knip => planner
            .search(&planner.clamped(&goal))
            .and_then(|commands| commands.map(|commands| (commands, true)).ok_or(Handmatig::GeenPlan)),
        Ok(None) => Err(planner.unreachable(&goal)),
        Err(reason) => Err(reason),
    };
    match found {
        Ok((commands, geknipt)) => planner.decide(commands, geknipt),
        Err(reason) => Plan::Handmatig(reason),
    }
}

/// Returns whether a date lies so far ahead on a day that the CAK is told of it later (8.5).
#[must_use]
pub fn is_told_later(beleid: &EbBeleid, today: Date, datum: Date) -> bool {
    Window { dagtekening: today, toekomst: beleid.op(today).vensters.toekomst }.is_ahead(datum)
}

struct Planner<'a> {
    dossier: &'a EbDossier,
    beleid: &'a EbBeleid,
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
                period = self.begun_on(period, start);
            }
            goal.extend(self.split_at_fixed_stops(period, &standing));
        }
        goal
    }

    /// P17: a start that was moved to the limit stays there, although a change may reach further back.
    fn clamped_before(&self, standing: &[Staand], period: &Periode) -> Option<Date> {
        let known = standing
            .iter()
            .find(|known| period.start < known.start && period.eind.is_none_or(|eind| known.start <= eind))?;
        let first = self.dossier.berichten().iter().find(|bericht| {
            matches!(bericht.opdracht, Opdracht::MeldStart { nummer, .. } if nummer == known.nummer)
        })?;
        let then = &self.beleid.op(first.dagtekening).vensters;
        let window = Window { dagtekening: first.dagtekening, toekomst: then.toekomst };
        let months = then.start_eerste?;
        (first.opdracht.datum() == known.start && window.earliest(months) == known.start)
            .then_some(known.start)
    }

    /// Why nothing can be told: because a start that the CAK knows nothing of lies further back than a first delivery may reach
    /// (P17), or for more than that.
    fn unreachable(&self, goal: &[Periode]) -> Handmatig {
        let standing = Stand::new(self.dossier).perioden().to_vec();
        let is_known = |period: &Periode| {
            standing.iter().any(|known| {
                period.eind.is_none_or(|eind| known.start <= eind)
                    && known.stop.is_none_or(|stop| period.start <= stop)
            })
        };
        let too_far_back = self.vensters.start_eerste.is_some_and(|months| {
            let earliest = self.window().earliest(months);
            goal.iter().any(|period| period.start < earliest && !is_known(period))
        });
        if too_far_back && matches!(self.search(&self.clamped(goal)), Ok(Some(_))) {
            Handmatig::TeVerTerug
        } else {
            Handmatig::GeenPlan
        }
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
                period.eind.is_none_or(|eind| start <= eind).then(|| self.begun_on(*period, start))
            })
            .collect()
    }

    /// Returns the shortest row of commands that leads to the goal, if there is one.
    fn search(&self, goal: &[Periode]) -> Result<Option<Vec<Opdracht>>, Handmatig> {
        let stand = Stand::new(self.dossier);
        let standing = stand.perioden().to_vec();
        if !self.may_revise(&standing, goal) {
            return Ok(None);
        }
        let (known, told) = equal_prefix(self.beleid, &standing, goal);
        let (from, to) = (&standing[known..], &goal[told..]);
        if from.len().max(to.len()) > PERIODEN_MAX {
            let (from, to) = without_equal_end(from, to);
            let found = self.search_from(&from, &to, goal)?;
            // To compare all might have found a way.
            return found.map(Some).ok_or(Handmatig::TeVeelPerioden);
        }
        let found = self.search_from(from, to, goal)?;
        match found {
            None if known > 0 && standing.len().max(goal.len()) <= PERIODEN_MAX => {
                self.search_from(&standing, goal, goal)
            }
            found => Ok(found),
        }
    }

    /// UVB 3.6: how far back a revision may charge, and how far anything may be refunded. A period that shares no day with one
    /// that stands is no revision: its start is a first delivery, which has its own limit.
    fn may_revise(&self, standing: &[Staand], goal: &[Periode]) -> bool {
        if self.vensters.heffen.or(self.vensters.terugbetalen).is_none() {
            return true;
        }
        let within = |limit: Option<u8>, day: Option<Date>| {
            let earliest = |months: u8| shift_months(self.today, -i32::from(months)).first_of_month();
            limit.zip(day).is_none_or(|(months, day)| earliest(months) <= day)
        };
        let stands = Maanden::under(self.beleid, standing.iter().map(|known| (known.start, known.stop)));
        let wanted = Maanden::under(self.beleid, goal.iter().map(|period| (period.start, period.eind)));
        let revised = goal.iter().filter(|period| {
            standing.iter().any(|known| {
                period.eind.is_none_or(|eind| known.start <= eind)
                    && known.stop.is_none_or(|stop| period.start <= stop)
            })
        });
        let revised = Maanden::under(self.beleid, revised.map(|period| (period.start, period.eind)));
        within(self.vensters.heffen, revised.first_beyond(&stands))
            && within(self.vensters.terugbetalen, stands.first_beyond(&wanted))
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
        let months = Maanden::under(self.beleid, whole_goal.iter().map(|period| (period.start, period.eind)));
        let mut numbers = self.numbers(goal.len())?;
        numbers.truncate(goal.len());
        let base = Stand::new(self.dossier);
        let mut best: Option<(Cost, Vec<Opdracht>)> = None;
        for matching in matchings(standing.len(), goal.len()) {
            let unmatched = matching.unmatched(standing.len());
            for variant in 0..1_u32 << unmatched.len() {
                let proposal =
                    Proposal { standing, goal, matching: &matching, numbers: &numbers, beleid: self.beleid };
                let Some((cost, commands)) = proposal.commands(&unmatched, variant) else { continue };
                if best.as_ref().is_some_and(|(least, _)| *least <= cost) {
                    continue;
                }
                let mut stand = base.clone();
                let holds = commands.iter().all(|command| stand.execute(command, self.today, self.vensters));
                if holds && stand.maanden(self.beleid) == months {
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
            // S300 says nothing of the command, and what stopped because of it goes on when a person says so.
            .filter(|(_, outcome)| !outcome.codes.contains(&Retourcode::GEMEENTE_ONBEKEND))
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

    /// 9.6: where the CAK would not delete a stop, the same months come from a new period that follows it.
    fn split_at_fixed_stops(&self, period: Periode, standing: &[Staand]) -> Vec<Periode> {
        let mut parts = Vec::new();
        let mut rest = period;
        let fixed = standing.iter().filter(|known| known.stop_blijft).filter_map(|known| known.stop);
        for stop in fixed {
            let Ok(next) = stop.tomorrow() else { continue };
            if rest.start <= stop && rest.eind.is_none_or(|eind| eind >= next) {
                parts.push(Periode { eind: Some(stop), ..rest });
                rest = self.begun_on(rest, next);
            }
        }
        parts.push(rest);
        parts
    }

    /// A period from a later day on; of its price what is then left (2.6).
    fn begun_on(&self, period: Periode, start: Date) -> Periode {
        let kostprijs = period.kostprijs.and_then(|price| carried_on(self.beleid, price, start));
        Periode { start, kostprijs, ..period }
    }
}

/// How many periods at the front need no command: those that are as wanted, and those between them that charge nothing.
fn equal_prefix(beleid: &EbBeleid, standing: &[Staand], goal: &[Periode]) -> (usize, usize) {
    let (mut known, mut told) = (0, 0);
    while let Some(period) = standing.get(known) {
        let wanted = goal.get(told);
        if wanted.is_some_and(|wanted| same(period, wanted)) {
            told += 1;
        } else if !is_empty(beleid, period) || wanted.is_some_and(|next| period.stop >= Some(next.start)) {
            break;
        }
        known += 1;
    }
    (known, told)
}

/// The periods that are left when those are taken out that are as wanted at the end; not the last one while it is open: it
/// must make room for a new start (OP291).
fn without_equal_end(standing: &[Staand], goal: &[Periode]) -> (Vec<Staand>, Vec<Periode>) {
    let (mut standing, mut goal) = (standing.to_vec(), goal.to_vec());
    let open = match (standing.last(), goal.last()) {
        (Some(known), Some(wanted)) if known.stop.is_none() && same(known, wanted) => {
            standing.pop().zip(goal.pop())
        }
        _ => None,
    };
    while let (Some(known), Some(wanted)) = (standing.last(), goal.last())
        && same(known, wanted)
    {
        standing.pop();
        goal.pop();
    }
    if let Some((known, wanted)) = open {
        standing.push(known);
        goal.push(wanted);
    }
    (standing, goal)
}

fn same(known: &Staand, period: &Periode) -> bool {
    known.start == period.start && known.stop == period.eind && known.kostprijs == period.kostprijs
}

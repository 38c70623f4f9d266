//! Changes to outgoing messages: which are meant, and what becomes of them.

use std::collections::BTreeMap;

use iwmo_toewijzing::identity::Gemeente;
use serde::{Deserialize, Serialize};

use super::{Groep, Plan, Refused, Summary};
use crate::engine::{Fit, OutgoingId, fit, narrow, settled};
use crate::journal::{Chain, EntryId};
use crate::ledger::{Rows, Stand, Uitgaand, keys};
use crate::record::{ACT_MESSAGES_MAX, Plek, Wat};
use crate::store::Ledger;
use crate::view::{Words, outgoing_id};

/// What becomes of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutboxVerb {
    /// Sent again at once.
    Opnieuw,
    /// Not sent until released.
    Vasthouden,
    /// Sent again.
    Vrijgeven,
    /// Never sent.
    Annuleren,
    /// Sent once more, although it was delivered.
    Herhalen,
}

impl OutboxVerb {
    fn wat(self, berichten: Vec<Plek>) -> Wat {
        match self {
            Self::Opnieuw => Wat::UitgaandOpnieuw { berichten },
            Self::Vasthouden => Wat::UitgaandVasthouden { berichten },
            Self::Vrijgeven => Wat::UitgaandVrijgeven { berichten },
            Self::Annuleren => Wat::UitgaandAnnuleren { berichten },
            Self::Herhalen => Wat::UitgaandHerhalen { berichten },
        }
    }

    /// The outgoing messages that a name means: one; where what was sent is to be sent again, all of an entry as well.
    fn meant(self, ledger: &Ledger, name: &str) -> Result<Vec<OutgoingId>, Refused> {
        if let Some(id) = outgoing_id(name) {
            return Ok(vec![id]);
        }
        let Some(entry) = name.parse::<EntryId>().ok().filter(|_| self == Self::Herhalen) else {
            return Err(Refused::new(format!("{name:?} names no outgoing message"))
                .advice("a message is named as GEMEENTE:SEQ/N, for example 0222:17/0; `iwmo outbox list`"));
        };
        let mut found = Vec::new();
        for row in ledger.scan(&keys::uitgaand_van_entry(entry.chain.code(), entry.seq)) {
            let (key, _) = row.map_err(|error| Refused::new(error.to_string()))?;
            found.extend(keys::uitgaand_id(&key));
        }
        if found.is_empty() {
            return Err(Refused::new(format!("nothing was sent because of {entry}"))
                .advice("`iwmo outbox list --all` shows every message"));
        }
        Ok(found)
    }

    /// Whether a message is meant when it was not named but chosen by filters: those that the verb changes, and of
    /// sending again only those whose sending failed.
    fn chooses(self, row: &Uitgaand) -> Chosen {
        let failed = row.stand == Stand::Geparkeerd || row.stand == Stand::Wacht && row.pogingen > 0;
        if self == Self::Opnieuw && !failed {
            return Chosen::No;
        }
        match fit(&self.wat(Vec::new()), row.stand) {
            Fit::Changes => Chosen::Yes,
            Fit::IsSo => Chosen::IsSo,
            Fit::Cannot => Chosen::No,
        }
    }
}

enum Chosen {
    Yes,
    IsSo,
    No,
}

/// A change to outgoing messages: those named, or all that the filters let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutboxChange {
    /// What becomes of them.
    pub verb: OutboxVerb,
    /// Names of messages, `GEMEENTE:SEQ/N`; none: the filters choose.
    #[serde(default)]
    pub berichten: Vec<String>,
    /// Only of these gemeenten; none: all.
    #[serde(default)]
    pub gemeenten: Option<Vec<String>>,
    /// Only to this partner.
    #[serde(default)]
    pub partner: Option<String>,
    /// Only of this kind, as `WMO306`.
    #[serde(default)]
    pub bericht: Option<String>,
    /// Only those that stand so.
    #[serde(default)]
    pub stand: Option<String>,
}

impl OutboxChange {
    pub(super) fn plan(&self, ledger: &Ledger) -> Result<Plan, Refused> {
        let mut found = Found::default();
        if self.berichten.is_empty() {
            self.choose(ledger, &mut found)?;
        } else {
            self.named(ledger, &mut found)?;
        }
        Ok(found.plan(self.verb))
    }

    /// The messages that are named; one that cannot be meant refuses the whole.
    fn named(&self, ledger: &Ledger, found: &mut Found) -> Result<(), Refused> {
        let mut asked: BTreeMap<Chain, Vec<Plek>> = BTreeMap::new();
        let mut ids = Vec::new();
        for name in &self.berichten {
            ids.extend(self.verb.meant(ledger, name)?);
        }
        for id in ids {
            let row: Option<Uitgaand> = ledger.row(&keys::uitgaand(&id))?;
            let Some(row) = row.filter(|row| self.takes(&id, row)) else {
                return Err(Refused::new(format!("there is no such outgoing message: {id}"))
                    .advice("`iwmo outbox list --all` shows every message"));
            };
            let chain = Chain::new(id.gemeente).unwrap_or(Chain::NONE);
            let places = asked.entry(chain).or_default();
            let plek = Plek { seq: id.seq, index: id.index };
            if !places.contains(&plek) {
                places.push(plek);
                found.seen.insert(id, row);
            }
        }
        for (chain, places) in asked {
            for berichten in places.chunks(ACT_MESSAGES_MAX) {
                let narrowed = narrow(ledger, chain, &self.verb.wat(berichten.to_vec()))?;
                found.is_so += narrowed.ongewijzigd;
                found.places.entry(chain).or_default().extend(narrowed.wat.iter().flat_map(Wat::berichten));
            }
        }
        Ok(())
    }

    /// The messages that the filters let through and the verb changes.
    fn choose(&self, ledger: &Ledger, found: &mut Found) -> Result<(), Refused> {
        let gemeenten: Vec<Option<Gemeente>> = match &self.gemeenten {
            None => vec![None],
            Some(codes) => {
                let gemeente = |code: &String| {
                    Gemeente::new(code).map(Some).map_err(|error| Refused::new(format!("{code:?}: {error}")))
                };
                codes.iter().map(gemeente).collect::<Result<_, _>>()?
            }
        };
        for gemeente in gemeenten {
            for row in ledger.scan(&keys::uitgaand_open_van(gemeente)) {
                let (key, _) = row.map_err(|error| Refused::new(error.to_string()))?;
                let Some(id) = keys::uitgaand_open_id(&key) else { continue };
                let Some(row) = ledger.row::<Uitgaand>(&keys::uitgaand(&id))? else { continue };
                let Some(chain) = Chain::new(id.gemeente).filter(|_| self.takes(&id, &row)) else { continue };
                // It is work for a person, with the person.
                if self.verb == OutboxVerb::Opnieuw && settled(ledger, &id, &row)?.is_some() {
                    continue;
                }
                match self.verb.chooses(&row) {
                    Chosen::Yes => {
                        found.places.entry(chain).or_default().push(Plek { seq: id.seq, index: id.index });
                        found.seen.insert(id, row);
                    }
                    Chosen::IsSo => found.is_so += 1,
                    Chosen::No => {}
                }
            }
        }
        Ok(())
    }

    fn takes(&self, id: &OutgoingId, row: &Uitgaand) -> bool {
        let code = String::from_utf8_lossy(&id.gemeente);
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        is(&self.partner, &row.partner)
            && is(&self.bericht, &row.soort)
            && is(&self.stand, row.stand.word())
            && self.gemeenten.as_ref().is_none_or(|codes| codes.iter().any(|wanted| *wanted == code))
    }
}

/// What a change was found to mean.
#[derive(Default)]
struct Found {
    seen: BTreeMap<OutgoingId, Uitgaand>,
    places: BTreeMap<Chain, Vec<Plek>>,
    is_so: u64,
}

impl Found {
    fn plan(self, verb: OutboxVerb) -> Plan {
        let mut groups: BTreeMap<(String, String, &'static str), u64> = BTreeMap::new();
        for (chain, places) in &self.places {
            for plek in places {
                let id = OutgoingId { gemeente: chain.code(), seq: plek.seq, index: plek.index };
                let Some(row) = self.seen.get(&id) else { continue };
                let group = (row.partner.clone(), row.soort.clone(), row.stand.word());
                *groups.entry(group).or_default() += 1;
            }
        }
        let waarschuwingen = warnings(verb, &groups);
        let group = |((partner, bericht, stand), aantal): ((String, String, &str), u64)| Groep {
            partner,
            bericht: Some(bericht),
            stand: stand.to_owned(),
            aantal,
        };
        let groepen: Vec<Groep> = groups.into_iter().map(group).collect();
        let act = |(chain, places): (Chain, Vec<Plek>)| {
            let chunks = places.chunks(ACT_MESSAGES_MAX);
            chunks.map(|chunk| (chain, verb.wat(chunk.to_vec()))).collect::<Vec<_>>()
        };
        let summary = Summary {
            aantal: groepen.iter().map(|group| group.aantal).sum(),
            ongewijzigd: self.is_so,
            groepen,
            waarschuwingen,
        };
        Plan { acts: self.places.into_iter().flat_map(act).collect(), summary }
    }
}

fn warnings(verb: OutboxVerb, groups: &BTreeMap<(String, String, &'static str), u64>) -> Vec<Words> {
    let any = |kinds: &[&str]| groups.keys().any(|(_, kind, _)| kinds.contains(&kind.as_str()));
    let mut warnings = Vec::new();
    if verb == OutboxVerb::Annuleren {
        if any(&["WMO401", "WMO403"]) {
            warnings.push(Words::new(
                "een melding aan het CAK die niet verstuurd wordt, laat een medewerker beslissen wat het CAK over deze \
                 persoon hoort",
                "a notification to the CAK that is not sent leaves it to a person to decide what the CAK hears about this \
                 client",
            ));
        }
        if any(&["WMO301", "WMO319"]) {
            warnings.push(Words::new(
                "de aanbieder krijgt dit bericht nooit, en wat het zegt blijft hier staan als aangeboden: neem het terug met \
                 een volgend bericht (een toewijzing met RedenWijziging 13), of stuur het opnieuw onder een andere \
                 Identificatie",
                "the aanbieder never gets this message, and what it says stays on record here as offered: take it back with \
                 another message (a toewijzing with RedenWijziging 13), or send it again under another Identificatie",
            ));
        }
        if any(&["WMO306", "WMO308", "WMO316", "WMO318", "WMO325"]) {
            warnings.push(Words::new(
                "de afzender krijgt geen retourbericht, hoewel de standaard dat eist",
                "the sender gets no return message, although the standard demands one",
            ));
        }
    }
    if verb == OutboxVerb::Herhalen && groups.keys().any(|(_, _, stand)| *stand == Stand::Bezorgd.word()) {
        warnings.push(Words::new(
            "de partner heeft dit bericht al en krijgt het nog eens, byte voor byte",
            "the partner has this message already and gets it once more, byte for byte",
        ));
    }
    if verb == OutboxVerb::Opnieuw && groups.keys().any(|(_, _, stand)| *stand == Stand::Doorgegeven.word()) {
        warnings.push(Words::new(
            "een bericht dat het knooppunt al heeft, kan tweemaal aankomen",
            "a message that the hub has may arrive twice",
        ));
    }
    warnings
}

//! A case or variant as one run from nothing: what is given, then the steps.

use iwmo_toewijzing::calendar::Kalender;
use iwmo_toewijzing::identity::RedenWijziging;
use iwmo_toewijzing::judge::reden_beeindiging_bij;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::Value;

use crate::expect;
use crate::world::World;

/// One run.
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) config: Value,
    pub(crate) given: Vec<Value>,
    pub(crate) steps: Vec<Value>,
    checks: Vec<Value>,
}

/// Every case and every variant of a file.
pub(crate) fn all(file: &Value) -> Vec<Run> {
    let mut runs = Vec::new();
    for case in list(file, "cases") {
        let id = case["id"].as_str().unwrap_or("a case without id");
        let run = |name: &str, given: &Value, steps: Vec<Value>| Run {
            name: name.to_owned(),
            config: case["config"].clone(),
            given: list(given, "given"),
            steps,
            checks: Vec::new(),
        };
        let own = list(&case, "steps");
        runs.push(Run { checks: list(&case, "checks"), ..run(id, &case, own.clone()) });
        for variant in list(&case, "variants") {
            let given = if variant.get("given").is_some() { &variant } else { &case };
            let after = variant["afterStep"].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            let mut steps: Vec<Value> = own.iter().take(after).cloned().collect();
            steps.extend(list(&variant, "steps"));
            runs.push(run(variant["id"].as_str().unwrap_or(id), given, steps));
        }
    }
    runs
}

pub(crate) fn list(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

impl Run {
    /// Runs it. Returns what is other than the case states, or what kept it from running.
    pub(crate) fn execute(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut world = match World::new(&self.config) {
            Ok(world) => world,
            Err(problem) => return vec![format!("{}: {problem}", self.name)],
        };
        for (index, entry) in self.given.iter().enumerate() {
            let place = format!("{} given {}", self.name, index + 1);
            match world.message(entry, entry["noRetour"] != true) {
                Err(problem) => return vec![format!("{place}: {problem}")],
                Ok(outcome) if outcome.is_refused() => found.push(format!("{place}: it was refused")),
                Ok(_) => {}
            }
        }
        for (index, step) in self.steps.iter().enumerate() {
            let place = format!("{} step {}", self.name, step["n"].as_u64().unwrap_or(index as u64 + 1));
            match world.step(step) {
                Err(problem) => {
                    found.push(format!("{place}: {problem}"));
                    return found;
                }
                Ok(outcome) => {
                    let differences = expect::compare(&world, step, &outcome);
                    found.extend(differences.into_iter().map(|what| format!("{place}: {what}")));
                }
            }
        }
        found.extend(self.checks.iter().filter_map(|check| {
            let got = calculate(check);
            let want = check.get("result").or(check.get("RedenBeeindiging")).and_then(Value::as_str);
            (got.as_deref() != want).then(|| format!("{}: {check}: got {got:?}", self.name))
        }));
        found
    }
}

/// A calculation without messages.
fn calculate(check: &Value) -> Option<String> {
    let from = || check["from"].as_str()?.parse::<Date>().ok();
    let n = check["n"].as_i64();
    match check["kind"].as_str()? {
        "addWorkingDays" => {
            let n = u16::try_from(n?).ok()?;
            Some(Kalender::default().add_working_days(from()?, n).to_string())
        }
        "addDays" => Some(from()?.checked_add(n?.days()).ok()?.to_string()),
        "mapReden" => {
            let reden = RedenWijziging::new(check["RedenWijziging"].as_str()?).ok()?;
            reden_beeindiging_bij(reden).map(|reden| reden.to_string())
        }
        _ => None,
    }
}

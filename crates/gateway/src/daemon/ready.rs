//! Why the gateway cannot do its work now: what `/readyz` says.
//!
//! | reason | until |
//! | --- | --- |
//! | the store takes no entry | it does |
//! | the loop that judges has ended | the gateway is started again |
//! | so many messages wait that others are not read | there are fewer |
//! | a certificate of a listener has run out | there is another |
//! | a revocation list has run out, and who is under its authority is kept out | there is another |
//!
//! What is wrong with partners is no reason: their messages wait, and the others go on.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Engine, Intake};
use crate::pki::{End, EndKind};

/// What is asked.
pub(super) struct Ready {
    pub(super) engine: Engine,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: watch::Receiver<Arc<Config>>,
}

impl Ready {
    /// Returns every reason, one sentence each.
    pub(super) fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = self.engine.health().reason().into_iter().collect();
        reasons.extend(of_engine(self.engine.has_ended(), self.engine.is_busy()).map(str::to_owned));
        let config = Arc::clone(&self.config.borrow());
        let strict = |name: &str| match name.split('.').next() {
            Some("exchange") => !config.exchange.revocation.lenient,
            Some("backoffice") => config.backoffice.as_ref().is_some_and(|own| !own.revocation.lenient),
            _ => false,
        };
        reasons
            .extend(config.ends().iter().filter_map(|end| of_end(end, strict(&end.name), self.clock.now())));
        reasons
    }
}

fn of_engine(ended: bool, busy: bool) -> impl Iterator<Item = &'static str> {
    let ended = ended.then_some("The engine has ended by a fault of its own; start the gateway again.");
    let busy = busy.then_some("So many messages wait to be processed that others are told to come back.");
    ended.into_iter().chain(busy)
}

/// `strict`: who is under the authority of a list that has run out is kept out.
fn of_end(end: &End, strict: bool, now: Timestamp) -> Option<String> {
    let (name, until) = (&end.name, end.until);
    if until > now {
        return None;
    }
    match end.kind {
        EndKind::Own if name != "sending" => {
            Some(format!("The certificate of {name} ran out on {until}; put a new one there."))
        }
        EndKind::List if strict => Some(format!(
            "The revocation list {name} ran out on {until}, and nobody under its authority gets in; fetch the new one."
        )),
        EndKind::Own | EndKind::Authority | EndKind::List | EndKind::Partner => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(kind: EndKind, name: &str, until: i64) -> End {
        let at = |second| Timestamp::from_second(second).unwrap();
        End { kind, name: name.to_owned(), of: "CN=x".to_owned(), from: at(0), until: at(until) }
    }

    #[test]
    fn each_reason_has_its_words() {
        assert_eq!(of_engine(false, false).count(), 0);
        assert!(of_engine(true, false).next().unwrap().contains("start the gateway again"));
        assert!(of_engine(false, true).next().unwrap().contains("told to come back"));
        assert_eq!(of_engine(true, true).count(), 2);
        let reason = |end: End, strict| of_end(&end, strict, Timestamp::from_second(1000).unwrap());
        for name in ["exchange", "backoffice"] {
            assert_eq!(reason(end(EndKind::Own, name, 1001), true), None);
            let told = reason(end(EndKind::Own, name, 1000), true).unwrap();
            assert!(told.starts_with(&format!("The certificate of {name} ran out on 1970-01-01")), "{told}");
        }
        // What is sent waits; the listeners are up.
        assert_eq!(reason(end(EndKind::Own, "sending", 1), true), None);
        let list = || end(EndKind::List, "exchange.client_crl[1]", 1);
        assert!(reason(list(), true).unwrap().contains("exchange.client_crl[1] ran out"));
        assert_eq!(reason(list(), false), None);
        assert_eq!(reason(end(EndKind::Authority, "exchange.client_ca[1]", 1), true), None);
        assert_eq!(reason(end(EndKind::Partner, "hvb", 1), true), None);
    }
}

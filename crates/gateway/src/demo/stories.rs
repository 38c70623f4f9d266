//! What happens, step by step, and what must come of it.

use std::time::Duration;

use bytes::Bytes;
use iwmo_codec::messages::{Message, MessageKind};
use jiff::ToSpan;
use jiff::civil::Date;

use super::DemoError;
use super::messages::{self, Envelope, Order, Person, Start};
use super::narrator::Told;
use super::peers::{Peer, Period, STEP_TIME, codes};
use super::world::{GEMEENTEN, HVB, LINDE, World};
use crate::backoffice::BERICHTEN_PATH;
use crate::clock::{Clock, SystemClock};
use crate::engine::{Outgoing, PartnerId};

/// A step and what came of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// What must come about.
    pub what: String,
    /// What went otherwise, if it did.
    pub failure: Option<String>,
}

/// What came of all steps.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In order.
    pub steps: Vec<Step>,
    /// The toewijzingen that were played, as GEMEENTE/NUMMER.
    pub toewijzingen: Vec<String>,
}

impl Report {
    /// Returns whether every step came out as it should.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.steps.iter().all(|step| step.failure.is_none())
    }
}

#[rustfmt::skip]
pub(super) const PEOPLE: [Person; 5] = [
    Person { bsn: "999900006", achternaam: "Wit", voorletters: "T", geboortedatum: "1951-08-13", geslacht: "1", straat: "Lindelaan", plaats: "Doetinchem", postcode: "7001AA" },
    Person { bsn: "999996770", achternaam: "Brouwer", voorletters: "A", geboortedatum: "1944-02-29", geslacht: "2", straat: "Markt", plaats: "Groenlo", postcode: "7141AA" },
    Person { bsn: "999996782", achternaam: "Smit", voorletters: "J", geboortedatum: "1960-11-02", geslacht: "2", straat: "Dorpsstraat", plaats: "Twello", postcode: "7391AA" },
    Person { bsn: "999900018", achternaam: "Visser", voorletters: "P", geboortedatum: "1949-05-20", geslacht: "1", straat: "Kerkweg", plaats: "Doetinchem", postcode: "7002AA" },
    Person { bsn: "123456782", achternaam: "Bakker", voorletters: "M", geboortedatum: "1958-01-31", geslacht: "2", straat: "Molenweg", plaats: "Doetinchem", postcode: "7003AA" },
];

/// Plays every story.
pub(super) async fn play(world: &World, pause: Duration) -> Report {
    let mut stage = Stage { world, pause, today: SystemClock.today(), number: 0, report: Report::default() };
    let stories: [(&str, usize); 8] = [
        ("van toewijzing tot stop", 0),
        ("tijdelijke stop en hervatting", 1),
        ("een start die wordt gecorrigeerd", 2),
        ("twee aanbieders, een eigen bijdrage", 0),
        ("een start zonder toewijzing wordt afgekeurd", 0),
        ("een bericht dat het schema breekt", 0),
        ("een aanvraag en een verzoek om wijziging", 1),
        ("een declaratie", 0),
    ];
    for (index, (title, gemeente)) in stories.iter().enumerate() {
        let (code, name) = GEMEENTEN[*gemeente];
        world.narrator.tell(Told::Story(format!("{name} ({code}): {title}")));
        let result = match index {
            0 => stage.plain(code).await,
            1 => stage.pause_and_resume(code).await,
            2 => stage.corrected_start(code).await,
            3 => stage.two_aanbieders(code).await,
            4 => stage.refused(code).await,
            5 => stage.invalid(code).await,
            6 => stage.change_requested(code).await,
            _ => stage.declared(code).await,
        };
        if let Err(error) = result {
            stage.step(title, Err(error));
        }
        stage.quiet().await;
    }
    stage.report
}

/// Where a story is played.
pub(super) struct Stage<'w> {
    pub(super) world: &'w World,
    pause: Duration,
    pub(super) today: Date,
    number: u32,
    pub(super) report: Report,
}

impl Stage<'_> {
    /// From 301 to 404: the five steps of the process.
    async fn plain(&mut self, gemeente: &'static str) -> Result<(), DemoError> {
        let (person, hvb) = (PEOPLE[0], &self.world.hvb);
        let order = self.order(222_001, "02", "02A05", 120);
        self.assign(gemeente, HVB, hvb, &person, &order).await?;
        let start = self.days_ago(75);
        self.start(gemeente, HVB, hvb, &person, &order, &[(start, "1")]).await?;
        self.cak_holds(&person, vec![period(start, None)], "het CAK kent de start").await?;
        let end = self.days_ago(3);
        self.stop_delivery(gemeente, HVB, hvb, &person, &order, (start, end, "19")).await?;
        self.cak_holds(&person, vec![period(start, Some(end))], "het CAK kent de stop").await
    }

    /// A temporary stop of more than a calendar month, and the resumption.
    async fn pause_and_resume(&mut self, gemeente: &'static str) -> Result<(), DemoError> {
        let (person, hvb) = (PEOPLE[1], &self.world.hvb);
        let order = self.order(158_601, "07", "07A12", 200);
        self.assign(gemeente, HVB, hvb, &person, &order).await?;
        let (start, paused, resumed) = (self.days_ago(180), self.days_ago(110), self.days_ago(10));
        self.start(gemeente, HVB, hvb, &person, &order, &[(start, "1")]).await?;
        self.cak_holds(&person, vec![period(start, None)], "het CAK kent de start").await?;
        self.stop_delivery(gemeente, HVB, hvb, &person, &order, (start, paused, "20")).await?;
        let stopped = period(start, Some(paused));
        self.cak_holds(
            &person,
            vec![stopped.clone()],
            "de onderbreking duurt langer dan een maand: het CAK kent de stop",
        )
        .await?;
        self.start(gemeente, HVB, hvb, &person, &order, &[(resumed, "1")]).await?;
        self.cak_holds(&person, vec![stopped, period(resumed, None)], "het CAK kent de nieuwe start").await
    }

    /// A start with a wrong date, withdrawn and given anew in one message.
    async fn corrected_start(&mut self, gemeente: &'static str) -> Result<(), DemoError> {
        let (person, hvb) = (PEOPLE[2], &self.world.hvb);
        let order = self.order(28_501, "02", "02A05", 90);
        self.assign(gemeente, HVB, hvb, &person, &order).await?;
        let (wrong, right) = (self.days_ago(80), self.days_ago(40));
        self.start(gemeente, HVB, hvb, &person, &order, &[(wrong, "1")]).await?;
        self.cak_holds(&person, vec![period(wrong, None)], "het CAK kent de eerste start").await?;
        self.start(gemeente, HVB, hvb, &person, &order, &[(wrong, "3"), (right, "1")]).await?;
        self.cak_holds(&person, vec![period(right, None)], "het CAK kent de juiste start").await
    }

    /// Two toewijzingen at two aanbieders: the CAK hears one start and one stop.
    async fn two_aanbieders(&mut self, gemeente: &'static str) -> Result<(), DemoError> {
        let (person, hvb, linde) = (PEOPLE[3], &self.world.hvb, &self.world.linde);
        let (first, second) =
            (self.order(222_002, "02", "02A05", 120), self.order(222_003, "01", "01A03", 120));
        self.assign(gemeente, HVB, hvb, &person, &first).await?;
        self.assign(gemeente, LINDE, linde, &person, &second).await?;
        let (begin, later) = (self.days_ago(100), self.days_ago(60));
        self.start(gemeente, HVB, hvb, &person, &first, &[(begin, "1")]).await?;
        self.start(gemeente, LINDE, linde, &person, &second, &[(later, "1")]).await?;
        let (end, last) = (self.days_ago(20), self.days_ago(2));
        self.stop_delivery(gemeente, HVB, hvb, &person, &first, (begin, end, "19")).await?;
        self.stop_delivery(gemeente, LINDE, linde, &person, &second, (later, last, "19")).await?;
        self.cak_holds(&person, vec![period(begin, Some(last))], "het CAK kent een periode").await?;
        let about = |message: &Message| match message {
            Message::Wmo401(m) => m.client.bsn.expose().as_str() == person.bsn,
            Message::Wmo403(m) => m.client.bsn.expose().as_str() == person.bsn,
            _ => false,
        };
        let cak = &self.world.cak;
        let heard = (cak.count(MessageKind::Wmo401, about), cak.count(MessageKind::Wmo403, about));
        let what = "het CAK hoorde een start en een stop";
        let result = match heard {
            (1, 1) => Ok(()),
            (starts, stops) => Err(DemoError::Otherwise(format!("{starts} starts, {stops} stops"))),
        };
        self.step(what, result);
        Ok(())
    }

    /// A start on a toewijzing that the gemeente never gave: 9019, and nothing changes.
    async fn refused(&mut self, gemeente: &'static str) -> Result<(), DemoError> {
        let (person, hvb) = (PEOPLE[4], &self.world.hvb);
        let order = self.order(222_999, "02", "02A05", 60);
        let name = self.name();
        let envelope = self.envelope(gemeente, HVB, &name);
        let message = messages::wmo305(envelope, &person, &order, &[(self.days_ago(14), "1")])?;
        self.deliver(hvb, &message, 202, "305 ontvangen").await?;
        let retour = hvb.expect(MessageKind::Wmo306, |retour| is_for(retour, &name)).await?;
        let result = match codes(&retour).as_slice() {
            [code] if code == "9019" => Ok(()),
            codes => Err(DemoError::Otherwise(format!("306 with codes {codes:?}"))),
        };
        self.step("306 met 9019: er is geen toewijzing met dit nummer", result);
        self.cak_holds(&person, Vec::new(), "het CAK hoort niets").await
    }

    /// A message that breaks the schema: refused at the door with every fault, and no retour.
    async fn invalid(&mut self, gemeente: &'static str) -> Result<(), DemoError> {
        let (person, hvb) = (PEOPLE[0], &self.world.hvb);
        let order = self.order(222_001, "02", "02A05", 60);
        let name = self.name();
        let message = messages::wmo305(
            self.envelope(gemeente, HVB, &name),
            &person,
            &order,
            &[(self.days_ago(1), "1")],
        )?;
        let text = String::from_utf8_lossy(&message.encode())
            .replace("StatusAanlevering>1<", "StatusAanlevering>X<");
        self.wait().await;
        let answer = hvb.send(Bytes::from(text)).await?;
        let faults = answer.body["diagnostics"].as_array().map_or(0, Vec::len);
        let result = match (answer.status, faults) {
            (422, 1..) => Ok(()),
            (status, faults) => Err(DemoError::Otherwise(format!("HTTP {status} with {faults} faults"))),
        };
        self.step("geweigerd met 422 en de fouten; er komt geen retour", result);
        Ok(())
    }

    /// The gemeente orders support and the aanbieder confirms.
    pub(super) async fn assign(
        &mut self,
        gemeente: &str,
        agb: &str,
        peer: &Peer,
        person: &Person,
        order: &Order,
    ) -> Result<(), DemoError> {
        self.report.toewijzingen.push(format!("{gemeente}/{}", order.nummer));
        let name = self.name();
        let message = messages::wmo301(self.envelope(gemeente, agb, &name), person, order)?;
        self.send(peer, &message).await
    }

    /// The gemeente sends a message through its backoffice, and it reaches the aanbieder.
    pub(super) async fn send(&mut self, peer: &Peer, message: &Message) -> Result<(), DemoError> {
        let (kind, name) = (message.kind(), message.header().identificatie.to_owned());
        let number = kind.name().trim_start_matches("WMO");
        self.wait().await;
        let answer = self.world.backoffice.post(BERICHTEN_PATH, Bytes::from(message.encode())).await?;
        let result = match answer.status {
            202 => Ok(()),
            status => Err(DemoError::Otherwise(format!("HTTP {status}: {}", answer.body))),
        };
        let sent = result.is_ok();
        self.step(&format!("{number} aangenomen van de backoffice"), result);
        if !sent {
            return Ok(());
        }
        peer.expect(kind, |heen| heen.header().identificatie == name).await?;
        self.step(&format!("{number} ontvangen door de aanbieder"), Ok(()));
        Ok(())
    }

    /// The aanbieder reports starts and gets an approving 306.
    async fn start(
        &mut self,
        gemeente: &str,
        agb: &str,
        peer: &Peer,
        person: &Person,
        order: &Order,
        starts: &[Start],
    ) -> Result<(), DemoError> {
        let name = self.name();
        let message = messages::wmo305(self.envelope(gemeente, agb, &name), person, order, starts)?;
        self.deliver(peer, &message, 202, "305 ontvangen").await?;
        self.approved(peer, MessageKind::Wmo306, &name).await
    }

    /// The aanbieder reports a stop and gets an approving 308.
    async fn stop_delivery(
        &mut self,
        gemeente: &str,
        agb: &str,
        peer: &Peer,
        person: &Person,
        order: &Order,
        (begin, end, reden): (Date, Date, &str),
    ) -> Result<(), DemoError> {
        let name = self.name();
        let message =
            messages::wmo307(self.envelope(gemeente, agb, &name), person, order, begin, end, reden)?;
        self.deliver(peer, &message, 202, "307 ontvangen").await?;
        self.approved(peer, MessageKind::Wmo308, &name).await
    }

    pub(super) async fn deliver(
        &mut self,
        peer: &Peer,
        message: &Message,
        status: u16,
        what: &str,
    ) -> Result<(), DemoError> {
        self.wait().await;
        let answer = peer.send(Bytes::from(message.encode())).await?;
        let result = match answer.status {
            got if got == status => Ok(()),
            got => Err(DemoError::Otherwise(format!("HTTP {got}: {}", answer.body))),
        };
        self.step(what, result);
        Ok(())
    }

    pub(super) async fn approved(
        &mut self,
        peer: &Peer,
        kind: MessageKind,
        name: &str,
    ) -> Result<(), DemoError> {
        let retour = peer.expect(kind, |retour| is_for(retour, name)).await?;
        let what = format!("{} zonder codes: goedgekeurd", kind.name().trim_start_matches("WMO"));
        let result = match codes(&retour).as_slice() {
            [] => Ok(()),
            codes => Err(DemoError::Otherwise(format!("codes {codes:?}"))),
        };
        self.step(&what, result);
        Ok(())
    }

    /// Waits until the simulated CAK holds these periods, and until nothing about them is under way.
    async fn cak_holds(&mut self, person: &Person, wanted: Vec<Period>, what: &str) -> Result<(), DemoError> {
        let wanted: Vec<Period> =
            wanted.into_iter().map(|period| Period { bsn: person.bsn.to_owned(), ..period }).collect();
        let holds = async {
            while self.world.cak.periods(person.bsn) != wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let result = tokio::time::timeout(STEP_TIME, holds).await;
        self.quiet().await;
        let now = self.world.cak.periods(person.bsn);
        let result = match (result, now == wanted) {
            (Ok(()), true) => Ok(()),
            _ => {
                let words =
                    |period: &Period| format!("{}..{}", period.start, period.stop.as_deref().unwrap_or(""));
                let held: Vec<String> = now.iter().map(words).collect();
                Err(DemoError::Otherwise(format!("the CAK holds {held:?}")))
            }
        };
        self.step(what, result);
        Ok(())
    }

    /// Waits until every message has arrived and been answered, and everything was told.
    async fn quiet(&self) {
        let engine = self.world.daemon.engine();
        let waiting = || {
            [&self.world.hvb, &self.world.linde, &self.world.cak]
                .into_iter()
                .any(|peer| !engine.waiting(&PartnerId(peer.name.to_owned()), 1).is_empty())
        };
        let done = async {
            let mut entries = 0;
            // Twice the same with nothing waiting: no answer has set off another message.
            while waiting() || entries != engine.journal().entries() {
                entries = engine.journal().entries();
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        // What stays waiting shows in the next step.
        let _ = tokio::time::timeout(STEP_TIME, done).await;
        self.world.narrator.settle(engine).await;
    }

    pub(super) async fn wait(&self) {
        self.world.narrator.settle(self.world.daemon.engine()).await;
        tokio::time::sleep(self.pause).await;
    }

    pub(super) fn step(&mut self, what: &str, result: Result<(), DemoError>) {
        let failure = result.err().map(|error| error.to_string());
        self.world.narrator.tell(match &failure {
            None => Told::Good(what.to_owned()),
            Some(failure) => Told::Bad(format!("{what}: {failure}")),
        });
        self.report.steps.push(Step { what: what.to_owned(), failure });
    }

    pub(super) fn order(&self, nummer: u32, categorie: &'static str, code: &'static str, days: i64) -> Order {
        Order {
            nummer,
            categorie,
            code,
            ingangsdatum: self.days_ago(days),
            einddatum: self.today.saturating_add(180.days()),
        }
    }

    pub(super) fn days_ago(&self, days: i64) -> Date {
        self.today.saturating_sub(days.days())
    }

    pub(super) fn name(&mut self) -> String {
        self.number += 1;
        format!("DEMO{:06}", self.number)
    }

    pub(super) fn envelope<'e>(
        &self,
        gemeente: &'e str,
        agb: &'e str,
        identificatie: &'e str,
    ) -> Envelope<'e> {
        Envelope { gemeente, agb, identificatie, today: self.today }
    }
}

pub(super) fn is_for(retour: &Message, name: &str) -> bool {
    retour.header().identificatie == name
}

fn period(start: Date, stop: Option<Date>) -> Period {
    Period {
        bsn: String::new(),
        start: start.to_string(),
        stop: stop.map(|date| date.to_string()),
        deleted: false,
    }
}

//! What aanbieders ask for and declare, and how the gemeente answers.

use bytes::Bytes;
use iwmo_codec::messages::MessageKind;
use jiff::ToSpan;

use super::DemoError;
use super::messages::{Order, Person};
use super::requests::{Declared, Month, wmo301_granting, wmo315, wmo317, wmo319, wmo323, wmo325};
use super::stories::{PEOPLE, Stage, is_for};
use super::world::HVB;
use crate::backoffice::BERICHTEN_PATH;

#[rustfmt::skip]
const ASKED_FOR: Person = Person { bsn: "999990020", achternaam: "Mulder", voorletters: "E", geboortedatum: "1947-09-09", geslacht: "2", straat: "Esweg", plaats: "Lichtenvoorde", postcode: "7131AA" };

impl Stage<'_> {
    /// The aanbieder asks for a toewijzing, and for a longer one; the gemeente looks into that and grants it.
    pub(super) async fn change_requested(&mut self, gemeente: &'static str) -> Result<(), DemoError> {
        let hvb = &self.world.hvb;
        let order = self.order(158_602, "02", "02A05", 60);
        let (name, reference) = (self.name(), "HVB-2026-6");
        let request = wmo315(self.envelope(gemeente, HVB, &name), &ASKED_FOR, &order, reference)?;
        self.deliver(hvb, &request, 202, "315 ontvangen").await?;
        self.approved(hvb, MessageKind::Wmo316, &name).await?;
        self.report.toewijzingen.push(format!("{gemeente}/{}", order.nummer));
        let name = self.name();
        let envelope = self.envelope(gemeente, HVB, &name);
        let granted = wmo301_granting(envelope, &ASKED_FOR, &[(&order, Some(reference), None)])?;
        self.send(hvb, &granted).await?;
        let longer = Order { einddatum: order.einddatum.saturating_add(90.days()), ..order };
        let (name, reference) = (self.name(), "HVB-2026-7");
        let envelope = self.envelope(gemeente, HVB, &name);
        let request = wmo317(envelope, &ASKED_FOR, &longer, order.ingangsdatum, &[], reference)?;
        self.deliver(hvb, &request, 202, "317 ontvangen").await?;
        self.approved(hvb, MessageKind::Wmo318, &name).await?;
        let name = self.name();
        let answer = wmo319(self.envelope(gemeente, HVB, &name), reference, "2")?;
        self.send(hvb, &answer).await?;
        let name = self.name();
        let envelope = self.envelope(gemeente, HVB, &name);
        let granted = wmo301_granting(envelope, &ASKED_FOR, &[(&longer, Some(reference), Some("12"))])?;
        self.send(hvb, &granted).await
    }

    /// The aanbieder declares last month; what was paid for cannot be taken back.
    pub(super) async fn declared(&mut self, gemeente: &'static str) -> Result<(), DemoError> {
        let (person, hvb) = (PEOPLE[0], &self.world.hvb);
        let order = self.order(222_001, "02", "02A05", 120);
        let last = self.today.first_of_month().yesterday().unwrap_or(self.today);
        let month = Month { first: last.first_of_month(), last };
        let name = self.name();
        let lines =
            [Declared { person: &person, order: &order, referentie: "P-1", vorige: None, cent: 48_000 }];
        let declared = wmo323(self.envelope(gemeente, HVB, &name), month, &lines)?;
        self.deliver(hvb, &declared, 202, "323 ontvangen").await?;
        let name = self.name();
        let settled = wmo325(self.envelope(gemeente, HVB, &name), &declared)?;
        self.send(hvb, &settled).await?;

        let gone = Order { einddatum: order.ingangsdatum, ..order };
        let name = self.name();
        let envelope = self.envelope(gemeente, HVB, &name);
        let delete = wmo301_granting(envelope, &person, &[(&gone, None, Some("13"))])?;
        self.wait().await;
        let answer = self.world.backoffice.post(BERICHTEN_PATH, Bytes::from(delete.encode())).await?;
        let result = match (answer.status, answer.body["rules"].to_string().contains("TR385")) {
            (422, true) => Ok(()),
            (status, _) => Err(DemoError::Otherwise(format!("HTTP {status}: {}", answer.body))),
        };
        self.step("de toewijzing verwijderen gaat niet meer: 422 met TR385", result);
        let reached = hvb.count(MessageKind::Wmo301, |message| is_for(message, &name));
        let result = match reached {
            0 => Ok(()),
            _ => Err(DemoError::Otherwise("the aanbieder got it".to_owned())),
        };
        self.step("er is niets verzonden", result);
        Ok(())
    }
}

//! What happens to an envelope whose stuurgegevens are in order.

use iwmo_codec::stuf::{Adres, Bevestiging, Envelope, Fout, Foutbericht, Systeem, Vrijbericht};
use iwmo_codec::{Message, Report};

use super::answer::{self, Answer, Fo03};
use super::check::{self, Passed};
use super::{APPLICATIE, Ggk};
use crate::engine::{
    Aside, IdempotencyKey, Inbound, Intake, Outcome, Outgoing, PartnerId, Receipt, Refusal, Route,
    Unavailable,
};
use crate::ledger::Stand;

/// When a sender may try again after what could not be stored.
const RETRY_AFTER_SECONDS: u32 = 30;

/// Takes an envelope in: the answer says that it is stored, or that it cannot be.
pub(super) async fn take(
    ggk: &Ggk,
    asker: &PartnerId,
    passed: Passed,
    envelope: Envelope,
    sender: [u8; 32],
) -> Answer {
    let stored = match &envelope {
        Envelope::Fo01(error) => rejected(ggk, &passed, &envelope, error, &sender).await,
        Envelope::Di01(bericht) => message(ggk, &passed, &envelope, bericht, &sender).await,
        Envelope::Du01(bericht) => {
            let stored = message(ggk, &passed, &envelope, bericht, &sender).await;
            match stored {
                Ok(true) => confirmed(ggk, &passed, &envelope).await,
                Ok(false) => Ok(()).map(|()| false),
                Err(refusal) => Err(refusal),
            }
        }
        _ => return Answer::fault("Client", "this operation is not known"),
    };
    match stored {
        Ok(_) => Answer::taken(&envelope),
        Err(Refusal::KeyReused) => {
            let error = Fo03::client("StUF016", "Referentienummer is niet uniek");
            refuse(&envelope, &error)
        }
        Err(error) => {
            tracing::warn!(partner = %asker, reason = error.word(), "An envelope could not be stored.");
            refuse(&envelope, &Fo03::server("StUF046", "Bericht kan niet worden opgeslagen"))
        }
    }
}

fn refuse(envelope: &Envelope, error: &Fo03) -> Answer {
    match iwmo_codec::stuf::peek(&String::from_utf8_lossy(&envelope.encode())) {
        Ok(peek) => Answer::refusal(&peek, error),
        Err(_) => Answer::fault("Server", error.words),
    }
}

/// A Fo01: the message that it is about is parked, with the code as its reason. One that was answered stays answered: its
/// retour proves that it was processed, so the Fo01 is set aside for a person.
async fn rejected(
    ggk: &Ggk,
    passed: &Passed,
    envelope: &Envelope,
    error: &Foutbericht,
    sender: &[u8; 32],
) -> Result<bool, Refusal> {
    let Some((id, row)) = &passed.about else { return Ok(false) };
    // The code alone: descriptions of others may quote the message.
    let code: String = error.fout.code.chars().filter(char::is_ascii_alphanumeric).take(7).collect();
    let answer = ggk.engine.answer_on(id).map_err(|error| Refusal::Unavailable {
        reason: error.to_string(),
        retry_after_seconds: RETRY_AFTER_SECONDS,
    })?;
    if let Some(answer) = answer {
        let reason = format!("Fo01 {code} about {id}, which was answered before by {answer}");
        let aside = Aside { reason, answer: None };
        put_aside(ggk, passed, envelope, check::key(envelope, sender), aside).await?;
        return Ok(false);
    }
    let reason = format!("refused later: Fo01 {code}");
    if row.stand == Stand::Geparkeerd && row.reden.as_ref() == Some(&reason) {
        return Ok(false);
    }
    tracing::error!(partner = %passed.partner.id, id = %id, message = row.soort, code, "A message that was taken in is refused and parked. See `iwmo outbox list`.");
    ggk.engine.outcome(id.clone(), Outcome::Rejected { reason }).await.map_err(unavailable)?;
    Ok(true)
}

/// A retour confirms that what it answers has arrived.
async fn confirmed(ggk: &Ggk, passed: &Passed, envelope: &Envelope) -> Result<bool, Refusal> {
    let Some((id, row)) = &passed.about else { return Ok(false) };
    if row.stand != Stand::Bezorgd {
        let receipt = Some(envelope.refnummer().to_string());
        ggk.engine.outcome(id.clone(), Outcome::Delivered { receipt }).await.map_err(unavailable)?;
    }
    Ok(true)
}

/// Hands the message in an envelope to the engine. Returns whether it was processed; else it is set aside.
async fn message(
    ggk: &Ggk,
    passed: &Passed,
    envelope: &Envelope,
    bericht: &Vrijbericht,
    sender: &[u8; 32],
) -> Result<bool, Refusal> {
    let key = check::key(envelope, sender);
    let retour = matches!(envelope, Envelope::Du01(_));
    let aside = |aside: Aside| put_aside(ggk, passed, envelope, key.clone(), aside);
    let refused = |what: &str| Aside {
        reason: format!("{}: {what}", bericht.functie),
        answer: Some(fo01(passed, bericht, what)),
    };
    let held = |what: &str| Aside { reason: format!("{}: {what}", bericht.functie), answer: None };
    let (kind, bytes) = match bericht.payload(retour) {
        Ok(payload) => payload,
        Err(problem) => {
            tracing::debug!(code = problem.stuf_code(), "An envelope holds no message.");
            return aside(refused("er zit geen XML-bericht in de envelop")).await.map(|_| false);
        }
    };
    let decoded = ggk.engine.schemas().decode(bytes);
    let message = match decoded {
        Ok(message) if message.kind() == kind => message,
        Ok(_) => {
            return aside(refused("het bericht is van een andere soort dan de functie")).await.map(|_| false);
        }
        Err(report) => return aside(refused(&place(&report))).await.map(|_| false),
    };
    if !consistent(&message, &passed.gemeente.to_string(), passed) {
        return aside(held("de partijen in de kop zijn niet die van de envelop")).await.map(|_| false);
    }
    if passed.stranger {
        return aside(held("de retour is niet van wie het heenbericht kreeg")).await.map(|_| false);
    }
    let partner = passed.partner.id.clone();
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    let instead = bericht.adres.zender.organisatie.as_deref() == Some(check::VECOZO);
    let route = if instead { Route::Vecozo } else { Route::Stuf };
    let inbound = Inbound { partner, route, bytes, key: key.clone(), bevestigd: Vec::new() };
    match ggk.engine.receive(inbound).await {
        Ok(_) => Ok(true),
        Err(error @ (Refusal::KeyReused | Refusal::Unavailable { .. })) => Err(error),
        Err(Refusal::Invalid(report)) => aside(refused(&place(&report))).await.map(|_| false),
        Err(error) => aside(held(&format!("niet verwerkt ({})", error.word()))).await.map(|_| false),
    }
}

async fn put_aside(
    ggk: &Ggk,
    passed: &Passed,
    envelope: &Envelope,
    key: Option<IdempotencyKey>,
    aside: Aside,
) -> Result<Receipt, Refusal> {
    let partner = passed.partner.id.clone();
    tracing::warn!(partner = %partner, refnummer = %envelope.refnummer(), reason = aside.reason, "An envelope was set aside.");
    let inbound =
        Inbound { partner, route: Route::Stuf, bytes: envelope.encode().into(), key, bevestigd: Vec::new() };
    ggk.engine.set_aside(inbound, passed.gemeente, aside).await
}

/// The header names the parties of the envelope; a retour those of the heenbericht, unswapped (ggk-transport 4.2).
fn consistent(message: &Message, gemeente: &str, passed: &Passed) -> bool {
    let header = message.header();
    let Some(other) = check::organisation(&passed.partner) else { return false };
    // The CAK has no code in a header.
    let aanbieder = passed.partner.agb.is_some();
    let (from, to) = if message.kind().is_retour() {
        (Some(gemeente), aanbieder.then_some(other.as_str()))
    } else {
        (aanbieder.then_some(other.as_str()), Some(gemeente))
    };
    from.is_none_or(|from| header.afzender == from) && to.is_none_or(|to| header.ontvanger == Some(to))
}

/// Where a message first breaks its schema: the rule, the element and the line, never a value (ggk-transport 2.8).
fn place(report: &Report) -> String {
    let Some(first) = report.diagnostics.first() else { return "niet conform schema".to_owned() };
    let element = first.path.rsplit('/').next().unwrap_or_default();
    let mut element: String = element.chars().take(40).collect();
    if !element.is_empty() {
        element.insert_str(0, " bij ");
    }
    format!(
        "Berichtbody is niet conform schema in sectormodel: {}{element} op regel {}",
        first.rule, first.line
    )
}

/// The Fo01; its number and time are given when it is sent.
fn fo01(passed: &Passed, bericht: &Vrijbericht, what: &str) -> Vec<u8> {
    let (versie, subversie) = bericht.applicatie_versie.numbers();
    let details = format!("{}-{versie:04}{subversie:04}", bericht.functie);
    let zender = bericht.adres.zender.organisatie.clone().unwrap_or_default();
    let kop = Bevestiging {
        adres: Adres {
            zender: Systeem::new(&passed.gemeente.to_string(), APPLICATIE),
            ontvanger: Systeem::new(&zender, "GGk"),
        },
        refnummer: bericht.refnummer.clone(),
        tijdstip: answer::now(),
        cross_refnummer: bericht.refnummer.clone(),
    };
    Envelope::Fo01(Foutbericht { kop, fout: Fout::invalid_payload(what, Some(details)) }).encode()
}

fn unavailable(error: Unavailable) -> Refusal {
    Refusal::Unavailable { reason: error.reason, retry_after_seconds: RETRY_AFTER_SECONDS }
}

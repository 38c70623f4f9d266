//! The steps by which a partner is reached over the network.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::test::Step;
use crate::clock::Moment;
use crate::config::{Config, Oin, Partner, PartnerRoute};
use crate::exchange::BERICHTEN_PATH;
use crate::outbox::{https_client, stuf_address};
use crate::pki::{PeerCertificate, client_config_for};
use crate::view::Words;

/// For one step.
const STEP_TIME: Duration = Duration::from_secs(10);

/// Takes the steps one by one; the first that fails is the last.
pub(super) async fn steps(config: &Config, partner: &Partner, tell: &mut impl FnMut(Step)) {
    let Some(url) = partner.url.as_deref().and_then(|url| reqwest::Url::parse(url).ok()) else {
        return tell(Step::bad("adres", "de partner heeft geen adres", "the partner has no address"));
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return tell(Step::bad("adres", "het adres heeft geen naam", "the address has no name"));
    };
    let host = host.trim_matches(['[', ']']);
    let Some(addresses) = done(name(host, port).await, tell) else { return };
    let Some(stream) = done(connection(&addresses).await, tell) else { return };
    if done(tls(config, partner, host, stream).await, tell).is_none() {
        return;
    }
    tell(answer(config, partner, url.as_str()).await);
}

/// Tells of a step and returns what it brought.
fn done<T>(step: Result<(Step, T), Step>, tell: &mut impl FnMut(Step)) -> Option<T> {
    match step {
        Ok((step, brought)) => {
            tell(step);
            Some(brought)
        }
        Err(step) => {
            tell(step);
            None
        }
    }
}

async fn name(host: &str, port: u16) -> Result<(Step, Vec<SocketAddr>), Step> {
    let what = || Words::new(format!("{host} is niet te vinden"), format!("{host} cannot be found"));
    let found = timeout(STEP_TIME, tokio::net::lookup_host((host, port))).await;
    let found = found.map_err(|error| Step::failed("naam", what(), &error))?;
    let addresses: Vec<_> = found.map_err(|error| Step::failed("naam", what(), &error))?.collect();
    if addresses.is_empty() {
        return Err(Step::failed("naam", what(), &"no address"));
    }
    let shown = addresses.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(", ");
    Ok((Step::good("naam", format!("{host} is {shown}"), format!("{host} is {shown}")), addresses))
}

async fn connection(addresses: &[SocketAddr]) -> Result<(Step, TcpStream), Step> {
    let mut last = None;
    for address in addresses {
        match timeout(STEP_TIME, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let step = Step::good(
                    "verbinding",
                    format!("verbonden met {address}"),
                    format!("connected to {address}"),
                );
                return Ok((step, stream));
            }
            Ok(Err(error)) => last = Some(format!("{address}: {error}")),
            Err(_) => last = Some(format!("{address}: no answer within {} seconds", STEP_TIME.as_secs())),
        }
    }
    let what = Words::new("geen verbinding", "no connection");
    Err(Step::failed("verbinding", what, &last.unwrap_or_default()))
}

async fn tls(config: &Config, partner: &Partner, host: &str, stream: TcpStream) -> Result<(Step, ()), Step> {
    let what = || Words::new("de TLS-handdruk mislukt", "the TLS handshake fails");
    let sending = &config.sending;
    let identity = sending.identity.as_ref().unwrap_or(&config.exchange.identity);
    let oin = partner.server_oin.as_ref().map(Oin::as_str);
    let tls = client_config_for(Some(identity), &sending.authorities, &sending.revocation, oin);
    let tls = tls.map_err(|error| Step::failed("tls", what(), &error))?;
    let server =
        ServerName::try_from(host.to_owned()).map_err(|error| Step::failed("tls", what(), &error))?;
    let connected = timeout(STEP_TIME, TlsConnector::from(Arc::new(tls)).connect(server, stream)).await;
    let connected = connected.map_err(|error| Step::failed("tls", what(), &error))?;
    let stream = connected.map_err(|error| Step::failed("tls", what(), &error))?;
    let session = stream.get_ref().1;
    let version = session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default();
    let shown = session.peer_certificates().and_then(<[_]>::first);
    let shown = shown.map(PeerCertificate::from_der);
    let Some(Ok(shown)) = shown else {
        return Err(Step::failed("tls", what(), &"the certificate of the server cannot be read"));
    };
    let until = Moment(shown.not_after);
    let days = shown.not_after.duration_since(Timestamp::now()).as_secs().div_euclid(24 * 60 * 60);
    let (subject, key) = (&shown.subject, shown.fingerprint);
    Ok((
        Step::good(
            "tls",
            format!("{version}; server {subject}, sleutel {key}, geldig tot {until} (nog {days} dagen)"),
            format!("{version}; server {subject}, key {key}, valid until {until} ({days} days left)"),
        ),
        (),
    ))
}

/// Asks what costs nothing: what waits for us there, or of a StUF endpoint a page that it need not have.
async fn answer(config: &Config, partner: &Partner, url: &str) -> Step {
    let what = || Words::new("geen antwoord", "no answer");
    let sending = &config.sending;
    let identity = sending.identity.as_ref().unwrap_or(&config.exchange.identity);
    let oin = partner.server_oin.as_ref().map(Oin::as_str);
    let tls = client_config_for(Some(identity), &sending.authorities, &sending.revocation, oin);
    let client = match tls.map(|tls| https_client(tls, STEP_TIME)) {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => return Step::failed("antwoord", what(), &error),
        Err(error) => return Step::failed("antwoord", what(), &error),
    };
    let direct = partner.route == PartnerRoute::Direct;
    let address = match direct {
        true => format!("{}{BERICHTEN_PATH}?aantal=1", url.trim_end_matches('/')),
        false => stuf_address(url),
    };
    let response = match client.get(&address).send().await {
        Ok(response) => response,
        Err(error) => {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            // Under TLS 1.3 a server says only after the handshake that it does not want our certificate.
            let own = identity.certificate().map(|own| own.fingerprint.to_string()).unwrap_or_default();
            let what = Words::new(
                format!("geen antwoord (kent de partner ons certificaat, met sleutel {own}?)"),
                format!("no answer (does the partner know our certificate, with key {own}?)"),
            );
            return Step::failed("antwoord", what, &cause);
        }
    };
    judged(response.status().as_u16(), direct)
}

fn judged(status: u16, direct: bool) -> Step {
    let step = "antwoord";
    match status {
        200 if direct => Step::good(step, "200: de partner kent ons", "200: the partner knows us"),
        200 => Step::good(step, "200: er wordt geantwoord", "200: somebody answers"),
        401 | 403 => Step::bad(
            step,
            format!("{status}: de partner kent ons certificaat niet"),
            format!("{status}: the partner does not know our certificate"),
        ),
        429 => Step::good(step, "429: er is een grens bereikt", "429: a limit was reached"),
        400..=499 => Step::good(
            step,
            format!("{status}: er wordt geantwoord; deze vraag hoeft een partner niet te kennen"),
            format!("{status}: somebody answers; a partner need not know this question"),
        ),
        _ => Step::bad(
            step,
            format!("{status}: de partner kan nu niet"),
            format!("{status}: the partner cannot now"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged() {
        for (status, direct, good) in [
            (200, true, true),
            (200, false, true),
            (403, true, false),
            (401, false, false),
            (404, true, true),
            (405, false, true),
            (429, true, true),
            (500, true, false),
            (503, false, false),
            (302, true, false),
        ] {
            assert_eq!(judged(status, direct).goed, good, "{status}");
        }
    }
}

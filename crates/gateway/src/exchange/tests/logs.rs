//! What stands in the log, and what never does.

use std::io;
use std::sync::PoisonError;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

/// Collects what is logged.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A BSN in the body, the path, the query, the method and a header: the log has the request and none of them.
#[tokio::test]
async fn requests_are_logged_without_what_they_say() {
    const BSN: &str = "999990019";
    let log = Log::default();
    // With one subscriber alone, a thread of another test that comes to a log line first decides for all threads that
    // nobody listens to it. With two, both are asked.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("iwmo_gateway=trace"))
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let house = house().await;
    let client = house.partner();
    assert_eq!(house.post(&client, format!("<Bsn>{BSN}</Bsn>")).await.status, 202);
    let base = format!("https://{}", house.address);
    for url in [format!("{base}/{BSN}"), format!("{base}{BERICHTEN_PATH}?bsn={BSN}")] {
        client.post(url).header("iwmo-levering", BSN).header("content-type", BSN).send().await.unwrap();
    }
    let method = reqwest::Method::from_bytes(format!("M{BSN}").as_bytes()).unwrap();
    client.request(method, house.url()).send().await.unwrap();
    assert_eq!(house.post(&client, "<full/>").await.status, 503);
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains(BSN), "{text}");
    assert_eq!(text.matches("A request was answered.").count(), 5, "{text}");
    // Who (partner) did what (method, path) to what (ontvangst), with which outcome (status), from where (peer) and when.
    let taken = text.lines().find(|line| line.contains("status=202")).unwrap();
    assert!(taken.starts_with("20") && taken.contains('Z'), "{taken}");
    for part in [
        "peer=127.0.0.1",
        "partner=by-oin",
        "method=\"POST\"",
        "path=\"/uitwisseling/v1/berichten\"",
        "ontvangst=",
    ] {
        assert!(taken.contains(part), "{part} is not in {taken}");
    }
    for part in [
        "partner=by-oin",
        "status=202",
        "ontvangst=\"0222:1\"",
        "path=\"unknown\"",
        "method=\"OTHER\"",
        "problem=\"inhoudstype\"",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(text.contains("disk full on /secret"), "the operator hears why: {text}");
}

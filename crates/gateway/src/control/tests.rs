//! The socket from end to end, on a store in a folder.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::clock::SystemClock;
use crate::engine::tests::{Gateway, numbered};
use crate::listener::Stopper;

/// A store with three messages to the aanbieder, and an engine on it that is reached by the socket alone.
struct Served {
    data: TempDir,
    engine: Engine,
    stopper: Stopper,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().to_owned();
        let engine = tokio::task::spawn_blocking(move || {
            let gateway = Gateway::in_folder(&path);
            for number in [1, 2, 3] {
                gateway.send("backoffice", numbered(number)).unwrap();
            }
            gateway.stop();
            Engine::attend(&path, Arc::new(SystemClock), &mut |_| {}).unwrap()
        })
        .await
        .unwrap();
        let (stopper, stop) = Stopper::new();
        let control = Control::bind(data.path(), engine.clone()).unwrap();
        let task = tokio::spawn(control.serve(stop));
        Self { data, engine, stopper, task }
    }

    async fn ask(&self, request: Request) -> Result<Report, ClientError> {
        let data = self.data.path().to_owned();
        let ask = move || Client::connect(&data)?.unwrap().ask(&request, &mut |_| {});
        tokio::task::spawn_blocking(ask).await.unwrap()
    }

    /// Sends lines as they are, and returns the answers.
    async fn say(&self, lines: &[&[u8]]) -> Vec<String> {
        let (path, text) = (self.data.path().join(SOCKET), lines.concat());
        let say = move || {
            let mut stream = UnixStream::connect(path).unwrap();
            // Who was refused hears no more.
            drop(stream.write_all(&text));
            drop(stream.shutdown(std::net::Shutdown::Write));
            BufReader::new(stream).lines().map_while(Result::ok).collect()
        };
        tokio::task::spawn_blocking(say).await.unwrap()
    }

    async fn stop(self) {
        self.stopper.stop();
        self.task.await.unwrap();
        assert!(!self.data.path().join(SOCKET).exists(), "the socket is taken away");
        self.engine.stop();
    }
}

fn hold(partner: &str) -> Change {
    Change::Uitgaand(OutboxChange {
        verb: OutboxVerb::Vasthouden,
        berichten: Vec::new(),
        gemeenten: None,
        partner: Some(partner.to_owned()),
        bericht: None,
        stand: None,
    })
}

fn perform_it(change: Change, reden: &str) -> Request {
    Request::Perform { wijziging: change, reden: reden.to_owned(), namens: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_then_made_then_made_already() {
    let served = Served::start().await;
    let entries = served.engine.journal().entries();
    let shown = served.ask(Request::Plan { wijziging: hold("hvb") }).await.unwrap();
    assert_eq!((shown.uitgevoerd, shown.summary.aantal, shown.handelingen.len()), (false, 3, 0));
    assert_eq!(shown.summary.groepen.len(), 1);
    assert_eq!(served.engine.journal().entries(), entries, "a preview changes nothing");
    let done = served.ask(perform_it(hold("hvb"), "storing")).await.unwrap();
    assert_eq!((done.uitgevoerd, done.summary.aantal, done.handelingen.len()), (true, 3, 1));
    let again = served.ask(perform_it(hold("hvb"), "storing")).await.unwrap();
    assert_eq!((again.summary.aantal, again.summary.ongewijzigd, again.handelingen.len()), (0, 3, 0));
    let refused = served
        .ask(perform_it(
            Change::Partner(PartnerChange {
                verb: PartnerVerb::Vasthouden,
                partner: "hvb".to_owned(),
                achter: Vec::new(),
            }),
            " ",
        ))
        .await;
    assert!(matches!(refused, Err(ClientError::Refused(refused)) if refused.melding.contains("reason")));
    let none = served.ask(Request::Plan { wijziging: hold("nobody") }).await.unwrap();
    assert_eq!((none.summary.aantal, none.summary.ongewijzigd), (0, 0));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_reaches_it_and_a_second_daemon_replaces_what_a_crash_left() {
    let served = Served::start().await;
    let path = served.data.path().join(SOCKET);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // A crash leaves the file; nobody answers there.
    served.task.abort();
    drop(served.task.await);
    assert!(path.exists());
    assert!(Client::connect(served.data.path()).unwrap().is_none());
    drop(Control::bind(served.data.path(), served.engine.clone()).unwrap());
    assert!(Client::connect(Path::new("/nowhere/at/all")).unwrap().is_none());
    served.engine.stop();
}

/// Anything may be said; what is no request is refused with the reason, and a line without end is not kept.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused() {
    let served = Served::start().await;
    let good = br#"{"verzoek":"plan","wijziging":{"partner":{"verb":"vasthouden","partner":"hvb"}}}"#;
    let answers = served.say(&[b"{}\n", b"no json\n", &[b'['; 9000], b"\n", good, b"\n", b"cut off"]).await;
    assert_eq!(answers.len(), 4, "{answers:?}");
    assert!(answers[..3].iter().all(|answer| answer.starts_with(r#"{"fout""#)), "{answers:?}");
    assert!(answers[3].starts_with(r#"{"klaar""#), "{answers:?}");
    let most = vec![b' '; LINE_BYTES_MAX - good.len()];
    let answers = served.say(&[good, &most, b"\n"]).await;
    assert!(answers[0].starts_with(r#"{"klaar""#), "{answers:?}");
    let answers = served.say(&[good, &most, b" \n", good, b"\n"]).await;
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].contains("at most 1048576 bytes"), "{answers:?}");
    served.stop().await;
}

/// So many may talk at once; one more is sent away.
#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded() {
    let served = Served::start().await;
    let path = served.data.path().join(SOCKET);
    let count = tokio::task::spawn_blocking(move || {
        let good = b"{\"verzoek\":\"plan\",\"wijziging\":{\"partner\":{\"verb\":\"vasthouden\",\"partner\":\"x\"}}}\n";
        let mut open = Vec::new();
        for _ in 0..=CONNECTIONS_MAX {
            let mut stream = UnixStream::connect(&path).unwrap();
            let mut line = String::new();
            // The one too many may be closed before it is written to.
            let said = stream.write_all(good).is_ok();
            let mut reader = BufReader::new(stream);
            if said && reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                open.push(reader);
            }
        }
        open.len()
    });
    assert_eq!(count.await.unwrap(), CONNECTIONS_MAX);
    served.stop().await;
}

/// A removal is shown and done beside the gateway that holds the store; the BSN stands in no answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_removal_is_shown_and_done_over_the_socket() {
    use crate::removal::{Hindernis, Opdracht, Verslag};
    let served = Served::start().await;
    let text = crate::engine::tests::bsn(1);
    let bsn = iwmo_toewijzing::identity::Bsn::new(&text).unwrap();
    let ask = async |request: Request| -> Result<Verslag, ClientError> {
        let data = served.data.path().to_owned();
        let ask = move || Client::connect(&data)?.unwrap().ask(&request, &mut |_| {});
        tokio::task::spawn_blocking(ask).await.unwrap()
    };
    let done = |opdracht| Request::PerformRemoval { opdracht, reden: "verzoek".to_owned(), namens: None };
    let ondanks = vec![Hindernis::Lopend, Hindernis::Uitgaand];
    let remove = || Opdracht::Verwijder { bsn, gemeenten: None, ondanks: ondanks.clone() };
    let shown = ask(Request::PlanRemoval { opdracht: remove() }).await.unwrap();
    assert_eq!((shown.uitgevoerd, shown.gehouden.len()), (false, 1));
    assert!(shown.gehouden[0].hindernissen.contains(&Hindernis::Termijn));
    let refused = ask(done(remove())).await.unwrap_err().to_string();
    assert!(refused.contains("termijn") && !refused.contains(&text), "{refused}");
    let ontvangen = "2020-01-31".parse().unwrap();
    let asked = ask(done(Opdracht::Verzoek { bsn, gemeenten: None, ontvangen })).await.unwrap();
    assert_eq!(
        (asked.verzoeken.len(), asked.verzoeken[0].uiterlijk.to_string()),
        (1, "2020-04-30".to_owned())
    );
    assert!(asked.verzoeken[0].verlopen);
    let gone = ask(done(remove())).await.unwrap();
    assert_eq!((gone.uitgevoerd, gone.handelingen.len()), (true, 1));
    assert!(!serde_json::to_string(&gone).unwrap().contains(&text));
    assert!(ask(Request::PlanRemoval { opdracht: remove() }).await.unwrap().gehouden.is_empty());
    served.stop().await;
}

/// A command reads the rows of the running gateway, as they were when it began.
#[tokio::test(flavor = "multi_thread")]
async fn rows_are_read_through_the_socket() {
    let served = Served::start().await;
    let data = served.data.path().to_owned();
    let read = move || {
        let ask = Client::connect(&data).unwrap().unwrap().rows().unwrap();
        Ledger::beside(ask, crate::ledger::FORMAT).unwrap().unwrap()
    };
    let rows = tokio::task::spawn_blocking(read).await.unwrap();
    assert_eq!(rows.tips(), served.engine.ledger().tips());
    let engine = served.engine.clone();
    let same = move || {
        let all: Vec<_> = rows.scan(b"").map(Result::unwrap).collect();
        assert!(all.len() > 10 && engine.ledger().scan(b"").map(Result::unwrap).eq(all.clone()));
        (rows, all)
    };
    let (rows, all) = tokio::task::spawn_blocking(same).await.unwrap();
    let change = Request::Perform { wijziging: hold("hvb"), reden: "x".to_owned(), namens: None };
    assert!(served.ask(change).await.unwrap().uitgevoerd);
    let still = tokio::task::spawn_blocking(move || {
        assert!(rows.scan(b"").map(Result::unwrap).eq(all));
    });
    still.await.unwrap();
    // What is no question ends the conversation, and only that one.
    served.say(&[b"{\"verzoek\":\"rows\"}\n", &[9, 0, 0, 0, 1, 2, 3]]).await;
    served.say(&[b"{\"verzoek\":\"rows\"}\n", &[255; 64]]).await;
    let again = served.ask(Request::Plan { wijziging: hold("hvb") }).await.unwrap();
    assert!(!again.uitgevoerd);
    served.stop().await;
}

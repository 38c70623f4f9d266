//! Limits of one partner on the StUF route.

use super::stuf::{di01, wrapped};
use super::*;

/// Who sends more envelopes than it may is told with the error of StUF for which the same is sent again later; when it is,
/// it is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_envelopes_get_the_error_that_passes() {
    let world = World::new();
    let fingerprint = world.linde.fingerprint;
    let partners = format!(
        "[[partner]]\nid = \"linde\"\nkind = \"aanbieder\"\nagb = \"{LINDE}\"\nroute = \"stuf\"\n\
         url = \"https://127.0.0.1:9\"\nfingerprint = \"{fingerprint}\"\nmessages_per_minute = 60\nburst = 1\n"
    );
    let daemon = world.start(&partners).await;
    let url = format!("https://{}/uitwisseling/v1/ggk", daemon.exchange());
    let client = world.client(Some(&world.linde));
    let post = async |number: u128| {
        let request = client.post(&url).header("content-type", "text/xml; charset=utf-8");
        let response = request.body(wrapped(&di01(LINDE, number))).send().await.unwrap();
        let status = response.status().as_u16();
        stuf::Answered { status, body: response.bytes().await.unwrap().to_vec() }
    };
    assert_eq!(post(1).await.short(), "200 Bv03");
    assert_eq!(post(2).await.short(), "500 Server StUF046");
    let later = async {
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let answer = post(2).await.short();
            if answer == "200 Bv03" {
                return;
            }
            assert_eq!(answer, "500 Server StUF046");
        }
    };
    tokio::time::timeout(Duration::from_secs(20), later).await.expect("the same is taken later");
    daemon.stop().await;
}

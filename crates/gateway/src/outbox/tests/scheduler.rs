//! What the outbox does with what waits. Time is driven: an hour takes no time.

use super::*;

const QUICK: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn what_waits_is_delivered_once_in_order_per_key() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (QUICK, delivered()));
    for seq in 0..400 {
        shelf.put("one", &format!("key-{}", seq % 7), seq);
    }
    let _running = run(&shelf, &peers, &["one"]);
    drained(&shelf).await;
    assert_eq!(peers.tried().len(), 400);
    assert_eq!(peers.most(), pace().concurrent, "different keys leave at the same time, up to the bound");
    for key in 0..7 {
        let lane = format!("one/key-{key}/");
        let seqs: Vec<u64> =
            peers.tried().iter().filter_map(|(what, _)| what.strip_prefix(&lane)?.parse().ok()).collect();
        assert!(seqs.is_sorted() && !seqs.is_empty(), "{seqs:?}");
    }
    assert!(shelf.looks() < 100, "the store is not asked for every message: {}", shelf.looks());
}

#[tokio::test(start_paused = true)]
async fn a_new_message_wakes_the_outbox() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (Duration::ZERO, delivered()));
    let _running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(1000)).await;
    shelf.put("one", "key", 1);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(shelf.delivered(), ["0222:1/0"]);
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_later_and_later_with_the_same_bytes() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, before| (QUICK, if before < 4 { retry() } else { delivered() }));
    shelf.put("one", "key", 1);
    let _running = run(&shelf, &peers, &["one"]);
    drained(&shelf).await;
    let tried = peers.tried();
    assert!(tried.iter().all(|(what, _)| what == "one/key/1"));
    let gaps: Vec<f64> = tried.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    for (gap, doubling) in gaps.iter().zip([1.0, 2.0, 4.0, 8.0]) {
        assert!((0.5 * doubling..=doubling + 0.2).contains(gap), "{gaps:?}");
    }
    let outcomes = shelf.log();
    assert_eq!(outcomes.len(), 5);
    assert!(matches!(&outcomes[0].1, Outcome::Retry { reason, .. } if reason == "the partner answered 503"));
}

/// A younger message with the same key does not overtake one that waits for another try.
#[tokio::test(start_paused = true)]
async fn a_failure_holds_up_its_key_and_no_other() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |what, before| {
        (QUICK, if what == "one/a/1" && before < 3 { retry() } else { delivered() })
    });
    for (order, seq) in [("a", 1), ("a", 2), ("b", 3), ("a", 4), ("b", 5)] {
        shelf.put("one", order, seq);
    }
    let _running = run(&shelf, &peers, &["one"]);
    drained(&shelf).await;
    assert_eq!(shelf.delivered(), ["0222:3/0", "0222:5/0", "0222:1/0", "0222:2/0", "0222:4/0"]);
}

/// More messages than one look at the store shows are held up; what stands behind them still leaves.
#[tokio::test(start_paused = true)]
async fn a_long_queue_of_one_key_does_not_hide_another() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |what, _| {
        (QUICK, if what.starts_with("one/stuck") { retry() } else { delivered() })
    });
    for seq in 0..300 {
        shelf.put("one", "stuck", seq);
    }
    shelf.put("one", "free", 300);
    let _running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(shelf.delivered(), ["0222:300/0"]);
}

#[tokio::test(start_paused = true)]
async fn a_partner_that_is_down_delays_no_other() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |what, _| match what.starts_with("down") {
        true => (Duration::from_secs(60), retry()),
        false => (QUICK, delivered()),
    });
    for seq in 0..200 {
        shelf.put("down", &format!("key-{seq}"), seq);
        shelf.put("up", &format!("key-{seq}"), 1000 + seq);
    }
    let _running = run(&shelf, &peers, &["down", "up"]);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(shelf.delivered().len(), 200);
}

/// A partner that is down for hours is asked ever less often, and by one message at a time; when it is back,
/// all leave.
#[tokio::test(start_paused = true)]
async fn a_circuit_opens_and_closes() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let back = Duration::from_secs(1800);
    let watch = Arc::clone(&clock);
    let peers = Peers::new(&clock, move |_, _| {
        (QUICK, if watch.now() < start() + back { retry() } else { delivered() })
    });
    for seq in 0..50 {
        shelf.put("one", &format!("key-{seq}"), seq);
    }
    let _running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(1700)).await;
    let tried = peers.tried();
    // Alone, each of the fifty would have made some thirty attempts by now.
    assert!(tried.len() < 100, "{}", tried.len());
    let apart = |pair: &[(String, f64)]| pair[1].1 - pair[0].1;
    let latest: Vec<f64> = tried.windows(2).rev().take(5).map(apart).collect();
    assert!(latest.iter().all(|seconds| *seconds >= 32.0), "one by one, the longest pause apart: {latest:?}");
    drained(&shelf).await;
    let (_, last) = peers.tried().pop().unwrap();
    assert!(last < 1800.0 + 4.0 * 64.0, "all left soon after: {last}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_partner_asks_for_is_honoured() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, before| match before {
        0 => (QUICK, Attempt::Retry { reason: "429".into(), after: Some(Duration::from_secs(300)) }),
        _ => (QUICK, delivered()),
    });
    shelf.put("one", "key", 1);
    let _running = run(&shelf, &peers, &["one"]);
    drained(&shelf).await;
    let tried = peers.tried();
    assert!((300.0..302.0).contains(&tried[1].1), "{tried:?}");
}

/// Found by the simulation: a message that was made, or put off, while the clock was ahead waited until the clock had
/// caught up, however long that was.
#[tokio::test(start_paused = true)]
async fn a_clock_set_back_puts_nothing_off() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (QUICK, delivered()));
    let hour = Duration::from_secs(3600);
    for (seq, off) in [(1, hour), (2, hour + Duration::from_secs(1)), (3, hour * 15)] {
        shelf.put("one", &format!("key-{seq}"), seq);
        shelf.put_off(seq, start() + off);
    }
    let _running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut delivered = shelf.delivered();
    delivered.sort();
    assert_eq!(delivered, ["0222:2/0", "0222:3/0"], "an hour is what a partner may ask for");
    drained(&shelf).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_is_parked_and_the_next_leaves() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |what, _| match what {
        "one/a/1" => (QUICK, Attempt::Refused { reason: "the partner answered 422: TR056".into() }),
        _ => (QUICK, delivered()),
    });
    shelf.put("one", "a", 1);
    shelf.put("one", "a", 2);
    let _running = run(&shelf, &peers, &["one"]);
    drained(&shelf).await;
    assert_eq!(peers.tried().len(), 2, "a refused message is not sent again");
    assert_eq!(shelf.log()[0].1, Outcome::Refused { reason: "the partner answered 422: TR056".into() });
    assert_eq!(shelf.delivered(), ["0222:2/0"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_fails_for_too_long_is_parked() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (QUICK, retry()));
    shelf.put("one", "key", 1);
    let _running = run(&shelf, &peers, &["one"]);
    drained(&shelf).await;
    let (_, last) = shelf.log().pop().unwrap();
    let Outcome::GivenUp { reason } = last else { panic!("{last:?}") };
    assert!(
        reason.starts_with("given up after ") && reason.ends_with("the partner answered 503"),
        "{reason}"
    );
    let (_, when) = peers.tried().pop().unwrap();
    assert!((3600.0..3600.0 + 130.0).contains(&when), "{when}");
}

/// Until its outcome is recorded a message is not sent again, nor is a younger one with its key.
#[tokio::test(start_paused = true)]
async fn an_outcome_that_cannot_be_recorded_is_recorded_later() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (QUICK, delivered()));
    shelf.break_down(20);
    shelf.put("one", "key", 1);
    shelf.put("one", "key", 2);
    let _running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(peers.tried().len(), 1);
    drained(&shelf).await;
    assert_eq!(peers.tried().len(), 2);
    assert_eq!(shelf.delivered(), ["0222:1/0", "0222:2/0"]);
}

#[tokio::test(start_paused = true)]
async fn stopping_lets_deliveries_end_and_starts_no_other() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (Duration::from_secs(5), delivered()));
    for seq in 0..10 {
        shelf.put("one", &format!("key-{seq}"), seq);
    }
    let running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.stopper.stop();
    running.task.await.unwrap();
    assert_eq!((shelf.delivered().len(), shelf.left()), (4, 6));
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_for_ever() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (Duration::from_secs(100_000), delivered()));
    shelf.put("one", "key", 1);
    let running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.stopper.stop();
    let before = Instant::now();
    running.task.await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(11));
    assert_eq!(shelf.left(), 1, "the message waits for the next start");
}

#[tokio::test(start_paused = true)]
async fn partners_come_and_go_while_it_runs() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (QUICK, delivered()));
    let running = run(&shelf, &peers, &["one"]);
    shelf.put("two", "key", 1);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(shelf.left(), 1);
    running.partners.send_replace(Arc::new(vec![partner("two")]));
    drained(&shelf).await;
    shelf.put("one", "key", 2);
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(shelf.left(), 1, "a partner that is gone is sent nothing");
}

/// What goes in comes out: a peer that fails at random, at any speed, over several partners.
#[tokio::test(start_paused = true)]
async fn every_message_is_accounted_for() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |what, before| {
        let dice =
            what.bytes().fold(before as u64 + 1, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let attempt = match dice % 10 {
            0..=2 => retry(),
            3 => Attempt::Refused { reason: "422".into() },
            4 => Attempt::HandedOver { receipt: None },
            _ => delivered(),
        };
        (Duration::from_millis(dice % 900), attempt)
    });
    for seq in 0..900 {
        shelf.put(["one", "two", "three"][seq as usize % 3], &format!("key-{}", seq % 11), seq);
    }
    let _running = run(&shelf, &peers, &["one", "two", "three"]);
    drained(&shelf).await;
    let mut ended: Vec<String> = shelf
        .log()
        .into_iter()
        .filter(|(_, outcome)| !matches!(outcome, Outcome::Retry { .. }))
        .map(|(id, _)| id)
        .collect();
    ended.sort();
    ended.dedup();
    assert_eq!(ended.len(), 900);
    assert_eq!(shelf.log().len(), peers.tried().len(), "every attempt has one outcome");
}

/// A held partner gets nothing, not even what was taken from the store before; released, it gets everything in order.
#[tokio::test(start_paused = true)]
async fn a_held_partner_gets_nothing() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (Duration::from_secs(10), delivered()));
    for seq in 0..20 {
        shelf.put("one", &format!("key-{seq}"), seq);
    }
    let _running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    shelf.act(|standing| standing.held = true);
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert_eq!(peers.tried().len(), pace().concurrent, "what was under way goes on to its end");
    shelf.act(|standing| standing.held = false);
    drained(&shelf).await;
    assert_eq!(peers.tried().len(), 20);
}

/// Who is behind a hub is sent nothing while the hub is held; what waited has all its time from the release on.
#[tokio::test(start_paused = true)]
async fn nobody_behind_a_held_hub_gets_anything() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let fails_once = |what: &str, tried| match what.starts_with("behind") && tried == 0 {
        true => (Duration::ZERO, retry()),
        false => (Duration::ZERO, delivered()),
    };
    let peers = Peers::new(&clock, fails_once);
    shelf.put("behind", "key", 1);
    shelf.put("one", "key", 2);
    shelf.act_on_hub(|standing| standing.held = true);
    let behind = Partner { via: Some(PartnerId("hub".into())), ..partner("behind") };
    let _running = run_with(&shelf, &peers, vec![behind, partner("one")]);
    tokio::time::sleep(pace().park_after * 2).await;
    assert_eq!(shelf.delivered(), ["0222:2/0"]);
    assert_eq!(peers.tried().len(), 1, "only who is not behind it");
    let now = clock.now();
    shelf.act_on_hub(|standing| *standing = Standing { released: now, ..Standing::default() });
    drained(&shelf).await;
    assert_eq!(shelf.delivered(), ["0222:2/0", "0222:1/0"], "it was tried again, and not given up");
}

/// A message that is cancelled while it stands in the sender's queue is not sent.
#[tokio::test(start_paused = true)]
async fn a_cancelled_message_is_not_sent() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (Duration::from_secs(10), delivered()));
    for seq in 0..20 {
        shelf.put("one", &format!("key-{seq}"), seq);
    }
    let _running = run(&shelf, &peers, &["one"]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    shelf.cancel(19);
    drained(&shelf).await;
    assert_eq!(peers.tried().len(), 19);
}

/// Who asks to send at once does not wait for the end of a pause; when the partner still fails the pause is back.
#[tokio::test(start_paused = true)]
async fn an_operator_ends_a_pause() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (Duration::ZERO, retry()));
    for seq in 0..10 {
        shelf.put("one", &format!("key-{seq}"), seq);
    }
    let _running = run(&shelf, &peers, &["one"]);
    let since_last = || {
        let now = clock.now().duration_since(start()).as_secs_f64();
        peers.tried().last().map_or(0.0, |(_, when)| now - when)
    };
    while since_last() < 20.0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let tried = peers.tried().len();
    let due = clock.now();
    shelf.act(|standing| standing.spurred = due);
    shelf.retry_all(due);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(peers.tried().len(), tried + 1, "one message shows whether the partner is there");
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(peers.tried().len(), tried + 1, "the pause is back");
}

/// C-43: nothing is sent while the freeze of a partner lasts, others go on, and when it ends what waits leaves by itself.
/// The run begins on Friday 15 January 2027 at nine in the Netherlands.
#[tokio::test(start_paused = true)]
async fn c_43_a_freeze_holds_and_releases_by_itself() {
    for freeze in
        ["2027-01-15 08:30 - 2027-01-15 10:00", "fr 08:30 - fr 09:30", "vr 09:00 - vr 10:00 Europe/Amsterdam"]
    {
        let until = if freeze.contains("09:30") { 1800 } else { 3600 };
        let (shelf, clock) = (Shelf::new(), DrivenClock::start());
        let peers = Peers::new(&clock, |_, _| (QUICK, delivered()));
        let frozen = Partner { stilte: vec![freeze.parse().unwrap()], ..partner("one") };
        shelf.put("one", "key", 1);
        shelf.put("two", "key", 2);
        let _running = run_with(&shelf, &peers, vec![frozen, partner("two")]);
        tokio::time::sleep(Duration::from_secs(until - 5)).await;
        assert_eq!(shelf.delivered(), ["0222:2/0"], "{freeze}");
        shelf.put("one", "key", 3);
        drained(&shelf).await;
        let tried = peers.tried();
        let late =
            tried.iter().filter(|(what, _)| what.starts_with("one/")).map(|(_, at)| *at).collect::<Vec<_>>();
        assert!(late.len() == 2 && late.iter().all(|at| *at >= until as f64), "{freeze}: {tried:?}");
        assert!(late[0] < until as f64 + 2.0, "{freeze}: it begins at once: {tried:?}");
    }
}

/// A message that waited through a freeze has as much time left when it ends as before it began.
#[tokio::test(start_paused = true)]
async fn a_freeze_uses_up_no_patience() {
    let (shelf, clock) = (Shelf::new(), DrivenClock::start());
    let peers = Peers::new(&clock, |_, _| (QUICK, retry()));
    // From half an hour after the start on, for three hours; a message is given up after one.
    let stilte = vec!["2027-01-15 09:30 - 2027-01-15 12:30".parse().unwrap()];
    shelf.put("one", "key", 1);
    let _running = run_with(&shelf, &peers, vec![Partner { stilte, ..partner("one") }]);
    drained(&shelf).await;
    let log = shelf.log();
    assert!(matches!(log.last(), Some((_, Outcome::GivenUp { .. }))), "{log:?}");
    let (tried, end) = (peers.tried(), 3.5 * 3600.0);
    assert!(tried.iter().all(|(_, at)| *at <= 1800.0 || *at >= end), "{tried:?}");
    let last = tried.last().unwrap().1;
    // The waits between attempts are a minute or so; another half an hour was left.
    assert!((end + 1700.0..end + 2000.0).contains(&last), "{last}");
}

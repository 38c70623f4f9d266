//! The clock is set back while the gateway runs.

use super::*;

/// Found by the simulation: the queue of a partner was in the order of the clock, so what was made after the clock was
/// set back overtook what waited.
#[test]
fn a_clock_set_back_lets_nothing_overtake() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    play(&gateway, Step::Order).unwrap();
    gateway.clock.set_back(Duration::from_secs(3600));
    // Its retour would prove that the 301 has arrived.
    play(&gateway, Step::Start).unwrap();
    gateway.clock.set_back(Duration::from_secs(3600));
    play(&gateway, Step::Stop).unwrap();
    let waiting = gateway.engine.waiting(&PartnerId("hvb".to_owned()), 10);
    let kinds: Vec<&str> = waiting.iter().map(|message| message.message.as_str()).collect();
    assert_eq!(kinds, ["WMO301", "WMO306", "WMO308"]);
    assert!(waiting.iter().all(|message| message.order == waiting[0].order));
    gateway.deliver().unwrap();
    assert!(gateway.engine.waiting(&PartnerId("hvb".to_owned()), 10).is_empty());
    gateway.stop();
}

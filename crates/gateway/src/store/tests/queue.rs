//! Queues: they have what a scan has, and what left costs nothing.

use super::*;

#[test]
fn a_queue_begins_where_its_first_row_is() {
    let ledger = Ledger::temporary(FORMAT, 0).unwrap();
    let mut state = 7u32;
    let mut random = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % below
    };
    for round in 0..600u32 {
        let mut changes = Writes::default();
        for prefix in ["uone\0", "utwo\0", "v"] {
            // Most come at the end, some before the front; the front leaves.
            let at = if random(8) == 0 { random(round + 1) } else { round };
            changes.put(format!("{prefix}{at:08}"), Vec::new());
            for (key, _) in ledger.scan(prefix.as_bytes()).map(Result::unwrap).take(random(3) as usize) {
                changes.delete(&key);
            }
        }
        let open = ledger.queue(b"uone\0");
        ledger.commit(changes, &[]).unwrap();
        // A look that began before the commit does not move the front past what came with it.
        open.take(2).for_each(|pair| drop(pair.unwrap()));
        for prefix in [&b"uone\0"[..], b"utwo\0", b"v", b"u"] {
            let expected = keys(ledger.scan(prefix));
            assert_eq!(keys(ledger.queue(prefix)), expected, "round {round}");
            assert_eq!(keys(ledger.queue(prefix)), expected, "again, round {round}");
        }
    }
    ledger.clear().unwrap();
    ledger.commit(writes(&[("v00000000", Some(""))]), &[]).unwrap();
    assert_eq!(keys(ledger.queue(b"v")), "v00000000");
}

#[test]
fn what_left_a_queue_costs_nothing() {
    let ledger = Ledger::temporary(FORMAT, 0).unwrap();
    let key = |number: u32| format!("uone\0{number:08}");
    for number in 0..2_000 {
        let mut changes = Writes::default();
        changes.put(key(number), Vec::new());
        if number > 0 {
            changes.delete(key(number - 1));
        }
        ledger.commit(changes, &[]).unwrap();
    }
    let mut first = ledger.queue(b"uone\0");
    assert_eq!(first.next().unwrap().unwrap().0, Value::from(key(1_999).into_bytes()));
    assert_eq!(ledger.fronts().front(b"uone\0"), Some(key(1_999).into_bytes()));
}

//! Rows that another process holds are read as one's own.

use super::super::{Ask, View};
use super::*;

fn asking(view: View) -> Ask {
    Box::new(move |question| view.answer(question).map_err(std::io::Error::other))
}

fn filled(ledger: &Ledger) {
    let mut writes = Writes::default();
    for number in 0..12_000_u32 {
        writes.put(format!("r{number:06}"), format!("value {number}").into_bytes());
    }
    writes.put("large", vec![7; 2 << 20]);
    writes.put("larger", vec![8; 3 << 20]);
    ledger.commit(writes, &[tip("0363", 5), tip("0222", 9)]).unwrap();
}

#[test]
fn what_another_process_holds_is_read_as_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let own = Ledger::create(dir.path(), FORMAT).unwrap();
    filled(&own);
    let other = Ledger::beside(asking(own.view()), FORMAT).unwrap().unwrap();
    assert_eq!(other.tips(), own.tips());
    for key in ["r000000", "r011999", "large", "larger", "r012000", ""] {
        assert_eq!(other.get(key.as_bytes()).unwrap(), own.get(key.as_bytes()).unwrap(), "{key}");
    }
    assert!(other.first_difference(&own).unwrap().is_none());
    for (prefix, from) in [("r", "r"), ("r0000", "r000050"), ("r", "r011998"), ("x", "x"), ("la", "la")] {
        let (prefix, from) = (prefix.as_bytes(), from.as_bytes());
        let all: Vec<Pair> = own.range(prefix, from).map(Result::unwrap).collect();
        assert_eq!(other.range(prefix, from).map(Result::unwrap).collect::<Vec<_>>(), all);
        let back: Vec<Pair> = other.range(prefix, from).rev().map(Result::unwrap).collect();
        assert!(back.iter().rev().eq(&all));
        // From both ends in turn they meet, and nothing is given twice.
        for pace in [1, 3, 40] {
            let mut scan = other.range(prefix, from);
            let (mut front, mut back, mut turn) = (Vec::new(), Vec::new(), 0);
            loop {
                let pair = if turn % (pace + 1) < pace { scan.next() } else { scan.next_back() };
                let Some(pair) = pair else { break };
                if turn % (pace + 1) < pace {
                    front.push(pair.unwrap())
                } else {
                    back.push(pair.unwrap())
                }
                turn += 1;
            }
            front.extend(back.into_iter().rev());
            assert_eq!(front, all, "pace {pace}");
        }
    }
}

/// It is one moment that is read, and nothing is changed through it.
#[test]
fn what_is_written_meanwhile_does_not_show() {
    let own = Ledger::in_memory(FORMAT);
    own.commit(writes(&[("a", Some("1"))]), &[tip("0363", 1)]).unwrap();
    let other = Ledger::beside(asking(own.view()), FORMAT).unwrap().unwrap();
    own.commit(writes(&[("a", Some("2")), ("b", Some("3"))]), &[tip("0363", 2)]).unwrap();
    assert_eq!(pairs(other.scan(b"")), [("a".to_owned(), "1".to_owned())]);
    assert_eq!(other.tips()[&"0363".parse().unwrap()].seq, 1);
    assert!(matches!(other.commit(writes(&[("c", Some("4"))]), &[]), Err(StoreError::Io(_))));
    assert_eq!(pairs(own.scan(b"")).len(), 2);
    assert!(Ledger::beside(asking(own.view()), FORMAT + 1).unwrap().is_none());
}

#[test]
fn what_is_no_question_has_no_answer() {
    let own = Ledger::in_memory(FORMAT);
    own.commit(writes(&[("a", Some("1"))]), &[tip("0363", 1)]).unwrap();
    let view = own.view();
    for question in [
        &b""[..],
        b"\x01",
        b"\x01\x05\0\0\0a",
        b"\x02\x01\0\0\0a",
        b"\x02\x01\0\0\0a\x01\0\0\0b",
        b"\x09\x01\0\0\0a",
        b"\x01\xff\xff\xff\xffa",
    ] {
        assert!(view.answer(question).is_err(), "{question:?}");
    }
    // A range that ends before it begins has nothing in it.
    assert_eq!(view.answer(b"\x02\x01\0\0\0b\x01\0\0\0a\x01\0\0\0").unwrap(), b"");
}

//! Rows in memory and in tables read as one map, now and as of moments that somebody looks at.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::store::tree::Pair;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// What may happen to rows.
#[derive(Clone, Debug)]
enum Step {
    /// A commit that sets keys, or removes them.
    Commit(BTreeMap<u8, Option<u8>>),
    Load(BTreeMap<u8, Option<u8>>),
    /// What is in memory begins to become a table, and is not one yet.
    Seal,
    WriteDown,
    Join,
    Look,
    LookAway,
}

fn step() -> impl Strategy<Value = Step> {
    let rows = || prop::collection::btree_map(0_u8..40, prop::option::weighted(0.7, any::<u8>()), 1..25);
    prop_oneof![
        12 => rows().prop_map(Step::Commit),
        1 => rows().prop_map(Step::Load),
        2 => Just(Step::Seal),
        2 => Just(Step::WriteDown),
        1 => Just(Step::Join),
        3 => Just(Step::Look),
        2 => Just(Step::LookAway),
    ]
}

/// Keys of which many begin alike, and one is the beginning of another; some with zeros where others end.
fn key(number: u8) -> Vec<u8> {
    match number % 4 {
        0 => vec![number / 4],
        1 => vec![number / 4, 0],
        2 => [&[7; 16][..], &[number]].concat(),
        _ => [&[7; 16][..], &[number - 1, 0]].concat(),
    }
}

/// Values of which some are kept in place and some are not.
fn value(number: u8) -> Vec<u8> {
    vec![number; usize::from(number % 64)]
}

/// What a step writes; the model as it is after that.
fn rows(of: &BTreeMap<u8, Option<u8>>, model: &mut Model) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let rows: Vec<_> = of.iter().map(|(number, set)| (key(*number), set.map(value))).collect();
    for (key, value) in rows.iter().cloned() {
        match value {
            Some(value) => model.insert(key, value),
            None => model.remove(&key),
        };
    }
    rows
}

fn batch(rows: &[(Vec<u8>, Option<Vec<u8>>)]) -> Batch<'_> {
    let mut batch = Batch::default();
    for (key, value) in rows {
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
    batch
}

fn plain(pair: Result<Pair>) -> (Vec<u8>, Vec<u8>) {
    pair.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap()
}

/// Goes through a range, from the end that each bit says.
fn read(mut range: Range, mut ends: u64) -> Model {
    let (mut front, mut back) = (Vec::new(), Vec::new());
    loop {
        let (found, taken) =
            if ends & 1 == 0 { (range.next(), &mut front) } else { (range.next_back(), &mut back) };
        let Some(found) = found else { break };
        taken.push(plain(found));
        ends = ends.rotate_right(1);
    }
    assert!(range.next().is_none() && range.next_back().is_none());
    back.reverse();
    front.extend(back);
    assert!(front.is_sorted_by(|(one, _), (two, _)| one < two), "{front:?}");
    front.into_iter().collect()
}

fn same(moment: &Moment, model: &Model, from: u8, to: u8, ends: u64) {
    let (from, to) = (key(from).min(key(to)), key(from).max(key(to)));
    let part = model.range(from.clone()..to.clone()).map(|(key, value)| (key.clone(), value.clone()));
    assert_eq!(read(moment.range(&from, &to), ends), part.collect::<Model>());
    assert_eq!(read(moment.range(&[], &[255]), ends), *model);
    for key in (0..40).map(key) {
        assert_eq!(moment.get(&key).unwrap().as_deref(), model.get(&key).map(Vec::as_slice));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn rows_read_as_a_map_now_and_as_they_were(
        steps in prop::collection::vec(step(), 1..60),
        (from, to) in (0_u8..40, 0_u8..40),
        ends: u64,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let tables = Tables::open(dir.path()).unwrap();
        let mut model = Model::new();
        let mut moments: Vec<(Moment, Model)> = Vec::new();
        for step in steps {
            match step {
                Step::Commit(of) => tables.apply(batch(&rows(&of, &mut model))).unwrap(),
                Step::Load(of) => tables.load(batch(&rows(&of, &mut model))).unwrap(),
                Step::Seal => tables.shared.seal(),
                Step::WriteDown => tables.write_down().unwrap(),
                Step::Join => tables.join().unwrap(),
                Step::Look => moments.push((tables.now(), model.clone())),
                Step::LookAway => drop(moments.pop()),
            }
            for key in (0..40).map(key) {
                let found = tables.get(&key).unwrap();
                prop_assert_eq!(found.as_deref(), model.get(&key).map(Vec::as_slice));
            }
            same(&tables.now(), &model, from, to, ends);
            for (moment, model) in &moments {
                same(moment, model, from, to, ends);
            }
        }
        drop(moments);
        drop(tables);
        let tables = Tables::open(dir.path()).unwrap();
        same(&tables.now(), &model, from, to, ends);
        tables.clear().unwrap();
        same(&tables.now(), &Model::new(), from, to, ends);
    }

    /// Also of keys that are short, that begin alike, and that have zeros where others end.
    #[test]
    fn pairs_are_put_in_the_order_of_their_keys(
        keys in prop::collection::btree_set(prop::collection::vec(0_u8..3, 1..20), 0..60),
        seed: u64,
    ) {
        let mut shuffled: Vec<_> = keys.iter().cloned().collect();
        shuffled.sort_by_key(|key| key.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)));
        let mut batch = Batch::default();
        for key in &shuffled {
            batch.insert(key, b"");
        }
        let found: Vec<_> = in_order(batch).iter().map(|(key, _)| key.to_vec()).collect();
        prop_assert_eq!(found, keys.into_iter().collect::<Vec<_>>());
    }
}

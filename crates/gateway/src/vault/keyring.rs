//! The keys of a store in memory: which there are, whose they are, and which were destroyed.

use std::collections::{BTreeSet, HashMap};

use super::{KeyId, Secret};

/// The keyed hash of a person or a gemeente by which their key is found.
pub(super) type Lookup = [u8; 16];

/// A key, and the lookup that leads to it.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) lookup: Lookup,
    pub(super) secret: Secret,
}

/// All keys of a store.
#[derive(Clone, Default)]
pub(super) struct Keyring {
    held: HashMap<KeyId, Held>,
    found: HashMap<Lookup, KeyId>,
    gone: BTreeSet<KeyId>,
}

impl Keyring {
    pub(super) fn insert(&mut self, id: KeyId, held: Held) {
        // What was destroyed does not come back.
        if self.gone.contains(&id) {
            return;
        }
        self.held.insert(id, held);
        self.found.insert(held.lookup, id);
    }

    /// Forgets a key for good.
    pub(super) fn destroy(&mut self, id: KeyId) {
        if let Some(Held { lookup, .. }) = self.held.remove(&id)
            && self.found.get(&lookup) == Some(&id)
        {
            self.found.remove(&lookup);
        }
        self.gone.insert(id);
    }

    /// Takes up what another process has written since.
    pub(super) fn merge(&mut self, other: Self) {
        for id in other.gone {
            self.destroy(id);
        }
        for (id, held) in other.held {
            self.insert(id, held);
        }
    }

    pub(super) fn get(&self, id: &KeyId) -> Option<&Held> {
        self.held.get(id)
    }

    pub(super) fn find(&self, lookup: &Lookup) -> Option<(KeyId, Secret)> {
        let id = self.found.get(lookup)?;
        self.held.get(id).map(|held| (*id, held.secret))
    }

    pub(super) fn is_gone(&self, id: &KeyId) -> bool {
        self.gone.contains(id)
    }

    /// Returns the keys, in an order that does not say which came first.
    pub(super) fn sorted(&self) -> Vec<(&KeyId, &Held)> {
        let mut held: Vec<_> = self.held.iter().collect();
        held.sort_unstable_by_key(|(id, _)| **id);
        held
    }

    pub(super) fn gone(&self) -> &BTreeSet<KeyId> {
        &self.gone
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }
}

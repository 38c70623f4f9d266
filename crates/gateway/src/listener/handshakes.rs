//! Handshakes that are going on, by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Which part of the connections one address may have in handshakes.
const SHARE: usize = 2;

type Going = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Counts handshakes, so that somebody who begins many and ends none leaves room for others.
#[derive(Debug, Default)]
pub(super) struct Handshakes {
    going: Going,
}

impl Handshakes {
    /// Lets one more begin, unless this address has its share of so many connections.
    pub(super) fn enter(&self, address: IpAddr, connections: usize) -> Option<Place> {
        let mut going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        let count = going.entry(address).or_default();
        // A listener of one connection has one handshake too.
        if *count >= connections.div_ceil(SHARE) {
            return None;
        }
        *count += 1;
        Some(Place { address, going: Arc::clone(&self.going) })
    }
}

/// A handshake that counts, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    address: IpAddr,
    going: Going,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = going.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                going.remove(&self.address);
            }
        }
    }
}

//! Who an operator is, by what the system says.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::record::{OPERATOR_BYTES_MAX, Wie};

/// Where the system keeps the names of its users.
const USERS: &str = "/etc/passwd";

/// Returns who a user is; `namens` is who became that user with sudo.
#[must_use]
pub fn operator_of(uid: u32, namens: Option<String>) -> Wie {
    let users = fs::read_to_string(USERS).unwrap_or_default();
    Wie::Operator { uid, naam: name(&users, uid), namens: namens.and_then(bounded) }
}

/// Returns who runs this process.
///
/// # Errors
///
/// The system does not say.
pub fn operator() -> std::io::Result<Wie> {
    Ok(operator_of(own_uid()?, std::env::var("SUDO_USER").ok()))
}

/// Returns the user that this process runs as.
///
/// # Errors
///
/// The system does not say.
pub fn own_uid() -> std::io::Result<u32> {
    Ok(fs::metadata("/proc/self")?.uid())
}

fn name(users: &str, uid: u32) -> Option<String> {
    let wanted = uid.to_string();
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == wanted).then(|| bounded(name.to_owned())).flatten()
    })
}

/// Keeps a name that can stand in a record: short, and of printable ASCII.
fn bounded(name: String) -> Option<String> {
    let usable = !name.is_empty()
        && name.len() <= OPERATOR_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_graphic());
    usable.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\niwmo:x:998:998::/var/lib/iwmo:/sbin/nologin\n";
        assert_eq!(name(users, 998).as_deref(), Some("iwmo"));
        assert_eq!(name(users, 0).as_deref(), Some("root"));
        assert_eq!(name(users, 99), None);
    }

    #[test]
    fn names_that_do_not_fit_a_record_are_left_out() {
        assert!(bounded("x".repeat(OPERATOR_BYTES_MAX)).is_some());
        assert!(bounded("x".repeat(OPERATOR_BYTES_MAX + 1)).is_none());
        for name in ["", "a b", "naïef", "a\nb"] {
            assert!(bounded(name.to_owned()).is_none(), "{name:?}");
        }
    }
}

//! Changes to the content of a file, and what a power cut leaves of them.

/// What survives of a write that was not synced, survives in pieces of this size.
const SECTOR_BYTES: usize = 512;

#[derive(Clone)]
pub(super) enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Change {
    pub(super) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    set_len(content, end);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
            Self::Length(length) => set_len(content, *length),
        }
    }

    /// Applies what a power cut leaves of it: all, nothing, or some sectors.
    pub(super) fn apply_in_part(&self, content: &mut Vec<u8>, random: &mut u64) {
        match (chance(random, 4), self) {
            (0, _) => {}
            (1, _) | (_, Self::Length(_)) => self.apply(content),
            (how, Self::Write { offset, bytes }) => {
                let cut = chance(random, bytes.len() as u64 + 1) as usize;
                let mut at = 0;
                while at < bytes.len() {
                    // Sectors have fixed places in the file.
                    let end = ((offset + at + 1).next_multiple_of(SECTOR_BYTES) - offset).min(bytes.len());
                    let (kept, end) = if how == 2 {
                        (at < cut, end.min(cut.max(at + 1)))
                    } else {
                        (chance(random, 2) == 0, end)
                    };
                    if kept {
                        Self::Write { offset: offset + at, bytes: bytes[at..end].to_vec() }.apply(content);
                    }
                    at = end;
                }
            }
        }
    }
}

fn set_len(content: &mut Vec<u8>, length: usize) {
    let kept = content.len().min(length);
    let mut other = vec![0; length];
    other[..kept].copy_from_slice(&content[..kept]);
    *content = other;
}

/// Returns a number below `bound`, and moves on.
pub(super) fn chance(random: &mut u64, bound: u64) -> u64 {
    // SplitMix64.
    *random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *random;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % bound
}

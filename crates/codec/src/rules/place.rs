//! Where in a message, without a string for every element looked at.

use std::fmt;

/// The deepest nesting of repeated elements: Clienten/Client, Prestaties/Prestatie.
const NUMBERS: usize = 2;

/// An element of a message. The path has `[#]` where a number belongs.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    path: &'static str,
    below: &'static str,
    numbers: [usize; NUMBERS],
    known: usize,
}

impl Place {
    /// An element by its path, as `/Bericht/Client/Relaties/Relatie[#]`.
    pub(crate) const fn new(path: &'static str) -> Self {
        Self { path, below: "", numbers: [0; NUMBERS], known: 0 }
    }

    /// Fills in the next number, given the index in its list.
    pub(crate) fn item(mut self, index: usize) -> Self {
        if let Some(number) = self.numbers.get_mut(self.known) {
            *number = index + 1;
            self.known += 1;
        }
        self
    }

    /// An element below, as `Periode/Einddatum`.
    pub(crate) const fn below(mut self, path: &'static str) -> Self {
        self.below = path;
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut numbers = self.numbers.iter();
        for (index, part) in self.path.split('#').enumerate() {
            if index > 0 {
                write!(f, "{}", numbers.next().copied().unwrap_or_default())?;
            }
            f.write_str(part)?;
        }
        if self.below.is_empty() { Ok(()) } else { write!(f, "/{}", self.below) }
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn numbers_are_filled_in_from_the_left() {
        let place = Place::new("/Bericht/Clienten/Client[#]/Prestaties/Prestatie[#]").item(0).item(11);
        assert_eq!(place.to_string(), "/Bericht/Clienten/Client[1]/Prestaties/Prestatie[12]");
        assert_eq!(
            place.below("ProductPeriode/Einddatum").to_string(),
            "/Bericht/Clienten/Client[1]/Prestaties/Prestatie[12]/ProductPeriode/Einddatum"
        );
    }
}

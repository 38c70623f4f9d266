//! Lengths of time that a policy has: how long a new message is held back, and in which time the CAK must know.

use jiff::Span;
use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::months::shift_months;
use super::policy::Leveringsvorm;
use crate::calendar::Kalender;

/// How long a new message is held back for a correction (section 8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bedenktijd {
    /// Until the next daily run.
    DagelijkseRun,
    /// So many seconds; 0: it goes at once.
    Seconden(u32),
}

impl Serialize for Bedenktijd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::DagelijkseRun => serializer.serialize_str("dagelijkse_run"),
            Self::Seconden(seconds) => serializer.collect_str(&format_args!("{seconds}s")),
        }
    }
}

/// In which time after the start the CAK must know (UVR 2f).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Termijn {
    /// Calendar months.
    Maanden(u8),
    /// Calendar days.
    Dagen(u16),
    /// Working days.
    Werkdagen(u16),
}

impl Termijn {
    /// Returns the last day.
    #[must_use]
    pub fn after(self, start: Date) -> Date {
        match self {
            Self::Maanden(months) => shift_months(start, i32::from(months)),
            Self::Dagen(days) => start.checked_add(Span::new().days(days)).unwrap_or(Date::MAX),
            Self::Werkdagen(days) => Kalender::default().add_working_days(start, days),
        }
    }

    /// Reads `30d` or `10wd`.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| plain)
        };
        match text.strip_suffix("wd") {
            Some(digits) => number(digits).map(Self::Werkdagen),
            None => number(text.strip_suffix('d')?).map(Self::Dagen),
        }
    }
}

impl Serialize for Termijn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Maanden(months) => serializer.serialize_u8(*months),
            Self::Dagen(days) => serializer.collect_str(&format_args!("{days}d")),
            Self::Werkdagen(days) => serializer.collect_str(&format_args!("{days}wd")),
        }
    }
}

/// In which time after the start the CAK must know, per leveringsvorm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MeldingTermijn {
    /// Of a toewijzing.
    pub zin: Termijn,
    /// Of a pgb.
    pub pgb: Termijn,
    /// Of an algemene voorziening.
    pub algemeen: Termijn,
}

impl MeldingTermijn {
    /// Returns that of a leveringsvorm.
    #[must_use]
    pub fn of(self, vorm: Leveringsvorm) -> Termijn {
        match vorm {
            Leveringsvorm::Zin => self.zin,
            Leveringsvorm::Pgb => self.pgb,
            Leveringsvorm::Algemeen => self.algemeen,
        }
    }
}

impl Default for MeldingTermijn {
    fn default() -> Self {
        Self { zin: Termijn::Maanden(1), pgb: Termijn::Maanden(4), algemeen: Termijn::Maanden(1) }
    }
}

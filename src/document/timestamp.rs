//! Moments in documents: RFC 3339, to the second.

use std::fmt;
use std::str::FromStr;

use super::decode::{Blank, Decode, shown};
use super::node::{Node, Value};
use super::problem::{Path, Report, quoted};

/// A moment: seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Documents write it as RFC 3339 does, with an offset: `2027-01-31T00:00:00Z`.
///
/// # Errors
/// Parsing refuses `2027-01-31` (no time), `2027-01-31T00:00:00` (no offset) and
/// `2027-02-30T00:00:00Z` (no such day).
///
/// ```
/// use bailiwick::Timestamp;
/// let end: Timestamp = "1970-01-02T01:00:00+01:00".parse()?;
/// assert_eq!(end, Timestamp(86_400));
/// assert_eq!(end.to_string(), "1970-01-02T00:00:00Z");
/// assert!("1970-01-02".parse::<Timestamp>().is_err());
/// # Ok::<(), bailiwick::TimestampError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(
    /// Seconds since 1970-01-01T00:00:00Z.
    pub i64,
);

/// A text that is no moment; [`Timestamp`] says what one looks like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is not a moment; write it like `2027-01-31T00:00:00Z`", quoted(.0))]
pub struct TimestampError(String);

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || TimestampError(text.to_owned());
        let parsed: toml_datetime::Datetime = text.parse().map_err(|_| refused())?;
        let (Some(date), Some(time), Some(offset)) = (parsed.date, parsed.time, parsed.offset)
        else {
            return Err(refused());
        };
        let offset_minutes = match offset {
            toml_datetime::Offset::Z => 0,
            toml_datetime::Offset::Custom { minutes } => i64::from(minutes),
        };
        let days = days_from_civil(
            i64::from(date.year),
            i64::from(date.month),
            i64::from(date.day),
        );
        let seconds_of_day = i64::from(time.hour) * 3600
            + i64::from(time.minute) * 60
            + i64::from(time.second.unwrap_or(0));
        Ok(Timestamp(
            days * 86_400 + seconds_of_day - offset_minutes * 60,
        ))
    }
}

impl Timestamp {
    /// Whether it can be written as RFC 3339 has it, in the years 0000 to 9999.
    pub(crate) fn is_writable(self) -> bool {
        const FIRST: i64 = -62_167_219_200;
        const LAST: i64 = 253_402_300_799;
        (FIRST..=LAST).contains(&self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(86_400));
        let second = self.0.rem_euclid(86_400);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// Days since 1970-01-01 of a Gregorian date, after Howard Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`], from the same source.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::decode::deserialize(deserializer)
    }
}

impl Decode for Timestamp {
    fn decode(node: &Node, at: &Path<'_>, report: &mut Report<'_>) -> Option<Self> {
        let parsed = match &node.value {
            Value::Text(text) | Value::Moment(text) => {
                text.parse().map_err(|e: TimestampError| e.to_string())
            }
            _ => Err(format!(
                "expected a moment like `2027-01-31T00:00:00Z`, found {}",
                shown(node)
            )),
        };
        match parsed {
            Ok(moment) => Some(moment),
            Err(message) => {
                let said = (super::ProblemCode::NoMoment, message);
                report.error_at_span(node.span.as_ref(), at, said);
                None
            }
        }
    }
}

impl Blank for Timestamp {
    fn blank() -> Option<Self> {
        Some(Timestamp(0))
    }
}

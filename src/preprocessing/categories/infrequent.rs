//! Rare categories become one.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::error::{Error, Result};

/// From how many rows on a category counts as frequent: a number of rows, or a fraction of all rows. Numbers convert:
/// `10` is ten rows, `0.01` is a hundredth of the rows.
///
/// ```
/// use fitwell::preprocessing::MinFrequency;
///
/// assert_eq!(MinFrequency::from(10), MinFrequency::Count(10));
/// assert_eq!(MinFrequency::from(0.01), MinFrequency::Fraction(0.01));
/// assert_eq!(serde_json::to_string(&MinFrequency::Count(10))?, "10");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MinFrequency {
    /// So many rows, at least 1.
    Count(usize),
    /// Of all rows, in (0, 1).
    Fraction(f64),
}

impl From<usize> for MinFrequency {
    fn from(count: usize) -> Self {
        MinFrequency::Count(count)
    }
}

impl From<f64> for MinFrequency {
    fn from(fraction: f64) -> Self {
        MinFrequency::Fraction(fraction)
    }
}

impl From<i32> for MinFrequency {
    fn from(count: i32) -> Self {
        // A negative count is refused with its value by `fit`.
        usize::try_from(count).map_or(MinFrequency::Fraction(count.into()), MinFrequency::Count)
    }
}

impl fmt::Display for MinFrequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MinFrequency::Count(count) => count.fmt(f),
            MinFrequency::Fraction(fraction) => fraction.fmt(f),
        }
    }
}

/// The same for formats that are not self-describing.
#[derive(Serialize, Deserialize)]
enum Tagged {
    Count(usize),
    Fraction(f64),
}

/// In JSON the plain number.
impl Serialize for MinFrequency {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return match self {
                MinFrequency::Count(count) => count.serialize(serializer),
                MinFrequency::Fraction(v) => crate::params::number::serialize(v, serializer),
            };
        }
        match *self {
            MinFrequency::Count(count) => Tagged::Count(count),
            MinFrequency::Fraction(fraction) => Tagged::Fraction(fraction),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for MinFrequency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(Plain);
        }
        Ok(match Tagged::deserialize(deserializer)? {
            Tagged::Count(count) => MinFrequency::Count(count),
            Tagged::Fraction(fraction) => MinFrequency::Fraction(fraction),
        })
    }
}

struct Plain;

impl Visitor<'_> for Plain {
    type Value = MinFrequency;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of rows or a fraction of them")
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> std::result::Result<MinFrequency, E> {
        usize::try_from(v).map_or_else(
            |_| Err(E::custom("expected a number of rows")),
            |count| Ok(MinFrequency::Count(count)),
        )
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> std::result::Result<MinFrequency, E> {
        Ok(MinFrequency::Fraction(v as f64))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> std::result::Result<MinFrequency, E> {
        Ok(MinFrequency::Fraction(v))
    }
}

/// When categories are put together.
#[derive(Clone, Copy, Debug)]
pub(in crate::preprocessing) struct Grouping {
    pub(in crate::preprocessing) min_frequency: Option<MinFrequency>,
    pub(in crate::preprocessing) max_categories: Option<usize>,
}

impl Grouping {
    /// Whether any category may be put with others.
    pub(in crate::preprocessing) fn is_on(&self) -> bool {
        self.min_frequency.is_some() || self.max_categories.is_some()
    }

    pub(in crate::preprocessing) fn check(&self, estimator: &str) -> Result<()> {
        let refuse = |name: &str, expected: &str, got: &dyn fmt::Display| {
            Err(Error::invalid_parameter(estimator, name, expected, got))
        };
        match self.min_frequency {
            Some(MinFrequency::Count(0)) => {
                return refuse("min_frequency", "at least 1, or in (0, 1)", &0);
            }
            Some(MinFrequency::Fraction(v)) if !(v > 0.0 && v < 1.0) => {
                return refuse("min_frequency", "at least 1, or in (0, 1)", &v);
            }
            _ => {}
        }
        match self.max_categories {
            Some(0) => refuse("max_categories", "at least 1", &0),
            _ => Ok(()),
        }
    }

    /// The positions of the infrequent categories, ascending, given how often each occurs in `n_rows` rows.
    ///
    /// A category is infrequent if it occurs less often than `min_frequency`. If `max_categories` are fewer than the
    /// frequent ones and the one that the infrequent ones become, the rarest of all are infrequent too; of equally rare
    /// ones those that come first.
    pub(in crate::preprocessing) fn infrequent(&self, counts: &[u64], n_rows: usize) -> Vec<u32> {
        let mut rare: Vec<bool> = match self.min_frequency {
            None => vec![false; counts.len()],
            Some(MinFrequency::Count(least)) => counts.iter().map(|&c| c < least as u64).collect(),
            Some(MinFrequency::Fraction(part)) => {
                let least = n_rows as f64 * part;
                counts.iter().map(|&c| (c as f64) < least).collect()
            }
        };
        let width = rare.iter().filter(|r| !**r).count() + 1;
        if let Some(most) = self.max_categories
            && most < width
        {
            let frequent = most.saturating_sub(1);
            let mut order: Vec<usize> = (0..counts.len()).collect();
            order.sort_by_key(|&i| counts[i]);
            for &i in &order[..counts.len().saturating_sub(frequent)] {
                rare[i] = true;
            }
        }
        let rare = rare.iter().zip(0..).filter(|(r, _)| **r);
        rare.map(|(_, i)| i).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rarest_of_equally_rare_come_first() {
        let by = |min_frequency: Option<MinFrequency>, max_categories| Grouping {
            min_frequency,
            max_categories,
        };
        let counts = [5, 20, 10, 3, 3];
        assert!(by(None, None).infrequent(&counts, 41).is_empty());
        assert_eq!(by(Some(4.into()), None).infrequent(&counts, 41), [3, 4]);
        // 0.25 of 40 rows is 10, and 10 is not below it.
        assert_eq!(
            by(Some(0.25.into()), None).infrequent(&counts, 40),
            [0, 3, 4]
        );
        assert_eq!(by(None, Some(5)).infrequent(&counts, 41), [3]);
        assert_eq!(by(None, Some(3)).infrequent(&counts, 41), [0, 3, 4]);
        assert_eq!(by(None, Some(1)).infrequent(&counts, 41), [0, 1, 2, 3, 4]);
        assert!(by(None, Some(6)).infrequent(&counts, 41).is_empty());
        assert_eq!(by(Some(4.into()), Some(4)).infrequent(&counts, 41), [3, 4]);
        assert_eq!(
            by(Some(4.into()), Some(2)).infrequent(&counts, 41),
            [0, 2, 3, 4]
        );
        assert!(by(None, Some(2)).infrequent(&[], 0).is_empty());
    }

    #[test]
    fn plain_numbers_in_json_and_bits_in_binary() {
        for (value, json) in [
            (MinFrequency::Count(7), "7"),
            (MinFrequency::Fraction(0.25), "0.25"),
        ] {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
            assert_eq!(serde_json::from_str::<MinFrequency>(json).unwrap(), value);
            let bytes = postcard::to_stdvec(&value).unwrap();
            assert_eq!(postcard::from_bytes::<MinFrequency>(&bytes).unwrap(), value);
        }
        for bad in [
            MinFrequency::from(0),
            MinFrequency::from(-3),
            MinFrequency::from(1.0),
            MinFrequency::from(f64::NAN),
        ] {
            let grouping = Grouping {
                min_frequency: Some(bad),
                max_categories: None,
            };
            assert!(grouping.check("E").is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<MinFrequency>("\"a\"").is_err());
    }
}

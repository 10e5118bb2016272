//! Settings that several decompositions share.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::feature_selection::written::{count, written};

/// Power iterations that are not refused.
const MOST_POWERS: f64 = 1e4;

/// How many components [`Pca`](super::Pca) keeps. By name a count, a fraction, `"mle"`, or `null` for all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum NComponents {
    /// All there are: min(n_samples, n_features).
    #[default]
    All,
    /// So many.
    Count(usize),
    /// As many as explain more than this share of the variance, in (0, 1).
    Fraction(f64),
    /// As many as are most likely (Minka, 2000); for at least as many rows as columns.
    Mle,
}

impl From<usize> for NComponents {
    fn from(n: usize) -> Self {
        NComponents::Count(n)
    }
}

impl From<f64> for NComponents {
    fn from(share: f64) -> Self {
        NComponents::Fraction(share)
    }
}

impl NComponents {
    fn write(&self) -> Value {
        match self {
            NComponents::All => Value::Null,
            NComponents::Count(n) => (*n).into(),
            NComponents::Fraction(share) if share.is_nan() => "nan".into(),
            NComponents::Fraction(share) if share.is_infinite() && *share > 0.0 => "inf".into(),
            NComponents::Fraction(share) if share.is_infinite() => "-inf".into(),
            NComponents::Fraction(share) => (*share).into(),
            NComponents::Mle => "mle".into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(NComponents::All),
            Value::String(name) => match name.as_str() {
                "mle" => Some(NComponents::Mle),
                "nan" => Some(NComponents::Fraction(f64::NAN)),
                "inf" => Some(NComponents::Fraction(f64::INFINITY)),
                "-inf" => Some(NComponents::Fraction(f64::NEG_INFINITY)),
                _ => None,
            },
            Value::Number(number) => match count(value) {
                Some(n) => Some(NComponents::Count(n)),
                None => number.as_f64().map(NComponents::Fraction),
            },
            _ => None,
        }
    }

    pub(super) fn check(&self, estimator: &str) -> Result<()> {
        match self {
            NComponents::Fraction(share) if !Interval::open(0.0, 1.0).contains(*share) => {
                Err(Error::invalid_parameter(
                    estimator,
                    "n_components",
                    "a count, a fraction in (0, 1), \"mle\" or null",
                    share,
                ))
            }
            _ => Ok(()),
        }
    }
}
written!(
    NComponents,
    "a count, a fraction in (0, 1), \"mle\" or null"
);

/// How often the randomized method multiplies by X X'. By name a count or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IteratedPower {
    /// 7 times for fewer components than a tenth of min(n_samples, n_features), otherwise 4 times.
    #[default]
    Auto,
    /// So often.
    Count(usize),
}

impl From<usize> for IteratedPower {
    fn from(n: usize) -> Self {
        IteratedPower::Count(n)
    }
}

impl IteratedPower {
    fn write(&self) -> Value {
        match self {
            IteratedPower::Auto => "auto".into(),
            IteratedPower::Count(n) => (*n).into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "auto" {
            return Some(IteratedPower::Auto);
        }
        count(value).map(IteratedPower::Count)
    }

    pub(super) fn check(&self, estimator: &str, name: &str) -> Result<()> {
        match self {
            IteratedPower::Auto => Ok(()),
            IteratedPower::Count(n) => powers(estimator, name, *n),
        }
    }

    /// The number of power iterations for k components of a matrix of this shape.
    pub(super) fn resolve(&self, k: usize, shape: (usize, usize)) -> usize {
        match self {
            IteratedPower::Count(n) => *n,
            IteratedPower::Auto if (k as f64) < 0.1 * shape.0.min(shape.1) as f64 => 7,
            IteratedPower::Auto => 4,
        }
    }
}
written!(IteratedPower, "a number of power iterations or \"auto\"");

/// A number of power iterations is one that ends.
pub(super) fn powers(estimator: &str, name: &str, n: usize) -> Result<()> {
    check::real(
        estimator,
        name,
        n as f64,
        Interval::closed(0.0, MOST_POWERS),
    )
}

/// What keeps power iterations from running into the first component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerIterationNormalizer {
    /// `None` for at most two iterations, otherwise `Lu`.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// An orthonormal basis after every product, with X and with X': the most accurate.
    #[serde(rename = "QR")]
    Qr,
    /// The cheaper way: a basis after each pair of products. (scikit-learn takes a triangular factor there, which spans the
    /// same space.)
    #[serde(rename = "LU")]
    Lu,
    /// Nothing: small components drown in rounding after a few iterations.
    #[serde(rename = "none")]
    None,
}

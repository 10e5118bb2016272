//! Which features are kept, given their scores and p-values.

use serde::{Deserialize, Serialize};

use super::{K, SelectMode, SelectParam};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::feature_selection::amount::or_all;
use crate::params::Hyperparameters;

/// Which features a rule keeps.
pub(super) trait Rule: Hyperparameters {
    /// Whether the rule needs p-values.
    fn needs_pvalues(&self) -> bool;

    /// The selected features, given scores and, where needed, p-values.
    fn mask(&self, scores: &[f64], pvalues: &[f64]) -> Vec<bool>;
}

/// The settings of a selector beside its score function.
macro_rules! settings {
    ($settings:ident, $name:literal, $($field:ident: $t:ty = $default:expr, $with:literal);+) => {
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct $settings {
            $(#[serde(with = $with)] pub(super) $field: $t,)+
        }

        impl Default for $settings {
            fn default() -> Self {
                $settings { $($field: $default),+ }
            }
        }

        impl Hyperparameters for $settings {
            const NAME: &'static str = $name;
            fn check(&self) -> Result<()> {
                self.range()
            }
        }
    };
}

/// Serde as the type itself has it.
mod own {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(v: &T, s: S) -> Result<S::Ok, S::Error> {
        v.serialize(s)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        d: D,
    ) -> Result<T, D::Error> {
        T::deserialize(d)
    }
}

settings!(KBest, "SelectKBest", k: K = K::Count(10), "own");
settings!(Percentile, "SelectPercentile", percentile: f64 = 10.0, "crate::params::number");
settings!(Fpr, "SelectFpr", alpha: f64 = 0.05, "crate::params::number");
settings!(Fdr, "SelectFdr", alpha: f64 = 0.05, "crate::params::number");
settings!(Fwe, "SelectFwe", alpha: f64 = 0.05, "crate::params::number");
settings!(Generic, "GenericUnivariateSelect",
    mode: SelectMode = SelectMode::Percentile, "own";
    param: SelectParam = SelectParam::Number(1e-5), "own");

impl KBest {
    fn range(&self) -> Result<()> {
        Ok(())
    }
}

impl Rule for KBest {
    fn needs_pvalues(&self) -> bool {
        false
    }

    fn mask(&self, scores: &[f64], _: &[f64]) -> Vec<bool> {
        let k = match self.k {
            K::Count(k) => or_all(Self::NAME, "k", k, scores.len()),
            K::All => scores.len(),
        };
        best(scores, k)
    }
}

/// The k greatest scores; of equal ones the later features, as scikit-learn's stable sort has it.
pub(super) fn best(scores: &[f64], k: usize) -> Vec<bool> {
    let scores = comparable(scores);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut mask = vec![false; scores.len()];
    for &j in order.iter().rev().take(k) {
        mask[j] = true;
    }
    mask
}

/// NaN as the least number there is, one zero.
fn comparable(scores: &[f64]) -> Vec<f64> {
    let known = |s: &f64| if s.is_nan() { f64::MIN } else { s + 0.0 };
    scores.iter().map(known).collect()
}

impl Percentile {
    fn range(&self) -> Result<()> {
        let range = Interval::closed(0.0, 100.0);
        check::real(Self::NAME, "percentile", self.percentile, range)
    }
}

impl Rule for Percentile {
    fn needs_pvalues(&self) -> bool {
        false
    }

    fn mask(&self, scores: &[f64], _: &[f64]) -> Vec<bool> {
        best_percentile(scores, self.percentile)
    }
}

/// Scores above the quantile, and of those equal to it the first ones, up to the number that the percentage makes.
pub(super) fn best_percentile(scores: &[f64], percentile: f64) -> Vec<bool> {
    if percentile == 100.0 {
        return vec![true; scores.len()];
    }
    if percentile == 0.0 {
        return vec![false; scores.len()];
    }
    let scores = comparable(scores);
    let threshold = quantile(&scores, (100.0 - percentile) / 100.0);
    let mut mask: Vec<bool> = scores.iter().map(|&s| s > threshold).collect();
    let above = mask.iter().filter(|&&kept| kept).count();
    let wanted = (scores.len() as f64 * percentile / 100.0) as usize;
    let ties = (0..scores.len()).filter(|&j| scores[j] == threshold);
    for j in ties.take(wanted.saturating_sub(above)) {
        mask[j] = true;
    }
    mask
}

/// The quantile by linear interpolation, with NumPy's rounding.
fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len() - 1;
    let place = last as f64 * q;
    let below = (place.floor() as usize).min(last);
    let part = place - below as f64;
    let (a, b) = (sorted[below], sorted[(below + 1).min(last)]);
    if part == 0.0 || a == b {
        a
    } else if part >= 0.5 {
        b - (b - a) * (1.0 - part)
    } else {
        a + (b - a) * part
    }
}

macro_rules! by_pvalue {
    ($($settings:ident, $mask:ident;)+) => {$(
        impl $settings {
            fn range(&self) -> Result<()> {
                check::real(Self::NAME, "alpha", self.alpha, Interval::closed(0.0, 1.0))
            }
        }

        impl Rule for $settings {
            fn needs_pvalues(&self) -> bool {
                true
            }

            fn mask(&self, _: &[f64], pvalues: &[f64]) -> Vec<bool> {
                $mask(pvalues, self.alpha)
            }
        }
    )+};
}
by_pvalue! {
    Fpr, below;
    Fdr, benjamini_hochberg;
    Fwe, bonferroni;
}

pub(super) fn below(pvalues: &[f64], alpha: f64) -> Vec<bool> {
    pvalues.iter().map(|&p| p < alpha).collect()
}

pub(super) fn bonferroni(pvalues: &[f64], alpha: f64) -> Vec<bool> {
    below(pvalues, alpha / pvalues.len() as f64)
}

/// All p up to the largest one that is at most `alpha` · rank / n.
pub(super) fn benjamini_hochberg(pvalues: &[f64], alpha: f64) -> Vec<bool> {
    let mut sorted: Vec<f64> = pvalues.iter().copied().filter(|p| !p.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let each = alpha / pvalues.len() as f64;
    let ranked = sorted.iter().zip(1u32..);
    let fits = ranked.filter(|(p, rank)| **p <= each * f64::from(*rank));
    match fits.last() {
        Some((largest, _)) => pvalues.iter().map(|p| p <= largest).collect(),
        None => vec![false; pvalues.len()],
    }
}

impl Generic {
    fn range(&self) -> Result<()> {
        let (expected, fits) = match self.mode {
            SelectMode::KBest => (
                "a whole number of at least 0, or \"all\"",
                self.number().is_none_or(|v| v >= 0.0 && v.fract() == 0.0),
            ),
            SelectMode::Percentile => (
                "in [0, 100]",
                self.number().is_some_and(|v| (0.0..=100.0).contains(&v)),
            ),
            _ => (
                "in [0, 1]",
                self.number().is_some_and(|v| (0.0..=1.0).contains(&v)),
            ),
        };
        if fits {
            return Ok(());
        }
        let got = self.param.write();
        Err(Error::invalid_parameter(Self::NAME, "param", expected, got))
    }

    fn number(&self) -> Option<f64> {
        match self.param {
            SelectParam::Number(v) => Some(v),
            SelectParam::All => None,
        }
    }
}

impl Rule for Generic {
    fn needs_pvalues(&self) -> bool {
        matches!(
            self.mode,
            SelectMode::Fpr | SelectMode::Fdr | SelectMode::Fwe
        )
    }

    fn mask(&self, scores: &[f64], pvalues: &[f64]) -> Vec<bool> {
        let param = self.number();
        match self.mode {
            SelectMode::KBest => {
                let n = scores.len();
                let k = param.map_or(n, |k| or_all(Self::NAME, "param", k as usize, n));
                best(scores, k)
            }
            SelectMode::Percentile => best_percentile(scores, param.unwrap_or(100.0)),
            SelectMode::Fpr => below(pvalues, param.unwrap_or(1.0)),
            SelectMode::Fdr => benjamini_hochberg(pvalues, param.unwrap_or(1.0)),
            SelectMode::Fwe => bonferroni(pvalues, param.unwrap_or(1.0)),
        }
    }
}

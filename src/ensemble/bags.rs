//! Which rows and columns a bag holds, and how many.

use rand::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::check;
use crate::error::{Error, Result};
use crate::model::{Model, ensure};
use crate::params::{Params, Value};
use crate::random;

/// How many rows or columns a bag holds: as a parameter a whole number is a count, another number a share of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Portion {
    /// So many.
    Count(usize),
    /// This share of all, in (0, 1], rounded down.
    Share(f64),
}

impl From<usize> for Portion {
    fn from(count: usize) -> Self {
        Portion::Count(count)
    }
}

impl From<f64> for Portion {
    fn from(share: f64) -> Self {
        Portion::Share(share)
    }
}

impl Portion {
    fn check(self, estimator: &str, name: &str) -> Result<()> {
        let fine = match self {
            Portion::Count(n) => n >= 1,
            Portion::Share(s) => s > 0.0 && s <= 1.0,
        };
        if fine {
            return Ok(());
        }
        let expected = "a count of 1 or more, or a share in (0, 1]";
        Err(Error::invalid_parameter(
            estimator,
            name,
            expected,
            self.text(),
        ))
    }

    fn text(self) -> String {
        match self {
            Portion::Count(n) => n.to_string(),
            Portion::Share(s) => format!("{s:?}"),
        }
    }
}

impl Serialize for Portion {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            _ if !serializer.is_human_readable() => match self {
                Portion::Count(n) => (Some(*n), 0.0).serialize(serializer),
                Portion::Share(s) => (None::<usize>, *s).serialize(serializer),
            },
            Portion::Count(n) => n.serialize(serializer),
            Portion::Share(s) => s.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Portion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let (count, share) = <(Option<usize>, f64)>::deserialize(deserializer)?;
            return Ok(count.map_or(Portion::Share(share), Portion::Count));
        }
        let wrong = || de::Error::custom("expected a count or a share in (0, 1]");
        let value = Value::deserialize(deserializer).map_err(|_| wrong())?;
        match (value.as_u64(), value.as_f64()) {
            (Some(n), _) => usize::try_from(n).map(Portion::Count).map_err(|_| wrong()),
            (None, Some(s)) => Ok(Portion::Share(s)),
            _ => Err(wrong()),
        }
    }
}

/// The settings of both baggers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Bagging {
    pub(super) n_estimators: usize,
    pub(super) max_samples: Option<Portion>,
    pub(super) max_features: Portion,
    pub(super) bootstrap: bool,
    pub(super) bootstrap_features: bool,
    pub(super) oob_score: bool,
    pub(super) random_state: u64,
}

impl Default for Bagging {
    fn default() -> Self {
        Bagging {
            n_estimators: 10,
            max_samples: None,
            max_features: Portion::Share(1.0),
            bootstrap: true,
            bootstrap_features: false,
            oob_score: false,
            random_state: 0,
        }
    }
}

/// The most models of a bag.
const MOST: usize = 1_000_000;

/// The settings under the name of the estimator.
macro_rules! bagging_settings {
    () => {
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(transparent)]
        struct Settings(Bagging);

        impl Hyperparameters for Settings {
            const NAME: &'static str = NAME;
            fn check(&self) -> Result<()> {
                self.0.check_as(NAME)
            }
        }
    };
}
pub(super) use bagging_settings;

/// The setters.
macro_rules! bagging_builder {
    ($name:ident, $what:literal) => {
        impl<E> $name<E> {
            #[doc = concat!("Ten copies of this ", $what, ".")]
            pub fn new(estimator: E) -> Self {
                $name {
                    estimator,
                    settings: Settings::default(),
                }
            }

            /// How many copies.
            pub fn n_estimators(mut self, n_estimators: usize) -> Self {
                self.settings.0.n_estimators = n_estimators;
                self
            }

            /// The rows of each copy: a count, or a share of all.
            pub fn max_samples(mut self, max_samples: impl Into<Portion>) -> Self {
                self.settings.0.max_samples = Some(max_samples.into());
                self
            }

            /// The columns of each copy: a count, or a share of all.
            pub fn max_features(mut self, max_features: impl Into<Portion>) -> Self {
                self.settings.0.max_features = max_features.into();
                self
            }

            /// Whether a row may be drawn again.
            pub fn bootstrap(mut self, bootstrap: bool) -> Self {
                self.settings.0.bootstrap = bootstrap;
                self
            }

            /// Whether a column may be drawn again.
            pub fn bootstrap_features(mut self, bootstrap_features: bool) -> Self {
                self.settings.0.bootstrap_features = bootstrap_features;
                self
            }

            /// Whether rows are scored by the copies that were not fitted on them.
            pub fn oob_score(mut self, oob_score: bool) -> Self {
                self.settings.0.oob_score = oob_score;
                self
            }

            /// The seed.
            pub fn random_state(mut self, random_state: u64) -> Self {
                self.settings.0.random_state = random_state;
                self
            }

            #[doc = concat!("The ", $what, ".")]
            pub fn estimator(&self) -> &E {
                &self.estimator
            }

            /// The rows of each copy, those that `fit` draws for these samples and this target: scikit-learn's
            /// `estimators_samples_`. A model does not keep them.
            ///
            /// # Errors
            /// `InvalidParameter`, `EmptyInput`, and what a target with bad weights says.
            #[doc(alias = "estimators_samples_")]
            pub fn estimators_samples<X, Y>(&self, x: &X, y: &Y) -> Result<Vec<Vec<usize>>>
            where
                X: $crate::samples::AsSamples + ?Sized,
                Y: $crate::targets::AsTargets + ?Sized,
            {
                use $crate::samples::Samples;
                use $crate::targets::Targets;
                self.settings.check()?;
                let (x, y) = (x.as_samples(), y.as_targets());
                not_empty(x)?;
                $crate::check::target(y, x.n_samples())?;
                let (n, p) = (x.n_samples(), x.n_features());
                let weights = y.sample_weight().map_or(vec![1.0; n], |w| w.to_vec());
                let settings = &self.settings.0;
                let rows = |i: usize| Ok(settings.bag(NAME, i, p, &weights)?.rows);
                let first: Vec<usize> = rows(0)?;
                let size = (settings.n_estimators, first.len());
                $crate::parallel::fits::<usize>("rows of the copies", size)?;
                each(settings.n_estimators, rows)
            }
        }
    };
}
pub(super) use bagging_builder;

/// Copies and columns as a model file may hold them.
pub(super) fn validate<M: Model>(
    estimators: &[M],
    features: &[Vec<usize>],
    n_features: usize,
) -> Result<()> {
    ensure::at_least("number of copies", estimators.len(), 1)?;
    ensure::equal(
        "number of lists of columns",
        features.len(),
        estimators.len(),
    )?;
    for columns in features {
        ensure::at_least("number of columns", columns.len(), 1)?;
        ensure::indices("columns", columns, n_features)?;
    }
    estimators.iter().try_for_each(Model::validate)
}

/// The rows and columns of one model.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bag {
    pub(super) rows: Vec<usize>,
    pub(super) columns: Vec<usize>,
}

impl Bagging {
    pub(super) fn check_as(&self, name: &str) -> Result<()> {
        check::count(name, "n_estimators", self.n_estimators, 1)?;
        if self.n_estimators > MOST {
            let expected = format!("at most {MOST}");
            return Err(Error::invalid_parameter(
                name,
                "n_estimators",
                expected,
                self.n_estimators,
            ));
        }
        if let Some(portion) = self.max_samples {
            portion.check(name, "max_samples")?;
        }
        self.max_features.check(name, "max_features")?;
        if self.oob_score && !self.bootstrap {
            let expected = "false without bootstrap: no row is left out";
            return Err(Error::invalid_parameter(name, "oob_score", expected, true));
        }
        Ok(())
    }

    /// The rows of a bag of `n` rows with this total weight.
    pub(super) fn n_rows(
        &self,
        name: &str,
        n: usize,
        total: f64,
        drawable: usize,
    ) -> Result<usize> {
        /// Rows of a bag, as a multiple of all.
        const MOST: usize = 1000;
        let rows = match self.max_samples {
            None => n,
            Some(Portion::Count(rows)) => rows,
            Some(Portion::Share(share)) => ((share * total) as usize).max(1),
        };
        let (most, why) = if self.bootstrap {
            (
                n.saturating_mul(MOST),
                "a thousand times the number of rows",
            )
        } else {
            (
                drawable,
                "the rows with weight, of which each is drawn once",
            )
        };
        if rows <= most {
            return Ok(rows);
        }
        let expected = format!("at most {most} ({why})");
        Err(Error::invalid_parameter(
            name,
            "max_samples",
            expected,
            rows,
        ))
    }

    pub(super) fn n_columns(&self, name: &str, p: usize) -> Result<usize> {
        match self.max_features {
            Portion::Count(columns) if columns > p => {
                let expected = format!("at most the number of features, {p}");
                Err(Error::invalid_parameter(
                    name,
                    "max_features",
                    expected,
                    columns,
                ))
            }
            Portion::Count(columns) => Ok(columns),
            Portion::Share(share) => Ok(((share * p as f64) as usize).clamp(1, p)),
        }
    }

    /// The bag of model `i`: columns first, then rows, from a stream of its own.
    pub(super) fn bag(&self, name: &str, i: usize, p: usize, weights: &[f64]) -> Result<Bag> {
        let n = weights.len();
        let mut rng = random::stream(self.random_state, i as u64);
        let (n_columns, drawable) = (
            self.n_columns(name, p)?,
            weights.iter().filter(|w| **w > 0.0).count(),
        );
        let total: f64 = weights.iter().sum();
        let n_rows = self.n_rows(name, n, total, drawable)?;
        let columns = if self.bootstrap_features {
            (0..n_columns).map(|_| one_of(p, &mut rng)).collect()
        } else if n_columns == p {
            (0..p).collect()
        } else {
            random::sample_without_replacement(p, n_columns, &mut rng)?
        };
        let mut cumulative = Vec::with_capacity(n);
        let mut sum = 0.0;
        for w in weights {
            sum += w;
            cumulative.push(sum);
        }
        let mut rows = Vec::with_capacity(n_rows);
        if self.bootstrap {
            rows.extend((0..n_rows).map(|_| by_weight(&cumulative, random::uniform(&mut rng))));
        } else {
            // Exponential races: the rows with the least −ln u / w are a sample by weight without replacement.
            let mut races: Vec<(f64, usize)> = (weights.iter().enumerate())
                .map(|(row, w)| (-(1.0 - random::uniform(&mut rng)).ln() / w, row))
                .filter(|(_, row)| weights[*row] > 0.0)
                .collect();
            races.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            rows.extend(races.into_iter().take(n_rows).map(|(_, row)| row));
        }
        Ok(Bag { rows, columns })
    }
}

fn one_of<R: Rng + ?Sized>(n: usize, rng: &mut R) -> usize {
    ((random::uniform(rng) * n as f64) as usize).min(n.saturating_sub(1))
}

/// The row whose share of the weight `u` in [0, 1) falls into.
fn by_weight(cumulative: &[f64], u: f64) -> usize {
    let total = cumulative.last().copied().unwrap_or(0.0);
    let at = cumulative.partition_point(|c| *c <= u * total);
    let last = cumulative.partition_point(|c| *c < total);
    at.min(last)
}

/// The estimator with every parameter named `random_state` set to a seed of its own.
pub(super) fn seeded<E: Params>(estimator: &E, random_state: u64, i: usize) -> Result<E> {
    let mut rng = random::stream(random_state ^ 0x5eed, i as u64);
    let mut new = estimator.clone();
    for name in estimator.params().into_keys() {
        if name == "random_state" || name.ends_with("__random_state") {
            new = new.with_value(&name, Value::from(rng.next_u32()))?;
        }
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_drawn_by_weight() {
        let weights = [1.0, 0.0, 3.0];
        let bags = Bagging {
            max_samples: Some(Portion::Count(2000)),
            ..Bagging::default()
        };
        let rows = bags.bag("B", 0, 1, &weights).unwrap().rows;
        let share = rows.iter().filter(|r| **r == 2).count() as f64 / 2000.0;
        assert!((share - 0.75).abs() < 0.03 && !rows.contains(&1), "{share}");
        let once = Bagging {
            bootstrap: false,
            max_samples: Some(Portion::Count(2)),
            ..Bagging::default()
        };
        let mut rows = once.bag("B", 0, 1, &weights).unwrap().rows;
        rows.sort();
        assert_eq!(rows, [0, 2]);
        let mut first = [0.0_f64; 3];
        let once = Bagging {
            max_samples: Some(Portion::Count(1)),
            ..once
        };
        for i in 0..2000 {
            first[once.bag("B", i, 1, &weights).unwrap().rows[0]] += 1.0 / 2000.0;
        }
        assert!(f64::abs(first[2] - 0.75) < 0.03, "{first:?}");
        // Weights of one are none.
        assert_eq!(
            bags.bag("B", 3, 5, &[1.0; 7]).unwrap(),
            bags.bag("B", 3, 5, &[2.0; 7]).unwrap()
        );
    }

    #[test]
    fn amounts_are_scikit_learns() {
        let bags = |s: Portion, f: Portion| Bagging {
            max_samples: Some(s),
            max_features: f,
            ..Bagging::default()
        };
        let b = bags(0.55.into(), 0.5.into());
        assert_eq!(
            (
                b.n_rows("B", 10, 10.0, 10).unwrap(),
                b.n_columns("B", 5).unwrap()
            ),
            (5, 2)
        );
        let b = bags(0.01.into(), 0.01.into());
        assert_eq!(
            (
                b.n_rows("B", 10, 10.0, 10).unwrap(),
                b.n_columns("B", 5).unwrap()
            ),
            (1, 1)
        );
        assert!(bags(1.into(), 6.into()).n_columns("B", 5).is_err());
        assert!(bags(0.0.into(), 1.into()).check_as("B").is_err());
        assert!(bags(1.into(), 1.5.into()).check_as("B").is_err());
        assert!(
            bags(1.into(), Portion::Share(f64::NAN))
                .check_as("B")
                .is_err()
        );
        let once = Bagging {
            bootstrap: false,
            ..bags(11.into(), 1.into())
        };
        assert!(once.n_rows("B", 10, 10.0, 10).is_err());
        assert!(
            Bagging {
                oob_score: true,
                bootstrap: false,
                ..Bagging::default()
            }
            .check_as("B")
            .is_err()
        );
    }
}

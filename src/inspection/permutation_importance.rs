//! How much worse a model scores when a column is shuffled.

use std::borrow::Borrow;
use std::fmt;

use ndarray::{Array1, Array2, Axis};

use super::columns::{Inspected, names};
use crate::check;
use crate::ensemble::Portion;
use crate::error::{Error, ErrorKind, Result};
use crate::meta::{each, not_empty};
use crate::model_selection::{DefaultScore, Scorer};
use crate::random;
use crate::samples::AsSamples;
use crate::targets::{AsTargets, Targets};
use crate::traits::Score;

const NAME: &str = "PermutationImportance";

/// How much worse a fitted model scores when a column is shuffled.
///
/// The importance of a column is the score of the model on the rows as they are, minus its score when the values of that
/// column are in an order drawn at random, `n_repeats` times. Use rows that the model was not fitted on: on its own rows an
/// overfitted model needs columns that say nothing. Columns that say the same stand in for each other, and each looks
/// unimportant.
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `n_repeats` | 5 | at least 1 | how often each column is shuffled |
/// | `max_samples` | 1.0 | a [`Portion`] | the rows that are scored, drawn for each column without replacement |
/// | `random_state` | 0 | | the seed |
///
/// Columns run side by side; the result is the same with any number of threads. Sample weights count in the scores.
///
/// # Complexity
/// A score for each column and repetition, and a copy of the samples for some columns at a time.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`; those of the scorers, and `InvalidInput` for a score that is not finite and for two scorers
/// of one name, with the column in [`Error::context`].
///
/// # Source
/// L. Breiman, "Random forests", Machine Learning 45 (2001); the rules are those of scikit-learn's `permutation_importance`, its random
/// numbers are not. As there, the score of the rows as they are is over all rows, whatever `max_samples` says.
///
/// # Examples
/// ```
/// use fitwell::inspection::PermutationImportance;
/// use fitwell::{linear_model::Ridge, model_selection::{NegMeanAbsoluteError, R2}, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((60, 3), |(i, j)| ((i * (7 + 4 * j)) % 23) as f64);
/// let y = Array1::from_shape_fn(60, |i| 5.0 * x[[i, 0]] - x[[i, 2]]);
/// let model = Ridge::new().fit(&x, &y)?;
/// let found = PermutationImportance::new().n_repeats(10).run(&model, &x, &y, &[&R2::new(), &NegMeanAbsoluteError])?;
/// let mean = found[0].mean();
/// assert!(mean[0] > mean[2] && mean[2] > mean[1] && mean[1].abs() < 1e-3);
/// println!("{}", found[0]);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "permutation_importance")]
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct PermutationImportance {
    n_repeats: usize,
    max_samples: Portion,
    random_state: u64,
}

impl Default for PermutationImportance {
    fn default() -> Self {
        PermutationImportance {
            n_repeats: 5,
            max_samples: Portion::Share(1.0),
            random_state: 0,
        }
    }
}

/// The importance of each column by the model's own score, of five repetitions: [`PermutationImportance`] with its defaults.
///
/// # Errors
/// As [`PermutationImportance::run`].
///
/// ```
/// use fitwell::{inspection::permutation_importance, linear_model::LogisticRegression, prelude::*};
///
/// let iris = fitwell::datasets::load_iris()?;
/// let model = LogisticRegression::new().fit(&iris.x, &iris.target)?;
/// let found = permutation_importance(&model, &iris.x, &iris.target)?;
/// assert!(found.mean()[2] > found.mean()[1]);
/// # Ok::<(), Error>(())
/// ```
pub fn permutation_importance<M, X, Y>(model: &M, x: &X, y: &Y) -> Result<Importances>
where
    X: AsSamples<Samples: Inspected> + ?Sized,
    Y: AsTargets + ?Sized,
    M: Score<X::Samples, Y::Targets> + Sync,
{
    let mut all = PermutationImportance::new().run(model, x, y, &[&DefaultScore])?;
    all.pop().ok_or_else(no_scorers)
}

fn no_scorers() -> Error {
    ErrorKind::EmptyInput {
        what: "list of scorers".into(),
    }
    .into()
}

type DynScorer<'a, M, X, Y> =
    dyn Scorer<M, <X as AsSamples>::Samples, <Y as AsTargets>::Targets> + 'a;

impl PermutationImportance {
    /// Five repetitions over all rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often each column is shuffled.
    pub fn n_repeats(mut self, n_repeats: usize) -> Self {
        self.n_repeats = n_repeats;
        self
    }

    /// The rows that are scored: a count, or a share of all.
    pub fn max_samples(mut self, max_samples: impl Into<Portion>) -> Self {
        self.max_samples = max_samples.into();
        self
    }

    /// The seed.
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    /// The rows that are scored, of `n`.
    fn n_rows(&self, n: usize) -> Result<usize> {
        let refuse = |got: String| {
            let expected = format!(
                "a count of 1 to {n}, the number of rows, or a share in (0, 1] that gives a row"
            );
            Err(Error::invalid_parameter(NAME, "max_samples", expected, got))
        };
        match self.max_samples {
            Portion::Count(rows) if (1..=n).contains(&rows) => Ok(rows),
            Portion::Count(rows) => refuse(rows.to_string()),
            Portion::Share(s) if s > 0.0 && s <= 1.0 && (s * n as f64) >= 1.0 => {
                Ok((s * n as f64) as usize)
            }
            Portion::Share(s) => refuse(format!("{s:?}")),
        }
    }

    /// The importances by each scorer.
    ///
    /// # Errors
    /// As the type says.
    pub fn run<M, X, Y>(
        &self,
        model: &M,
        x: &X,
        y: &Y,
        scorers: &[&DynScorer<'_, M, X, Y>],
    ) -> Result<Vec<Importances>>
    where
        X: AsSamples<Samples: Inspected> + ?Sized,
        Y: AsTargets + ?Sized,
        M: Sync,
    {
        /// Columns are shuffled in one copy of the samples after the other; so many copies at most.
        const COPIES: usize = 16;
        let (x, y) = (x.as_samples(), y.as_targets());
        check::count(NAME, "n_repeats", self.n_repeats, 1)?;
        use crate::samples::Samples;
        not_empty(x)?;
        let (n, p) = (x.n_samples(), x.n_features());
        check::target(y, n)?;
        let n_rows = self.n_rows(n)?;
        crate::parallel::fits::<f64>("importances", (p, self.n_repeats))
            .map_err(|_| Error::invalid_parameter(NAME, "n_repeats", "fewer", self.n_repeats))?;
        let mut seen = std::collections::HashSet::new();
        if let Some(twice) = scorers
            .iter()
            .map(|s| s.name())
            .find(|n| !seen.insert(n.clone()))
        {
            let reason = format!("two have the name `{twice}`; `named` gives another");
            return Err(Error::invalid_input("scorers", reason));
        }
        if scorers.is_empty() {
            return Err(no_scorers());
        }
        let score = |x: &X::Samples, y: &Y::Targets| -> Result<Vec<f64>> {
            let one = |s: &&DynScorer<'_, M, X, Y>| {
                let place = || format!("score `{}`", s.name());
                let value = Scorer::score(*s, model, x, y).map_err(|e| e.within(place()))?;
                match value.is_finite() {
                    true => Ok(value),
                    false => Err(Error::invalid_input(place(), format!("is {value}"))),
                }
            };
            scorers.iter().map(one).collect()
        };
        let baseline = score(x, y)?;
        let width = p.div_ceil(COPIES).max(1);
        let parts = each(p.div_ceil(width), |part| {
            let columns = part * width..((part + 1) * width).min(p);
            let all_rows: Vec<usize> = (0..n).collect();
            let mut whole = (n_rows == n).then(|| x.copied());
            let mut found = Vec::with_capacity(columns.len());
            for column in columns {
                let mut rng = random::stream(self.random_state, column as u64);
                let mut repeat = || -> Result<Vec<Vec<f64>>> {
                    if let Some(copy) = &mut whole {
                        let mut all = Vec::with_capacity(self.n_repeats);
                        for _ in 0..self.n_repeats {
                            let order = random::permutation(n, &mut rng);
                            x.shuffled(copy, column, &order)?;
                            all.push(score((*copy).borrow(), y)?);
                        }
                        x.shuffled(copy, column, &all_rows)?;
                        return Ok(all);
                    }
                    let rows = random::sample_without_replacement(n, n_rows, &mut rng)?;
                    let (some_x, some_y) = (x.select(&rows)?, y.select(&rows)?);
                    let some_x: &X::Samples = some_x.borrow();
                    let mut copy = some_x.copied();
                    (0..self.n_repeats)
                        .map(|_| {
                            let order = random::permutation(n_rows, &mut rng);
                            some_x.shuffled(&mut copy, column, &order)?;
                            score(copy.borrow(), some_y.borrow())
                        })
                        .collect()
                };
                found.push(repeat().map_err(|e| e.within(format!("column {column} shuffled")))?);
            }
            Ok(found)
        })?;
        let of_column: Vec<Vec<Vec<f64>>> = parts.into_iter().flatten().collect();
        let names = names(x);
        Ok((scorers.iter().enumerate())
            .map(|(k, scorer)| Importances {
                scorer: scorer.name(),
                names: names.clone(),
                baseline: baseline[k],
                importances: Array2::from_shape_fn((p, self.n_repeats), |(j, r)| {
                    baseline[k] - of_column[j][r][k]
                }),
            })
            .collect())
    }
}

/// How much a score falls when a column is shuffled.
///
/// Its text is a table, the most important column first.
#[derive(Clone, Debug, PartialEq)]
pub struct Importances {
    scorer: String,
    names: Vec<String>,
    baseline: f64,
    importances: Array2<f64>,
}

impl Importances {
    /// The name of the scorer.
    pub fn scorer(&self) -> &str {
        &self.scorer
    }

    /// The names of the columns; `x0`, `x1`, ... where they have none.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The score with no column shuffled.
    pub fn baseline(&self) -> f64 {
        self.baseline
    }

    /// How much the score falls, (n_features, n_repeats).
    pub fn importances(&self) -> &Array2<f64> {
        &self.importances
    }

    /// The mean over the repetitions: scikit-learn's `importances_mean`.
    #[doc(alias = "importances_mean")]
    pub fn mean(&self) -> Array1<f64> {
        self.importances
            .map_axis(Axis(1), |r| r.sum() / r.len() as f64)
    }

    /// The standard deviation over the repetitions: scikit-learn's `importances_std`.
    #[doc(alias = "importances_std")]
    pub fn std(&self) -> Array1<f64> {
        self.importances.map_axis(Axis(1), |r| {
            let n = r.len() as f64;
            let mean = r.sum() / n;
            (r.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
        })
    }

    /// The columns, the most important first.
    pub fn ranking(&self) -> Vec<usize> {
        let mean = self.mean();
        let mut order: Vec<usize> = (0..mean.len()).collect();
        order.sort_by(|&a, &b| mean[b].total_cmp(&mean[a]));
        order
    }
}

impl fmt::Display for Importances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mean, std) = (self.mean(), self.std());
        write!(
            f,
            "{} {:.4}; it falls by, with the column shuffled:",
            self.scorer, self.baseline
        )?;
        let width = self
            .names
            .iter()
            .map(|n| n.chars().count())
            .max()
            .unwrap_or(0)
            .min(40);
        for j in self.ranking() {
            let name = crate::error::shorten(&self.names[j]);
            write!(f, "\n  {name:width$}  {:>9.4} ± {:.4}", mean[j], std[j])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::Ridge;
    use crate::model_selection::{NegMeanSquaredError, R2, named};
    use crate::pipeline::{ColumnTransformer, pipeline};
    use crate::preprocessing::OneHotEncoder;
    use crate::table::{Columns, Table};
    use crate::traits::{Estimator, Predict};
    use ndarray::{Array1, ArrayRef1, ArrayRef2};

    fn data() -> (Array2<f64>, Array1<f64>) {
        let x = Array2::from_shape_fn((50, 4), |(i, j)| ((i * (7 + 4 * j)) % 23) as f64);
        let y = Array1::from_shape_fn(50, |i| 5.0 * x[[i, 0]] - x[[i, 2]] + (i % 3) as f64);
        (x, y)
    }

    #[test]
    fn the_importance_is_the_fall_of_the_score() {
        let (x, y) = data();
        let model = Ridge::new().fit(&x, &y).unwrap();
        let found = PermutationImportance::new()
            .n_repeats(200)
            .run(&model, &x, &y, &[&NegMeanSquaredError])
            .unwrap();
        // A shuffled column adds 2 w² var(x) to the mean squared error, but for how it goes with the others.
        let (mean, coef) = (found[0].mean(), model.coef());
        let var = x.var_axis(Axis(0), 0.0);
        for j in 0..4 {
            let expected = 2.0 * coef[j] * coef[j] * var[j];
            assert!(
                (mean[j] - expected).abs() < 0.15 * expected + 3.0,
                "{j}: {} {expected}",
                mean[j]
            );
        }
        assert_eq!(found[0].ranking()[..2], [0, 2]);
        assert!(found[0].to_string().contains("x0"));
        assert_eq!(
            found[0].baseline(),
            -crate::metrics::mean_squared_error(&y, &model.predict(&x).unwrap()).unwrap()
        );
    }

    #[test]
    fn settings_count_and_are_checked() {
        let (x, y) = data();
        let model = Ridge::new().fit(&x, &y).unwrap();
        let run = |p: PermutationImportance| p.run(&model, &x, &y, &[&R2::new()]);
        let same = run(PermutationImportance::new()).unwrap();
        assert_eq!(same, run(PermutationImportance::new()).unwrap());
        assert_ne!(
            same,
            run(PermutationImportance::new().random_state(1)).unwrap()
        );
        assert_eq!(same[0].importances().dim(), (4, 5));
        let some = run(PermutationImportance::new().max_samples(0.5)).unwrap();
        assert_eq!(some[0].baseline(), same[0].baseline());
        assert_eq!(
            run(PermutationImportance::new().max_samples(50)).unwrap(),
            same
        );
        for bad in [
            Portion::Count(0),
            Portion::Count(51),
            Portion::Share(0.01),
            Portion::Share(f64::NAN),
        ] {
            assert!(
                run(PermutationImportance::new().max_samples(bad)).is_err(),
                "{bad:?}"
            );
        }
        assert!(run(PermutationImportance::new().n_repeats(0)).is_err());
        assert!(run(PermutationImportance::new().n_repeats(1 << 62)).is_err());
        let none = PermutationImportance::new().run(&model, &x, &y, &[]);
        assert!(none.unwrap_err().to_string().contains("scorers"));
        let odd = named("odd", |_: &_, _: &ArrayRef2<f64>, _: &ArrayRef1<f64>| {
            Ok(f64::NAN)
        });
        let odd = PermutationImportance::new().run(&model, &x, &y, &[&odd]);
        assert!(odd.unwrap_err().to_string().contains("odd"));
    }

    #[test]
    fn weights_of_zero_remove_rows_from_the_scores() {
        let (x, y) = data();
        let model = Ridge::new().fit(&x, &y).unwrap();
        let w = Array1::from_shape_fn(50, |i| f64::from(u8::from(i < 40)));
        let weighted = permutation_importance(&model, &x, &y.weighted(&w)).unwrap();
        let some: Vec<usize> = (0..40).collect();
        let few = (x.select(Axis(0), &some), y.select(Axis(0), &some));
        let plain = permutation_importance(&model, &few.0, &few.1).unwrap();
        assert!((weighted.baseline() - plain.baseline()).abs() < 1e-12);
    }

    #[test]
    fn columns_of_tables_keep_their_kinds() {
        let texts: Vec<&str> = (0..30).map(|i| ["a", "b", "c"][i % 3]).collect();
        let table = Table::new([("kind", crate::table::Column::from(texts))]).unwrap();
        let table = table
            .with_column(
                "size",
                (0..30).map(|i| f64::from(i % 7)).collect::<Vec<f64>>(),
            )
            .unwrap();
        let y = Array1::from_shape_fn(30, |i| (i % 3) as f64 * 10.0);
        let prepare = ColumnTransformer::new()
            .part("kind", ["kind"], OneHotEncoder::new())
            .numeric(
                "size",
                Columns::names(["size"]),
                crate::pipeline::Passthrough::new(),
            );
        let model = pipeline("prepare", prepare)
            .then("ridge", Ridge::new())
            .fit(&table, &y)
            .unwrap();
        let found = permutation_importance(&model, &table, &y).unwrap();
        assert_eq!(found.names(), ["kind", "size"]);
        assert!(found.mean()[0] > 0.5 && found.mean()[1].abs() < 0.05);
    }
}

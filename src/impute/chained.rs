//! Each column from the others, in turns: the fit, and what it learned.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array2, ArrayRef1, ArrayRef2, s};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::draw::{Draw, ExpectedValue, Kind};
use super::iterative_imputer::{ImputationOrder, NAME, Settings, part};
use super::missing::{Missing, increasing, names_out, with_missing};
use super::simple_imputer::FittedSimpleImputer;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linear_model::FittedBayesianRidge;
use crate::model::{Model, ensure};
use crate::observer::Watch;
use crate::params::Hyperparameters;
use crate::preprocessing::names_or_numbers;
use crate::random::{self, WeightedIndex, generator, stream};
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, linalg, parallel};

/// Regressions at most where their number is known beforehand.
const MOST_REGRESSIONS: usize = 1 << 20;

/// The least correlation that a column is drawn with.
const LEAST_CORRELATION: f64 = 1e-6;

/// The state of an imputation: all values, and which of them stand in for missing ones.
struct State<F> {
    /// (n_samples, kept columns)
    values: Array2<F>,
    /// For each kept column the rows to fill.
    rows: Vec<Vec<usize>>,
}

impl<F: Float> State<F> {
    fn new(
        x: &ArrayRef2<F>,
        missing: Missing<F>,
        initial: &FittedSimpleImputer<F>,
        kept: &[usize],
        empty: &[usize],
    ) -> Result<Self> {
        // Columns without values at fit are not predicted.
        let rows = parallel::map(kept.len(), |k| {
            if empty.binary_search(&kept[k]).is_ok() {
                return Vec::new();
            }
            let column = x.column(kept[k]);
            (0..x.nrows()).filter(|&i| missing.is(column[i])).collect()
        });
        let values = initial.transform(x)?;
        Ok(State { values, rows })
    }

    fn nothing_observed(&self) -> bool {
        self.rows
            .iter()
            .all(|rows| rows.len() == self.values.nrows())
    }

    fn observed(&self, column: usize) -> Vec<usize> {
        let mut missing = self.rows[column].iter().peekable();
        (0..self.values.nrows())
            .filter(|i| missing.next_if_eq(&i).is_none())
            .collect()
    }

    /// The greatest magnitude of what stands in for nothing.
    fn largest_observed(&self) -> f64 {
        let largest = parallel::map(self.rows.len(), |k| {
            let column = self.values.column(k);
            let each = self.observed(k).into_iter();
            each.fold(0.0, |m: f64, i| m.max(column[i].f64().abs()))
        });
        largest.into_iter().fold(0.0, f64::max)
    }
}

/// A fit under way.
pub(super) struct Chain<'a, F: Float> {
    settings: &'a Settings,
    initial: FittedSimpleImputer<F>,
    state: State<F>,
    empty: Vec<usize>,
    limits: Vec<(f64, f64)>,
    indicated: Vec<usize>,
}

impl<'a, F: Float> Chain<'a, F> {
    pub(super) fn new(
        settings: &'a Settings,
        x: &ArrayRef2<F>,
        missing: Missing<F>,
    ) -> Result<Self> {
        let counts = missing.counts(x);
        let empty: Vec<usize> = (0..counts.len())
            .filter(|&j| counts[j] == x.nrows())
            .collect();
        let initial: FittedSimpleImputer<F> = settings.initial().fit(x, &()).map_err(renamed)?;
        let kept = kept(&initial);
        let limits = settings.limits(x.ncols())?;
        let limits: Vec<(f64, f64)> = kept.iter().map(|&j| limits[j]).collect();
        if let Some(k) = limits.iter().position(|(low, high)| low >= high) {
            let (low, high) = limits[k];
            let expected = format!("above min_value, {low}, of column {}", kept[k]);
            return Err(Error::invalid_parameter(NAME, "max_value", expected, high));
        }
        Ok(Chain {
            state: State::new(x, missing, &initial, &kept, &empty)?,
            settings,
            initial,
            empty,
            limits,
            indicated: if settings.add_indicator {
                with_missing(&counts)
            } else {
                Vec::new()
            },
        })
    }

    /// The model, and all values, without indicators.
    #[allow(clippy::type_complexity)] // the model, and the values
    pub(super) fn learn<E, D>(
        mut self,
        estimator: &E,
        watch: &Watch,
    ) -> Result<(FittedIterativeImputer<F, E::Fitted, D>, Array2<F>)>
    where
        E: Estimator<ArrayRef2<F>, ArrayRef1<F>>,
        D: Draw<F, E::Fitted>,
    {
        let width = self.state.values.ncols();
        let mut sequence = Vec::new();
        let (mut n_iter, mut converged) = (0, true);
        if self.settings.max_iter > 0 && width > 1 && !self.state.nothing_observed() {
            let mut rng = generator(self.settings.random_state);
            let mut order = self.turns();
            let most = MOST_REGRESSIONS / order.len().max(1);
            if D::SAMPLES && self.settings.max_iter > most {
                let expected = format!("at most {most} when values are sampled, as all rounds run");
                let got = self.settings.max_iter;
                return Err(Error::invalid_parameter(NAME, "max_iter", expected, got));
            }
            let nearness = self.nearness()?;
            let tolerance = self.settings.tol * self.state.largest_observed();
            let mut before = (!D::SAMPLES).then(|| self.state.values.clone());
            converged = D::SAMPLES;
            while n_iter < self.settings.max_iter {
                n_iter += 1;
                if self.settings.imputation_order == ImputationOrder::Random {
                    random::shuffle(&mut order, &mut rng);
                }
                for &feature in &order {
                    let neighbors = neighbors(width, feature, nearness.as_ref(), &mut rng)?;
                    let step = self.step::<E, D>(estimator, feature, neighbors, sequence.len())?;
                    sequence.push(step);
                }
                let change = before.as_mut().map(|before| {
                    let change = change(before, &self.state.values);
                    before.assign(&self.state.values);
                    change
                });
                watch.report(NAME, n_iter, Some(self.settings.max_iter), change)?;
                if change.is_some_and(|change| change < tolerance) {
                    converged = true;
                    break;
                }
            }
        }
        if !converged {
            log::warn!(
                "{NAME} did not converge in {n_iter} rounds (tol {:.1e}): scale the features, or raise max_iter or tol",
                self.settings.tol
            );
        }
        let model = FittedIterativeImputer {
            settings: self.settings.clone(),
            initial: self.initial,
            empty: self.empty,
            indicated: self.indicated,
            sequence,
            n_iter,
            converged,
            draw: PhantomData,
        };
        Ok((model, self.state.values))
    }

    /// A regression of one column on others, and its missing values from it.
    fn step<E, D>(
        &mut self,
        estimator: &E,
        feature: usize,
        neighbors: Vec<usize>,
        position: usize,
    ) -> Result<Imputation<E::Fitted>>
    where
        E: Estimator<ArrayRef2<F>, ArrayRef1<F>>,
        D: Draw<F, E::Fitted>,
    {
        let observed = self.state.observed(feature);
        let x = part(&self.state.values, &observed, &neighbors);
        let column = self.state.values.column(feature);
        let y: ndarray::Array1<F> = observed.iter().map(|&i| column[i]).collect();
        let model =
            Estimator::<ArrayRef2<F>, ArrayRef1<F>>::fit(estimator, &x, &y).map_err(|e| {
                e.at_rows(&observed)
                    .within(format!("{NAME}, column {feature}"))
            })?;
        let step = Imputation {
            feature,
            neighbors,
            model,
        };
        let limits = self.limits[feature];
        step.run::<F, D>(
            &mut self.state,
            limits,
            self.settings.random_state,
            position,
        )?;
        Ok(step)
    }

    /// The columns, in the order of their turns.
    fn turns(&self) -> Vec<usize> {
        let missing = |k: usize| self.state.rows[k].len();
        let skip = self.settings.skip_complete;
        let mut turns: Vec<usize> = (0..self.state.rows.len())
            .filter(|&k| !skip || missing(k) > 0)
            .collect();
        match self.settings.imputation_order {
            ImputationOrder::Roman | ImputationOrder::Random => {}
            ImputationOrder::Arabic => turns.reverse(),
            ImputationOrder::Ascending => turns.sort_by_key(|&k| missing(k)),
            ImputationOrder::Descending => {
                turns.sort_by_key(|&k| missing(k));
                turns.reverse();
            }
        }
        turns
    }

    /// The absolute correlations of the columns as they are at first, 0 of each with itself; `None` when all are used.
    fn nearness(&self) -> Result<Option<(Array2<f64>, usize)>> {
        let width = self.state.values.ncols();
        let Some(n) = self.settings.n_nearest_features.filter(|&n| n < width) else {
            return Ok(None);
        };
        let m = linalg::moments(&self.state.values, None, None, true)?;
        let products = m.xtx.mapv(F::f64);
        let deviation = products.diag().mapv(f64::sqrt);
        let nearness = Array2::from_shape_fn((width, width), |(i, j)| {
            let correlation = products[[i, j]] / deviation[i] / deviation[j];
            match correlation.abs() {
                _ if i == j => 0.0,
                r if r.is_finite() => r.max(LEAST_CORRELATION),
                _ => LEAST_CORRELATION,
            }
        });
        Ok(Some((nearness, n)))
    }
}

/// An error of the initial imputer is one of this.
fn renamed(error: Error) -> Error {
    match error.kind() {
        crate::ErrorKind::InvalidParameter {
            name,
            expected,
            got,
            ..
        } if name == "strategy" => {
            Error::invalid_parameter(NAME, "initial_strategy", expected.as_str(), got)
        }
        _ => error,
    }
}

/// The columns that are not dropped.
fn kept<F: Float>(initial: &FittedSimpleImputer<F>) -> Vec<usize> {
    let statistics = initial.statistics();
    (0..statistics.len())
        .filter(|&j| statistics[j].is_some())
        .collect()
}

/// The columns to regress on: all others, or some drawn by their nearness.
fn neighbors(
    width: usize,
    feature: usize,
    nearness: Option<&(Array2<f64>, usize)>,
    rng: &mut impl rand::Rng,
) -> Result<Vec<usize>> {
    let Some((nearness, n)) = nearness else {
        return Ok((0..width).filter(|&j| j != feature).collect());
    };
    let mut weights = nearness.column(feature).to_vec();
    let mut drawn = Vec::with_capacity(*n);
    for _ in 0..*n {
        let next = WeightedIndex::new(&weights)?.sample(rng);
        weights[next] = 0.0;
        drawn.push(next);
    }
    drawn.sort_unstable();
    Ok(drawn)
}

/// The greatest sum of changes of a row.
fn change<F: Float>(before: &Array2<F>, now: &Array2<F>) -> f64 {
    let rows = before.rows().into_iter().zip(now.rows());
    let sums = rows.map(|(a, b)| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (b.f64() - a.f64()).abs())
            .sum()
    });
    sums.fold(0.0, f64::max)
}

/// One regression of the sequence. Columns are counted among those that are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imputation<M> {
    feature: usize,
    neighbors: Vec<usize>,
    model: M,
}

impl<M> Imputation<M> {
    /// The column that is predicted.
    pub fn feature(&self) -> usize {
        self.feature
    }

    /// The columns that it is predicted from.
    pub fn neighbors(&self) -> &[usize] {
        &self.neighbors
    }

    /// The fitted regressor.
    pub fn estimator(&self) -> &M {
        &self.model
    }

    fn run<F: Float, D: Draw<F, M>>(
        &self,
        state: &mut State<F>,
        limits: (f64, f64),
        seed: u64,
        position: usize,
    ) -> Result<()> {
        let rows = &state.rows[self.feature];
        if rows.is_empty() {
            return Ok(());
        }
        let x = part(&state.values, rows, &self.neighbors);
        let mut rng = stream(seed, position as u64);
        let filled = D::values(&self.model, &x, limits, &mut rng).map_err(|e| {
            e.at_rows(rows)
                .within(format!("{NAME}, column {}", self.feature))
        })?;
        if filled.len() != rows.len() {
            return Err(Error::shape(
                "number of predictions",
                rows.len(),
                filled.len(),
            ));
        }
        check::learned(NAME, "a prediction", &filled)?;
        for (&i, v) in rows.iter().zip(filled) {
            state.values[[i, self.feature]] = v;
        }
        Ok(())
    }
}

/// The regressions that [`IterativeImputer`](super::IterativeImputer) learned, one for each turn of each round.
///
/// Rows are filled one by one, whatever other rows there are, with two exceptions: input in which nothing at all is observed
/// gets the initial values, as in scikit-learn, and sampled values depend on the position of the row.
///
/// ```
/// use fitwell::{impute::IterativeImputer, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [f64::NAN, 8.0]];
/// let model = IterativeImputer::new().fit(&x, &())?;
/// let step = &model.imputation_sequence()[1]; // the column with fewer missing values comes first
/// assert_eq!((step.feature(), step.neighbors()), (0, &[1][..]));
/// assert!(f64::abs(step.estimator().coef()[0] - 0.5) < 1e-3);
/// assert!(f64::abs(model.transform(&array![[f64::NAN, 5.0]])?[[0, 0]] - 2.5) < 1e-3);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound(serialize = "M: Serialize", deserialize = "M: DeserializeOwned")
)]
pub struct FittedIterativeImputer<F: Float = f64, M = FittedBayesianRidge<F>, D = ExpectedValue> {
    settings: Settings,
    initial: FittedSimpleImputer<F>,
    /// Columns without values at fit.
    empty: Vec<usize>,
    indicated: Vec<usize>,
    sequence: Vec<Imputation<M>>,
    n_iter: usize,
    converged: bool,
    draw: PhantomData<D>,
}

impl<F: Float, M, D> FittedIterativeImputer<F, M, D> {
    /// The regressions in the order in which they are used, those of one round after those of the other.
    pub fn imputation_sequence(&self) -> &[Imputation<M>] {
        &self.sequence
    }

    /// The imputer of the first values.
    pub fn initial_imputer(&self) -> &FittedSimpleImputer<F> {
        &self.initial
    }

    /// The number of rounds; 0 when there was nothing to regress on.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the values settled within `max_iter` rounds; `true` where no rule was to be met: sampled values, no rounds.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The number of columns with a regression in each round.
    pub fn n_features_with_missing(&self) -> usize {
        self.sequence.len().checked_div(self.n_iter).unwrap_or(0)
    }

    /// The columns that have an indicator: those with missing values at fit, if `add_indicator` is set.
    pub fn indicator_features(&self) -> &[usize] {
        &self.indicated
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.initial.n_features_in()
    }
}

impl<F: Float, M, D: Draw<F, M>> Transform<ArrayRef2<F>> for FittedIterativeImputer<F, M, D> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::width(x, self.n_features_in())?;
        let missing = Missing::new(self.settings.missing_values);
        missing.check(x)?;
        let kept = kept(&self.initial);
        let mut state = State::new(x, missing, &self.initial, &kept, &self.empty)?;
        if !state.nothing_observed() {
            let limits = self.settings.limits(x.ncols())?;
            for (position, step) in self.sequence.iter().enumerate() {
                let limits = limits[kept[step.feature]];
                step.run::<F, D>(&mut state, limits, self.settings.random_state, position)?;
            }
        }
        Ok(self.with_indicators(x, state.values))
    }
}

impl<F: Float, M, D> FittedIterativeImputer<F, M, D> {
    /// The filled values, and beside them where those of `x` are missing.
    pub(super) fn with_indicators(&self, x: &ArrayRef2<F>, values: Array2<F>) -> Array2<F> {
        if self.indicated.is_empty() {
            return values;
        }
        let width = values.ncols();
        let mut out = parallel::zeros((values.nrows(), width + self.indicated.len()));
        out.slice_mut(s![.., ..width]).assign(&values);
        let mut indicators = out.slice_mut(s![.., width..]);
        Missing::new(self.settings.missing_values).indicate(x, &self.indicated, &mut indicators);
        out
    }
}

impl<F: Float, M, D> FeatureNamesOut for FittedIterativeImputer<F, M, D> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = names_or_numbers(input, self.n_features_in())?;
        let statistics = self.initial.statistics();
        Ok(names_out(
            &names,
            |j| statistics[j].is_some(),
            &self.indicated,
        ))
    }
}

impl<F: Float, M, D> fmt::Display for FittedIterativeImputer<F, M, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p, regressions) = (self.n_features_in(), self.n_features_with_missing());
        let plural = if self.n_iter == 1 { "" } else { "s" };
        let settled = if self.converged {
            ""
        } else {
            ", not converged"
        };
        write!(
            f,
            "{NAME} fitted on {p} columns: {} round{plural} of {regressions} regressions{settled}",
            self.n_iter
        )
    }
}

impl<F: Float, M: Model, D: Kind> Model for FittedIterativeImputer<F, M, D> {
    fn type_name() -> String {
        let sampling = if D::SAMPLES { ", PosteriorSample" } else { "" };
        format!(
            "FittedIterativeImputer<{}, {}{sampling}>",
            F::NAME,
            M::type_name()
        )
    }

    fn validate(&self) -> Result<()> {
        self.initial.validate()?;
        let p = self.n_features_in();
        let of_file = |e: Error| Error::model_file(e.to_string());
        self.settings.check().map_err(of_file)?;
        self.settings.limits(p).map_err(of_file)?;
        let width = kept(&self.initial).len();
        ensure::that(
            increasing(&self.indicated, p) && increasing(&self.empty, p),
            || "indicators and empty columns are not increasing column numbers".into(),
        )?;
        let rounds = self
            .sequence
            .len()
            .checked_rem(self.n_iter)
            .unwrap_or(self.sequence.len());
        ensure::equal("regressions beyond whole rounds", rounds, 0)?;
        for step in &self.sequence {
            ensure::that(step.feature < width, || {
                format!("column {} of {width}", step.feature)
            })?;
            ensure::indices("neighbors", &step.neighbors, width)?;
            ensure::that(
                !step.neighbors.is_empty() && !step.neighbors.contains(&step.feature),
                || {
                    format!(
                        "column {} is predicted from nothing or itself",
                        step.feature
                    )
                },
            )?;
            step.model.validate()?;
        }
        Ok(())
    }
}

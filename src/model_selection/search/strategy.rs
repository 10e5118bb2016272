//! Where the candidates of a search come from.

use std::collections::BTreeMap;
use std::fmt;

use crate::error::Result;
use crate::model_selection::HalvingSchedule;
use crate::params::Value;

/// Which candidates a search tries, batch by batch: all at once, or the next in the light of what the last scored.
///
/// [`ParamGrid`](crate::model_selection::ParamGrid), [`RandomDraws`](crate::model_selection::RandomDraws),
/// [`Halving`](crate::model_selection::Halving) and [`ParzenTree`](crate::model_selection::ParzenTree) are strategies. With one of
/// your own, [`SearchCv`](super::SearchCv) does the rest:
///
/// ```
/// use std::collections::BTreeMap;
/// use fitwell::model_selection::{Batch, Batches, SearchCv, Setting, Strategy, Tried};
/// use fitwell::params::Value;
/// use fitwell::{linear_model::Ridge, prelude::*};
///
/// /// Ten times less regularisation as long as that helps.
/// #[derive(Clone, Debug)]
/// struct Descend;
///
/// impl Strategy for Descend {
///     const NAME: &'static str = "Descend";
///     fn start(&self, _: &Setting) -> Result<Box<dyn Batches>> {
///         Ok(Box::new(Descend))
///     }
/// }
///
/// impl Batches for Descend {
///     fn next(&mut self, tried: &[Tried]) -> Result<Option<Batch>> {
///         let worse = matches!(tried, [.., a, b] if b.score <= a.score);
///         let alpha = 0.1f64.powi(tried.len() as i32);
///         let candidate = BTreeMap::from([("alpha".to_string(), Value::from(alpha))]);
///         Ok((!worse).then(|| Batch::new(vec![candidate])))
///     }
/// }
///
/// let data = fitwell::datasets::load_diabetes()?;
/// let found = SearchCv::with_strategy(Ridge::new(), Descend).fit(&data.x, &data.target)?;
/// assert!(found.best_score() > 0.45);
/// # Ok::<(), Error>(())
/// ```
pub trait Strategy: Clone {
    /// The name of the search, in reports and errors.
    const NAME: &'static str;

    /// Begins a search.
    ///
    /// # Errors
    /// `InvalidParameter` for settings that do not fit each other or the data.
    fn start(&self, setting: &Setting) -> Result<Box<dyn Batches>>;

    /// Checks the ranges of the settings, before anything else is done.
    ///
    /// # Errors
    /// `InvalidParameter`, and what the spaces say of themselves.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Names with values that candidates may set, so that a typing error fails before the first fit.
    fn examples(&self) -> Vec<(String, Value)> {
        Vec::new()
    }

    /// The settings by name, as in [`Params`](crate::params::Params).
    fn params(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }

    /// A copy with one setting changed; `None` if there is no such setting.
    ///
    /// # Errors
    /// `InvalidParameter` when the value is of the wrong kind.
    fn with_value(&self, _name: &str, _value: Value) -> Result<Option<Self>> {
        Ok(None)
    }

    /// The space and the settings, a line each.
    ///
    /// # Errors
    /// The formatter's.
    fn describe(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

/// What a strategy may want to know of the data before it begins.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Setting {
    /// The number of rows.
    pub n_samples: usize,
    /// The number of folds.
    pub n_splits: usize,
    /// The number of classes, for a target of classes.
    pub n_classes: Option<usize>,
    /// The names of the estimator's parameters.
    pub names: Vec<String>,
}

/// A search under way.
pub trait Batches {
    /// The next candidates, which are tried side by side; `None` at the end. `tried` holds all candidates so far, in order.
    ///
    /// # Errors
    /// Whatever makes it impossible to go on.
    fn next(&mut self, tried: &[Tried]) -> Result<Option<Batch>>;

    /// How many candidates there will be in all, where that is known.
    fn total(&self) -> Option<usize> {
        None
    }

    /// How the resources were spent, if there were any.
    fn schedule(&self) -> Option<HalvingSchedule> {
        None
    }
}

/// A candidate and its score.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tried {
    /// The hyper-parameters that were set.
    pub params: BTreeMap<String, Value>,
    /// The mean score over the folds, by the scorer that ranks: greater is better; NaN for a failure.
    pub score: f64,
    /// The position of the batch, from 0.
    pub batch: usize,
}

/// Candidates that are tried side by side.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Batch {
    /// The hyper-parameters of each.
    pub candidates: Vec<BTreeMap<String, Value>>,
    /// The iteration of successive halving.
    pub iteration: Option<usize>,
    /// Its resources.
    pub n_resources: Option<usize>,
    /// The share of each fold's rows that is used, and the seed of the selection.
    pub rows: Option<(f64, u64)>,
}

impl Batch {
    /// These candidates, on all rows.
    pub fn new(candidates: Vec<BTreeMap<String, Value>>) -> Self {
        Batch {
            candidates,
            ..Batch::default()
        }
    }
}

/// All candidates in one batch.
pub(crate) struct Once {
    batch: Option<Batch>,
    total: usize,
}

impl Once {
    pub(crate) fn new(candidates: Vec<BTreeMap<String, Value>>) -> Self {
        Once {
            total: candidates.len(),
            batch: Some(Batch::new(candidates)),
        }
    }
}

impl Batches for Once {
    fn next(&mut self, _: &[Tried]) -> Result<Option<Batch>> {
        Ok(self.batch.take())
    }
    fn total(&self) -> Option<usize> {
        Some(self.total)
    }
}

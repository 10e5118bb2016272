//! Classes as random codes.

use std::borrow::Borrow;
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::binary::{RelabelTarget, ensure_two, score_of_one, two_classes};
use crate::boxed::Confidence;
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::ClassList;
use crate::meta::{Said, around_one, each, indented, not_empty, weighted_classes};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::random;
use crate::samples::Samples;
use crate::targets::ClassTarget;
use crate::traits::{Classes, Estimator, Predict, Score};

const NAME: &str = "OutputCodeClassifier";

/// The most classifiers.
const MOST: usize = 100_000;

/// The settings of [`OutputCodeClassifier`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[serde(with = "crate::params::number")]
    code_size: f64,
    code_book: Option<Vec<Vec<bool>>>,
    random_state: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            code_size: 1.5,
            code_book: None,
            random_state: 0,
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        check::real(NAME, "code_size", self.code_size, Interval::above(0.0))
    }
}

impl Settings {
    /// The codes of `k` classes.
    fn code_book(&self, k: usize) -> Result<Array2<bool>> {
        if let Some(rows) = &self.code_book {
            let digits = rows.first().map_or(0, Vec::len);
            if rows.len() != k
                || !(1..=MOST).contains(&digits)
                || rows.iter().any(|r| r.len() != digits)
            {
                let expected =
                    format!("{k} rows, one for each class, of equally many digits, 1 to {MOST}");
                let lengths: Vec<usize> = rows.iter().take(10).map(Vec::len).collect();
                let got = format!("{} rows of {lengths:?} digits", rows.len());
                return Err(Error::invalid_parameter(NAME, "code_book", expected, got));
            }
            return Ok(Array2::from_shape_fn((k, digits), |(i, j)| rows[i][j]));
        }
        let digits = (k as f64 * self.code_size).floor();
        if !(digits >= 1.0 && digits <= MOST as f64) {
            let expected = format!("such that {k} classes give 1 to {MOST} classifiers");
            return Err(Error::invalid_parameter(
                NAME,
                "code_size",
                expected,
                self.code_size,
            ));
        }
        let mut rng = random::generator(self.random_state);
        let digit = || random::uniform(&mut rng) > 0.5;
        Ok(Array2::from_shape_simple_fn((k, digits as usize), digit))
    }
}

/// Each class has a random code of zeros and ones; a classifier learns each digit, and the class with the nearest code wins.
///
/// Distances are Euclidean, between what the classifiers say and the codes: decision values and ±1, or probabilities and 0 or 1.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `estimator` | | | the classifier of two classes; its parameters are `estimator__...` |
/// | `code_size` | 1.5 | `(0, inf)` | digits for each class: ⌊`code_size` · classes⌋ classifiers, 1 to 100,000 |
/// | `code_book` | drawn | a row for each class | the digits of each class, (n_classes, n_digits), instead of random ones of `code_size` |
/// | `random_state` | 0 | | the seed of the codes |
///
/// # Errors
/// `InvalidParameter`; `TooFewClasses`; those of the classifier, with the digit in [`Error::context`]; `Unsupported` for one that
/// says nothing of its confidence.
///
/// # Source
/// T. G. Dietterich and G. Bakiri, "Solving multiclass learning problems via error-correcting output codes", JAIR 2 (1995). The
/// rules are those of scikit-learn's `OutputCodeClassifier`, its random codes are not.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::RidgeClassifier, multiclass::OutputCodeClassifier, prelude::*};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let model = OutputCodeClassifier::new(RidgeClassifier::new()).code_size(5.0).fit(&wine.x, &wine.target)?;
/// assert_eq!(model.code_book().dim(), (3, 15));
/// assert!(model.score(&wine.x, &wine.target)? > 0.9);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct OutputCodeClassifier<E> {
    estimator: E,
    settings: Settings,
}

impl<E> OutputCodeClassifier<E> {
    /// Around this classifier of two classes.
    pub fn new(estimator: E) -> Self {
        OutputCodeClassifier {
            estimator,
            settings: Settings::default(),
        }
    }

    /// Digits for each class.
    pub fn code_size(mut self, code_size: f64) -> Self {
        self.settings.code_size = code_size;
        self
    }

    /// The digits of each class, in the order of the sorted classes: a code that was designed, instead of a random one.
    ///
    /// ```
    /// use fitwell::{linear_model::RidgeClassifier, multiclass::OutputCodeClassifier, prelude::*};
    ///
    /// // Of three classes every way to part them in two.
    /// let exhaustive = [[true, false, false], [false, true, false], [false, false, true]];
    /// let wine = fitwell::datasets::load_wine()?;
    /// let model = OutputCodeClassifier::new(RidgeClassifier::new()).code_book(exhaustive).fit(&wine.x, &wine.target)?;
    /// assert_eq!(model.estimators().len(), 3);
    /// assert!(model.score(&wine.x, &wine.target)? > 0.98);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn code_book<R: Into<Vec<bool>>>(mut self, rows: impl IntoIterator<Item = R>) -> Self {
        self.settings.code_book = Some(rows.into_iter().map(Into::into).collect());
        self
    }

    /// The seed of the codes.
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.settings.random_state = random_state;
        self
    }

    /// The classifier of two classes.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_one!(OutputCodeClassifier<E>);

impl<X, Y, E, M> Estimator<X, Y> for OutputCodeClassifier<E>
where
    X: Samples + ?Sized,
    Y: RelabelTarget + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Send,
{
    type Fitted = FittedOutputCodeClassifier<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        not_empty(x)?;
        let labels = weighted_classes(NAME, y, x.n_samples())?;
        let codes = y.labels().codes_in(labels.classes());
        let k = labels.classes().len();
        let code_book = self.settings.code_book(k)?;
        let estimators = each(code_book.ncols(), |digit| {
            let column = code_book.column(digit);
            if column.iter().all(|one| *one == column[0]) {
                return Ok(None); // every class has this digit
            }
            let two = two_classes(codes.len(), |row| {
                codes[row].is_some_and(|c| column[c as usize])
            });
            let fitted = self.estimator.fit(x, y.relabelled(two).borrow());
            fitted
                .map(Some)
                .map_err(|e| e.within(format!("digit {digit}")))
        })?;
        Ok(FittedOutputCodeClassifier {
            classes: ClassList::new(labels.shared_classes()),
            code_book,
            estimators,
        })
    }
}

/// What [`OutputCodeClassifier`] learned: the codes, and a classifier for each digit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOutputCodeClassifier<M> {
    classes: ClassList,
    code_book: Array2<bool>,
    /// None for a digit that every class has.
    estimators: Vec<Option<M>>,
}

impl<M> FittedOutputCodeClassifier<M> {
    /// The classifier of each digit; none for a digit that every class has.
    pub fn estimators(&self) -> &[Option<M>] {
        &self.estimators
    }

    /// The code of each class, (n_classes, n_digits).
    pub fn code_book(&self) -> &Array2<bool> {
        &self.code_book
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

impl<X, F, M> Predict<X> for FittedOutputCodeClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        let (n, k) = (x.n_samples(), self.classes.len());
        let mut distances = Array2::<f64>::zeros((n, k));
        for (model, digits) in self.estimators.iter().zip(self.code_book.columns()) {
            // A digit that every class has is as far from all.
            let Some(model) = model else { continue };
            let (scores, said) = score_of_one(NAME, model, x)?;
            let (zero, one) = match said {
                Said::Decision => (-1.0, 1.0),
                Said::Proba => (0.0, 1.0),
            };
            for (score, mut row) in scores.iter().zip(distances.rows_mut()) {
                for (d, is_one) in row.iter_mut().zip(digits) {
                    let gap = score.f64() - if *is_one { one } else { zero };
                    *d += gap * gap;
                }
            }
        }
        let nearest =
            |row: ndarray::ArrayView1<'_, f64>| crate::meta::arg_max(row.iter().map(|d| -d)) as u32;
        Ok(self
            .classes
            .labels(distances.rows().into_iter().map(nearest).collect()))
    }
}

/// Neither probabilities nor decision values.
impl<X, F, M> Confidence<X> for FittedOutputCodeClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    type Float = F;
}

impl<M> Classes for FittedOutputCodeClassifier<M> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

/// Accuracy.
impl<X, Y, F, M> Score<X, Y> for FittedOutputCodeClassifier<M>
where
    X: Samples + ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::accuracy_score(y, &self.predict(x)?)
    }
}

impl<M: Model + Classes> Model for FittedOutputCodeClassifier<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.classes.validate()?;
        let digits = self.estimators.len();
        ensure::at_least("number of digits", digits, 1)?;
        ensure::shape("code book", &self.code_book, self.classes.len(), digits)?;
        for (model, column) in self.estimators.iter().zip(self.code_book.columns()) {
            let same = column.iter().all(|one| *one == column[0]);
            ensure::that(model.is_none() == same, || {
                "there is a classifier for each digit that tells classes apart".into()
            })?;
            if let Some(model) = model {
                model.validate()?;
                ensure_two(model)?;
            }
        }
        Ok(())
    }
}

impl<M: fmt::Display> fmt::Display for FittedOutputCodeClassifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!(
            "Fitted{NAME}({} classes, {} digits)",
            self.classes.len(),
            self.estimators.len()
        );
        match self.estimators.iter().flatten().next() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}

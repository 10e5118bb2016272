//! A classifier with calibrated probabilities.

use std::borrow::Borrow;
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::calibrator::{CalibrationMethod, Calibrator, Truth, calibrated, fit_calibrators};
use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::frozen::{AllRows, FrozenEstimator};
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::ClassList;
use crate::meta::{
    Said, arg_max, around_one, decision_or_proba, each, every_row_once, indented, logs, not_empty,
    weighted_classes,
};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::model_selection::{CrossValidator, Split};
use crate::params::Hyperparameters;
use crate::samples::Samples;
use crate::targets::ClassTarget;
use crate::traits::{Classes, Estimator, Predict, PredictProba, Score};

const NAME: &str = "CalibratedClassifierCv";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    method: CalibrationMethod,
    ensemble: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            method: CalibrationMethod::Sigmoid,
            ensemble: true,
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A classifier whose probabilities are calibrated on rows that it was not fitted on.
///
/// With `ensemble`, for each split a copy of the classifier is fitted to the training rows, and a calibrator to its decision
/// values (or, without them, its probabilities) on the test rows; probabilities are the means over the splits. Without it, the
/// decision values of all test rows are put together, one calibrator is fitted to them, and one classifier to all rows.
///
/// | method | probabilities |
/// |---|---|
/// | `sigmoid` | 1 / (1 + exp(a f + b)), a and b by least log loss against Platt's targets |
/// | `isotonic` | the rising function of f that is nearest in squared error |
/// | `temperature` | softmax(β f), or softmax(β ln p) of probabilities; of two classes f is (−f, f) |
///
/// The first two treat each class against the others; with more than two classes the results are divided by their sum.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimator` | | the classifier, with decision values or probabilities; its parameters are `estimator__...` |
/// | `method` | `sigmoid` | a [`CalibrationMethod`] |
/// | `ensemble` | `true` | see above |
/// | `cv` | 5 | a number of stratified folds, a splitter, or a list of splits |
///
/// A model that was fitted before is calibrated by [`prefit`](Self::prefit).
///
/// # Complexity
/// A fit for each split, without `ensemble` one more; the calibrators take O(n log n).
///
/// # Errors
/// Those of the splitter and of the classifier, with the fold in [`Error::context`]; `TooFewClasses`; `TooFewSamples` for a
/// class with fewer rows than there are splits; `Unsupported` for a classifier that says nothing of its confidence. Without
/// `ensemble`, `InvalidInput` when the test rows are not every row exactly once, or when a fold's training rows lack a class
/// and the classifier has decision values, or no third class; where it has probabilities, that of the class is 0.
///
/// # Source
/// scikit-learn's `CalibratedClassifierCV`, with the same rules. Its `ensemble="auto"` is `true` here but for
/// [`prefit`](Self::prefit). There the classifier has a default, a support vector machine.
///
/// # Examples
/// ```
/// use fitwell::{calibration::CalibratedClassifierCv, linear_model::RidgeClassifier, metrics::log_loss, prelude::*};
///
/// // A classifier that has decision values, but no probabilities.
/// let (x, y) = { let d = fitwell::datasets::load_breast_cancer()?; (d.x, d.target) };
/// let model = CalibratedClassifierCv::new(RidgeClassifier::new()).fit(&x, &y)?;
/// assert!(log_loss(&y, &model.predict_proba(&x)?, model.classes())? < 0.2);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "CalibratedClassifierCV")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct CalibratedClassifierCv<E, C = usize> {
    estimator: E,
    settings: Settings,
    cv: C,
}

impl<E> CalibratedClassifierCv<E> {
    /// Around this classifier, by five folds.
    pub fn new(estimator: E) -> Self {
        CalibratedClassifierCv {
            estimator,
            settings: Settings::default(),
            cv: 5,
        }
    }
}

impl<M> CalibratedClassifierCv<FrozenEstimator<M>, AllRows> {
    /// Around a model that was fitted on other rows: one calibrator is fitted to all rows that `fit` is given.
    ///
    /// ```
    /// use fitwell::{calibration::CalibratedClassifierCv, linear_model::LogisticRegression, prelude::*};
    /// use ndarray::array;
    ///
    /// let model = LogisticRegression::new().fit(&array![[0.0], [1.0]], &Labels::from([0, 1]))?;
    /// let (x, y) = (array![[0.0], [0.2], [0.8], [1.0]], Labels::from([0, 1, 0, 1]));
    /// let calibrated = CalibratedClassifierCv::prefit(model).fit(&x, &y)?;
    /// assert_eq!(calibrated.calibrated_classifiers().len(), 1);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn prefit(model: M) -> Self {
        CalibratedClassifierCv {
            estimator: FrozenEstimator::new(model),
            settings: Settings {
                ensemble: false,
                ..Settings::default()
            },
            cv: AllRows,
        }
    }
}

impl<E, C> CalibratedClassifierCv<E, C> {
    /// How decision values become probabilities.
    pub fn method(mut self, method: CalibrationMethod) -> Self {
        self.settings.method = method;
        self
    }

    /// Whether there is a classifier for each split, or one for all.
    pub fn ensemble(mut self, ensemble: bool) -> Self {
        self.settings.ensemble = ensemble;
        self
    }

    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> CalibratedClassifierCv<E, D> {
        CalibratedClassifierCv {
            estimator: self.estimator,
            settings: self.settings,
            cv,
        }
    }

    /// The classifier.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_one!(CalibratedClassifierCv<E, C>);

/// The splits; every class has a row for each.
fn splits<C: CrossValidator, Y: ClassTarget + ?Sized>(
    cv: &C,
    n: usize,
    y: &Y,
) -> Result<Vec<Split>> {
    let splits = cv.split(n, y)?;
    let labels = y.labels().observed();
    for (code, count) in labels.counts().into_iter().enumerate() {
        if count < splits.len() {
            return Err(ErrorKind::TooFewSamples {
                what: format!(
                    "class {} in {} splits",
                    labels.classes()[code],
                    splits.len()
                ),
                needed: splits.len(),
                got: count,
            }
            .into());
        }
    }
    Ok(splits)
}

impl<X, Y, E, M, C, F> Estimator<X, Y> for CalibratedClassifierCv<E, C>
where
    X: Samples + ?Sized,
    Y: ClassTarget + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Confidence<X, Float = F> + Classes + Send,
    C: CrossValidator,
    F: Float,
{
    type Fitted = FittedCalibratedClassifierCv<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        not_empty(x)?;
        let n = x.n_samples();
        let labels = weighted_classes(NAME, y, n)?;
        let method = self.settings.method;
        let codes: Vec<Option<usize>> = y
            .labels()
            .codes_in(labels.classes())
            .into_iter()
            .map(|code| code.map(|c| c as usize))
            .collect();
        let truth = |rows: &[usize]| Truth {
            codes: rows.iter().map(|&i| codes[i]).collect(),
            weights: y
                .sample_weight()
                .map(|w| rows.iter().map(|&i| w[i]).collect()),
        };
        let all: Vec<usize> = (0..n).collect();
        let done = |calibrated_classifiers| {
            Ok(FittedCalibratedClassifierCv {
                classes: ClassList::new(labels.shared_classes()),
                calibrated_classifiers,
            })
        };
        let splits = splits(&self.cv, n, y)?;
        let fold = |k: usize| -> Result<(Part<M>, Array2<F>, Said)> {
            let Split { train, test } = &splits[k];
            let fitted = || {
                let (some_x, some_y) = (x.select(train)?, y.select(train)?);
                let model = self.estimator.fit(some_x.borrow(), some_y.borrow());
                let model = model.map_err(|e| e.at_rows(train))?;
                let values = decision_or_proba(NAME, &model, x.select(test)?.borrow());
                let (values, said) = values.map_err(|e| e.at_rows(test))?;
                Ok((Part::new(NAME, model, labels.classes())?, values, said))
            };
            fitted().map_err(|e: Error| e.within(format!("fold {k}")))
        };
        if self.settings.ensemble {
            return done(each(splits.len(), |k| {
                let (part, values, said) = fold(k)?;
                part.calibrate(method, said, &values, &truth(&splits[k].test))
                    .map_err(|e| e.within(format!("fold {k}")))
            })?);
        }
        every_row_once(&splits, n)?;
        let folds = each(splits.len(), fold)?;
        let mut whole: Option<(Array2<F>, Said)> = None;
        for (k, ((part, values, said), split)) in folds.into_iter().zip(&splits).enumerate() {
            let place = format!("fold {k}");
            let values = part
                .of_all_classes(values, said, labels.classes().len())
                .map_err(|e| e.within(place))?;
            let (all, _) = whole.get_or_insert_with(|| (Array2::zeros((n, values.ncols())), said));
            for (&row, value) in split.test.iter().zip(values.rows()) {
                all.row_mut(row).assign(&value);
            }
        }
        let Some((values, said)) = whole else {
            return Err(ErrorKind::EmptyInput {
                what: "list of splits".into(),
            }
            .into());
        };
        let part = Part::new(NAME, self.estimator.fit(x, y)?, labels.classes())?;
        done(vec![part.calibrate(method, said, &values, &truth(&all))?])
    }
}

/// The places of a model's classes among all.
fn places(estimator: &str, of: &[Class], among: &[Class]) -> Result<Vec<usize>> {
    let place = |class: &Class| {
        among.binary_search(class).map_err(|_| -> Error {
            ErrorKind::UnknownLabel {
                what: format!("a class of the model in {estimator}"),
                label: class.to_string(),
                known: among.iter().map(Class::to_string).collect(),
            }
            .into()
        })
    };
    of.iter().map(place).collect()
}

/// A fitted classifier before its calibration.
struct Part<M> {
    model: M,
    columns: Vec<usize>,
}

impl<M: Classes> Part<M> {
    fn new(estimator: &str, model: M, classes: &[Class]) -> Result<Self> {
        let columns = places(estimator, model.classes(), classes)?;
        Ok(Part { model, columns })
    }

    /// What the model says of all `k` classes: probabilities of classes that it does not know are 0.
    fn of_all_classes<F: Float>(
        &self,
        values: Array2<F>,
        said: Said,
        k: usize,
    ) -> Result<Array2<F>> {
        if self.columns.len() == k {
            return Ok(values);
        }
        if said == Said::Decision || k == 2 {
            let reason = "the training rows lack a class";
            return Err(Error::invalid_input("calibration", reason));
        }
        let mut all = Array2::zeros((values.nrows(), k));
        match self.columns[..] {
            [first, second] if values.ncols() == 1 => {
                let of_second = values.column(0);
                all.column_mut(first)
                    .assign(&of_second.mapv(|p| F::one() - p));
                all.column_mut(second).assign(&of_second);
            }
            _ if values.ncols() == self.columns.len() => {
                for (&place, column) in self.columns.iter().zip(values.columns()) {
                    all.column_mut(place).assign(&column);
                }
            }
            _ => {
                let what = "number of columns of the probabilities";
                return Err(Error::shape(what, self.columns.len(), values.ncols()));
            }
        }
        Ok(all)
    }

    fn calibrate<F: Float>(
        self,
        method: CalibrationMethod,
        said: Said,
        values: &Array2<F>,
        truth: &Truth,
    ) -> Result<CalibratedClassifier<M>> {
        let expected = if self.columns.len() == 2 {
            1
        } else {
            self.columns.len()
        };
        if values.ncols() != expected {
            let what = "number of columns of the decision values";
            return Err(Error::shape(what, expected, values.ncols()));
        }
        let calibrators = fit_calibrators(method, said, values, &self.columns, truth)?;
        Ok(CalibratedClassifier {
            estimator: self.model,
            method,
            calibrators,
            columns: self.columns,
        })
    }
}

/// A fitted classifier and its calibrators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedClassifier<M> {
    estimator: M,
    method: CalibrationMethod,
    calibrators: Vec<Calibrator>,
    /// The places of the classifier's classes among all.
    columns: Vec<usize>,
}

impl<M> CalibratedClassifier<M> {
    /// The classifier.
    pub fn estimator(&self) -> &M {
        &self.estimator
    }

    /// One for each class; one for two classes, and by temperature.
    pub fn calibrators(&self) -> &[Calibrator] {
        &self.calibrators
    }

    fn proba<X: ?Sized, F: Float>(&self, x: &X, n_classes: usize) -> Result<Array2<f64>>
    where
        M: Confidence<X, Float = F>,
    {
        let (values, said) = decision_or_proba(NAME, &self.estimator, x)?;
        let columns = if self.columns.len() == 2 {
            1
        } else {
            self.columns.len()
        };
        if values.ncols() != columns {
            let what = "number of columns of the decision values";
            return Err(Error::shape(what, columns, values.ncols()));
        }
        calibrated(&self.calibrators, said, &values, &self.columns, n_classes)
    }
}

/// What [`CalibratedClassifierCv`] learned: classifiers, and what makes their decision values probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedCalibratedClassifierCv<M> {
    classes: ClassList,
    calibrated_classifiers: Vec<CalibratedClassifier<M>>,
}

impl<M> FittedCalibratedClassifierCv<M> {
    /// The classifiers with their calibrators: one for each split, or one.
    pub fn calibrated_classifiers(&self) -> &[CalibratedClassifier<M>] {
        &self.calibrated_classifiers
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// The mean of the probabilities.
    fn proba<X: ?Sized, F: Float>(&self, x: &X) -> Result<Array2<F>>
    where
        M: Confidence<X, Float = F>,
    {
        let mut mean: Option<Array2<f64>> = None;
        for part in &self.calibrated_classifiers {
            let proba = part.proba(x, self.classes.len())?;
            match &mut mean {
                Some(mean) => *mean += &proba,
                None => mean = Some(proba),
            }
        }
        let count = self.calibrated_classifiers.len() as f64;
        Ok(mean.unwrap_or_default().mapv(|p| F::of(p / count)))
    }
}

impl<X: Samples + ?Sized, F: Float, M: Confidence<X, Float = F>> Predict<X>
    for FittedCalibratedClassifierCv<M>
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        let proba = self.proba(x)?;
        let codes = proba
            .rows()
            .into_iter()
            .map(|row| arg_max(row.iter().copied()) as u32);
        Ok(self.classes.labels(codes.collect()))
    }
}

impl<X: Samples + ?Sized, F: Float, M: Confidence<X, Float = F>> PredictProba<X>
    for FittedCalibratedClassifierCv<M>
{
    type Float = F;

    fn predict_proba(&self, x: &X) -> Result<Array2<F>> {
        self.proba(x)
    }

    fn predict_log_proba(&self, x: &X) -> Result<Array2<F>> {
        Ok(logs(self.proba(x)?))
    }
}

impl<X: Samples + ?Sized, F: Float, M: Confidence<X, Float = F>> Confidence<X>
    for FittedCalibratedClassifierCv<M>
{
    type Float = F;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        Some(self.proba(x))
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        Some(PredictProba::predict_log_proba(self, x))
    }
}

impl<M> Classes for FittedCalibratedClassifierCv<M> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

/// Accuracy.
impl<X, Y, F, M> Score<X, Y> for FittedCalibratedClassifierCv<M>
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

impl<M: Model + Classes> Model for FittedCalibratedClassifierCv<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.classes.validate()?;
        let parts = &self.calibrated_classifiers;
        ensure::at_least("number of classifiers", parts.len(), 1)?;
        for part in parts {
            part.estimator.validate()?;
            let places = places(NAME, part.estimator.classes(), self.classes.as_slice())
                .map_err(|e| Error::model_file(e.to_string()))?;
            ensure::that(places == part.columns, || {
                "the classifier's classes are in other places".into()
            })?;
            let k = part.columns.len();
            let one = k == 2 || part.method == CalibrationMethod::Temperature;
            let expected = if one { 1 } else { k };
            ensure::equal("number of calibrators", part.calibrators.len(), expected)?;
            let same = part.method == parts[0].method;
            ensure::that(same, || "the classifiers differ in their method".into())?;
            for calibrator in &part.calibrators {
                calibrator.validate(part.method)?;
            }
        }
        Ok(())
    }
}

impl<M: fmt::Display> fmt::Display for FittedCalibratedClassifierCv<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.calibrated_classifiers;
        let method = parts.first().map(|p| p.method).unwrap_or_default();
        let name = match method {
            CalibrationMethod::Sigmoid => "sigmoid",
            CalibrationMethod::Isotonic => "isotonic",
            CalibrationMethod::Temperature => "temperature",
        };
        let head = format!("Fitted{NAME}({name}, {} classifiers)", parts.len());
        match parts.first() {
            Some(part) => indented(f, &head, &[("first", &part.estimator)]),
            None => f.write_str(&head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boxed::{Boxable, BoxedClassifier};
    use crate::linear_model::{LogisticRegression, RidgeClassifier};
    use crate::model_selection::KFold;
    use crate::params::Params;
    use crate::targets::Targets;
    use ndarray::ArrayRef2;

    const METHODS: [CalibrationMethod; 3] = [
        CalibrationMethod::Sigmoid,
        CalibrationMethod::Isotonic,
        CalibrationMethod::Temperature,
    ];

    fn data(k: usize) -> (Array2<f64>, Labels) {
        let x = Array2::from_shape_fn((90, 3), |(i, j)| ((i * (7 + 4 * j)) % 29) as f64 / 5.0);
        let y = (0..90).map(|i| (x[[i, 0]] + x[[i, 1]] + (i % 4) as f64) as usize % 13 * k / 13);
        (x.clone(), y.collect())
    }

    #[test]
    fn probabilities_sum_to_one_and_are_the_means_of_the_parts() {
        for (method, k) in METHODS.iter().flat_map(|m| [(*m, 2), (*m, 3)]) {
            let (x, y) = data(k);
            let base = CalibratedClassifierCv::new(RidgeClassifier::new())
                .method(method)
                .cv(3);
            let model = base.fit(&x, &y).unwrap();
            let proba = model.predict_proba(&x).unwrap();
            assert!(
                proba
                    .rows()
                    .into_iter()
                    .all(|r| (r.sum() - 1.0).abs() < 1e-12)
            );
            assert!(proba.iter().all(|p| (0.0..=1.0).contains(p)));
            assert_eq!(model.calibrated_classifiers().len(), 3);
            let one = base.ensemble(false).fit(&x, &y).unwrap();
            assert_eq!(one.calibrated_classifiers().len(), 1);
            let expected = if k == 2 || method == CalibrationMethod::Temperature {
                1
            } else {
                3
            };
            assert_eq!(
                one.calibrated_classifiers()[0].calibrators().len(),
                expected
            );
            let read = FittedCalibratedClassifierCv::from_json(&one.to_json().unwrap()).unwrap();
            assert_eq!(read, one);
        }
    }

    #[test]
    fn a_fitted_model_is_calibrated_as_one_without_ensemble() {
        let (x, y) = data(3);
        let model = LogisticRegression::new().fit(&x, &y).unwrap();
        for method in METHODS {
            let prefit = CalibratedClassifierCv::prefit(model.clone())
                .method(method)
                .fit(&x, &y)
                .unwrap();
            let frozen = CalibratedClassifierCv::new(FrozenEstimator::new(model.clone()))
                .method(method)
                .ensemble(false)
                .fit(&x, &y)
                .unwrap();
            assert_eq!(prefit, frozen);
        }
    }

    #[test]
    fn weights_of_zero_leave_a_class_out() {
        let (x, y) = data(3);
        let w = ndarray::Array1::from_shape_fn(90, |i| if y.codes()[i] == 2 { 0.0 } else { 1.5 });
        let model = CalibratedClassifierCv::new(RidgeClassifier::new())
            .fit(&x, &y.weighted(&w))
            .unwrap();
        assert_eq!(model.classes().len(), 2);
    }

    #[test]
    fn what_is_refused() {
        let (x, y) = data(3);
        let rare: Labels = (0..90).map(|i| usize::from(i < 3)).collect();
        let e = CalibratedClassifierCv::new(RidgeClassifier::new())
            .fit(&x, &rare)
            .unwrap_err();
        assert!(
            matches!(
                e.kind(),
                ErrorKind::TooFewSamples {
                    needed: 5,
                    got: 3,
                    ..
                }
            ),
            "{e}"
        );
        let halves: Labels = (0..90).map(|i| i / 30).collect();
        let thirds =
            CalibratedClassifierCv::new(RidgeClassifier::new()).cv(KFold::new().n_splits(3));
        assert!(thirds.clone().ensemble(false).fit(&x, &halves).is_err());
        // With ensemble a fold's classifier may lack a class: it has no probability there.
        assert!(thirds.fit(&x, &halves).is_ok());
        // Of probabilities neither: the one of that class is 0.
        let near = crate::neighbors::KNeighborsClassifier::new();
        let near = CalibratedClassifierCv::new(near).cv(KFold::new().n_splits(3));
        for method in METHODS {
            let one = near.clone().method(method).ensemble(false);
            let proba = one.fit(&x, &halves).unwrap().predict_proba(&x).unwrap();
            assert!(
                proba
                    .rows()
                    .into_iter()
                    .all(|p| (p.sum() - 1.0).abs() < 1e-12)
            );
        }
        let half = vec![Split {
            train: (0..45).collect(),
            test: (45..90).collect(),
        }];
        let e = CalibratedClassifierCv::new(RidgeClassifier::new())
            .cv(half)
            .ensemble(false)
            .fit(&x, &y);
        assert!(e.unwrap_err().to_string().contains("no test fold"));
    }

    #[test]
    fn any_classifier_by_a_box_and_parameters_by_name() {
        let (x, y) = data(2);
        let boxed: BoxedClassifier<ArrayRef2<f64>, Labels> =
            RidgeClassifier::new().boxed_classifier();
        let same = CalibratedClassifierCv::new(boxed)
            .fit(&x, &y)
            .unwrap()
            .predict_proba(&x)
            .unwrap();
        let plain = CalibratedClassifierCv::new(RidgeClassifier::new());
        assert_eq!(same, plain.fit(&x, &y).unwrap().predict_proba(&x).unwrap());
        let changed = plain
            .with_param("estimator__alpha", 0.5)
            .unwrap()
            .with_param("method", "isotonic")
            .unwrap();
        assert_eq!(changed.params()["method"], "isotonic");
        assert!(plain.with_param("method", "platt").is_err());
    }

    #[test]
    fn files_that_no_fit_makes_are_refused() {
        let (x, y) = data(3);
        let good = CalibratedClassifierCv::new(RidgeClassifier::new())
            .cv(3)
            .fit(&x, &y)
            .unwrap();
        let with = |change: &dyn Fn(&mut FittedCalibratedClassifierCv<_>)| {
            let mut bad = good.clone();
            change(&mut bad);
            bad.validate()
        };
        assert!(with(&|_| ()).is_ok());
        assert!(with(&|m| m.calibrated_classifiers.clear()).is_err());
        assert!(with(&|m| drop(m.calibrated_classifiers[1].calibrators.pop())).is_err());
        assert!(
            with(&|m| m.calibrated_classifiers[1].method = CalibrationMethod::Isotonic).is_err()
        );
        assert!(with(&|m| m.calibrated_classifiers[0].columns[0] = 2).is_err());
        assert!(
            with(&|m| m.calibrated_classifiers[0].calibrators[0] =
                Calibrator::Temperature { beta: 1.0 })
            .is_err()
        );
    }
}

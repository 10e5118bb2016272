//! A classifier that does not look at the features.

use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::boxed::{Confidence, Input};
use crate::check;
use crate::error::{Error, ErrorKind, Result, list};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::ClassList;
use crate::meta::{Seen, arg_max, logs, not_empty};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::random;
use crate::samples::Samples;
use crate::targets::ClassTarget;
use crate::traits::{Classes, Estimator, Predict, PredictProba, Score};

const NAME: &str = "DummyClassifier";

/// What a [`DummyClassifier`] says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DummyStrategy {
    /// The most frequent class; probabilities are the shares of the classes.
    #[default]
    Prior,
    /// The most frequent class, with probability 1.
    MostFrequent,
    /// A class drawn by the shares of the classes, with probability 1.
    Stratified,
    /// A class drawn from all alike; probabilities are all alike.
    Uniform,
    /// The class given, with probability 1.
    Constant,
}

/// Predicts classes without a look at the features: the baseline that a classifier has to beat.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `strategy` | `prior` | a [`DummyStrategy`] |
/// | `constant` | none | the class of the strategy `constant` |
/// | `random_state` | 0 | the seed of the strategies that draw |
///
/// The shares of the classes are by weight. The strategies that draw begin anew with each call of a model, so that a call
/// gives the same as another with as many rows. Samples may be matrices or tables, with missing values too; their columns must be
/// those of the fit.
///
/// # Errors
/// `InvalidParameter` without a `constant` for that strategy; `UnknownLabel` for one that is not in the target;
/// `EmptyInput`, `ShapeMismatch`, and what is wrong with the weights.
///
/// # Source
/// scikit-learn's `DummyClassifier`; its random numbers are others. A target of one class is learned, as there.
///
/// # Examples
/// ```
/// use fitwell::{dummy::DummyClassifier, prelude::*};
/// use ndarray::Array2;
///
/// let (x, y) = (Array2::<f64>::zeros((4, 1)), Labels::from(["ham", "ham", "spam", "ham"]));
/// let baseline = DummyClassifier::new().fit(&x, &y)?;
/// assert_eq!(baseline.score(&x, &y)?, 0.75);
/// assert_eq!(baseline.predict_proba(&x)?.row(0).to_vec(), [0.75, 0.25]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct DummyClassifier {
    strategy: DummyStrategy,
    constant: Option<Class>,
    random_state: u64,
}

impl DummyClassifier {
    /// The most frequent class.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is predicted.
    pub fn strategy(mut self, strategy: DummyStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// The class of the strategy [`Constant`](DummyStrategy::Constant), which it sets.
    pub fn constant(mut self, class: impl Into<Class>) -> Self {
        self.strategy = DummyStrategy::Constant;
        self.constant = Some(class.into());
        self
    }

    /// The seed of the strategies that draw.
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }
}

impl Hyperparameters for DummyClassifier {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        if self.strategy == DummyStrategy::Constant && self.constant.is_none() {
            let expected = "a class, for the strategy `constant`";
            return Err(Error::invalid_parameter(NAME, "constant", expected, "none"));
        }
        Ok(())
    }
}

impl fmt::Display for DummyClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<X: Samples + ?Sized, Y: ClassTarget + ?Sized> Estimator<X, Y> for DummyClassifier {
    type Fitted = FittedDummyClassifier;

    fn fit(&self, x: &X, y: &Y) -> Result<FittedDummyClassifier> {
        self.check()?;
        not_empty(x)?;
        check::target(y, x.n_samples())?;
        let weights = y.sample_weight();
        let weight = |row: usize| weights.map_or(1.0, |w| w[row]);
        let labels = y.labels().observed_where(|row| weight(row) > 0.0);
        let mut class_prior = vec![0.0; labels.classes().len()];
        for (row, &code) in labels.codes().iter().enumerate() {
            class_prior[code as usize] += weight(row);
        }
        let total: f64 = class_prior.iter().sum();
        check::learned(NAME, "the sum of the weights", &[total])?;
        class_prior.iter_mut().for_each(|p| *p /= total);
        let constant = match (&self.constant, self.strategy) {
            (Some(class), DummyStrategy::Constant) => {
                let Ok(code) = labels.classes().binary_search(class) else {
                    return Err(ErrorKind::UnknownLabel {
                        what: format!("`constant` of `{NAME}`"),
                        label: class.to_string(),
                        known: labels.classes().iter().map(Class::to_string).collect(),
                    }
                    .into());
                };
                Some(code)
            }
            _ => None,
        };
        Ok(FittedDummyClassifier {
            seen: Seen::of(x),
            classes: ClassList::new(labels.shared_classes()),
            class_prior,
            strategy: self.strategy,
            constant,
            random_state: self.random_state,
        })
    }
}

/// What [`DummyClassifier`] learned: how frequent the classes are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedDummyClassifier {
    seen: Seen,
    classes: ClassList,
    class_prior: Vec<f64>,
    strategy: DummyStrategy,
    constant: Option<usize>,
    random_state: u64,
}

impl FittedDummyClassifier {
    /// The share of each class in the target, by weight.
    pub fn class_prior(&self) -> &[f64] {
        &self.class_prior
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }

    /// The names of the features at fit, where they had names.
    pub fn feature_names_in(&self) -> Option<&[String]> {
        self.seen.feature_names.as_deref()
    }

    /// The class that is always predicted; none where classes are drawn.
    fn only(&self) -> Option<usize> {
        match self.strategy {
            DummyStrategy::Prior | DummyStrategy::MostFrequent => {
                Some(arg_max(self.class_prior.iter().copied()))
            }
            DummyStrategy::Constant => Some(self.constant.unwrap_or(0)),
            DummyStrategy::Stratified | DummyStrategy::Uniform => None,
        }
    }

    /// A class for each row.
    fn codes(&self, n: usize) -> Vec<usize> {
        if let Some(code) = self.only() {
            return vec![code; n];
        }
        let k = self.class_prior.len();
        let mut rng = random::generator(self.random_state);
        let stratified = self.strategy == DummyStrategy::Stratified;
        let mut draw = || {
            let mut u = random::uniform(&mut rng);
            if !stratified {
                return ((u * k as f64) as usize).min(k - 1);
            }
            for (code, &p) in self.class_prior.iter().enumerate() {
                if u < p {
                    return code;
                }
                u -= p;
            }
            k - 1
        };
        (0..n).map(|_| draw()).collect()
    }
}

impl<X: Samples + ?Sized> Predict<X> for FittedDummyClassifier {
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        let codes = self.codes(self.seen.rows(x)?);
        Ok(self
            .classes
            .labels(codes.into_iter().map(|c| c as u32).collect()))
    }
}

impl<F: Float, X: Input<Float = F> + ?Sized> PredictProba<X> for FittedDummyClassifier {
    type Float = F;

    fn predict_proba(&self, x: &X) -> Result<Array2<F>> {
        let (n, k) = (self.seen.rows(x)?, self.class_prior.len());
        crate::parallel::fits::<F>("probabilities", (n, k))?;
        Ok(match self.strategy {
            DummyStrategy::Prior => {
                Array2::from_shape_fn((n, k), |(_, j)| F::of(self.class_prior[j]))
            }
            DummyStrategy::Uniform => Array2::from_elem((n, k), F::of(1.0 / k as f64)),
            _ => {
                let mut proba = Array2::zeros((n, k));
                for (row, code) in self.codes(n).into_iter().enumerate() {
                    proba[[row, code]] = F::one();
                }
                proba
            }
        })
    }

    fn predict_log_proba(&self, x: &X) -> Result<Array2<F>> {
        Ok(logs(self.predict_proba(x)?))
    }
}

impl<F: Float, X: Input<Float = F> + ?Sized> Confidence<X> for FittedDummyClassifier {
    type Float = F;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        Some(PredictProba::predict_proba(self, x))
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        Some(PredictProba::predict_log_proba(self, x))
    }
}

impl Classes for FittedDummyClassifier {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

/// Accuracy.
impl<X: Samples + ?Sized, Y: ClassTarget + ?Sized> Score<X, Y> for FittedDummyClassifier {
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::accuracy_score(y, &self.predict(x)?)
    }
}

impl Model for FittedDummyClassifier {
    fn type_name() -> String {
        format!("Fitted{NAME}")
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        let k = self.classes.len();
        ensure::at_least("number of classes", k, 1)?;
        crate::labels::check_classes(self.classes.as_slice())
            .map_err(|e| Error::model_file(e.to_string()))?;
        ensure::equal("length of `class_prior`", self.class_prior.len(), k)?;
        ensure::positive("class_prior", &self.class_prior)?;
        let sum: f64 = self.class_prior.iter().sum();
        ensure::that((sum - 1.0).abs() < 1e-6, || {
            format!("the shares of the classes sum to {sum}")
        })?;
        let constant = self.strategy == DummyStrategy::Constant;
        ensure::that(self.constant.is_some() == constant, || {
            "a constant class belongs to the strategy `constant`".into()
        })?;
        ensure::indices("constant", &self.constant, k)
    }
}

impl fmt::Display for FittedDummyClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |code: usize| list(&[self.classes.as_slice()[code].to_string()]);
        match (self.only(), self.strategy) {
            (Some(code), _) => write!(f, "Fitted{NAME}(always {})", name(code)),
            (None, DummyStrategy::Uniform) => write!(f, "Fitted{NAME}(any class)"),
            (None, _) => {
                let shares: Vec<String> = (self.class_prior.iter().enumerate())
                    .map(|(k, p)| format!("{} {p:.3}", name(k)))
                    .collect();
                write!(f, "Fitted{NAME}(drawn: {})", list(&shares))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{CsvOptions, Table};
    use crate::targets::Targets;
    use ndarray::array;

    fn read(text: &str) -> Result<Table> {
        CsvOptions::new().read_str(text)
    }

    fn data() -> (Array2<f64>, Labels) {
        let x = Array2::from_shape_fn((6, 2), |(i, j)| (i + j) as f64);
        (x, Labels::from(["b", "a", "c", "b", "b", "a"]))
    }

    #[test]
    fn every_strategy_says_what_it_promises() {
        let (x, y) = data();
        let fit = |s| DummyClassifier::new().strategy(s).fit(&x, &y).unwrap();
        let shares = array![2.0 / 6.0, 3.0 / 6.0, 1.0 / 6.0];
        let prior = fit(DummyStrategy::Prior);
        assert_eq!(prior.predict(&x).unwrap(), Labels::from(["b"; 6]));
        assert_eq!(prior.predict_proba(&x).unwrap().row(3), shares);
        let sure = fit(DummyStrategy::MostFrequent).predict_proba(&x).unwrap();
        assert_eq!(sure.row(0), array![0.0, 1.0, 0.0]);
        let even = fit(DummyStrategy::Uniform).predict_proba(&x).unwrap();
        assert_eq!(even.row(0), array![1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]);
        let always = DummyClassifier::new().constant("c").fit(&x, &y).unwrap();
        assert_eq!(always.predict(&x).unwrap(), Labels::from(["c"; 6]));
        assert_eq!(
            always.predict_log_proba(&x).unwrap()[[0, 0]],
            f64::NEG_INFINITY
        );
    }

    #[test]
    fn draws_have_the_right_shares() {
        let (x, y) = data();
        let many = Array2::<f64>::zeros((30_000, 2));
        for (strategy, shares) in [
            (DummyStrategy::Stratified, [1.0 / 3.0, 0.5, 1.0 / 6.0]),
            (DummyStrategy::Uniform, [1.0 / 3.0; 3]),
        ] {
            let model = DummyClassifier::new()
                .strategy(strategy)
                .fit(&x, &y)
                .unwrap();
            let counts = model.predict(&many).unwrap().counts();
            for (count, share) in counts.iter().zip(shares) {
                assert!(
                    (*count as f64 / 30_000.0 - share).abs() < 0.01,
                    "{counts:?}"
                );
            }
            // Probabilities are of the classes that were drawn.
            if strategy == DummyStrategy::Stratified {
                let codes = model.predict(&many).unwrap();
                let proba = model.predict_proba(&many).unwrap();
                assert!((0..30_000).all(|i| proba[[i, codes.codes()[i] as usize]] == 1.0));
            }
        }
    }

    #[test]
    fn weights_count_and_zero_removes_a_class() {
        let (x, y) = data();
        let w = array![1.0, 4.0, 0.0, 1.0, 1.0, 0.0];
        let model = DummyClassifier::new().fit(&x, &y.weighted(&w)).unwrap();
        assert_eq!(model.classes(), &[Class::from("a"), Class::from("b")]);
        assert_eq!(model.class_prior(), [4.0 / 7.0, 3.0 / 7.0]);
        assert_eq!(model.predict(&x).unwrap(), Labels::from(["a"; 6]));
    }

    #[test]
    fn what_is_refused() {
        let (x, y) = data();
        let none = DummyClassifier::new().strategy(DummyStrategy::Constant);
        assert!(
            none.fit(&x, &y)
                .unwrap_err()
                .to_string()
                .contains("constant")
        );
        let other = DummyClassifier::new()
            .constant("d")
            .fit(&x, &y)
            .unwrap_err();
        assert!(matches!(other.kind(), ErrorKind::UnknownLabel { .. }));
        let model = DummyClassifier::new().fit(&x, &y).unwrap();
        assert!(model.predict(&array![[1.0]]).is_err());
        // Missing values and infinities are not looked at; one class is a class.
        let odd = array![[f64::NAN, f64::INFINITY]];
        let one = DummyClassifier::new()
            .fit(&odd, &Labels::from([true]))
            .unwrap();
        assert_eq!(one.predict_proba(&odd).unwrap(), array![[1.0]]);
    }

    #[test]
    fn tables_are_checked_by_name() {
        let table = read("a,b\n1,x\n2,y\n").unwrap();
        let model = DummyClassifier::new()
            .fit(&table, &Labels::from([1, 2]))
            .unwrap();
        assert_eq!(model.feature_names_in().unwrap(), ["a", "b"]);
        assert!(model.predict(&table).is_ok());
        let other = read("a,c\n1,x\n").unwrap();
        let e = model.predict(&other).unwrap_err();
        assert!(matches!(e.kind(), ErrorKind::FeatureNames { .. }), "{e}");
    }

    #[test]
    fn files_that_no_fit_makes_are_refused() {
        let (x, y) = data();
        let good = DummyClassifier::new().fit(&x, &y).unwrap();
        assert_eq!(
            FittedDummyClassifier::from_json(&good.to_json().unwrap()).unwrap(),
            good
        );
        let with = |change: &dyn Fn(&mut FittedDummyClassifier)| {
            let mut bad = good.clone();
            change(&mut bad);
            bad.validate()
        };
        assert!(with(&|m| m.class_prior[0] = 0.9).is_err());
        assert!(with(&|m| m.constant = Some(0)).is_err());
        assert!(with(&|m| m.strategy = DummyStrategy::Constant).is_err());
        assert!(with(&|m| m.seen.n_features = 0).is_err());
        let out_of_range = with(&|m| {
            m.strategy = DummyStrategy::Constant;
            m.constant = Some(3);
        });
        assert!(out_of_range.is_err());
    }
}

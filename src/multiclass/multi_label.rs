//! [`OneVsRestClassifier`] of several labels at once.

use std::borrow::Borrow;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::binary::{cut, ensure_two, score_of_one, two_classes};
use super::one_vs_rest::{NAME, OneVsRestClassifier};
use crate::boxed::{Confidence, Input};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::Labels;
use crate::meta::{Seen, each, indented, no_confidence, not_empty, side_by_side};
use crate::model::{Model, ensure};
use crate::neural_network::{MultiLabelTarget, indicators};
use crate::targets::{Targets, Weighted};
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba, Score};

impl<E> OneVsRestClassifier<E> {
    fn fit_labels<X, Y, M, F>(
        &self,
        x: &X,
        y: &Y,
        fit: impl Fn(Labels) -> Result<M> + Sync + Send,
    ) -> Result<FittedOneVsRestMultiLabel<M>>
    where
        X: Input<Float = F> + ?Sized,
        F: Float,
        Y: MultiLabelTarget<F> + ?Sized,
        M: Send,
    {
        not_empty(x)?;
        let labels = indicators(y, x.n_samples())?;
        let counts = |row: usize| y.sample_weight().is_none_or(|w| w[row] > 0.0);
        let estimators = each(labels.ncols(), |j| {
            let is = |row: usize| labels[[row, j]] == F::one();
            let mut said = (0..labels.nrows()).filter(|row| counts(*row)).map(is);
            let first = said.next();
            match first {
                Some(first) if said.all(|one| one == first) => Ok(Label::Always(first)),
                _ => {
                    let fitted = fit(two_classes(labels.nrows(), is));
                    let fitted = fitted.map_err(|e| e.within(format!("label {j}")));
                    fitted.map(Label::Learned)
                }
            }
        })?;
        Ok(FittedOneVsRestMultiLabel {
            seen: Seen::of(x),
            estimators,
        })
    }
}

/// Several labels at once.
impl<X, E, M, F> Estimator<X, ArrayRef2<F>> for OneVsRestClassifier<E>
where
    X: Input<Float = F> + ?Sized,
    F: Float,
    E: Estimator<X, Labels, Fitted = M> + Sync,
    M: Send,
{
    type Fitted = FittedOneVsRestMultiLabel<M>;

    fn fit(&self, x: &X, y: &ArrayRef2<F>) -> Result<Self::Fitted> {
        self.fit_labels(x, y, |two| self.estimator().fit(x, &two))
    }
}

/// Several labels at once, by weight.
impl<X, E, M, F> Estimator<X, Weighted<ArrayRef2<F>>> for OneVsRestClassifier<E>
where
    X: Input<Float = F> + ?Sized,
    F: Float,
    E: Estimator<X, Weighted<Labels>, Fitted = M> + Sync,
    M: Send,
{
    type Fitted = FittedOneVsRestMultiLabel<M>;

    fn fit(&self, x: &X, y: &Weighted<ArrayRef2<F>>) -> Result<Self::Fitted> {
        self.fit_labels(x, y, |two| {
            let two: <Weighted<Labels> as Targets>::Owned = y.with_target(two);
            self.estimator().fit(x, two.borrow())
        })
    }
}

/// What is known of a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
enum Label<M> {
    /// Every row had it, or none.
    Always(bool),
    Learned(M),
}

/// What [`OneVsRestClassifier`] learned of several labels: a classifier for each, which says yes or no.
///
/// A label that every training row had, or none, needs no classifier: it is always, or never, predicted.
///
/// ```
/// use fitwell::{linear_model::LogisticRegression, multiclass::OneVsRestClassifier, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [2.0], [3.0]];
/// let large_even_known = array![[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0], [1.0, 0.0, 1.0]];
/// let model = OneVsRestClassifier::new(LogisticRegression::new().c(100.0)).fit(&x, &large_even_known)?;
/// let said = model.predict(&x)?;
/// assert_eq!(said.column(0), array![0.0, 0.0, 1.0, 1.0]);
/// assert!(model.estimator(2).is_none() && said.column(2).iter().all(|v| *v == 1.0));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOneVsRestMultiLabel<M> {
    seen: Seen,
    estimators: Vec<Label<M>>,
}

impl<M> FittedOneVsRestMultiLabel<M> {
    /// The classifier of a label; none for a label that is always, or never, predicted.
    pub fn estimator(&self, label: usize) -> Option<&M> {
        match self.estimators.get(label) {
            Some(Label::Learned(model)) => Some(model),
            _ => None,
        }
    }

    /// The number of labels.
    pub fn n_labels(&self) -> usize {
        self.estimators.len()
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }

    /// A column for each label: what the model says, or 0 or 1.
    fn columns<X, F>(
        &self,
        x: &X,
        say: impl Fn(&M) -> Option<Result<Array1<F>>> + Sync + Send,
    ) -> Option<Result<Array2<F>>>
    where
        X: Input<Float = F> + ?Sized,
        F: Float,
        M: Sync,
    {
        let n = match self.seen.rows(x) {
            Ok(n) => n,
            Err(e) => return Some(Err(e)),
        };
        let parts = each(self.estimators.len(), |j| {
            let column = match &self.estimators[j] {
                Label::Always(one) => {
                    Some(Ok(Array1::from_elem(n, F::of(f64::from(u8::from(*one))))))
                }
                Label::Learned(model) => say(model),
            };
            let Some(column) = column else {
                return Ok(None);
            };
            let column = column.map_err(|e| e.within(format!("label {j}")))?;
            Ok(Some(column.insert_axis(ndarray::Axis(1))))
        });
        match parts.map(|parts| parts.into_iter().collect::<Option<Vec<_>>>()) {
            Ok(Some(parts)) => Some(side_by_side(&parts)),
            Ok(None) => None,
            Err(e) => Some(Err(e)),
        }
    }
}

/// A column of what a classifier of two classes says.
fn column<F: Float>(said: Result<Array2<F>>, j: usize) -> Result<Array1<F>> {
    let said = said?;
    if said.ncols() != j + 1 {
        let what = "number of columns of the scores of two classes";
        return Err(Error::shape(what, j + 1, said.ncols()));
    }
    Ok(said.column(j).to_owned())
}

/// Zeros and ones: 1 where the decision value is positive or, without decision values, the probability above a half.
impl<X, F, M> Predict<X> for FittedOneVsRestMultiLabel<M>
where
    X: Input<Float = F> + ?Sized,
    F: Float,
    M: Confidence<X, Float = F> + Sync,
{
    type Output = Array2<F>;

    fn predict(&self, x: &X) -> Result<Array2<F>> {
        let one = |model: &M| {
            let (scores, said) = score_of_one(NAME, model, x)?;
            let cut = cut::<F>(said);
            Ok(scores.mapv_into(|s| F::of(f64::from(u8::from(s > cut)))))
        };
        let said = self.columns(x, |model| Some(one(model)));
        said.unwrap_or_else(|| Err(no_confidence(NAME, "decision_function or predict_proba")))
    }
}

/// The probability of each label, (n_samples, n_labels); rows need not sum to 1. `Unsupported` when the classifiers have none.
impl<X, F, M> PredictProba<X> for FittedOneVsRestMultiLabel<M>
where
    X: Input<Float = F> + ?Sized,
    F: Float,
    M: Confidence<X, Float = F> + Sync,
{
    type Float = F;

    fn predict_proba(&self, x: &X) -> Result<Array2<F>> {
        let said = self.columns(x, |model| Some(column(model.maybe_proba(x)?, 1)));
        said.unwrap_or_else(|| Err(no_confidence(NAME, "predict_proba")))
    }

    fn predict_log_proba(&self, x: &X) -> Result<Array2<F>> {
        Ok(crate::meta::logs(self.predict_proba(x)?))
    }
}

/// The decision value of each label, (n_samples, n_labels); 1 or 0 for a label that is always or never predicted.
/// `Unsupported` when the classifiers have none.
impl<X, F, M> DecisionFunction<X> for FittedOneVsRestMultiLabel<M>
where
    X: Input<Float = F> + ?Sized,
    F: Float,
    M: Confidence<X, Float = F> + Sync,
{
    type Float = F;

    fn decision_function(&self, x: &X) -> Result<Array2<F>> {
        let said = self.columns(x, |model| Some(column(model.maybe_decision(x)?, 0)));
        said.unwrap_or_else(|| Err(no_confidence(NAME, "decision_function")))
    }
}

/// The share of rows with every label right.
impl<X, Y, F, M> Score<X, Y> for FittedOneVsRestMultiLabel<M>
where
    X: Input<Float = F> + ?Sized,
    F: Float,
    Y: MultiLabelTarget<F> + ?Sized,
    M: Confidence<X, Float = F> + Sync,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        let truth = indicators(y, x.n_samples())?;
        if truth.ncols() != self.n_labels() {
            let what = "number of labels";
            return Err(Error::shape(what, self.n_labels(), truth.ncols()));
        }
        if truth.nrows() == 0 {
            return Err(ErrorKind::EmptyInput { what: "y".into() }.into());
        }
        let said = self.predict(x)?;
        let weight = |row: usize| y.sample_weight().map_or(1.0, |w| w[row]);
        let (mut right, mut total) = (0.0, 0.0);
        for (row, (truth, said)) in truth.rows().into_iter().zip(said.rows()).enumerate() {
            total += weight(row);
            if truth == said {
                right += weight(row);
            }
        }
        Ok(right / total)
    }
}

impl<M: Model + Classes> Model for FittedOneVsRestMultiLabel<M> {
    fn type_name() -> String {
        format!("FittedOneVsRestMultiLabel<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        ensure::at_least("number of labels", self.estimators.len(), 1)?;
        for label in &self.estimators {
            if let Label::Learned(model) = label {
                model.validate()?;
                ensure_two(model)?;
            }
        }
        Ok(())
    }
}

impl<M: fmt::Display> fmt::Display for FittedOneVsRestMultiLabel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("Fitted{NAME}({} labels)", self.estimators.len());
        let first = (0..self.n_labels()).find_map(|j| self.estimator(j));
        match first {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::{LogisticRegression, RidgeClassifier};
    use crate::traits::Estimator;
    use ndarray::{Axis, s};

    fn data() -> (Array2<f64>, Array2<f64>) {
        let x = Array2::from_shape_fn((40, 3), |(i, j)| ((i * (7 + 4 * j)) % 23) as f64);
        let y = Array2::from_shape_fn((40, 4), |(i, j)| {
            f64::from(u8::from([x[[i, 0]] > 10.0, true, i % 3 == 0, false][j]))
        });
        (x, y)
    }

    #[test]
    fn each_label_is_learned_as_if_alone() {
        let (x, y) = data();
        let w = Array1::from_shape_fn(40, |i| 1.0 + (i % 3) as f64);
        let model = OneVsRestClassifier::new(LogisticRegression::new())
            .fit(&x, &y.weighted(&w))
            .unwrap();
        assert!(model.estimator(1).is_none() && model.estimator(3).is_none());
        let proba = model.predict_proba(&x).unwrap();
        for j in [0, 2] {
            let alone = Labels::from_iter(y.column(j).iter().map(|v| *v as i64));
            let alone = LogisticRegression::new()
                .fit(&x, &alone.weighted(&w))
                .unwrap();
            assert_eq!(proba.column(j), alone.predict_proba(&x).unwrap().column(1));
            let said = model.predict(&x).unwrap().column(j).mapv(|v| v as i64);
            assert_eq!(said, alone.predict(&x).unwrap().to_ints().unwrap());
        }
        assert!(proba.column(1).iter().all(|p| *p == 1.0));
        assert!(proba.column(3).iter().all(|p| *p == 0.0));
        assert_eq!(
            model.decision_function(&x).unwrap().column(1),
            proba.column(1)
        );
    }

    #[test]
    fn rows_without_weight_are_removed() {
        let (x, mut y) = data();
        y[[39, 1]] = 0.0;
        y[[39, 3]] = 1.0;
        let w = Array1::from_shape_fn(40, |i| f64::from(u8::from(i < 39)));
        let rest = OneVsRestClassifier::new(LogisticRegression::new().tol(1e-12));
        let weighted = rest.fit(&x, &y.weighted(&w)).unwrap();
        assert!(weighted.estimator(1).is_none() && weighted.estimator(3).is_none());
        let few = rest
            .fit(&x.slice(s![..39, ..]), &y.slice(s![..39, ..]))
            .unwrap();
        let far = weighted.predict_proba(&x).unwrap() - few.predict_proba(&x).unwrap();
        assert!(far.iter().all(|d| d.abs() < 1e-9));
        let score = weighted.score(&x, &y.weighted(&w)).unwrap();
        let of_few = few
            .score(&x.slice(s![..39, ..]), &y.slice(s![..39, ..]))
            .unwrap();
        assert!((score - of_few).abs() < 1e-12);
    }

    #[test]
    fn hostile_input_is_refused() {
        let (x, y) = data();
        let rest = OneVsRestClassifier::new(RidgeClassifier::new());
        let mut odd = y.clone();
        odd[[3, 2]] = 0.5;
        let text = rest.fit(&x, &odd).unwrap_err().to_string();
        assert!(
            text.contains("row 3") && text.contains("column 2"),
            "{text}"
        );
        assert!(rest.fit(&x, &y.slice(s![..39, ..])).is_err());
        assert!(rest.fit(&x, &y.slice(s![.., ..0])).is_err());
        assert!(rest.fit(&x.slice(s![.., ..0]), &y).is_err());
        let model = rest.fit(&x, &y).unwrap();
        let none = model.predict_proba(&x).unwrap_err();
        assert!(
            matches!(none.kind(), ErrorKind::Unsupported { .. }),
            "{none}"
        );
        assert!(model.predict(&x.slice(s![.., ..2])).is_err());
        assert!(model.score(&x, &y.slice(s![.., ..3])).is_err());
        // Labels that are always the same need no classifier, but the width is checked all the same.
        let constant = rest.fit(&x, &y.select(Axis(1), &[1, 3])).unwrap();
        assert_eq!(constant.predict(&x).unwrap(), y.select(Axis(1), &[1, 3]));
        assert!(constant.predict(&x.slice(s![.., ..2])).is_err());
    }

    #[test]
    fn files_hold_what_was_learned() {
        let (x, y) = data();
        let model = OneVsRestClassifier::new(RidgeClassifier::new())
            .fit(&x, &y)
            .unwrap();
        type Fitted = FittedOneVsRestMultiLabel<crate::linear_model::FittedRidgeClassifier<f64>>;
        assert_eq!(Fitted::from_json(&model.to_json().unwrap()).unwrap(), model);
        assert_eq!(
            Fitted::from_bytes(&model.to_bytes().unwrap()).unwrap(),
            model
        );
        assert!(model.to_string().contains("4 labels"));
    }
}

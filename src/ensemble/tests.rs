use super::*;
use crate::error::ErrorKind;
use crate::labels::Labels;
use crate::linear_model::{LinearRegression, LogisticRegression, Ridge, RidgeClassifier};
use crate::model::Model;
use crate::neighbors::KNeighborsClassifier;
use crate::params::Params;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Predict, PredictProba, Transform};
use ndarray::{Array1, Array2, Axis};

fn near(k: usize) -> KNeighborsClassifier {
    KNeighborsClassifier::new().n_neighbors(k)
}

fn data() -> (Array2<f64>, Labels) {
    let x = Array2::from_shape_fn((40, 3), |(i, j)| ((i * (7 + 4 * j)) % 23) as f64);
    let y = Labels::from_iter((0..40).map(|i| i64::from(x[[i, 0]] > 9.0) + i64::from(i % 5 == 0)));
    (x, y)
}

fn real() -> (Array2<f64>, Array1<f64>) {
    let (x, _) = data();
    let y = Array1::from_shape_fn(40, |i| 2.0 * x[[i, 0]] - x[[i, 1]] + (i % 3) as f64);
    (x, y)
}

#[test]
fn a_dropped_member_is_as_if_it_were_not_there() {
    let (x, y) = data();
    let three = [("a", near(3)), ("b", near(1)), ("c", near(9))];
    let two = [("a", near(3)), ("c", near(9))];
    let votes = VotingClassifier::new(three).weights([2.0, 5.0, 1.0]);
    let without = votes.clone().drop("b").fit(&x, &y).unwrap();
    let never = VotingClassifier::new(two.clone()).weights([2.0, 1.0]);
    assert_eq!(without, never.fit(&x, &y).unwrap());
    assert_ne!(without, votes.fit(&x, &y).unwrap());
    // By name, there and back.
    assert_eq!(votes.params()["b"], "fit");
    let off = votes.with_param("b", "drop").unwrap();
    assert_eq!(off, votes.clone().drop("b"));
    assert!(off.to_string().contains("b: drop"), "{off}");
    assert_eq!(off.with_param("b", "fit").unwrap(), votes);
    assert_eq!(off.params()["b__n_neighbors"], 1);
    type Votes = VotingClassifier<KNeighborsClassifier>;
    assert_eq!(Votes::from_bytes(&off.to_bytes().unwrap()).unwrap(), off);

    let stack = StackingClassifier::new([("a", near(3)), ("b", near(1)), ("c", near(9))]);
    let stack = stack.drop("b").fit(&x, &y).unwrap();
    let never = StackingClassifier::new(two).fit(&x, &y).unwrap();
    assert_eq!(stack, never);
    assert_eq!(stack.feature_names_out(None).unwrap().len(), 6);

    let (x, y) = real();
    let lines = || [("a", Ridge::new()), ("b", Ridge::new().alpha(50.0))];
    let alone = Ridge::new().fit(&x, &y).unwrap().predict(&x).unwrap();
    let mean = VotingRegressor::new(lines()).drop("b").fit(&x, &y).unwrap();
    assert_eq!(mean.predict(&x).unwrap(), alone);
    assert_eq!(mean.transform(&x).unwrap().ncols(), 1);
    let stack = StackingRegressor::new(lines())
        .drop("a")
        .fit(&x, &y)
        .unwrap();
    let never = StackingRegressor::new([("b", Ridge::new().alpha(50.0))]);
    assert_eq!(stack, never.fit(&x, &y).unwrap());
}

#[test]
fn what_cannot_be_dropped_is_refused() {
    let (x, y) = real();
    let mean = VotingRegressor::new([("a", Ridge::new()), ("b", Ridge::new())]);
    for (bad, text) in [
        (mean.clone().drop("nobody"), "nobody"),
        (mean.clone().drop("a").drop("b"), "not dropped"),
        (mean.clone().weights([0.0, 1.0]).drop("b"), "not all zero"),
        (mean.clone().weights([1.0]).drop("b"), "2 estimators"),
    ] {
        let error = bad.fit(&x, &y).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidParameter { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(text), "{error}");
    }
    let error = mean.with_param("b", "off").unwrap_err().to_string();
    assert!(error.contains("drop"), "{error}");
    assert!(mean.with_param("nobody", "drop").is_err());
}

#[test]
fn copies_are_fitted_to_the_rows_that_are_told() {
    let (x, y) = real();
    let w = Array1::from_shape_fn(40, |i| (i % 4) as f64);
    let bag = BaggingRegressor::new(LinearRegression::new())
        .n_estimators(4)
        .max_features(2)
        .random_state(7);
    let model = bag.fit(&x, &y.weighted(&w)).unwrap();
    let samples = bag.estimators_samples(&x, &y.weighted(&w)).unwrap();
    let mut mean = Array1::<f64>::zeros(40);
    for ((rows, columns), copy) in samples
        .iter()
        .zip(model.estimators_features())
        .zip(model.estimators())
    {
        assert!(rows.iter().all(|&row| w[row] > 0.0));
        let some = x.select(Axis(1), columns);
        let alone = LinearRegression::new()
            .fit(&some.select(Axis(0), rows), &y.select(Axis(0), rows))
            .unwrap();
        assert_eq!(&alone, copy);
        mean += &(alone.predict(&some).unwrap() / 4.0);
    }
    let far = mean - model.predict(&x).unwrap();
    assert!(far.iter().all(|d| d.abs() < 1e-10));
    assert!(
        bag.estimators_samples(&x, &y.select(Axis(0), &[0]))
            .is_err()
    );

    let (x, y) = data();
    let bag = BaggingClassifier::new(near(3))
        .bootstrap(false)
        .max_samples(0.5);
    let samples = bag.estimators_samples(&x, &y).unwrap();
    assert!(samples.iter().all(|rows| rows.len() == 20));
    let model = bag.fit(&x, &y).unwrap();
    let alone = near(3)
        .fit(
            &x.select(Axis(0), &samples[0]),
            &y.select(&samples[0]).unwrap(),
        )
        .unwrap();
    assert_eq!(model.estimators()[0], alone);
}

#[test]
fn bags_have_decision_values_where_their_copies_have() {
    use crate::boxed::Confidence;
    let (x, y) = data();
    let ridges = BaggingClassifier::new(RidgeClassifier::new())
        .fit(&x, &y)
        .unwrap();
    let decision = ridges.maybe_decision(&x).unwrap().unwrap();
    assert_eq!(decision.dim(), (40, 3));
    let near = BaggingClassifier::new(near(3)).fit(&x, &y).unwrap();
    assert!(near.maybe_decision(&x).is_none());
    let calibrated = crate::calibration::CalibratedClassifierCv::new(BaggingClassifier::new(
        LogisticRegression::new().c(0.1),
    ));
    let proba = calibrated.cv(2).fit(&x, &y).unwrap().predict_proba(&x);
    assert_eq!(proba.unwrap().dim(), (40, 3));
}

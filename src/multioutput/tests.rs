use super::*;
use crate::error::ErrorKind;
use crate::labels::Labels;
use crate::linear_model::{LogisticRegression, RidgeClassifier, SgdClassifier, SgdRegressor};
use crate::params::Params;
use crate::targets::Targets;
use crate::traits::{DecisionFunction, Estimator, PartialFit, Predict};
use ndarray::{Array2, Axis, s};

fn data() -> (Array2<f64>, LabelColumns) {
    let x = Array2::from_shape_fn((40, 3), |(i, j)| ((i * (7 + 4 * j)) % 23) as f64 / 10.0);
    let y = Array2::from_shape_fn((40, 2), |(i, j)| {
        i64::from(x[[i, j]] + x[[i, 2]] > 2.0 + 0.3 * j as f64)
    });
    (x, LabelColumns::from(&y))
}

#[test]
fn the_first_method_there_is_is_handed_on() {
    let (x, y) = data();
    let all = [
        ChainMethod::PredictProba,
        ChainMethod::DecisionFunction,
        ChainMethod::Predict,
    ];
    let ridge = || ClassifierChain::new(RidgeClassifier::new());
    let model = ridge().chain_method(all).fit(&x, &y).unwrap();
    assert_eq!(model.chain_method(), ChainMethod::DecisionFunction);
    let one = ridge().chain_method(ChainMethod::DecisionFunction);
    assert_eq!(model, one.fit(&x, &y).unwrap());
    let named = serde_json::json!(["predict_proba", "decision_function", "predict"]);
    let named = ridge().with_param("chain_method", named).unwrap();
    assert_eq!(named, ridge().chain_method(all));
    assert_eq!(ridge().params()["chain_method"], "predict");
    let logistic = ClassifierChain::new(LogisticRegression::new()).chain_method(all);
    let model = logistic.fit(&x, &y).unwrap();
    assert_eq!(model.chain_method(), ChainMethod::PredictProba);
    // The second sees the first's probabilities, and says its own.
    let first = model.predict_proba(&x).unwrap().column(0).to_owned();
    let mut more = x.clone();
    more.push_column(first.view()).unwrap();
    let second = model.estimators()[1].decision_function(&more).unwrap();
    assert_eq!(
        model.decision_function(&x).unwrap().column(1),
        second.column(0)
    );
    let logs = model.predict_log_proba(&x).unwrap();
    let far = logs.mapv(f64::exp) - model.predict_proba(&x).unwrap();
    assert!(far.iter().all(|d| d.abs() < 1e-14));
    // None of them.
    let none = ridge().chain_method(ChainMethod::PredictProba).fit(&x, &y);
    assert!(matches!(
        none.unwrap_err().kind(),
        ErrorKind::Unsupported { .. }
    ));
    let empty = ridge().chain_method([]).fit(&x, &y).unwrap_err();
    assert!(empty.to_string().contains("chain_method"), "{empty}");
    assert!(ridge().with_param("chain_method", "vote").is_err());
}

#[test]
fn classes_are_told_in_the_order_of_the_columns() {
    let (x, y) = data();
    let texts: Labels = y.columns()[1]
        .to_ints()
        .unwrap()
        .iter()
        .map(|v| ["a", "b"][*v as usize])
        .collect();
    let y = LabelColumns::new([y.columns()[0].clone(), texts]).unwrap();
    let chain = ClassifierChain::new(RidgeClassifier::new()).order([1, 0]);
    let model = chain.fit(&x, &y).unwrap();
    assert_eq!(model.classes()[1], y.columns()[1].classes());
    assert_eq!(model.classes()[0], y.columns()[0].classes());
}

#[test]
fn batches_reach_every_model_or_none() {
    let (x, y) = data();
    let sgd = SgdClassifier::new();
    let begin = |sgd: &SgdClassifier, classes: &Labels| sgd.begin::<f64>(3, classes);
    let mut model = MultiOutputClassifier::new(sgd.clone())
        .begin(y.columns(), begin)
        .unwrap();
    let mut alone = begin(&sgd, &y.columns()[1]).unwrap();
    for rows in [0..20, 20..40] {
        let rows: Vec<usize> = rows.collect();
        let some = x.select(Axis(0), &rows);
        model
            .partial_fit(&some, &Targets::select(&y, &rows).unwrap())
            .unwrap();
        alone
            .partial_fit(&some, &Targets::select(&y.columns()[1], &rows).unwrap())
            .unwrap();
    }
    assert_eq!(model.estimators()[1], alone);
    // The second column has an unknown class: the first has learned nothing either.
    let before = model.clone();
    let odd = LabelColumns::new([y.columns()[0].clone(), Labels::from(vec![7; 40])]).unwrap();
    let error = model.partial_fit(&x, &odd).unwrap_err().to_string();
    assert!(error.contains('7') && error.contains("column 1"), "{error}");
    let one = LabelColumns::new([y.columns()[0].clone()]).unwrap();
    assert!(model.partial_fit(&x, &one).is_err());
    assert!(model.partial_fit(&x.slice(s![..0, ..]), &y).is_err());
    assert_eq!(model, before);
    assert!(MultiOutputClassifier::new(sgd).begin(&[], begin).is_err());

    let lines = MultiOutputRegressor::new(SgdRegressor::new());
    assert!(lines.begin(0, |sgd| sgd.begin::<f64>(3)).is_err());
    assert!(lines.begin(usize::MAX, |sgd| sgd.begin::<f64>(3)).is_err());
    let mut model = lines.begin(2, |sgd| sgd.begin::<f64>(3)).unwrap();
    let y = x.select(Axis(1), &[0, 2]);
    let before = model.predict(&x).unwrap();
    model.partial_fit(&x, &y).unwrap();
    assert_ne!(before, model.predict(&x).unwrap());
    assert!(model.partial_fit(&x, &x).is_err());
}

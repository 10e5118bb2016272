use super::*;
use crate::error::ErrorKind;
use crate::labels::Labels;
use crate::linear_model::{RidgeClassifier, SgdClassifier};
use crate::params::Params;
use crate::targets::Targets;
use crate::traits::{DecisionFunction, Estimator, PartialFit};
use ndarray::{Array2, Axis};

fn data() -> (Array2<f64>, Labels) {
    let x = Array2::from_shape_fn((30, 3), |(i, j)| ((i * (7 + 4 * j)) % 23) as f64 / 10.0);
    (x, (0..30).map(|i| ["a", "b", "c"][i % 3]).collect())
}

#[test]
fn batches_reach_every_classifier_or_none() {
    let (x, y) = data();
    let begin = |sgd: &SgdClassifier, two: &Labels| sgd.begin::<f64>(3, two);
    let mut rest = OneVsRestClassifier::new(SgdClassifier::new())
        .begin(&y, begin)
        .unwrap();
    let mut one = OneVsOneClassifier::new(SgdClassifier::new())
        .begin(&y, begin)
        .unwrap();
    let untouched = one.estimators()[2].clone();
    // A batch of the first two classes alone: the pair of the others learns nothing yet.
    let rows: Vec<usize> = (0..30).filter(|i| i % 3 == 0).collect();
    let (some_x, some_y) = (
        x.select(Axis(0), &rows),
        Targets::select(&y, &rows).unwrap(),
    );
    one.partial_fit(&some_x, &some_y).unwrap();
    assert_eq!(one.estimators()[2], untouched);
    assert_ne!(one.estimators()[0], untouched);
    rest.partial_fit(&x, &y).unwrap();
    one.partial_fit(&x, &y).unwrap();
    assert_eq!(rest.decision_function(&x).unwrap().dim(), (30, 3));
    let before = (rest.clone(), one.clone());
    let odd = Labels::from(vec!["z"; 30]);
    for error in [rest.partial_fit(&x, &odd), one.partial_fit(&x, &odd)] {
        let error = error.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::UnknownLabel { .. }),
            "{error}"
        );
    }
    let short = Targets::select(&y, &rows).unwrap();
    assert!(rest.partial_fit(&x, &short).is_err() && one.partial_fit(&x, &short).is_err());
    assert_eq!((rest, one), before);
    let single = Labels::from(["a"]);
    assert!(
        OneVsRestClassifier::new(SgdClassifier::new())
            .begin(&single, begin)
            .is_err()
    );
    assert!(
        OneVsOneClassifier::new(SgdClassifier::new())
            .begin(&single, begin)
            .is_err()
    );
}

#[test]
fn a_given_code_is_used_and_checked() {
    let (x, y) = data();
    let code = || OutputCodeClassifier::new(RidgeClassifier::new());
    let book = [
        [true, false, true],
        [false, true, true],
        [false, false, true],
    ];
    let model = code().code_book(book).fit(&x, &y).unwrap();
    assert_eq!(model.code_book().row(1).to_vec(), book[1]);
    assert!(model.estimators()[2].is_none());
    assert_eq!(
        code().code_book(book),
        code()
            .with_param("code_book", serde_json::json!(book))
            .unwrap()
    );
    for bad in [
        vec![],
        vec![vec![true]; 2],
        vec![vec![]; 3],
        vec![vec![true], vec![true, false], vec![false]],
    ] {
        let error = code().code_book(bad).fit(&x, &y).unwrap_err();
        assert!(error.to_string().contains("code_book"), "{error}");
    }
}

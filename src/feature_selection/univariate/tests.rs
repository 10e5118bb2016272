use super::rules::{below, benjamini_hochberg, best, best_percentile, bonferroni};
use super::*;
use crate::feature_selection::FeatureScores;
use crate::feature_selection::{FRegression, RRegression, score_function};
use crate::labels::Labels;
use crate::traits::{FeatureNamesOut, Transform};
use ndarray::array;

const NAN: f64 = f64::NAN;

fn chosen(mask: Vec<bool>) -> Vec<usize> {
    super::super::support::indices(&mask)
}

#[test]
fn ties_go_as_in_scikit_learn() {
    // Of equal scores the last for a count, the first for a percentage.
    let scores = [2.0, 1.0, 2.0, 2.0, NAN];
    assert_eq!(chosen(best(&scores, 1)), [3]);
    assert_eq!(chosen(best(&scores, 2)), [2, 3]);
    assert_eq!(chosen(best(&scores, 5)), [0, 1, 2, 3, 4]);
    assert_eq!(chosen(best(&[-0.0, 0.0, -0.0], 1)), [2]);
    assert_eq!(chosen(best_percentile(&scores, 40.0)), [0, 2]);
    assert_eq!(
        chosen(best_percentile(&[f64::INFINITY, 1.0, 2.0], 34.0)),
        [0]
    );
    assert_eq!(chosen(best_percentile(&[f64::INFINITY; 4], 50.0)), [0, 1]);
}

#[test]
fn rules_on_p_values() {
    let p = [0.01, 0.02, 0.03, 0.5, NAN];
    assert_eq!(chosen(below(&p, 0.03)), [0, 1]);
    assert_eq!(chosen(bonferroni(&p, 0.06)), [0]);
    // Thresholds 0.01, 0.02, 0.03: the third is met, so the first three are kept.
    assert_eq!(chosen(benjamini_hochberg(&p, 0.05)), [0, 1, 2]);
    assert!(chosen(benjamini_hochberg(&p, 0.04)).is_empty());
    assert!(chosen(below(&p, 0.0)).is_empty());
}

fn data() -> (ndarray::Array2<f64>, Labels) {
    let x = array![
        [1.0, 0.0, 7.0],
        [2.0, 1.0, 7.0],
        [4.0, 0.0, 7.0],
        [5.0, 1.0, 7.0]
    ];
    (x, Labels::from([0, 0, 1, 1]))
}

#[test]
fn more_features_than_there_are_keep_all() {
    let (x, y) = data();
    let ten = SelectKBest::new().fit(&x, &y).unwrap();
    assert_eq!(ten.support(), [true; 3]);
    let all = SelectKBest::new().k(K::All).fit(&x, &y).unwrap();
    assert_eq!(all.support(), [true; 3]);
    assert!(all.scores()[2].is_nan());
    assert_eq!(
        SelectKBest::new()
            .k(2)
            .fit(&x, &y)
            .unwrap()
            .support_indices(),
        [0, 1]
    );
}

#[test]
fn nothing_selected_has_no_columns() {
    let (x, y) = data();
    let none = SelectKBest::new().k(0).fit(&x, &y).unwrap();
    assert_eq!(none.transform(&x).unwrap().dim(), (4, 0));
    assert!(none.feature_names_out(None).unwrap().is_empty());
}

#[test]
fn p_values_are_asked_for_where_they_are_needed() {
    let (x, _) = data();
    let y = array![1.0, 2.0, 3.0, 5.0];
    let e = SelectFpr::new()
        .score_func(RRegression::new())
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        e.to_string()
            .starts_with("`score_func` of `SelectFpr` must be"),
        "{e}"
    );
    let one = score_function("one", |_: &ArrayRef2<f64>, _: &Labels| {
        Ok(FeatureScores::new(array![1.0]))
    });
    assert!(
        SelectKBest::new()
            .score_func(one)
            .k(1)
            .fit(&x, &data().1)
            .is_err()
    );
}

#[test]
fn parameters_by_name() {
    let select = SelectKBest::new().score_func(FRegression::new());
    assert_eq!(select.params().len(), 3);
    let new = select.with_param("k", "all").unwrap();
    let new = new.with_param("score_func__center", false).unwrap();
    assert_eq!(
        new.to_string(),
        "SelectKBest(k=\"all\", score_func=FRegression(center=false))"
    );
    assert_eq!(new.params()["k"], "all");
    let e = select.with_param("k", -1).unwrap_err().to_string();
    assert_eq!(
        e,
        "`k` of `SelectKBest` must be a number of features or \"all\", got -1"
    );
    let e = select.with_param("kk", 1).unwrap_err().to_string();
    assert!(e.contains("k, score_func__center"), "{e}");
    let again = SelectKBest::<FRegression>::from_bytes(&new.to_bytes().unwrap()).unwrap();
    assert_eq!(again, new);
    let (x, y) = data();
    let generic = GenericUnivariateSelect::new();
    for (mode, param, fits) in [
        ("k_best", 1.5.into(), false),
        ("k_best", Value::from("all"), true),
        ("fdr", "all".into(), false),
        ("percentile", 101.into(), false),
        ("fwe", 1.into(), true),
        ("fpr", "nan".into(), false),
    ] {
        let changed = generic.with_param("mode", mode).unwrap();
        let changed = changed.with_value("param", param).unwrap();
        assert_eq!(changed.fit(&x, &y).is_ok(), fits, "{changed}");
    }
}

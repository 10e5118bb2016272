use ndarray::{Array1, array};

use super::*;
use crate::error::ErrorKind;
use crate::linear_model::Ridge;
use crate::model_selection::Split;
use crate::params::Params;
use crate::pipeline::pipeline;
use crate::table::Column;
use crate::traits::Predict;

fn table(n: usize) -> Table {
    let town = |i: usize| (!i.is_multiple_of(7)).then_some(["a", "b", "c"][i * i % 3]);
    Table::new([
        ("town", (0..n).map(town).collect::<Column>()),
        ("level", (0..n).map(|i| (i % 4) as i64).collect()),
        ("flag", (0..n).map(|i| i % 5 < 2).collect()),
    ])
    .unwrap()
}

fn real(n: usize) -> Array1<f64> {
    Array1::from_shape_fn(n, |i| ((i * 37) % 19) as f64 / 4.0)
}

/// The rows of a fold are encoded by an encoder fitted on the others.
#[test]
fn cross_fitting_is_fitting_on_the_other_folds() {
    let (x, y) = (table(60), real(60));
    let species = Labels::from((0..60).map(|i| i * 3 % 5 % 3).collect::<Vec<i64>>());
    for smooth in [Smooth::Auto, 3.0.into()] {
        let folds: Vec<usize> = (0..60).map(|i| i / 20).collect();
        let rows = |fold: usize, inside: bool| -> Vec<usize> {
            (0..60).filter(|&i| (folds[i] == fold) == inside).collect()
        };
        let splits: Vec<Split> = (0..3)
            .map(|fold| Split {
                train: rows(fold, false),
                test: rows(fold, true),
            })
            .collect();
        let given = vec![
            ["a", "b", "c"]
                .map(Cell::from)
                .into_iter()
                .chain([Cell::Missing])
                .collect(),
            [0, 1, 2, 3].map(Cell::from).to_vec(),
            [false, true].map(Cell::from).to_vec(),
        ];
        let encoder = TargetEncoder::new()
            .smooth(smooth)
            .categories(Categories::Given(given));
        let k_fold = encoder.clone().cv(KFold::new().n_splits(3));
        let unshuffled = encoder.clone().cv(3usize).shuffle(false);
        let by_splits = encoder.clone().cv(splits.clone());
        let cross = unshuffled.fit_transform(&x, &y).unwrap();
        assert_eq!(cross, k_fold.fit_transform(&x, &y).unwrap());
        let again = by_splits.fit_transform(&x, &y).unwrap();
        assert!((&cross - &again).iter().all(|d| d.abs() < 1e-14));
        let classes = k_fold.fit_transform(&x, &species).unwrap();
        assert_eq!(classes.dim(), (60, 9));
        for split in &splits {
            let seen = x.select_rows(&split.train).unwrap();
            let other = x.select_rows(&split.test).unwrap();
            let model = encoder.fit(&seen, &y.select(ndarray::Axis(0), &split.train));
            let expected = model.unwrap().transform(&other).unwrap();
            let of_classes = encoder.fit(&seen, &Targets::select(&species, &split.train).unwrap());
            let of_classes = of_classes.unwrap().transform(&other).unwrap();
            for (i, &row) in split.test.iter().enumerate() {
                let close = |a: f64, b: f64| (a - b).abs() < 1e-14;
                assert!(
                    cross
                        .row(row)
                        .iter()
                        .zip(expected.row(i))
                        .all(|(a, b)| close(*a, *b))
                );
                let classes = classes.row(row);
                assert!(
                    classes
                        .iter()
                        .zip(of_classes.row(i))
                        .all(|(a, b)| close(*a, *b))
                );
            }
        }
    }
}

#[test]
fn pipelines_are_fitted_on_cross_fitted_rows() {
    let (x, y) = (table(50), real(50));
    let encoder = TargetEncoder::new().random_state(3);
    let model = pipeline("encode", encoder.clone())
        .then("ridge", Ridge::new())
        .fit(&x, &y)
        .unwrap();
    let by_hand = Ridge::new()
        .fit(&encoder.fit_transform(&x, &y).unwrap(), &y)
        .unwrap();
    let z = encoder.fit(&x, &y).unwrap().transform(&x).unwrap();
    assert_eq!(model.predict(&x).unwrap(), by_hand.predict(&z).unwrap());
}

#[test]
fn binary_is_one_column_of_multiclass() {
    let x = table(40);
    let y = Labels::from((0..40).map(|i| i % 3 == 0).collect::<Vec<bool>>());
    let binary = TargetEncoder::new().fit(&x, &y).unwrap();
    assert_eq!(binary.target_type(), TargetType::Binary);
    assert_eq!(binary.feature_names_out(None).unwrap(), x.names());
    let both = TargetEncoder::new().target_type(TargetType::Multiclass);
    let both = both.fit(&x, &y).unwrap();
    assert_eq!(
        both.feature_names_out(None).unwrap()[..2],
        ["town_False", "town_True"]
    );
    let (one, two) = (binary.transform(&x).unwrap(), both.transform(&x).unwrap());
    for (one, two) in one.iter().zip(two.exact_chunks((1, 2))) {
        assert!((one - two[[0, 1]]).abs() < 1e-15 && (two.sum() - 1.0).abs() < 1e-14);
    }
    let numbers = TargetEncoder::new().target_type(TargetType::Continuous);
    let numbers = numbers.fit(&x, &y).unwrap();
    assert_eq!(
        (numbers.classes(), binary.classes().unwrap().len()),
        (None, 2)
    );
    let difference = &numbers.transform(&x).unwrap() - &one;
    assert!(difference.iter().all(|d| d.abs() < 1e-14));
}

#[test]
fn what_was_not_there_is_the_mean() {
    let (x, y) = (table(30), real(30));
    let model = TargetEncoder::new().fit(&x, &y).unwrap();
    let mean = y.mean().unwrap();
    let other = Table::new([
        ("town", Column::from(["new"])),
        ("level", Column::from([99])),
        ("flag", Column::from([None::<bool>])),
    ])
    .unwrap();
    let z = model.transform(&other).unwrap();
    assert!(z.iter().all(|v| (v - mean).abs() < 1e-14));
    // One class, or a constant target: nothing to tell.
    let one = Labels::from(vec!["a"; 30]);
    let model = TargetEncoder::new().fit(&x, &one).unwrap();
    assert_eq!(model.target_mean(), [0.0]);
    assert!(model.transform(&x).unwrap().iter().all(|v| *v == 0.0));
    let constant = Array1::from_elem(30, 2.5);
    let (_, z) = TargetEncoder::new()
        .fit_and_transform(&x, &constant)
        .unwrap();
    assert!(z.iter().all(|v| *v == 2.5));
    let nothing = Table::new([("x", Column::from([None::<&str>; 30]))]).unwrap();
    let z = TargetEncoder::new().fit_transform(&nothing, &y).unwrap();
    assert!(z.iter().all(|v| v.is_finite()));
    let names = model.transform(&nothing).unwrap_err().to_string();
    assert!(
        names.contains("missing: town, level, flag; unexpected: x"),
        "{names}"
    );
}

#[test]
fn values_outside_given_categories_count_for_none() {
    let x = Table::new([("x", Column::from(["a", "z", "a", "b", "z"]))]).unwrap();
    let y = array![1.0, 50.0, 3.0, 6.0, 90.0];
    let given = vec![["b", "a", "none"].map(Cell::from).to_vec()];
    let encoder = TargetEncoder::new()
        .smooth(0.0)
        .categories(Categories::Given(given));
    let model = encoder.fit(&x, &y).unwrap();
    assert_eq!(model.encodings(), [[6.0, 2.0, 30.0]]);
    let z = model.transform(&x).unwrap();
    assert_eq!(z.column(0).to_vec(), [2.0, 30.0, 2.0, 6.0, 30.0]);
    let cross = encoder.cv(5usize).shuffle(false).fit_transform(&x, &y);
    let others = |row: usize| (150.0 - y[row]) / 4.0;
    let expected = [3.0, others(1), 1.0, others(3), others(4)];
    assert_eq!(cross.unwrap().column(0).to_vec(), expected);
}

#[test]
fn a_class_with_one_row_is_no_obstacle() {
    let x = table(20);
    let mut codes = vec![0i64; 19];
    codes.iter_mut().step_by(2).for_each(|c| *c = 1);
    codes.push(2);
    let z = TargetEncoder::new()
        .fit_transform(&x, &Labels::from(codes))
        .unwrap();
    // Nobody else has the class of the last row.
    assert!((0..3).all(|j| z[[19, 3 * j + 2]] == 0.0));
}

#[test]
fn matrices_keep_their_type() {
    let x = array![[1.5f32, 0.0], [2.5, 1.0], [1.5, f32::NAN], [2.5, 0.0]];
    let y = array![1.0f32, 2.0, 3.0, 4.0];
    let model = TargetEncoder::new().smooth(0.0).fit(&x, &y).unwrap();
    let z: Array2<f32> = model.transform(&x).unwrap();
    assert_eq!(z, array![[2.0, 2.5], [3.0, 2.0], [2.0, 3.0], [3.0, 2.5]]);
    assert_eq!(model.feature_names_out(None).unwrap(), ["x0", "x1"]);
    let cross = TargetEncoder::new()
        .cv(4usize)
        .fit_transform(&x, &y)
        .unwrap();
    assert_eq!(cross.dim(), (4, 2));
    let weights = array![1.0, 0.0, 2.0, 1.0];
    let weighted = TargetEncoder::new()
        .smooth(0.0)
        .fit(&x, &y.weighted(&weights));
    assert_eq!(weighted.unwrap(), model);
}

#[test]
fn targets_and_settings_that_do_not_fit() {
    let (x, y) = (table(12), real(12));
    let classes = Labels::from((0..12).map(|i| i % 3).collect::<Vec<i64>>());
    let texts = Labels::from(vec![
        "a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "a", "b",
    ]);
    let of = |kind| TargetEncoder::new().target_type(kind);
    for refused in [
        of(TargetType::Binary).fit(&x, &y).map(drop),
        of(TargetType::Multiclass).fit(&x, &y).map(drop),
        of(TargetType::Binary).fit(&x, &classes).map(drop),
        of(TargetType::Continuous).fit(&x, &texts).map(drop),
        TargetEncoder::new().smooth(-1.0).fit(&x, &y).map(drop),
        TargetEncoder::new().smooth(f64::NAN).fit(&x, &y).map(drop),
        TargetEncoder::new().cv(1usize).fit(&x, &y).map(drop),
    ] {
        let refused = refused.unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::InvalidParameter { .. }),
            "{refused}"
        );
    }
    let few = TargetEncoder::new().cv(13usize);
    assert!(few.fit(&x, &y).is_ok());
    let refused = few.fit_transform(&x, &y).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::TooFewSamples { .. }));
    let mut holes = y.clone();
    holes[3] = f64::NAN;
    let refused = TargetEncoder::new().fit(&x, &holes).unwrap_err();
    assert!(matches!(
        refused.kind(),
        ErrorKind::NonFinite { row: 3, .. }
    ));
    let huge = Array1::from_shape_fn(12, |i| if i % 2 == 0 { 1e308 } else { 1.7e308 });
    let refused = TargetEncoder::new().fit(&x, &huge).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Overflow { .. }));
    let split = |train: &[usize], test: &[usize]| Split {
        train: train.into(),
        test: test.into(),
    };
    let half: Vec<usize> = (0..6).collect();
    let rest: Vec<usize> = (6..12).collect();
    for (splits, says) in [
        (vec![split(&half, &rest)], "row 0 is no test row"),
        (
            vec![split(&half, &rest), split(&rest, &half), split(&half, &[7])],
            "row 7 is a test row more than once",
        ),
        (vec![split(&half, &[12])], "row 12 of 12 rows"),
        (vec![], "list of splits is empty"),
    ] {
        let refused = TargetEncoder::new().cv(splits).fit_transform(&x, &y);
        let text = refused.unwrap_err().to_string();
        assert!(text.contains(says), "{text}");
    }
    let stratified = TargetEncoder::new().cv(StratifiedKFold::new());
    assert!(stratified.fit_transform(&x, &y).is_err());
}

#[test]
fn settings_and_files() {
    let encoder = TargetEncoder::new()
        .with_param("smooth", 2)
        .and_then(|e| e.with_param("target_type", "continuous"))
        .and_then(|e| e.with_param("cv", 3))
        .unwrap();
    assert_eq!(
        encoder.to_string(),
        "TargetEncoder(cv=3, smooth=2.0, target_type=\"continuous\")"
    );
    assert!(encoder.with_param("smooth", "much").is_err());
    assert!(encoder.with_param("cv", -2).is_err());
    assert_eq!(
        encoder.with_param("smooth", "auto").unwrap().smooth,
        Smooth::Auto
    );
    let split = Split {
        train: vec![0],
        test: vec![1],
    };
    for encoder in [
        TargetEncoder::new(),
        encoder.clone(),
        encoder.clone().cv(KFold::new().shuffle(true)),
        encoder.clone().cv(StratifiedKFold::new().n_splits(2)),
        encoder.clone().cv(vec![split]),
    ] {
        let (json, bytes) = (encoder.to_json().unwrap(), encoder.to_bytes().unwrap());
        assert_eq!(TargetEncoder::from_json(&json).unwrap(), encoder);
        assert_eq!(TargetEncoder::from_bytes(&bytes).unwrap(), encoder);
        for (name, value) in encoder.params() {
            assert_eq!(encoder.with_value(&name, value).unwrap(), encoder);
        }
    }
    let x = table(40);
    let y = Labels::from((0..40).map(|i| i % 3).collect::<Vec<i64>>());
    let fitted = TargetEncoder::new().fit(&x, &y).unwrap();
    let (json, bytes) = (fitted.to_json().unwrap(), fitted.to_bytes().unwrap());
    assert_eq!(FittedTargetEncoder::from_json(&json).unwrap(), fitted);
    assert_eq!(FittedTargetEncoder::from_bytes(&bytes).unwrap(), fitted);
    let broken = |change: fn(&mut FittedTargetEncoder)| {
        let mut broken = fitted.clone();
        change(&mut broken);
        assert!(broken.validate().is_err());
    };
    broken(|e| e.target_type = TargetType::Binary);
    broken(|e| e.target_type = TargetType::Auto);
    broken(|e| e.encodings[4].truncate(1));
    broken(|e| e.encodings.truncate(8));
    broken(|e| e.encodings[0][0] = 7.0);
    broken(|e| e.target_mean.truncate(1));
    broken(|e| e.classes.swap(0, 1));
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let n = 30_000;
    let x = Table::new([
        ("a", (0..n).map(|i| (i * i % 97) as i64).collect::<Column>()),
        ("b", (0..n).map(|i| format!("t{}", i * 7 % 1009)).collect()),
    ])
    .unwrap();
    let y = Array1::from_shape_fn(n, |i| (i as f64 * 0.37).sin() * 1e3);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let (model, z) = TargetEncoder::new().fit_and_transform(&x, &y).unwrap();
            (model.to_bytes().unwrap(), z.mapv(f64::to_bits))
        })
    };
    let one = run(1);
    assert!(one == run(2) && one == run(8));
}

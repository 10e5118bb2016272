//! Tests of the iterative imputer.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use ndarray::{Array2, Axis, array, s};

use super::{FittedIterativeImputer, ImputationOrder, IterativeImputer, KnnImputer, Strategy};
use crate::error::ErrorKind;
use crate::linear_model::{FittedRidge, Ridge};
use crate::model::Model;
use crate::observer::Progress;
use crate::params::Params;
use crate::pipeline::pipeline;
use crate::preprocessing::StandardScaler;
use crate::random;
use crate::traits::{Estimator, FeatureNamesOut, FitTransform, Transform};

const NAN: f64 = f64::NAN;

/// Columns that depend on two numbers of each row, and the same with holes.
fn dependent(n: usize, p: usize, share: f64) -> (Array2<f64>, Array2<f64>) {
    let mut rng = random::generator(4);
    let hidden = Array2::from_shape_simple_fn((n, 2), || random::standard_normal(&mut rng));
    let loadings = Array2::from_shape_fn((2, p), |(i, j)| ((3 * i + 2 * j) % 5) as f64 - 1.5);
    let noise = Array2::from_shape_simple_fn((n, p), || 0.05 * random::standard_normal(&mut rng));
    let whole = hidden.dot(&loadings) + noise;
    let holes = whole.mapv(|v| {
        if random::uniform(&mut rng) < share {
            NAN
        } else {
            v
        }
    });
    (whole, holes)
}

/// The root of the mean squared error where values were missing.
fn error(filled: &Array2<f64>, whole: &Array2<f64>, holes: &Array2<f64>) -> f64 {
    let each = filled
        .iter()
        .zip(whole)
        .zip(holes)
        .filter(|(_, v)| v.is_nan());
    let (sum, n) = each.fold((0.0, 0.0), |(sum, n), ((a, b), _)| {
        (sum + (a - b).powi(2), n + 1.0)
    });
    f64::sqrt(sum / n)
}

#[test]
fn dependence_is_found_and_observed_values_stay() {
    let (whole, holes) = dependent(400, 6, 0.15);
    let filled = IterativeImputer::new().fit_transform(&holes).unwrap();
    for ((at, v), filled) in holes.indexed_iter().zip(&filled) {
        assert!(v.is_nan() || v == filled, "{at:?}");
    }
    let by_neighbours = KnnImputer::new().fit_transform(&holes).unwrap();
    let (iterative, knn) = (
        error(&filled, &whole, &holes),
        error(&by_neighbours, &whole, &holes),
    );
    assert!(
        iterative < 0.3 && iterative < 0.5 * knn,
        "{iterative} {knn}"
    );
}

#[test]
fn any_regressor_serves() {
    let (whole, holes) = dependent(200, 5, 0.1);
    let scaled = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new().alpha(0.01));
    let imputer = IterativeImputer::new().estimator(scaled).max_iter(20);
    let filled = imputer.fit_transform(&holes).unwrap();
    assert!(error(&filled, &whole, &holes) < 0.3);
    let other = imputer.with_param("estimator__ridge__alpha", 1e6).unwrap();
    assert!(error(&other.fit_transform(&holes).unwrap(), &whole, &holes) > 0.3);
}

#[test]
fn every_order_ends_at_the_same_values() {
    let (_, holes) = dependent(150, 5, 0.1);
    let settled = IterativeImputer::new().max_iter(100).tol(1e-9);
    let first = settled.fit_transform(&holes).unwrap();
    for order in [
        ImputationOrder::Descending,
        ImputationOrder::Roman,
        ImputationOrder::Arabic,
        ImputationOrder::Random,
    ] {
        let imputer = settled.clone().imputation_order(order);
        let model = imputer.fit(&holes, &()).unwrap();
        assert!(model.converged());
        let far = (&model.transform(&holes).unwrap() - &first).mapv(f64::abs);
        assert!(far.iter().all(|&d| d < 1e-4), "{order:?} {far}");
        let turns = |round: usize| -> Vec<usize> {
            let sequence = model.imputation_sequence();
            sequence[5 * round..5 * round + 5]
                .iter()
                .map(|step| step.feature())
                .collect()
        };
        let shuffled = (1..model.n_iter()).any(|round| turns(round) != turns(0));
        assert_eq!(shuffled, order == ImputationOrder::Random);
    }
}

#[test]
fn samples_spread_as_the_predictions_are_unsure() {
    let (whole, holes) = dependent(500, 4, 0.2);
    let expected = IterativeImputer::new().fit_transform(&holes).unwrap();
    let sampled = IterativeImputer::new().max_iter(5).sample_posterior();
    let model = sampled.fit(&holes, &()).unwrap();
    assert!(model.converged() && model.n_iter() == 5);
    // Sampled in the fit, and the same again afterwards.
    let drawn = model.transform(&holes).unwrap();
    assert_eq!(sampled.fit_transform(&holes).unwrap(), drawn);
    assert_ne!(
        drawn,
        sampled
            .clone()
            .random_state(1)
            .fit_transform(&holes)
            .unwrap()
    );
    let (a, b) = (
        error(&expected, &whole, &holes),
        error(&drawn, &whole, &holes),
    );
    assert!(b > 1.1 * a && b < 2.0 * a, "{a} {b}");
    let bounded = sampled.min_value(-0.5).max_value([0.5, 1.0, 0.25, 2.0]);
    let bounded = bounded.fit_transform(&holes).unwrap();
    for (((_, j), v), filled) in holes.indexed_iter().zip(&bounded) {
        if v.is_nan() {
            assert!(*filled >= -0.5 && *filled <= [0.5, 1.0, 0.25, 2.0][j]);
        }
    }
}

#[test]
fn some_neighbours_are_drawn() {
    let (whole, holes) = dependent(300, 8, 0.1);
    let imputer = IterativeImputer::new().n_nearest_features(4);
    let model = imputer.fit(&holes, &()).unwrap();
    for step in model.imputation_sequence() {
        assert_eq!(step.neighbors().len(), 4);
        assert!(!step.neighbors().contains(&step.feature()));
        assert!(step.neighbors().windows(2).all(|pair| pair[0] < pair[1]));
    }
    assert!(error(&model.transform(&holes).unwrap(), &whole, &holes) < 0.6);
    assert_eq!(model, imputer.fit(&holes, &()).unwrap());
}

#[test]
fn edges_of_the_data() {
    // One column, one row, nothing missing, nothing observed.
    let one = IterativeImputer::new()
        .fit(&array![[1.0], [NAN], [3.0]], &())
        .unwrap();
    assert_eq!((one.n_iter(), one.converged()), (0, true));
    assert_eq!(one.transform(&array![[NAN]]).unwrap(), array![[2.0]]);
    let row = IterativeImputer::new()
        .fit(&array![[1.0, 2.0, NAN]], &())
        .unwrap();
    assert_eq!(
        row.transform(&array![[NAN, 2.0, 9.0]]).unwrap(),
        array![[1.0, 2.0]]
    );
    assert_eq!(row.feature_names_out(None).unwrap(), ["x0", "x1"]);
    let whole = array![[1.0, 2.0], [2.0, 3.0], [4.0, 5.0]];
    let model = IterativeImputer::new().fit(&whole, &()).unwrap();
    assert_eq!(model.transform(&whole).unwrap(), whole);
    assert!(model.converged() && model.n_iter() == 1);
    // Missing where nothing was at fit: predicted, unless complete columns are skipped.
    let new = array![[3.0, NAN]];
    assert!((model.transform(&new).unwrap()[[0, 1]] - 4.0).abs() < 1e-3);
    let skipping = IterativeImputer::new()
        .skip_complete(true)
        .fit(&whole, &())
        .unwrap();
    let initial = skipping.transform(&new).unwrap()[[0, 1]];
    assert!((initial - 10.0 / 3.0).abs() < 1e-15);
    let empty = IterativeImputer::new()
        .fit_transform(&array![[NAN, NAN]])
        .unwrap();
    assert_eq!(empty.dim(), (1, 0));
    let kept = IterativeImputer::new()
        .keep_empty_features(true)
        .add_indicator(true);
    let filled = kept.fit_transform(&array![[NAN, 1.0], [NAN, 2.0]]).unwrap();
    assert_eq!(filled, array![[0.0, 1.0, 1.0], [0.0, 2.0, 1.0]]);
    assert_eq!(
        model.transform(&whole.slice(s![..0, ..])).unwrap().dim(),
        (0, 2)
    );
}

#[test]
fn rounds_are_watched_and_stopped() {
    let (_, holes) = dependent(60, 4, 0.2);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    let watched = IterativeImputer::new()
        .max_iter(3)
        .tol(0.0)
        .observer(move |p: &Progress| {
            keep.lock().unwrap().push((p.iteration, p.value.unwrap()));
            ControlFlow::Continue(())
        });
    let model = watched
        .with_param("random_state", 5)
        .unwrap()
        .fit(&holes, &())
        .unwrap();
    assert_eq!((model.n_iter(), model.converged()), (3, false));
    let seen = seen.lock().unwrap();
    assert_eq!(seen.iter().map(|s| s.0).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(seen[2].1 < seen[0].1);
    let stopped = IterativeImputer::new().observer(|_: &Progress| ControlFlow::Break(()));
    let refused = stopped.fit(&holes, &()).unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::Cancelled { iterations: 1, .. }),
        "{refused}"
    );
}

#[test]
fn settings_that_cannot_be() {
    let (_, holes) = dependent(20, 3, 0.2);
    let refused = |imputer: IterativeImputer| imputer.fit(&holes, &()).unwrap_err().to_string();
    let base = IterativeImputer::new;
    for (imputer, text) in [
        (
            base().tol(-1.0),
            "`tol` of `IterativeImputer` must be in [0, inf), got -1",
        ),
        (
            base().n_nearest_features(0),
            "`n_nearest_features` of `IterativeImputer` must be at least 1, got 0",
        ),
        (
            base().min_value([1.0]),
            "`min_value` of `IterativeImputer` must be one number, or one for each of the 3 columns, got 1 numbers",
        ),
        (
            base().min_value(1.0).max_value(1.0),
            "`max_value` of `IterativeImputer` must be above min_value, 1, of column 0, got 1",
        ),
        (
            base().max_value(NAN),
            "`max_value` of `IterativeImputer` must be above -infinity, got NaN",
        ),
        (
            base().initial_strategy(Strategy::Constant("a".into())),
            "`initial_strategy` of `IterativeImputer` must be a constant that is a number, for arrays, got a",
        ),
    ] {
        assert_eq!(refused(imputer), text);
    }
    let endless = base()
        .sample_posterior()
        .max_iter(1 << 53)
        .fit(&holes, &())
        .unwrap_err();
    assert!(
        endless.to_string().contains("at most 349525 when"),
        "{endless}"
    );
    let e = base().with_param("sample_posterior", true).unwrap_err();
    assert_eq!(
        e.to_string(),
        "`sample_posterior` of `IterativeImputer` must be false: it is a part of the imputer's type, got true"
    );
    let e = base()
        .with_param("estimator__alpha", 1.0)
        .unwrap_err()
        .to_string();
    assert!(
        e.starts_with("`BayesianRidge` has no parameter `alpha`"),
        "{e}"
    );
    let e = base().with_param("order", 1.0).unwrap_err().to_string();
    assert!(
        e.contains("estimator__alpha_1, ") && e.contains("imputation_order"),
        "{e}"
    );
    let mut infinite = holes.clone();
    infinite[[4, 1]] = f64::INFINITY;
    assert_eq!(
        base().fit(&infinite, &()).unwrap_err().to_string(),
        "X: row 4, column 1 is inf"
    );
}

#[test]
fn texts_and_files() {
    assert_eq!(IterativeImputer::new().to_string(), "IterativeImputer()");
    let imputer = IterativeImputer::new().tol(0.5).estimator(Ridge::new());
    assert_eq!(imputer.to_string(), "IterativeImputer(tol=0.5)\n  Ridge()");
    let sampling = IterativeImputer::new().sample_posterior();
    assert_eq!(
        sampling.to_string(),
        "IterativeImputer(sample_posterior=true)"
    );
    assert_eq!(sampling.params()["sample_posterior"], true);
    let read = IterativeImputer::<Ridge>::from_json(&imputer.to_json().unwrap()).unwrap();
    assert_eq!(read, imputer);
    let (_, holes) = dependent(30, 3, 0.2);
    let model = imputer.fit(&holes, &()).unwrap();
    type Fitted = FittedIterativeImputer<f64, FittedRidge<f64, ndarray::Ix1>>;
    let read = Fitted::from_bytes(&model.to_bytes().unwrap()).unwrap();
    assert_eq!(
        read.transform(&holes).unwrap(),
        model.transform(&holes).unwrap()
    );
    let read = Fitted::from_json(&model.to_json().unwrap()).unwrap();
    assert_eq!(read, model);
    // A model of the one kind is not one of the other.
    let sampled = sampling.fit(&holes, &()).unwrap().to_json().unwrap();
    assert!(FittedIterativeImputer::<f64>::from_json(&sampled).is_err());
    let text = model.to_json().unwrap();
    let broken = text.replacen("\"feature\":0", "\"feature\":7", 1);
    assert!(Fitted::from_json(&broken).is_err());
    assert_ne!(broken, text);
}

#[test]
fn threads_and_precisions() {
    let (_, holes) = dependent(3000, 6, 0.1);
    let model = IterativeImputer::new().fit(&holes, &()).unwrap();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| IterativeImputer::new().fit(&holes, &()).unwrap())
    };
    assert_eq!(with(1), with(8));
    let filled = model.transform(&holes).unwrap();
    let single = IterativeImputer::new()
        .fit_transform(&holes.mapv(|v| v as f32))
        .unwrap();
    for (a, b) in filled.iter().zip(&single) {
        assert!((a - f64::from(*b)).abs() < 1e-3);
    }
    // A row by itself is filled as among others.
    let alone = model.transform(&holes.select(Axis(0), &[7])).unwrap();
    assert_eq!(alone.row(0), filled.row(7));
}

use ndarray::{Array1, Array2, Axis, array, concatenate, s, stack};
use rand::RngExt;

use super::working_set::{self, Target};
use super::{Penalties, Problem, Selection};
use crate::float::Float;
use crate::linear_model::{
    ElasticNet, ElasticNetCv, FittedElasticNet, Lasso, LassoCv, LinearRegression,
    MultiTaskElasticNet, MultiTaskElasticNetCv, MultiTaskLasso, Ridge, enet_path, lasso_path,
};
use crate::model_selection::{CrossValidator, KFold, Split};
use crate::targets::Targets;
use crate::traits::{Estimator, Predict};

fn data(n: usize, p: usize, seed: u64) -> (Array2<f64>, Array1<f64>) {
    let mut rng = crate::random::generator(seed);
    let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
    let y = Array1::from_shape_fn(n, |i| {
        x.row(i).iter().take(4).sum::<f64>() * 2.0 + rng.random_range(-0.5..0.5) + 3.0
    });
    (x, y)
}

/// How far a model is from the conditions of a minimum: each coefficient's gradient against the subgradient of the
/// penalty, and the gradient of the intercept.
fn violation(
    model: &FittedElasticNet,
    (x, y): (&Array2<f64>, &Array1<f64>),
    weights: &Array1<f64>,
    (alpha, l1_ratio, positive, intercept): (f64, f64, bool, bool),
) -> f64 {
    let r = (y - &model.predict(x).unwrap()) * weights / weights.sum();
    let gradient = x.t().dot(&r);
    let (l1, l2) = (alpha * l1_ratio, alpha * (1.0 - l1_ratio));
    let mut worst = if intercept { r.sum().abs() } else { 0.0 };
    for (&w, &g) in model.coef().iter().zip(&gradient) {
        let g = g - l2 * w;
        let off = if w != 0.0 {
            (g - l1 * w.signum()).abs()
        } else if positive {
            g - l1
        } else {
            g.abs() - l1
        };
        worst = f64::max(worst, off);
    }
    worst
}

#[test]
fn the_gradient_is_in_the_subgradient_of_the_penalty() {
    for (n, p, seed) in [(60, 8, 1), (15, 40, 2), (9, 9, 3), (1, 3, 4), (200, 1, 5)] {
        let (x, y) = data(n, p, seed);
        let weights = Array1::from_shape_fn(n, |i| 0.5 + (i % 3) as f64);
        for (alpha, l1_ratio) in [(0.05, 1.0), (0.3, 0.5), (0.01, 0.1)] {
            for (positive, intercept) in [(false, true), (true, true), (false, false)] {
                for selection in [Selection::Cyclic, Selection::Random] {
                    let estimator = ElasticNet::new()
                        .alpha(alpha)
                        .l1_ratio(l1_ratio)
                        .positive(positive)
                        .fit_intercept(intercept)
                        .selection(selection)
                        .tol(1e-13)
                        .max_iter(100_000);
                    let model = estimator.fit(&x, &y.weighted(&weights)).unwrap();
                    let off = violation(
                        &model,
                        (&x, &y),
                        &weights,
                        (alpha, l1_ratio, positive, intercept),
                    );
                    assert!(model.converged(), "{n} {p} {alpha} {l1_ratio} {positive}");
                    assert!(off < 1e-6, "{n} {p} {alpha} {l1_ratio} {positive}: {off:e}");
                }
            }
        }
    }
}

/// The primal objective and a dual value, both from the data.
fn gap_of(
    model: &FittedElasticNet,
    x: &Array2<f64>,
    y: &Array1<f64>,
    alpha: f64,
    l1_ratio: f64,
) -> f64 {
    let n = y.len() as f64;
    let x = x - &x.mean_axis(Axis(0)).unwrap();
    let y = y - y.mean().unwrap();
    let w = model.coef().to_owned();
    let r = &y - &x.dot(&w);
    let (l1, l2) = (alpha * l1_ratio * n, alpha * (1.0 - l1_ratio) * n);
    let along = x.t().dot(&r) - &(&w * l2);
    let steepest = along.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let both = r.dot(&r) + l2 * w.dot(&w);
    let scale = (l1 / steepest).min(1.0);
    let primal = 0.5 * both + l1 * w.mapv(f64::abs).sum();
    (primal - (scale * r.dot(&y) - 0.5 * scale * scale * both)) / n
}

#[test]
fn the_reported_gap_is_that_of_the_data_and_bounds_the_distance_from_the_minimum() {
    for (n, p) in [(50, 10), (12, 30)] {
        let (x, y) = data(n, p, 7);
        for (alpha, l1_ratio) in [(0.02, 1.0), (0.1, 0.4)] {
            let estimator = ElasticNet::new().alpha(alpha).l1_ratio(l1_ratio);
            let objective = |model: &FittedElasticNet| {
                let r = &y - &model.predict(&x).unwrap();
                let w = model.coef();
                r.dot(&r) / (2.0 * n as f64)
                    + alpha * l1_ratio * w.mapv(f64::abs).sum()
                    + 0.5 * alpha * (1.0 - l1_ratio) * w.dot(&w)
            };
            let best = estimator.clone().tol(1e-14).max_iter(100_000);
            let best = objective(&best.fit(&x, &y).unwrap());
            for max_iter in [1, 3, 1000] {
                let model = estimator.clone().max_iter(max_iter).fit(&x, &y).unwrap();
                let direct = gap_of(&model, &x, &y, alpha, l1_ratio);
                assert!((model.dual_gap() - direct).abs() < 1e-12, "{direct}");
                let above = objective(&model) - best;
                assert!(above < model.dual_gap() + 1e-12 && above > -1e-12);
                assert_eq!(model.converged(), max_iter == 1000);
            }
        }
    }
}

#[test]
fn products_and_residuals_take_the_same_steps() {
    for (n, p) in [(40, 12), (12, 40)] {
        let (x, y) = data(n, p, 8);
        let both = stack![Axis(1), y, y.mapv(|v| v * v)];
        let weights: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
        let mut problem = Problem::new("test", &x, &both, Some(&weights), true).unwrap();
        for groups in [vec![0..1, 1..2], std::iter::once(0..2).collect()] {
            let mut found = Vec::new();
            for products in [true, false] {
                problem.products = products;
                let penalties = Penalties {
                    alphas: &[0.5, 0.1, 0.02],
                    l1_ratio: 0.8,
                    positive: false,
                };
                let descent = || super::Descent {
                    tol: 1e-6,
                    max_iter: 1000,
                    random: None,
                };
                let paths = problem
                    .paths(&groups, penalties, descent, None, &mut |_| Ok(()))
                    .unwrap();
                found.push(paths.into_iter().flatten().collect::<Vec<_>>());
            }
            assert_eq!(found[0].len(), 3 * groups.len());
            for (a, b) in found[0].iter().zip(&found[1]) {
                assert_eq!(a.outcome.n_iter, b.outcome.n_iter);
                assert!((a.outcome.gap - b.outcome.gap).abs() < 1e-12);
                assert!(a.coef.iter().any(|w| *w != 0.0));
                for (a, b) in a.coef.iter().zip(&b.coef) {
                    assert!((a - b).abs() < 1e-12, "{a} {b}");
                }
            }
        }
    }
}

#[test]
fn working_sets_end_at_the_minimum_over_all_features() {
    let (n, p) = (700, 300);
    let (x, y) = data(n, p, 10);
    let y = (y - 3.0).insert_axis(Axis(1));
    let weights: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
    for (weights, centre) in [(None, true), (Some(&weights[..]), true), (None, false)] {
        let problem = Problem::new("test", &x, &y, weights, centre).unwrap();
        let weight = problem.centred.weight();
        let target = Target {
            values: &problem.response.values,
            cross: &problem.response.cross,
            square: problem.response.squares[0],
        };
        let descent = |tol| super::Descent {
            tol,
            max_iter: 10_000,
            random: None,
        };
        for (alpha, l1_ratio, positive) in [(0.1, 1.0, false), (0.1, 0.4, true), (0.03, 1.0, false)]
        {
            let penalties = Penalties {
                alphas: &[alpha],
                l1_ratio,
                positive,
            };
            let group: Vec<_> = std::iter::once(0..1).collect();
            let exact = problem.paths(&group, penalties, || descent(1e-15), None, &mut |_| Ok(()));
            let exact = &exact.unwrap()[0][0].coef;
            let penalty = penalties.each(weight).next().unwrap();
            let mut coef = vec![0.0; p];
            coef[p - 1] = 0.5;
            for tol in [1e-4, 1e-9] {
                let found =
                    working_set::run(&problem.centred, target, &mut coef, penalty, &descent(tol));
                let found = found.unwrap();
                assert!(found.converged && found.n_iter > 0);
                assert!(found.gap <= tol * target.square);
                // ½ ‖X(w − ŵ)‖² is at most the gap.
                let by: Vec<f64> = exact.iter().zip(&coef).map(|(a, b)| a - b).collect();
                let mut along = vec![0.0; p];
                let (square, _) = problem.centred.residual(&vec![0.0; n], &by, &mut along);
                assert!(0.5 * square <= found.gap + 1e-9, "{square} {}", found.gap);
            }
        }
        // Most features are needed.
        let penalties = Penalties {
            alphas: &[1e-4],
            l1_ratio: 0.5,
            positive: false,
        };
        let penalty = penalties.each(weight).next().unwrap();
        let (mut coef, descent) = (vec![0.0; p], descent(1e-4));
        let found = working_set::run(&problem.centred, target, &mut coef, penalty, &descent);
        assert!(found.is_none());
    }
}

#[test]
fn integer_weights_are_repeated_rows() {
    for (n, p) in [(30, 5), (8, 20)] {
        let (x, y) = data(n, p, 9);
        let counts = Array1::from_shape_fn(n, |i| (i % 3) as f64);
        let rows: Vec<usize> = (0..n).flat_map(|i| std::iter::repeat_n(i, i % 3)).collect();
        let repeated = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
        let estimator = ElasticNet::new().alpha(0.05);
        let weighted = estimator.fit(&x, &y.weighted(&counts)).unwrap();
        let plain = estimator.fit(&repeated.0, &repeated.1).unwrap();
        assert_eq!(weighted.n_iter(), plain.n_iter());
        assert!((weighted.dual_gap() - plain.dual_gap()).abs() < 1e-13);
        for (a, b) in weighted.coef().iter().zip(plain.coef()) {
            assert!((a - b).abs() < 1e-12);
        }
        // And weights have no unit.
        let scaled = estimator.fit(&x, &y.weighted(&(&counts * 1e-3))).unwrap();
        for (a, b) in weighted.coef().iter().zip(scaled.coef()) {
            assert!((a - b).abs() < 1e-12);
        }
    }
}

#[test]
fn without_a_penalty_it_is_least_squares_and_without_its_l1_part_ridge() {
    let (x, y) = data(80, 5, 10);
    let plain = Lasso::new().alpha(0.0).tol(1e-12).max_iter(10_000);
    let plain = plain.fit(&x, &y).unwrap();
    let direct = LinearRegression::new().fit(&x, &y).unwrap();
    for (a, b) in plain.coef().iter().zip(direct.coef()) {
        assert!((a - b).abs() < 1e-6);
    }
    let net = ElasticNet::new().alpha(0.5).l1_ratio(0.0).tol(1e-13);
    let net = net.max_iter(10_000).fit(&x, &y).unwrap();
    let ridge = Ridge::new().alpha(0.5 * 80.0).fit(&x, &y).unwrap();
    for (a, b) in net.coef().iter().zip(ridge.coef()) {
        assert!((a - b).abs() < 1e-6);
    }
    assert!(net.converged() && plain.converged());
}

#[test]
fn several_targets_are_one_by_one_and_a_model_can_be_the_start() {
    let (x, y) = data(40, 6, 11);
    let both = stack![Axis(1), y, y.mapv(|v| -v * v)];
    let estimator = Lasso::new().alpha(0.1);
    let joint = estimator.fit(&x, &both).unwrap();
    for k in 0..2 {
        let single = estimator.fit(&x, &both.column(k)).unwrap();
        assert_eq!(joint.coef().row(k), single.coef());
        assert_eq!(joint.n_iter()[k], single.n_iter());
        assert_eq!(joint.dual_gap()[k], single.dual_gap());
        let sparse: Vec<(usize, f64)> = joint
            .sparse_coef()
            .into_iter()
            .filter(|s| s.0 == k)
            .map(|s| (s.1, s.2))
            .collect();
        assert_eq!(sparse, single.sparse_coef());
    }
    let again = estimator.fit_from(&x, &both, &joint).unwrap();
    assert_eq!(again.n_iter(), [0, 0]);
    assert_eq!(again.coef(), joint.coef());
    let other = estimator.fit(&x.slice(s![.., ..5]), &both).unwrap();
    let e = estimator.fit_from(&x, &both, &other).unwrap_err();
    assert_eq!(
        e.to_string(),
        "features of the model to start from: expected 6, got 5"
    );
}

#[test]
fn an_unreachable_tolerance_gives_the_best_there_is_and_says_so() {
    let (x, y) = data(30, 4, 12);
    let model = Lasso::new().alpha(0.01).tol(0.0).max_iter(50);
    let model = model.fit(&x, &y).unwrap();
    let best = Lasso::new().alpha(0.01).tol(1e-14).fit(&x, &y).unwrap();
    assert!(model.converged() || model.n_iter() == 50);
    assert!(
        (&model.coef() - &best.coef())
            .iter()
            .all(|d| d.abs() < 1e-6)
    );
    let early = Lasso::new().alpha(1e-4).max_iter(1).fit(&x, &y).unwrap();
    assert!(!early.converged() && early.n_iter() == 1);
    assert!(early.coef().iter().all(|w| w.is_finite()));
}

#[test]
fn a_large_mean_and_a_first_row_far_out_cost_no_digits() {
    let (x, y) = data(50, 4, 13);
    let estimator = Lasso::new().alpha(0.05).tol(1e-10);
    let plain = estimator.fit(&x, &y).unwrap();
    let moved = estimator.fit(&(&x + 1e6), &y).unwrap();
    for (a, b) in plain.coef().iter().zip(moved.coef()) {
        assert!((a - b).abs() < 1e-8, "{a} {b}");
    }
    // A first row of weight 0 counts for nothing, however far it is.
    let far = concatenate![Axis(0), array![[1e9, -1e9, 1e12, 0.0]], x];
    let y_far = concatenate![Axis(0), array![-1e10], y];
    let weights = Array1::from_shape_fn(51, |i| if i == 0 { 0.0 } else { 1.0 });
    let ignored = estimator.fit(&far, &y_far.weighted(&weights)).unwrap();
    assert!(
        (&ignored.coef() - &plain.coef())
            .iter()
            .all(|d| d.abs() < 1e-12)
    );
    // A first row far out makes the sums about it lose digits: they are taken again about the mean.
    let out = concatenate![Axis(0), array![[1e5, 1e5, 1e5, 1e5]], x];
    let small = Array1::from_shape_fn(51, |i| if i == 0 { 1e-12 } else { 1.0 });
    let model = estimator.fit(&out, &y_far.weighted(&small)).unwrap();
    assert!(model.coef().iter().all(|w| w.is_finite()));
}

#[test]
fn constant_and_repeated_columns_and_a_constant_target() {
    let (x, y) = data(20, 3, 14);
    let constant = Array2::from_elem((20, 1), 0.1);
    let x = concatenate![Axis(1), constant, x, x.slice(s![.., 0..1])];
    for alpha in [0.0, 0.01] {
        let model = Lasso::new().alpha(alpha).fit(&x, &y).unwrap();
        assert_eq!(model.coef()[0], 0.0);
        assert!(model.coef().iter().all(|w| w.is_finite()));
        let flat = Lasso::new().alpha(alpha);
        let flat = flat.fit(&x, &Array1::from_elem(20, 5.0)).unwrap();
        assert!(flat.converged() && flat.coef().iter().all(|&w| w == 0.0));
        assert_eq!(flat.intercept(), 5.0);
    }
}

fn narrow<F: Float>(n: usize, p: usize) -> (Vec<f64>, bool) {
    let (x, y) = data(n, p, 15);
    let estimator = ElasticNet::new().alpha(0.02).l1_ratio(0.9);
    let model = estimator.fit(&x.mapv(F::of), &y.mapv(F::of)).unwrap();
    (
        model.coef().iter().map(|w| w.f64()).collect(),
        model.converged(),
    )
}

#[test]
fn single_precision_agrees_with_double() {
    for (n, p) in [(300, 6), (20, 50)] {
        let ((wide, _), (narrow, converged)) = (narrow::<f64>(n, p), narrow::<f32>(n, p));
        assert!(converged);
        for (a, b) in wide.iter().zip(narrow) {
            assert!((a - b).abs() < 2e-6, "{a} {b}");
        }
    }
}

#[test]
fn any_layout_gives_the_same() {
    let (x, y) = data(40, 7, 16);
    let columns = x.t().as_standard_layout().into_owned();
    let reversed = x.slice(s![..;-1, ..]);
    let estimator = Lasso::new().alpha(0.05);
    let plain = estimator.fit(&x, &y).unwrap();
    assert_eq!(estimator.fit(&columns.t(), &y).unwrap(), plain);
    let turned = estimator.fit(&reversed, &y.slice(s![..;-1])).unwrap();
    assert!(
        (&turned.coef() - &plain.coef())
            .iter()
            .all(|d| d.abs() < 1e-12)
    );
}

#[test]
fn values_out_of_range_are_refused() {
    let (x, y) = data(5, 2, 17);
    let text = |e: crate::Error| e.to_string();
    let e = text(Lasso::new().alpha(-1.0).fit(&x, &y).unwrap_err());
    assert_eq!(e, "`alpha` of `Lasso` must be in [0, inf), got -1");
    let e = text(ElasticNet::new().l1_ratio(1.5).fit(&x, &y).unwrap_err());
    assert_eq!(e, "`l1_ratio` of `ElasticNet` must be in [0, 1], got 1.5");
    assert!(Lasso::new().max_iter(0).fit(&x, &y).is_err());
    assert!(Lasso::new().tol(f64::NAN).fit(&x, &y).is_err());
    let mut bad = x.clone();
    bad[[3, 1]] = f64::NAN;
    let e = text(Lasso::new().fit(&bad, &y).unwrap_err());
    assert_eq!(e, "X: row 3, column 1 is NaN");
    let e = text(Lasso::new().fit(&(&x * 1e300), &y).unwrap_err());
    assert_eq!(
        e,
        "`Lasso`: a square of the data is not finite; rescale the data or use f64"
    );
    assert!(Lasso::new().fit(&(&x * 1e-300), &y).is_ok());
}

#[test]
fn a_feature_of_several_targets_is_kept_or_dropped_whole() {
    for (n, p) in [(50, 8), (10, 25)] {
        let (x, y) = data(n, p, 18);
        let y = stack![Axis(1), y, &y * 0.5 + x.column(0), x.column(p - 1)];
        let weights = Array1::from_shape_fn(n, |i| 0.5 + (i % 3) as f64);
        let (alpha, l1_ratio) = (0.1, 0.7);
        let estimator = MultiTaskElasticNet::new().alpha(alpha).l1_ratio(l1_ratio);
        let estimator = estimator.tol(1e-13).max_iter(100_000);
        let model = estimator.fit(&x, &y.weighted(&weights)).unwrap();
        let r = (&y - &model.predict(&x).unwrap()) * weights.view().insert_axis(Axis(1))
            / weights.sum();
        assert!(r.sum_axis(Axis(0)).iter().all(|v| v.abs() < 1e-12));
        let gradient = x.t().dot(&r);
        for (j, (g, w)) in gradient
            .rows()
            .into_iter()
            .zip(model.coef().columns())
            .enumerate()
        {
            let norm = w.dot(&w).sqrt();
            let g = &g - &(&w * (alpha * (1.0 - l1_ratio)));
            if norm > 0.0 {
                let off = &g - &(&w * (alpha * l1_ratio / norm));
                assert!(off.dot(&off).sqrt() < 1e-6, "{j}");
                assert!(w.iter().all(|&w| w != 0.0) && model.active().contains(&j));
            } else {
                assert!(g.dot(&g).sqrt() < alpha * l1_ratio);
            }
        }
        assert!(model.converged() && !model.active().is_empty() && model.active().len() < p);
        // From the solution there is nothing to do.
        let again = estimator
            .fit_from(&x, &y.weighted(&weights), &model)
            .unwrap();
        assert_eq!(again.n_iter(), 0);
    }
    // One target is the lasso.
    let (x, y) = data(30, 5, 19);
    let joint = MultiTaskLasso::new().alpha(0.1);
    let joint = joint.fit(&x, &y.view().insert_axis(Axis(1))).unwrap();
    let single = Lasso::new().alpha(0.1).fit(&x, &y).unwrap();
    assert_eq!(joint.coef().row(0), single.coef());
    assert_eq!(joint.n_iter(), single.n_iter());
}

#[test]
fn a_path_is_its_fits_one_by_one() {
    let (x, y) = data(40, 6, 20);
    let x = &x - &x.mean_axis(Axis(0)).unwrap();
    let y = &y - y.mean().unwrap();
    let path = enet_path()
        .l1_ratio(0.8)
        .alphas(7)
        .tol(1e-12)
        .compute(&x, &y)
        .unwrap();
    assert_eq!(path.coefs().dim(), (6, 7));
    assert!(path.converged() && path.alphas().len() == 7);
    assert!((path.alphas()[6] / path.alphas()[0] - 1e-3).abs() < 1e-15);
    assert_eq!(path.n_active()[0], 0);
    assert!(path.n_active()[1] > 0 && path.to_string().lines().count() == 8);
    for (i, &alpha) in path.alphas().iter().enumerate() {
        let one = ElasticNet::new()
            .alpha(alpha)
            .l1_ratio(0.8)
            .fit_intercept(false)
            .tol(1e-12);
        let one = one.fit(&x, &y).unwrap();
        for (a, b) in path.coefs().column(i).iter().zip(one.coef()) {
            assert!((a - b).abs() < 1e-5);
        }
    }
    let several = stack![Axis(1), y, y];
    let joint = lasso_path()
        .alphas([0.01, 0.1])
        .compute(&x, &several)
        .unwrap();
    assert_eq!(joint.coefs().dim(), (2, 6, 2));
    assert_eq!(joint.alphas().to_vec(), [0.1, 0.01]);
    let e = lasso_path()
        .positive(true)
        .compute(&x, &several)
        .unwrap_err();
    assert!(e.to_string().contains("`positive` of `lasso_path`"), "{e}");
    let e = enet_path().l1_ratio(0.0).compute(&x, &y).unwrap_err();
    assert!(
        e.to_string()
            .contains("a list of numbers where `l1_ratio` is 0"),
        "{e}"
    );
}

/// The same splits as a list whose last has one row of the test part fewer: not a division of the rows any more.
fn by_rows(splits: &[Split], n: usize) -> Vec<Split> {
    let mut all = splits.to_vec();
    all.push(Split {
        train: (0..n).collect(),
        test: vec![0],
    });
    all
}

#[test]
fn folds_by_their_products_and_by_their_rows_agree() {
    let (x, y) = data(40, 3, 21);
    let weights = Array1::from_shape_fn(40, |i| 0.5 + (i % 4) as f64);
    let y = y.weighted(&weights);
    // Few folds, folds of rows drawn at random, and so many that they are added by groups.
    for cv in [
        KFold::new().n_splits(4),
        KFold::new().shuffle(true),
        KFold::new().n_splits(40),
    ] {
        let splits = cv.split(40, &y).unwrap();
        for intercept in [true, false] {
            let estimator = LassoCv::new().alphas(12).fit_intercept(intercept);
            let quick = estimator.clone().cv(cv.clone()).fit(&x, &y).unwrap();
            let plain = estimator.cv(by_rows(&splits, 40)).fit(&x, &y).unwrap();
            let folds = splits.len();
            assert_eq!(quick.mse_path().dim(), (12, folds));
            let plain = plain.mse_path().slice(s![.., ..folds]).to_owned();
            for (a, b) in quick.mse_path().iter().zip(&plain) {
                assert!((a - b).abs() < 1e-12 * (1.0 + b), "{a} {b}");
            }
        }
    }
}

#[test]
fn the_least_mean_error_wins_and_is_fitted_on_all_rows() {
    let (x, y) = data(60, 8, 22);
    let search = ElasticNetCv::new().alphas(15).l1_ratio([0.3, 1.0]).cv(4);
    let model = search.fit(&x, &y).unwrap();
    let mean = model.mse_path().mean_axis(Axis(2)).unwrap();
    let best = mean.iter().copied().fold(f64::INFINITY, f64::min);
    let at = mean.indexed_iter().find(|(_, v)| **v == best).unwrap().0;
    assert_eq!(model.alpha(), model.alphas()[at]);
    assert_eq!(model.l1_ratio(), [0.3, 1.0][at.0]);
    let again = ElasticNet::new()
        .alpha(model.alpha())
        .l1_ratio(model.l1_ratio())
        .fit(&x, &y)
        .unwrap();
    assert_eq!(model.n_iter(), again.n_iter());
    for (a, b) in model.coef().iter().zip(again.coef()) {
        assert!((a - b).abs() < 1e-12);
    }
    assert!((model.dual_gap() - again.dual_gap()).abs() < 1e-12);
    // An exact fit: the errors are summed from the rows, where they have digits left.
    let exact = x.column(0).to_owned() * 3.0 + 1e3;
    let model = LassoCv::new()
        .alphas([1e-12])
        .tol(1e-20)
        .fit(&x, &exact)
        .unwrap();
    assert!(
        model.mse_path().iter().all(|&v| (0.0..1e-18).contains(&v)),
        "{:?}",
        model.mse_path()
    );
}

#[test]
fn a_search_over_several_targets_is_one_over_their_sum_of_errors() {
    let (x, y) = data(40, 4, 23);
    let twice = stack![Axis(1), y, y];
    let one = ElasticNetCv::new().alphas(9).fit(&x, &y).unwrap();
    let two = MultiTaskElasticNetCv::new()
        .alphas(9)
        .fit(&x, &twice)
        .unwrap();
    // Twice the same target: the norm of its coefficients is √2 times as large.
    for (a, b) in one.alphas().iter().zip(two.alphas()) {
        assert!((a * 2f64.sqrt() - b).abs() < 1e-12);
    }
    assert_eq!(two.coef().row(0), two.coef().row(1));
}

#[test]
fn searches_refuse_what_they_cannot_do() {
    let (x, y) = data(10, 2, 24);
    let text = |e: crate::Error| e.to_string();
    let e = text(LassoCv::new().eps(0.0).fit(&x, &y).unwrap_err());
    assert_eq!(e, "`eps` of `LassoCv` must be in (0, inf), got 0");
    assert!(LassoCv::new().alphas(0).fit(&x, &y).is_err());
    let e = text(LassoCv::new().alphas(1 << 53).fit(&x, &y).unwrap_err());
    assert!(e.contains("a count of at most 1000000"), "{e}");
    assert!(LassoCv::new().alphas(Vec::new()).fit(&x, &y).is_err());
    assert!(LassoCv::new().alphas([-1.0]).fit(&x, &y).is_err());
    assert!(LassoCv::new().cv(11).fit(&x, &y).is_err());
    assert!(
        ElasticNetCv::new()
            .l1_ratio(Vec::new())
            .fit(&x, &y)
            .is_err()
    );
    let weights = Array1::from_shape_fn(10, |i| if i < 2 { 0.0 } else { 1.0 });
    let e = text(LassoCv::new().fit(&x, &y.weighted(&weights)).unwrap_err());
    assert_eq!(e, "test rows of fold 0: have no weight");
    let constant = LassoCv::new().fit(&x, &Array1::from_elem(10, 2.0)).unwrap();
    assert!(constant.coef().iter().all(|&w| w == 0.0) && constant.intercept() == 2.0);
}

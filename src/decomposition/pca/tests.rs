use ndarray::{Array2, Axis, array};

use super::*;
use crate::random::{generator, standard_normal};

/// Rows with column deviations 1, 1/2, 1/3, ... around large means, mixed.
fn data(n: usize, p: usize) -> Array2<f64> {
    let mut rng = generator(3);
    let z = Array2::from_shape_fn((n, p), |(_, j)| standard_normal(&mut rng) / (j + 1) as f64);
    let mix = Array2::from_shape_simple_fn((p, p), || standard_normal(&mut rng));
    z.dot(&mix) + 50.0
}

fn near(a: &Array2<f64>, b: &Array2<f64>, tolerance: f64) {
    let scale = b.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * scale, "{a} and {b}");
    }
}

const ALL: [SvdSolver; 3] = [
    SvdSolver::Full,
    SvdSolver::CovarianceEigh,
    SvdSolver::Randomized,
];

#[test]
fn components_are_orthonormal_and_scores_uncorrelated() {
    let shapes = [(60, 7), (7, 60), (12, 8)];
    for ((n, p), solver) in shapes.iter().flat_map(|&s| ALL.map(|solver| (s, solver))) {
        let x = data(n, p);
        let pca = Pca::new()
            .n_components(5)
            .svd_solver(solver)
            .fit(&x, &())
            .unwrap();
        let v = pca.components();
        near(&v.dot(&v.t()), &Array2::eye(5), 1e-12);
        let z = pca.transform(&x).unwrap();
        let covariance = z.t().dot(&z) / (n - 1) as f64;
        near(
            &covariance,
            &Array2::from_diag(pca.explained_variance()),
            1e-10,
        );
        assert!(pca.explained_variance_ratio().sum() <= 1.0 + 1e-12);
    }
}

#[test]
fn solvers_agree() {
    let x = data(80, 6);
    let full = Pca::new()
        .n_components(3)
        .svd_solver(SvdSolver::Full)
        .fit(&x, &())
        .unwrap();
    let others = [
        SvdSolver::CovarianceEigh,
        SvdSolver::Arpack,
        SvdSolver::Randomized,
    ];
    for solver in others {
        let other = Pca::new()
            .n_components(3)
            .svd_solver(solver)
            .fit(&x, &())
            .unwrap();
        near(other.components(), full.components(), 1e-10);
        assert!((other.noise_variance() - full.noise_variance()).abs() < 1e-10);
    }
}

#[test]
fn small_singular_values_are_right() {
    // Orthogonal columns of norms 1, 1e-3, ..., 1e-12, and X'X that cannot tell the last ones from rounding.
    let n = 64;
    let signs = |i: usize, j: usize| {
        if (i >> j).is_multiple_of(2) {
            1.0
        } else {
            -1.0
        }
    };
    let x = Array2::from_shape_fn((n, 5), |(i, j)| signs(i, j) * 10f64.powi(-3 * j as i32));
    let pca = Pca::new().svd_solver(SvdSolver::Full).fit(&x, &()).unwrap();
    for (j, s) in pca.singular_values().iter().enumerate() {
        let expected = 8.0 * 10f64.powi(-3 * j as i32);
        assert!((s / expected - 1.0).abs() < 1e-10, "{j}: {s}");
    }
}

#[test]
fn reconstruction_error_falls_with_components_to_zero() {
    let x = data(40, 6);
    for whiten in [false, true] {
        let mut last = f64::INFINITY;
        for k in 0..=6 {
            let pca = Pca::new()
                .n_components(k)
                .whiten(whiten)
                .fit(&x, &())
                .unwrap();
            let z = pca.transform(&x).unwrap();
            let back = pca.inverse_transform(&z).unwrap();
            let error = (&back - &x).mapv(|v| v * v).sum();
            assert!(error < last, "{k}: {error} after {last}");
            last = error;
            if whiten && k > 0 {
                let variance = z.var_axis(Axis(0), 1.0);
                assert!(variance.iter().all(|v| (v - 1.0).abs() < 1e-10));
            }
        }
        assert!(last < 1e-20 * x.mapv(|v| v * v).sum());
    }
}

#[test]
fn the_model_is_a_normal_distribution() {
    let x = data(50, 5);
    for k in [0, 2, 5] {
        let pca = Pca::new().n_components(k).fit(&x, &()).unwrap();
        let (covariance, precision) = (pca.covariance(), pca.precision().unwrap());
        near(&covariance.dot(&precision), &Array2::eye(5), 1e-9);
        let log_det = crate::linalg::log_det(&covariance).unwrap();
        let each = pca.score_samples(&x).unwrap();
        for (row, score) in x.rows().into_iter().zip(&each) {
            let d = &row - pca.mean();
            let distance = d.dot(&precision.dot(&d));
            let by_hand = -0.5 * (distance + log_det + 5.0 * (2.0 * std::f64::consts::PI).ln());
            assert!((score - by_hand).abs() < 1e-9 * by_hand.abs());
        }
        assert!((pca.score(&x, &()).unwrap() - each.mean().unwrap()).abs() < 1e-10);
    }
    // All components: the covariance of the sample.
    let pca = Pca::new().fit(&x, &()).unwrap();
    let centred = &x - &x.mean_axis(Axis(0)).unwrap();
    near(
        &pca.covariance(),
        &(centred.t().dot(&centred) / 49.0),
        1e-12,
    );
}

#[test]
fn by_hand() {
    let x = array![[3.0, 0.0], [-3.0, 0.0], [0.0, -1.0], [0.0, 1.0]];
    let pca = Pca::new().fit(&x, &()).unwrap();
    assert_eq!(pca.components(), array![[1.0, 0.0], [0.0, 1.0]]);
    near(&pca.transform(&x).unwrap(), &x, 1e-15);
    assert!((pca.explained_variance()[0] - 6.0).abs() < 1e-14);
    assert!((pca.explained_variance_ratio()[1] - 0.1).abs() < 1e-15);
    let one = Pca::new().n_components(0.85).fit(&x, &()).unwrap();
    assert_eq!(one.n_components(), 1);
    assert!((one.noise_variance() - 2.0 / 3.0).abs() < 1e-15);
    let names = pca.feature_names_out(None).unwrap();
    assert_eq!(names, ["pca0", "pca1"]);
}

#[test]
fn counts_out_of_range_name_the_parameter() {
    let x = data(6, 4);
    let refused = |pca: Pca, x: &Array2<f64>| {
        let error = pca.fit(x, &()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidParameter { name, .. } if name == "n_components"),
            "{error}"
        );
    };
    for solver in ALL {
        refused(Pca::new().n_components(5).svd_solver(solver), &x);
    }
    refused(Pca::new().n_components(4).svd_solver(SvdSolver::Arpack), &x);
    refused(
        Pca::new().n_components(0).svd_solver(SvdSolver::Randomized),
        &x,
    );
    refused(
        Pca::new()
            .n_components(0.5)
            .svd_solver(SvdSolver::Randomized),
        &x,
    );
    refused(Pca::new().n_components(NComponents::Mle), &x.t().to_owned());
    for share in [0.0, 1.0, -0.5, f64::NAN] {
        refused(Pca::new().n_components(share), &x);
    }
    let one = Pca::new()
        .fit(&x.slice(ndarray::s![..1, ..]), &())
        .unwrap_err();
    assert!(matches!(
        one.kind(),
        ErrorKind::TooFewSamples {
            needed: 2,
            got: 1,
            ..
        }
    ));
}

#[test]
fn hostile_data_have_finite_components() {
    let mut x = data(30, 4);
    x.column_mut(2).fill(7.0);
    let twice = x.column(0).to_owned();
    x.column_mut(3).assign(&twice);
    let same = x.select(Axis(0), &[3; 10]);
    let tiny = data(30, 4).mapv(|v| v * 1e-200);
    let large = data(30, 4).mapv(|v| v * 1e140);
    for solver in [SvdSolver::Full, SvdSolver::Randomized] {
        for x in [&x, &same, &tiny, &large] {
            for whiten in [false, true] {
                let pca = Pca::new().n_components(2).svd_solver(solver).whiten(whiten);
                let pca = pca.fit(x, &()).unwrap();
                near(
                    &pca.components().dot(&pca.components().t()),
                    &Array2::eye(2),
                    1e-10,
                );
                assert!(pca.transform(x).unwrap().iter().all(|v| v.is_finite()));
                pca.validate().unwrap();
            }
        }
    }
    let pca = Pca::new().fit(&x, &()).unwrap();
    assert!(pca.precision().is_err());
    // Tiny data have components as those of usual size.
    let pca = Pca::new().svd_solver(SvdSolver::Full);
    let (a, b) = (
        pca.fit(&tiny, &()).unwrap(),
        pca.fit(&data(30, 4), &()).unwrap(),
    );
    near(a.components(), b.components(), 1e-9);
}

//! Identities and hostile input of the mixtures.

use ndarray::{Array1, Array2, array};

use super::kernel::{Second, Shares, pass};
use super::*;
use crate::prelude::*;
use crate::random;

fn blobs(n: usize, p: usize, k: usize, gap: f64) -> Array2<f64> {
    let mut rng = random::generator(3);
    Array2::from_shape_fn((n, p), |(i, j)| {
        let center = gap * ((i % k) as f64) * if j % 2 == 0 { 1.0 } else { -0.5 };
        center + (1.0 + j as f64 / 3.0) * random::standard_normal(&mut rng)
    })
}

const FORMS: [CovarianceType; 4] = [
    CovarianceType::Full,
    CovarianceType::Tied,
    CovarianceType::Diag,
    CovarianceType::Spherical,
];

#[test]
fn sums_are_those_of_the_definition() {
    let x = blobs(77, 7, 3, 2.0);
    let w: Vec<f64> = (0..77).map(|i| f64::from(i % 4)).collect();
    let shares: Vec<f64> = (0..77 * 2).map(|i| f64::from(i % 5) / 5.0).collect();
    let about: Vec<f64> = (0..14).map(|j| f64::from(j) / 3.0).collect();
    let sums = pass(
        &x.view(),
        Some(&w),
        Shares::Matrix(&shares),
        &about,
        Second::Full,
    );
    for c in 0..2 {
        let r = |i: usize| w[i] * shares[i * 2 + c];
        let d = |i: usize, j: usize| x[[i, j]] - about[c * 7 + j];
        let close = |ours: f64, terms: &dyn Fn(usize) -> f64| {
            let plain: f64 = (0..77).map(terms).sum();
            assert!(
                (ours - plain).abs() < 1e-10 * (1.0 + plain.abs()),
                "{ours} {plain}"
            );
        };
        close(sums.weights[c], &r);
        for i in 0..7 {
            close(sums.first[c * 7 + i], &|row| r(row) * d(row, i));
            for j in 0..=i {
                let ours = sums.second[c * 28 + i * (i + 1) / 2 + j];
                close(ours, &|row| r(row) * d(row, i) * d(row, j));
            }
        }
    }
}

#[test]
fn one_component_is_the_mean_and_the_covariance() {
    let x = blobs(50, 3, 1, 0.0);
    let model = GaussianMixture::new(1).reg_covar(0.0).fit(&x, &()).unwrap();
    let mean = x.mean_axis(ndarray::Axis(0)).unwrap();
    let centred = &x - &mean;
    let covariance = centred.t().dot(&centred) / 50.0;
    let ours = model.covariances().matrix(0, 3).unwrap();
    assert!((&ours - &covariance).iter().all(|d| d.abs() < 1e-12));
    assert!(
        (&model.means().row(0) - &mean)
            .iter()
            .all(|d| d.abs() < 1e-12)
    );
    // The density by its formula.
    let precision = model.precisions().unwrap().matrix(0, 3).unwrap();
    let det = crate::linalg::log_det(&covariance).unwrap();
    for (row, log) in centred
        .rows()
        .into_iter()
        .zip(model.score_samples(&x).unwrap())
    {
        let square = row.dot(&precision.dot(&row));
        let plain = -0.5 * (square + det + 3.0 * std::f64::consts::TAU.ln());
        assert!((log - plain).abs() < 1e-10, "{log} {plain}");
    }
}

#[test]
fn the_lower_bound_never_falls() {
    let x = blobs(120, 4, 3, 1.5);
    for form in FORMS {
        for init in [
            InitParams::Random,
            InitParams::RandomFromData,
            InitParams::KMeansPlusPlus,
        ] {
            let mixture = GaussianMixture::new(4)
                .covariance_type(form)
                .init_params(init)
                .reg_covar(1e-9)
                .max_iter(30)
                .tol(0.0);
            let model = mixture.fit(&x, &()).unwrap();
            assert_eq!((model.n_iter(), model.converged()), (30, false));
            // The weights of a start from single rows do not sum to 1.
            let bounds = &model.lower_bounds()[1..];
            let rising = bounds.windows(2).all(|b| b[1] >= b[0] - 1e-6);
            assert!(rising, "{form:?} {init:?} {bounds:?}");
            let model = BayesianGaussianMixture::new(4)
                .covariance_type(form)
                .init_params(init)
                .reg_covar(1e-12)
                .max_iter(30)
                .tol(0.0)
                .fit(&x, &())
                .unwrap();
            // What scikit-learn takes for the bound of the other forms is not one.
            let bounds = model.lower_bounds();
            let rising = bounds.windows(2).all(|b| b[1] >= b[0] - 1e-6);
            assert!(
                rising || form != CovarianceType::Full,
                "{init:?} {bounds:?}"
            );
        }
    }
}

#[test]
fn integer_weights_repeat_rows() {
    let x = blobs(60, 3, 2, 3.0);
    let w = Array1::from_shape_fn(60, |i| (i % 3) as f64);
    let repeated: Vec<usize> = (0..60)
        .flat_map(|i| std::iter::repeat_n(i, i % 3))
        .collect();
    let rows = x.select(ndarray::Axis(0), &repeated);
    let means = array![[0.0, 0.0, 0.0], [3.0, -1.5, 3.0]];
    for form in FORMS {
        let ones = match form {
            CovarianceType::Full => {
                Numbers::from(&ndarray::Array3::from_shape_fn((2, 3, 3), |(_, i, j)| {
                    f64::from(u8::from(i == j))
                }))
            }
            CovarianceType::Tied => Numbers::from(&Array2::<f64>::eye(3)),
            CovarianceType::Diag => Numbers::from(&Array2::<f64>::ones((2, 3))),
            CovarianceType::Spherical => Numbers::from(&Array1::<f64>::ones(2)),
        };
        let mixture = GaussianMixture::new(2)
            .covariance_type(form)
            .weights_init(&array![0.5, 0.5])
            .means_init(&means)
            .precisions_init(ones);
        let a = mixture.fit(&x, &().weighted(&w)).unwrap();
        let b = mixture.fit(&rows, &()).unwrap();
        assert_eq!(a.n_iter(), b.n_iter());
        assert!(
            (a.means() - b.means()).iter().all(|d| d.abs() < 1e-10),
            "{form:?}"
        );
        assert!((a.lower_bound() - b.lower_bound()).abs() < 1e-10);
        let score = a.score(&x, &().weighted(&w)).unwrap();
        assert!((score - a.score(&rows, &()).unwrap()).abs() < 1e-10);
    }
}

#[test]
fn probabilities_agree_with_labels_and_densities() {
    let x = blobs(45, 5, 3, 2.0);
    for form in FORMS {
        let model = GaussianMixture::new(3)
            .covariance_type(form)
            .fit(&x, &())
            .unwrap();
        let (p, log) = (
            model.predict_proba(&x).unwrap(),
            model.predict_log_proba(&x).unwrap(),
        );
        for ((p, log), label) in p
            .rows()
            .into_iter()
            .zip(log.rows())
            .zip(model.predict(&x).unwrap())
        {
            assert!((p.sum() - 1.0).abs() < 1e-12);
            assert!(p.iter().all(|&v| v <= p[label]));
            assert!(p.iter().zip(log).all(|(p, l)| (p - l.exp()).abs() < 1e-12));
        }
        let mean = model.score_samples(&x).unwrap().sum() / 45.0;
        assert!((mean - model.score(&x, &()).unwrap()).abs() < 1e-12);
        assert!(model.aic(&x).unwrap() < model.bic(&x).unwrap());
        let (rows, labels) = model.sample(500, 1).unwrap();
        assert_eq!((rows.dim(), labels.len()), ((500, 5), 500));
        assert!(labels.iter().is_sorted());
    }
}

#[test]
fn going_on_is_going_on() {
    let x = blobs(80, 3, 2, 2.0);
    let mixture = GaussianMixture::new(2).max_iter(3).tol(0.0);
    let first = mixture.fit(&x, &()).unwrap();
    let second = mixture.fit_from(&x, &(), &first).unwrap();
    let whole = mixture.max_iter(6).fit(&x, &()).unwrap();
    assert!(
        (second.means() - whole.means())
            .iter()
            .all(|d| d.abs() < 1e-12)
    );
    let wrong = GaussianMixture::new(3).fit_from(&x, &(), &first);
    assert!(matches!(
        wrong.unwrap_err().kind(),
        ErrorKind::ShapeMismatch { .. }
    ));
    let wrong = GaussianMixture::new(2)
        .covariance_type(CovarianceType::Diag)
        .fit_from(&x, &(), &first);
    assert!(matches!(
        wrong.unwrap_err().kind(),
        ErrorKind::InvalidInput { .. }
    ));
}

#[test]
fn digits_are_kept_far_from_zero() {
    let x = blobs(100, 2, 2, 8.0);
    let far = &x + 1e7;
    let mixture = GaussianMixture::new(2).reg_covar(0.0);
    for form in FORMS {
        let mixture = mixture.clone().covariance_type(form);
        let (a, b) = (
            mixture.fit(&x, &()).unwrap(),
            mixture.fit(&far, &()).unwrap(),
        );
        let pair = a
            .covariances()
            .values()
            .into_iter()
            .zip(b.covariances().values());
        // The rows themselves were rounded to 1e-9.
        assert!(
            pair.clone()
                .all(|(a, b)| (a - b).abs() < 1e-7 * a.abs().max(1.0)),
            "{form:?} {:?}",
            pair.collect::<Vec<_>>()
        );
    }
}

#[test]
fn bad_settings_and_data_are_named() {
    let x = blobs(10, 2, 2, 1.0);
    let refused = |mixture: GaussianMixture, name: &str| {
        let error = mixture.fit(&x, &()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name),
            "{error}"
        );
    };
    let one = || GaussianMixture::new(2);
    refused(GaussianMixture::new(0), "n_components");
    refused(GaussianMixture::new(11), "n_components");
    refused(one().tol(f64::NAN), "tol");
    refused(one().reg_covar(-1.0), "reg_covar");
    refused(one().n_init(0), "n_init");
    refused(one().weights_init(&array![0.5, 0.6]), "weights_init");
    refused(one().weights_init(&array![1.0]), "weights_init");
    refused(one().means_init(&array![[0.0, 1.0]]), "means_init");
    refused(
        one().precisions_init(&array![[1.0, 0.0], [0.0, 1.0]]),
        "precisions_init",
    );
    let tied = one().covariance_type(CovarianceType::Tied);
    refused(
        tied.clone()
            .precisions_init(&array![[1.0, 2.0], [2.0, 1.0]]),
        "precisions_init",
    );
    refused(
        tied.precisions_init(&array![[1.0, 0.5], [0.0, 1.0]]),
        "precisions_init",
    );
    let flat = Array2::<f64>::ones((10, 2));
    let singular = one().reg_covar(0.0).fit(&flat, &()).unwrap_err();
    assert!(
        matches!(singular.kind(), ErrorKind::NotPositiveDefinite { .. }),
        "{singular}"
    );
    let model = one().fit(&flat, &()).unwrap();
    assert!(model.covariances().values().iter().all(|v| v.is_finite()));
    let single = GaussianMixture::new(1)
        .fit(&array![[1.0]], &())
        .unwrap_err();
    assert!(matches!(single.kind(), ErrorKind::TooFewSamples { .. }));
    // As many components as rows.
    let model = GaussianMixture::new(10).fit(&x, &()).unwrap();
    assert_eq!(model.predict(&x).unwrap().len(), 10);
    let huge = &x * 1e200;
    assert!(matches!(
        one().fit(&huge, &()).unwrap_err().kind(),
        ErrorKind::Overflow { .. }
    ));
    let dof = BayesianGaussianMixture::new(1)
        .degrees_of_freedom_prior(1.0)
        .fit(&x, &());
    assert!(
        matches!(dof.unwrap_err().kind(), ErrorKind::InvalidParameter { name, .. } if name == "degrees_of_freedom_prior")
    );
}

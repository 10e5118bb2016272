use ndarray::{Array2, array, s};

use super::*;
use crate::random;

fn numbers<F: Float>(n: usize, p: usize, seed: u64) -> Array2<F> {
    let mut rng = random::generator(seed);
    Array2::from_shape_fn((n, p), |_| F::of(random::standard_normal(&mut rng)))
}

const SUMS: [Metric; 5] = [
    Metric::Euclidean,
    Metric::SqEuclidean,
    Metric::Manhattan,
    Metric::Chebyshev,
    Metric::Minkowski,
];

fn plain<F: Float>(metric: Metric, a: ndarray::ArrayView1<F>, b: ndarray::ArrayView1<F>) -> f64 {
    let d = a.iter().zip(b).map(|(a, b)| (a.f64() - b.f64()).abs());
    match metric {
        Metric::Euclidean => d.map(|d| d * d).sum::<f64>().sqrt(),
        Metric::SqEuclidean => d.map(|d| d * d).sum(),
        Metric::Manhattan => d.sum(),
        Metric::Chebyshev => d.fold(0.0, f64::max),
        _ => d.map(|d| d.powf(3.0)).sum::<f64>().cbrt(),
    }
}

fn sums_are_those_of_pairs<F: Float>(near: f64) {
    for (n, m, p) in [(1, 1, 1), (5, 3, 2), (23, 8, 7), (31, 17, 9), (7, 133, 20)] {
        let (x, y) = (numbers::<F>(n, p, 1), numbers::<F>(m, p, 2));
        for metric in SUMS {
            let params = MetricParams::new().p(3.0);
            let found = pairwise_distances(&x, Some(&y), metric, &params).unwrap();
            for ((i, j), v) in found.indexed_iter() {
                let expected = plain(metric, x.row(i), y.row(j));
                assert!((v.f64() - expected).abs() <= near * expected, "{metric}");
            }
        }
    }
}

#[test]
fn sums_over_differences_in_both_precisions() {
    sums_are_those_of_pairs::<f64>(1e-14);
    sums_are_those_of_pairs::<f32>(1e-5);
}

#[test]
fn digits_are_kept_far_from_zero() {
    let x = &numbers::<f64>(20, 3, 3) * 1e-3;
    let far = &x + 1e6;
    let params = MetricParams::new();
    let near = pairwise_distances(&(&far - 1e6), None, Metric::Euclidean, &params).unwrap();
    let found = pairwise_distances(&far, None, Metric::Euclidean, &params).unwrap();
    assert!((&near - &found).iter().all(|d| d.abs() < 1e-15));
    assert!(found.diag().iter().all(|&d| d == 0.0));
}

#[test]
fn extreme_values_neither_overflow_nor_vanish() {
    for size in [1e-300f64, 1e-160, 1e160, 1e300] {
        let x = array![[3.0, 0.0], [0.0, 4.0]] * size;
        let d = pairwise_distances(&x, None, Metric::Euclidean, &MetricParams::new()).unwrap();
        assert!((d[[0, 1]] / size - 5.0).abs() < 1e-14, "{size}");
    }
    let x = array![[1e300], [-1e300]];
    let refused = pairwise_distances(&x, None, Metric::SqEuclidean, &MetricParams::new());
    assert!(matches!(
        refused.unwrap_err().kind(),
        crate::ErrorKind::Overflow { .. }
    ));
}

#[test]
fn any_layout_and_any_block_give_the_same() {
    let x = numbers::<f64>(40, 6, 4);
    for metric in SUMS.into_iter().chain([Metric::Cosine, Metric::Canberra]) {
        let params = MetricParams::new();
        let whole = pairwise_distances(&x, Some(&x), metric, &params).unwrap();
        let turned = x.t().to_owned();
        let other = pairwise_distances(&turned.t(), Some(&x), metric, &params).unwrap();
        assert_eq!(whole, other);
        for i in [0, 17, 39] {
            let row = pairwise_distances(&x.slice(s![i..=i, ..]), Some(&x), metric, &params);
            assert_eq!(row.unwrap().row(0), whole.row(i));
        }
    }
}

#[test]
fn weights_and_variances_scale_columns() {
    let (x, y) = (array![[0.0, 0.0]], array![[3.0, 4.0]]);
    let of = |metric, params: MetricParams| {
        pairwise_distances(&x, Some(&y), metric, &params).unwrap()[[0, 0]]
    };
    let w = MetricParams::new().w([4.0, 0.0]);
    assert_eq!(of(Metric::Minkowski, w.clone()), 6.0);
    assert_eq!(of(Metric::Minkowski, w.clone().p(1.0)), 12.0);
    assert_eq!(of(Metric::Minkowski, w.p(f64::INFINITY)), 3.0);
    assert_eq!(
        of(Metric::SEuclidean, MetricParams::new().v([9.0, 16.0])),
        2f64.sqrt()
    );
    let vi = array![[2.0, 1.0], [1.0, 3.0]];
    let d = of(Metric::Mahalanobis, MetricParams::new().vi(&vi));
    assert!((d * d - (18.0 + 24.0 + 48.0)).abs() < 1e-12);
}

#[test]
fn bad_parameters_and_data_are_refused() {
    let x = numbers::<f64>(4, 2, 5);
    let refused = |x: &Array2<f64>, metric, params: MetricParams| {
        pairwise_distances(x, None, metric, &params).unwrap_err()
    };
    for params in [
        MetricParams::new().p(0.0),
        MetricParams::new().p(f64::NAN),
        MetricParams::new().w([1.0]),
        MetricParams::new().w([1.0, -1.0]),
        MetricParams::new().w([0.0, 0.0]),
    ] {
        let error = refused(&x, Metric::Minkowski, params);
        assert!(
            matches!(error.kind(), crate::ErrorKind::InvalidParameter { .. }),
            "{error}"
        );
    }
    refused(
        &array![[1.0, 2.0], [1.0, 3.0]],
        Metric::SEuclidean,
        MetricParams::new(),
    );
    refused(
        &array![[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]],
        Metric::Mahalanobis,
        MetricParams::new(),
    );
    refused(
        &array![[1.0, 1.0], [2.0, 1.0]],
        Metric::Correlation,
        MetricParams::new(),
    );
    refused(&x, Metric::Precomputed, MetricParams::new());
    refused(&numbers(3, 3, 6), Metric::Haversine, MetricParams::new());
    assert!(additive_chi2_kernel(&array![[-1.0]], None).is_err());
    assert!(rbf_kernel(&x, None, Some(f64::NAN)).is_err());
    let (tall, wide) = (Array2::<f64>::zeros((0, 2)), numbers::<f64>(2, 3, 7));
    assert!(pairwise_distances(&x, Some(&tall), Metric::Euclidean, &MetricParams::new()).is_err());
    assert!(pairwise_distances(&x, Some(&wide), Metric::Euclidean, &MetricParams::new()).is_err());
}

#[test]
fn kernels_are_what_they_say() {
    let x = numbers::<f64>(6, 4, 8).mapv(f64::abs);
    let k = rbf_kernel(&x, None, Some(0.5)).unwrap();
    let d = pairwise_distances(&x, None, Metric::SqEuclidean, &MetricParams::new()).unwrap();
    assert!(
        k.iter()
            .zip(&d)
            .all(|(k, d)| (k - (-0.5 * d).exp()).abs() < 1e-15)
    );
    let c = cosine_similarity(&x, None).unwrap();
    assert!(c.diag().iter().all(|v| (v - 1.0).abs() < 1e-15));
    let (a, c2) = (
        additive_chi2_kernel(&x, None).unwrap(),
        chi2_kernel(&x, None, 2.0).unwrap(),
    );
    assert!(
        a.iter()
            .zip(&c2)
            .all(|(a, c)| (c - (2.0 * a).exp()).abs() < 1e-15)
    );
    assert!(a.diag().iter().all(|&v| v == 0.0));
}

#[test]
fn a_given_kernel_is_itself_and_fits() {
    let (k, params) = (array![[2.0, 1.0], [1.0, 3.0]], KernelParams::new());
    assert_eq!(
        pairwise_kernels(&k, None, Kernel::Precomputed, &params).unwrap(),
        k
    );
    let three = array![[1.0], [2.0], [3.0]];
    assert!(pairwise_kernels(&k, Some(&three), Kernel::Precomputed, &params).is_err());
    for kernel in [Kernel::Rbf, Kernel::AdditiveChi2, Kernel::Precomputed] {
        assert_eq!(serde_json::to_value(kernel).unwrap(), kernel.name());
    }
}

#[test]
fn a_row_is_not_apart_from_itself() {
    // scikit-learn 1.9.1: pairwise_distances([[1, 0, 1], [1, 1, 0]], metric="russellrao").
    let x = array![[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]];
    let params = MetricParams::new();
    let d = pairwise_distances(&x, None, Metric::RussellRao, &params).unwrap();
    assert_eq!(d, array![[0.0, 2.0 / 3.0], [2.0 / 3.0, 0.0]]);
    let to_equal = pairwise_distances(&x, Some(&x), Metric::RussellRao, &params).unwrap();
    assert_eq!(to_equal[[0, 0]], 1.0 / 3.0);
}

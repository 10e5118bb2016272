use std::f64::consts::TAU;

use ndarray::array;

use super::*;
use crate::random::{generator, standard_normal, uniform};

const KERNELS: [DensityKernel; 6] = [
    DensityKernel::Gaussian,
    DensityKernel::Tophat,
    DensityKernel::Epanechnikov,
    DensityKernel::Exponential,
    DensityKernel::Linear,
    DensityKernel::Cosine,
];

fn cloud(n: usize, p: usize) -> Array2<f64> {
    let mut rng = generator(5);
    Array2::from_shape_simple_fn((n, p), || standard_normal(&mut rng))
}

fn widest(a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    let pairs = a.iter().zip(b).filter(|(a, b)| a != b);
    pairs.fold(0.0, |m, (a, b)| m.max((a - b).abs()))
}

#[test]
fn densities_integrate_to_one() {
    for kernel in KERNELS {
        let line = KernelDensity::new().kernel(kernel).bandwidth(0.7);
        let line = line.fit(&array![[0.0], [0.3], [1.1]], &()).unwrap();
        let step = 0.02;
        let x = Array2::from_shape_fn((2000, 1), |(i, _)| (i as f64 - 1000.0) * step);
        let logs: Array1<f64> = line.score_samples(&x).unwrap();
        let sum: f64 = logs.iter().map(|v| v.exp() * step).sum();
        // The ends of a tophat may fall between two points.
        assert!((sum - 1.0).abs() < 0.03, "{kernel:?}: {sum}");
    }
}

#[test]
fn sums_are_those_of_the_formula_whatever_finds_the_rows() {
    let (x, at) = (cloud(150, 3), cloud(8, 3) * 1.5);
    for kernel in KERNELS {
        for width in [0.05, 0.9, 30.0] {
            let expected: Array1<f64> = (at.rows().into_iter())
                .map(|q| {
                    let each = x.rows().into_iter().map(|r| {
                        let d = (&q - &r).mapv(|v| v * v).sum().sqrt() / width;
                        match kernel.ends() {
                            true => kernel.value(d),
                            false => kernel.exponent(d).exp(),
                        }
                    });
                    let scale = kernel.ln_integral(3) + 3.0 * width.ln() + 150f64.ln();
                    each.sum::<f64>().ln() - scale
                })
                .collect();
            for algorithm in [
                NeighborsAlgorithm::KdTree,
                NeighborsAlgorithm::BallTree,
                NeighborsAlgorithm::Brute,
            ] {
                let model = KernelDensity::new().kernel(kernel).bandwidth(width);
                let model = model
                    .algorithm(algorithm)
                    .leaf_size(10)
                    .fit(&x, &())
                    .unwrap();
                let logs = model.score_samples(&at).unwrap();
                for (log, expected) in logs.iter().zip(&expected) {
                    // The formula without logarithms reaches 0 where the density is small.
                    let small = *expected == f64::NEG_INFINITY && !kernel.ends();
                    let near = (log - expected).abs() < 1e-11 || log == expected;
                    assert!(small || near, "{kernel:?} {width}: {log} {expected}");
                }
            }
        }
    }
}

#[test]
fn tolerances_are_kept() {
    let (x, at) = (cloud(300, 2), cloud(10, 2) * 1.5);
    for kernel in KERNELS {
        let model = KernelDensity::new()
            .kernel(kernel)
            .bandwidth(0.6)
            .leaf_size(8);
        let whole = model.fit(&x, &()).unwrap().score_samples(&at).unwrap();
        let mut differs = false;
        for (algorithm, breadth_first) in [
            (NeighborsAlgorithm::KdTree, true),
            (NeighborsAlgorithm::KdTree, false),
            (NeighborsAlgorithm::BallTree, true),
        ] {
            for (atol, rtol) in [
                (1e-3, 0.0),
                (0.0, 1e-2),
                (1e-5, 1e-4),
                (0.0, 1e-15),
                (1.0, 0.0),
            ] {
                let model = model
                    .clone()
                    .algorithm(algorithm)
                    .breadth_first(breadth_first);
                let near = model.atol(atol).rtol(rtol).fit(&x, &()).unwrap();
                let near = near.score_samples(&at).unwrap();
                for (a, b) in near.iter().zip(&whole) {
                    let allowed = atol + rtol * b.exp() + 1e-12;
                    assert!((a.exp() - b.exp()).abs() <= allowed, "{kernel:?}: {a} {b}");
                }
                differs |= widest(&near, &whole) > 1e-9;
            }
        }
        assert!(differs, "{kernel:?}: nothing was summed up");
    }
}

#[test]
fn weights_repeat_rows() {
    let (x, w) = (array![[0.0], [1.0], [3.0]], array![2.0, 0.0, 1.0]);
    let at = array![[0.1], [2.5]];
    for kernel in KERNELS {
        for rtol in [0.0, 1e-9] {
            let model = KernelDensity::new().kernel(kernel).rtol(rtol);
            let a = model.fit(&x, &().weighted(&w)).unwrap();
            let b = model.fit(&array![[0.0], [0.0], [3.0]], &()).unwrap();
            assert_eq!(a.n_samples_fit(), 2);
            let (a, b) = (a.score_samples(&at).unwrap(), b.score_samples(&at).unwrap());
            assert!(widest(&a, &b) < 1e-9, "{a} {b}");
        }
    }
    let model = KernelDensity::new().fit(&x, &()).unwrap();
    let logs = model.score_samples(&x).unwrap();
    let all: f64 = model.score(&x, &()).unwrap();
    assert!((all - logs.sum()).abs() < 1e-12);
    let some = model.score(&x, &().weighted(&w)).unwrap();
    assert!((some - (2.0 * logs[0] + logs[2])).abs() < 1e-12);
}

#[test]
fn far_rows_have_logarithms() {
    let x = array![[0.0], [1.0], [3.0]];
    for rtol in [0.0, 1e-6] {
        let model = KernelDensity::new().rtol(rtol).fit(&x, &()).unwrap();
        let far = model.score_samples(&array![[1003.0]]).unwrap()[0];
        let expected = -0.5e6 - 0.5 * TAU.ln() - 3f64.ln();
        assert!((far - expected).abs() < 1e-6, "{far}");
        let narrow = KernelDensity::new().bandwidth(5e-324).rtol(rtol);
        let logs = narrow.fit(&x, &()).unwrap().score_samples(&x).unwrap();
        assert!(logs.iter().all(|v| v.is_finite()), "{logs}");
    }
    let tophat = KernelDensity::new().kernel(DensityKernel::Tophat);
    let tophat = tophat.fit(&x, &()).unwrap();
    let logs = tophat.score_samples(&array![[9.0], [4.0], [3.9]]).unwrap();
    assert_eq!(logs[0], f64::NEG_INFINITY);
    assert_eq!(logs[1], f64::NEG_INFINITY);
    assert!((logs[2] - (1.0f64 / 6.0).ln()).abs() < 1e-14);
}

#[test]
fn samples_have_the_density() {
    let x = array![[0.0, 0.0], [10.0, 0.0]];
    let w = array![1.0, 3.0];
    for kernel in [DensityKernel::Gaussian, DensityKernel::Tophat] {
        let model = KernelDensity::new().kernel(kernel).bandwidth(2.0);
        let model = model.fit(&x, &().weighted(&w)).unwrap();
        let drawn: Array2<f64> = model.sample(4000, 3).unwrap();
        let right: Vec<_> = (drawn.rows().into_iter())
            .filter(|row| row[0] > 5.0)
            .collect();
        let share = right.len() as f64 / 4000.0;
        assert!((share - 0.75).abs() < 0.03, "{share}");
        // The mean square of a radius: 2 for a normal, 1/2 for a disk, in squared bandwidths.
        let squares = right
            .iter()
            .map(|row| (row[0] - 10.0).powi(2) + row[1].powi(2));
        let mean = squares.clone().sum::<f64>() / right.len() as f64 / 4.0;
        let expected = if kernel.ends() { 0.5 } else { 2.0 };
        assert!((mean / expected - 1.0).abs() < 0.06, "{kernel:?}: {mean}");
        assert!(!kernel.ends() || squares.into_iter().all(|s| s <= 4.0 + 1e-9));
        assert_eq!(model.sample(7, 1).unwrap(), model.sample(7, 1).unwrap());
        assert_ne!(model.sample(7, 1).unwrap(), model.sample(7, 2).unwrap());
        assert!(model.sample(0, 0).is_err());
    }
    let linear = KernelDensity::new().kernel(DensityKernel::Linear);
    let error = linear.fit(&x, &()).unwrap().sample(1, 0).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Unsupported { .. }),
        "{error}"
    );
}

#[test]
fn what_is_out_of_range_is_refused() {
    let mut rng = generator(1);
    let x = Array2::from_shape_simple_fn((6, 2), || uniform(&mut rng));
    let new = KernelDensity::new;
    for (model, name) in [
        (new().bandwidth(0.0), "bandwidth"),
        (new().bandwidth(f64::NAN), "bandwidth"),
        (new().atol(-1.0), "atol"),
        (new().rtol(f64::INFINITY), "rtol"),
        (new().leaf_size(0), "leaf_size"),
        (new().metric(Metric::Cosine), "metric"),
        (
            new()
                .metric(Metric::Haversine)
                .algorithm(NeighborsAlgorithm::KdTree),
            "algorithm",
        ),
    ] {
        let error = model.fit(&x, &()).unwrap_err();
        let right =
            matches!(error.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name);
        assert!(right, "{error}");
    }
    assert!(new().metric(Metric::Haversine).fit(&x, &()).is_ok());
}

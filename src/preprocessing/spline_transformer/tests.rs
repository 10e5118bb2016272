use super::*;
use crate::params::Params;
use crate::random;
use crate::traits::FitTransform;
use ndarray::{Array1, Axis, array, concatenate};

const ALL: [Extrapolation; 5] = [
    Extrapolation::Error,
    Extrapolation::Constant,
    Extrapolation::Linear,
    Extrapolation::Continue,
    Extrapolation::Periodic,
];

fn noise(n: usize, p: usize) -> Array2<f64> {
    let mut rng = random::generator(21);
    Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
}

#[test]
fn bases_sum_to_one_within_the_knots() {
    let x = noise(500, 3);
    for degree in 0..=5 {
        for extrapolation in ALL {
            for knots in [Knots::Uniform, Knots::Quantile] {
                let one = SplineTransformer::new()
                    .degree(degree)
                    .n_knots(7)
                    .knots(knots)
                    .extrapolation(extrapolation);
                let model = one.fit(&x, &()).unwrap();
                model.validate().unwrap();
                let z = model.transform(&x).unwrap();
                let each = if extrapolation == Extrapolation::Periodic {
                    6
                } else {
                    6 + degree
                };
                assert_eq!((model.n_splines(), z.ncols()), (each, 3 * each));
                assert!(z.iter().all(|v| *v > -1e-14), "bases are not negative");
                for j in 0..3 {
                    let sums = z.slice(s![.., j * each..(j + 1) * each]).sum_axis(Axis(1));
                    assert!(sums.iter().all(|s| (s - 1.0).abs() < 1e-13), "{one}");
                }
                let few = one.clone().include_bias(false).fit_transform(&x).unwrap();
                let kept: Vec<usize> = (0..3 * each).filter(|i| (i + 1) % each != 0).collect();
                assert_eq!(few, z.select(Axis(1), &kept));
                let columns = one.order(Order::F).fit_transform(&x).unwrap();
                assert!(columns.t().is_standard_layout());
                assert_eq!(columns, z);
            }
        }
    }
}

/// Polynomials up to the degree are combinations of the bases, so least squares leaves nothing of them.
#[test]
fn polynomials_are_in_the_span() {
    let x = noise(200, 1);
    for degree in 1..=4 {
        let one = SplineTransformer::new()
            .degree(degree)
            .extrapolation(Extrapolation::Continue);
        let model = one.fit(&x, &()).unwrap();
        let far = concatenate![Axis(0), x, array![[7.0], [-9.0]]];
        let (z, far_z) = (model.transform(&x).unwrap(), model.transform(&far).unwrap());
        let power = |x: &Array2<f64>| x.mapv(|v| v.powi(degree as i32));
        let solution = linalg::lstsq(&z, &power(&x), None).unwrap();
        let found = far_z.dot(&solution.solution);
        for (a, b) in found.iter().zip(&power(&far)) {
            // Also far outside, where the polynomials go on.
            assert!((a - b).abs() < 1e-8 * (1.0 + b.abs()), "{degree}: {a} {b}");
        }
    }
}

#[test]
fn beyond_the_knots() {
    let x = array![[0.0], [1.0], [2.0], [3.0], [10.0]];
    let outside = array![[-2.0], [12.5]];
    let ends = array![[0.0], [10.0]];
    let h = 1e-6;
    let inside = array![[h], [10.0 - h]];
    for degree in 0..=4 {
        let of = |e| {
            SplineTransformer::new()
                .degree(degree)
                .extrapolation(e)
                .fit(&x, &())
                .unwrap()
        };
        let constant = of(Extrapolation::Constant);
        let at_ends = constant.transform(&ends).unwrap();
        assert_eq!(
            constant.transform(&outside).unwrap(),
            at_ends,
            "degree {degree}"
        );
        let linear = of(Extrapolation::Linear).transform(&outside).unwrap();
        let near = constant.transform(&inside).unwrap();
        for (row, distance) in [(0, -2.0), (1, -2.5)] {
            for k in 0..linear.ncols() {
                let slope = (near[[row, k]] - at_ends[[row, k]]) / h;
                let expected = at_ends[[row, k]] + distance * slope;
                assert!(
                    f64::abs(linear[[row, k]] - expected) < 1e-4,
                    "degree {degree}: {row} {k}"
                );
            }
        }
        let refused = of(Extrapolation::Error).transform(&outside).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "X: row 0, column 0: -2 is beyond the knots, 0 to 10"
        );
        let periodic = of(Extrapolation::Periodic);
        let again = array![[8.0], [2.5]];
        let (a, b) = (
            periodic.transform(&outside).unwrap(),
            periodic.transform(&again).unwrap(),
        );
        assert!(a.iter().zip(&b).all(|(a, b)| f64::abs(a - b) < 1e-14));
        let (a, b) = (periodic.transform(&ends).unwrap(), 0);
        assert_eq!(a.row(b), a.row(1));
    }
    let cubic = SplineTransformer::new()
        .extrapolation(Extrapolation::Continue)
        .fit(&x, &())
        .unwrap();
    let refused = cubic.transform(&array![[1.0], [1e200]]).unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::Overflow { .. }),
        "{refused}"
    );
}

#[test]
fn missing_values_are_refused_or_zeros() {
    let mut x = noise(50, 2);
    x[[7, 1]] = f64::NAN;
    let refused = SplineTransformer::new().fit(&x, &()).unwrap_err();
    assert_eq!(refused.to_string(), "X: row 7, column 1 is NaN");
    for extrapolation in ALL {
        for knots in [Knots::Uniform, Knots::Quantile] {
            let one = SplineTransformer::new()
                .handle_missing(HandleMissing::Zeros)
                .knots(knots)
                .extrapolation(extrapolation);
            let model = one.fit(&x, &()).unwrap();
            let z = model.transform(&x).unwrap();
            let each = model.n_splines();
            assert_eq!(z.slice(s![7, each..]), Array1::<f64>::zeros(each));
            assert!((z.slice(s![7, ..each]).sum() - 1.0).abs() < 1e-13);
            let rows: Vec<usize> = (0..50).filter(|i| *i != 7).collect();
            let whole = one.fit(&x.select(Axis(0), &rows), &()).unwrap();
            assert_eq!(whole.knots()[1], model.knots()[1]);
            let none = array![[f64::NAN, 1.0], [f64::NAN, 2.0], [f64::NAN, 4.0]];
            let z = one.fit_transform(&none).unwrap();
            assert!(z.slice(s![.., ..each]).iter().all(|v| *v == 0.0));
        }
    }
}

#[test]
fn given_knots_and_weights() {
    let x = noise(100, 2).mapv(|v| v.clamp(-1.9, 1.9));
    let knots = array![[-2.0, -3.0], [0.5, 0.0], [2.0, 2.5]];
    let model = SplineTransformer::new()
        .degree(1)
        .knots(&knots)
        .fit(&x, &())
        .unwrap();
    assert_eq!(model.knots()[0], [-4.5, -2.0, 0.5, 2.0, 3.5]);
    for broken in [
        array![[0.0], [1.0]],
        array![[0.0, 1.0], [1.0, 1.0]],
        array![[0.0, 1.0], [f64::NAN, 2.0]],
        array![[0.0, 1.0]],
    ] {
        let refused = SplineTransformer::new()
            .knots(&broken)
            .fit(&x, &())
            .unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::InvalidParameter { name, .. } if name == "knots")
        );
    }
    let ragged = Knots::Given(vec![vec![0.0, 1.0], vec![2.0]]);
    assert!(SplineTransformer::new().knots(ragged).fit(&x, &()).is_err());
    // Rows of weight zero do not count, weights repeat rows.
    let w = Array1::from_shape_fn(100, |i| (i % 3) as f64);
    let rows: Vec<usize> = (0..100)
        .flat_map(|i| std::iter::repeat_n(i, w[i] as usize))
        .collect();
    let repeated = x.select(Axis(0), &rows);
    for knots in [Knots::Uniform, Knots::Quantile] {
        let one = SplineTransformer::new().knots(knots);
        let a = one.fit(&x, &().weighted(&w)).unwrap();
        let ones = Array1::ones(rows.len());
        let b = one.fit(&repeated, &().weighted(&ones)).unwrap();
        assert_eq!(a, b);
    }
}

#[test]
fn hostile_settings_and_files() {
    let x = noise(9, 2);
    for (one, name) in [
        (SplineTransformer::new().n_knots(1), "n_knots"),
        (SplineTransformer::new().n_knots(usize::MAX), "n_knots"),
        (SplineTransformer::new().degree(101), "degree"),
        (
            SplineTransformer::new()
                .degree(5)
                .extrapolation(Extrapolation::Periodic),
            "degree",
        ),
    ] {
        let refused = one.fit(&x, &()).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name));
    }
    let refused = SplineTransformer::new().fit(&noise(1, 2), &()).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::TooFewSamples { .. }));
    let wide = array![[-1.7e308], [1.7e308]];
    assert!(matches!(
        SplineTransformer::new().fit(&wide, &()).unwrap_err().kind(),
        ErrorKind::Overflow { .. }
    ));
    let one = SplineTransformer::new().knots(array![[0.0, 1.0], [2.0, 3.0]]);
    assert_eq!(
        SplineTransformer::from_json(&one.to_json().unwrap()).unwrap(),
        one
    );
    assert_eq!(
        SplineTransformer::from_bytes(&one.to_bytes().unwrap()).unwrap(),
        one
    );
    let named = SplineTransformer::new()
        .with_param("knots", "quantile")
        .unwrap();
    assert_eq!(named, SplineTransformer::new().knots(Knots::Quantile));
    let good = SplineTransformer::new().fit(&x, &()).unwrap();
    type Fitted = FittedSplineTransformer<f64>;
    assert_eq!(Fitted::from_json(&good.to_json().unwrap()).unwrap(), good);
    assert_eq!(Fitted::from_bytes(&good.to_bytes().unwrap()).unwrap(), good);
    for broken in [
        Fitted {
            knots: vec![],
            ..good.clone()
        },
        Fitted {
            knots: vec![vec![]],
            ..good.clone()
        },
        Fitted {
            degree: usize::MAX,
            ..good.clone()
        },
        Fitted {
            degree: 5,
            ..good.clone()
        },
        Fitted {
            degree: 4,
            extrapolation: Extrapolation::Periodic,
            ..good.clone()
        },
        Fitted {
            knots: vec![good.knots[0].clone(), vec![1.0]],
            ..good.clone()
        },
        Fitted {
            knots: vec![good.knots[0].iter().rev().copied().collect()],
            ..good.clone()
        },
    ] {
        assert!(broken.validate().is_err(), "{broken:?}");
    }
}

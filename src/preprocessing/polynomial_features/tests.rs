use super::count::binomial;
use super::*;
use crate::params::Params;
use crate::random;
use crate::traits::FitTransform;
use ndarray::{Axis, array};

fn noise(n: usize, p: usize) -> Array2<f64> {
    let mut rng = random::generator(4);
    Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
}

/// Every setting that is not refused.
fn settings() -> Vec<PolynomialFeatures> {
    let mut all = Vec::new();
    for (min, max) in [
        (0, 0),
        (0, 1),
        (0, 2),
        (0, 3),
        (0, 5),
        (2, 2),
        (2, 4),
        (1, 3),
        (3, 3),
    ] {
        for interaction_only in [false, true] {
            for include_bias in [false, true] {
                let one = PolynomialFeatures::new()
                    .degree_range(min..=max)
                    .interaction_only(interaction_only)
                    .include_bias(include_bias);
                if one.check().is_ok() {
                    all.push(one);
                }
            }
        }
    }
    all
}

#[test]
fn each_column_is_the_product_that_its_powers_say() {
    for p in [1, 2, 3, 5] {
        let x = noise(40, p);
        for one in settings() {
            let Ok(model) = one.fit(&x, &()) else {
                assert!(one.interaction_only && one.degree.min > p && !one.include_bias);
                continue;
            };
            let powers = model.powers().unwrap();
            let out = model.transform(&x).unwrap();
            assert_eq!(out.dim(), (40, model.n_output_features()), "{one}");
            assert_eq!(powers.nrows(), out.ncols(), "{one}");
            for (column, powers) in out.columns().into_iter().zip(powers.rows()) {
                for (row, value) in x.rows().into_iter().zip(column) {
                    let product: f64 = (row.iter().zip(powers))
                        .map(|(v, power)| v.powi(*power as i32))
                        .product();
                    assert!((product - value).abs() <= 1e-14 * value.abs(), "{one}");
                }
            }
            // Each power once, sorted by degree and then by the columns.
            let keys: Vec<(usize, Vec<usize>)> = powers
                .rows()
                .into_iter()
                .map(|r| (r.sum(), r.iter().map(|p| usize::MAX - p).collect()))
                .collect();
            assert!(keys.is_sorted() && keys.windows(2).all(|k| k[0] != k[1]));
            let other = one.clone().order(Order::F).fit(&x, &()).unwrap();
            let other = other.transform(&x).unwrap();
            assert_eq!(other, out, "{one}");
            assert!(other.t().is_standard_layout());
        }
    }
}

#[test]
fn counts_are_those_of_enumeration_and_saturate() {
    for n in 1..8u64 {
        for max in 0..6u64 {
            for min in 0..=max {
                for interaction_only in [false, true] {
                    // Multisets of each size by a walk over exponents.
                    let top = if interaction_only { 1 } else { max };
                    let mut found = 0;
                    let mut powers = vec![0; n as usize];
                    loop {
                        let degree: u64 = powers.iter().sum();
                        found += u64::from((min.max(1)..=max).contains(&degree));
                        let Some(j) = powers.iter().position(|&p| p < top) else {
                            break;
                        };
                        powers[j] += 1;
                        powers[..j].fill(0);
                    }
                    assert_eq!(count(n, min, max, interaction_only), found);
                }
            }
        }
    }
    assert_eq!(binomial(70, 20), 161_884_603_662_657_876);
    assert_eq!(binomial(1000, 500), u64::MAX);
    assert_eq!(count(1, 0, 1 << 53, false), 1 << 53);
    assert_eq!(count(3, 0, u64::MAX, false), u64::MAX);
    assert_eq!(count(u64::MAX, 0, u64::MAX, true), u64::MAX);
}

#[test]
fn sizes_that_explode_are_refused_with_their_count() {
    let start = std::time::Instant::now();
    let wide = noise(2, 50);
    for (one, expected) in [
        (
            PolynomialFeatures::new().degree(20),
            161_884_603_662_657_876,
        ),
        (
            PolynomialFeatures::new().degree(25).interaction_only(true),
            626_155_256_640_188,
        ),
        (PolynomialFeatures::new().degree(usize::MAX), u64::MAX),
        (
            PolynomialFeatures::new().degree_range(20..=20),
            161_884_603_662_657_876,
        ),
    ] {
        let refused = one.fit(&wide, &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::TooLarge { size, .. } if *size == expected),
            "{refused}"
        );
    }
    assert!(start.elapsed().as_secs_f64() < 1.0);
    // All interactions of 50 columns, most degrees beyond their number.
    let few = PolynomialFeatures::new()
        .degree(usize::MAX)
        .interaction_only(true);
    assert_eq!(few.fit(&noise(2, 4), &()).unwrap().n_output_features(), 16);
}

#[test]
fn settings_that_leave_nothing_are_refused() {
    let x = noise(5, 2);
    for one in [
        PolynomialFeatures::new().degree(0).include_bias(false),
        #[allow(clippy::reversed_empty_ranges)]
        PolynomialFeatures::new().degree_range(3..=2),
        PolynomialFeatures::new()
            .degree_range(3..=4)
            .interaction_only(true)
            .include_bias(false),
    ] {
        let refused = one.fit(&x, &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::InvalidParameter { name, .. } if name == "degree"),
            "{refused}"
        );
    }
    let ones = PolynomialFeatures::new()
        .degree(0)
        .fit_transform(&x)
        .unwrap();
    assert_eq!(ones, Array2::<f64>::ones((5, 1)));
}

#[test]
fn products_beyond_the_largest_number_are_an_error() {
    for order in [Order::C, Order::F] {
        let one = PolynomialFeatures::new().order(order);
        let refused = one.fit_transform(&array![[1e200, 0.0]]).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Overflow { .. }));
        // Powers on the way to a degree are not part of the result, zero times infinity would be.
        let one = one.degree(3);
        assert!(one.fit_transform(&array![[1e200, 0.0]]).is_err());
        assert!(one.fit_transform(&array![[1e20f32, 0.0]]).is_err());
        assert!(one.fit_transform(&array![[1e20, 1e-20]]).is_ok());
    }
}

#[test]
fn layouts_and_threads_change_no_bit() {
    let x = noise(3000, 7);
    for one in [
        PolynomialFeatures::new().degree(3),
        PolynomialFeatures::new().degree_range(2..=3),
    ] {
        let expected = one.fit_transform(&x).unwrap();
        let mut columns = Array2::zeros((7, 3000)).reversed_axes();
        columns.assign(&x);
        assert_eq!(one.fit_transform(&columns).unwrap(), expected);
        let mut back = x.slice(s![..;-1, ..;-1]).to_owned();
        back.invert_axis(Axis(0));
        back.invert_axis(Axis(1));
        assert_eq!(one.fit_transform(&back).unwrap(), expected);
        for threads in [1, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let out = pool.unwrap().install(|| one.fit_transform(&x).unwrap());
            assert_eq!(out, expected);
        }
    }
}

#[test]
fn degrees_are_a_number_or_a_pair_by_name() {
    let one = PolynomialFeatures::new();
    assert_eq!(one.params()["degree"], 2);
    let pair = one.with_param("degree", vec![2, 3]).unwrap();
    assert_eq!(pair, PolynomialFeatures::new().degree_range(2..=3));
    assert_eq!(pair.params()["degree"], serde_json::json!([2, 3]));
    assert_eq!(pair.to_string(), "PolynomialFeatures(degree=[2,3])");
    let refused = one.with_param("degree", "two").unwrap_err().to_string();
    assert!(refused.contains("a count, or [min, max]"), "{refused}");
    for one in [one, pair] {
        assert_eq!(
            PolynomialFeatures::from_json(&one.to_json().unwrap()).unwrap(),
            one
        );
        assert_eq!(
            PolynomialFeatures::from_bytes(&one.to_bytes().unwrap()).unwrap(),
            one
        );
    }
}

#[test]
fn names_as_scikit_learn_writes_them() {
    let model = PolynomialFeatures::new()
        .degree(3)
        .fit(&array![[1.0, 2.0]], &())
        .unwrap();
    let names = ["a".to_string(), "b c".into()];
    assert_eq!(
        model.feature_names_out(Some(&names)).unwrap(),
        [
            "1", "a", "b c", "a^2", "a b c", "b c^2", "a^3", "a^2 b c", "a b c^2", "b c^3"
        ]
    );
    assert!(model.feature_names_out(Some(&names[..1])).is_err());
}

#[test]
fn files_are_checked() {
    let good = PolynomialFeatures::new().fit(&noise(3, 2), &()).unwrap();
    type Fitted = FittedPolynomialFeatures<f64>;
    assert_eq!(Fitted::from_json(&good.to_json().unwrap()).unwrap(), good);
    assert_eq!(Fitted::from_bytes(&good.to_bytes().unwrap()).unwrap(), good);
    for broken in [
        Fitted {
            n_features_in: 0,
            ..good.clone()
        },
        Fitted {
            n_features_in: usize::MAX,
            ..good.clone()
        },
        Fitted {
            max_degree: 1 << 40,
            ..good.clone()
        },
        Fitted {
            min_degree: 3,
            ..good.clone()
        },
        Fitted {
            max_degree: 0,
            include_bias: false,
            ..good.clone()
        },
        // One product, of columns that no memory holds the names of.
        Fitted {
            n_features_in: 1 << 40,
            min_degree: 1 << 40,
            max_degree: 1 << 40,
            interaction_only: true,
            ..good.clone()
        },
    ] {
        assert!(broken.validate().is_err(), "{broken:?}");
    }
}

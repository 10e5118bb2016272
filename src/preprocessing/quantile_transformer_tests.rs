use super::*;
use crate::error::ErrorKind;
use crate::params::Params;
use crate::traits::{FitTransform, InverseTransform, Transform};
use ndarray::{Array2, array, s};
use serde_json::json;

fn noise(n: usize, p: usize, seed: u64) -> Array2<f64> {
    let mut rng = random::generator(seed);
    Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
}

fn all(n_quantiles: usize) -> QuantileTransformer {
    QuantileTransformer::new()
        .n_quantiles(n_quantiles)
        .subsample(None)
}

/// np.interp, both ways, as scikit-learn calls it.
fn by_interpolation(x: f64, q: &[f64]) -> f64 {
    fn interp(x: f64, from: &[f64], to: &[f64]) -> f64 {
        let n = from.len();
        if x < from[0] {
            return to[0];
        }
        let i = from.iter().rposition(|f| *f <= x).unwrap();
        if i == n - 1 || from[i] == x {
            return to[i];
        }
        (to[i + 1] - to[i]) / (from[i + 1] - from[i]) * (x - from[i]) + to[i]
    }
    let levels = levels(q.len());
    let backwards = |v: &[f64]| v.iter().rev().map(|v| -v).collect::<Vec<f64>>();
    if x == q[0] {
        return 0.0;
    }
    if x == q[q.len() - 1] {
        return 1.0;
    }
    0.5 * (interp(x, q, &levels) - interp(-x, &backwards(q), &backwards(&levels)))
}

#[test]
fn levels_are_those_of_two_interpolations() {
    // Every size of the search, with ties, at the corners and between them.
    for (n, m) in [
        (5, 5),
        (50, 10),
        (100, 63),
        (100, 64),
        (3000, 1000),
        (3000, 1023),
        (2000, 1024),
        (20_000, 17_000),
    ] {
        for round in [false, true] {
            let mut x = noise(n, 3, 4);
            if round {
                x.mapv_inplace(|v| (v * 3.0).round());
            }
            let model = all(m).fit(&x, &()).unwrap();
            let z = model.transform(&x).unwrap();
            for j in 0..3 {
                let q = model.quantiles().column(j).to_vec();
                for (x, z) in x.column(j).iter().zip(z.column(j)).step_by(n.div_ceil(100)) {
                    assert_eq!(*z, by_interpolation(*x, &q), "{n} rows, {m} quantiles: {x}");
                }
            }
        }
    }
}

#[test]
fn ranks_are_evenly_spread_and_come_back() {
    let x = noise(1001, 4, 1);
    let model = all(1001).fit(&x, &()).unwrap();
    let z = model.transform(&x).unwrap();
    for column in z.columns() {
        let mut sorted = column.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        for (i, v) in sorted.iter().enumerate() {
            // A quantile lies beside its value by rounding.
            assert!((v - i as f64 / 1000.0).abs() < 1e-12);
        }
    }
    let back = model.inverse_transform(&z).unwrap();
    assert!(x.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn normal_scores_and_back() {
    let x = noise(2000, 3, 2).mapv(f64::exp);
    let normal = all(500).output_distribution(OutputDistribution::Normal);
    let model = normal.fit(&x, &()).unwrap();
    let z = model.transform(&x).unwrap();
    let (mean, sd) = (z.mean_axis(Axis(0)).unwrap(), z.std_axis(Axis(0), 0.0));
    assert!(mean.iter().all(|m| m.abs() < 0.01) && sd.iter().all(|s| (s - 1.0).abs() < 0.05));
    // The ends: those of scikit-learn.
    for column in z.columns() {
        let least = column.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!((least + 5.199337582605575).abs() < 1e-13);
        assert!((greatest - 5.19933758270342).abs() < 1e-8, "{greatest}");
    }
    let back = model.inverse_transform(&z).unwrap();
    for (a, b) in x.iter().zip(&back) {
        assert!((a - b).abs() < 1e-9 * a, "{a} {b}");
    }
}

#[test]
fn ties_get_the_middle_of_their_levels() {
    let x = array![[0.0], [1.0], [1.0], [1.0], [4.0]];
    let model = all(5).fit(&x, &()).unwrap();
    let z = model
        .transform(&array![[0.0], [1.0], [2.5], [4.0], [9.0], [-9.0]])
        .unwrap();
    assert_eq!(z.column(0), array![0.0, 0.5, 0.875, 1.0, 1.0, 0.0]);
    // Ties at the ends are the ends.
    let model = all(5)
        .fit(&array![[3.0], [3.0], [3.0], [7.0], [7.0]], &())
        .unwrap();
    let z = model.transform(&array![[3.0], [5.0], [7.0]]).unwrap();
    assert_eq!(z.column(0), array![0.0, 0.625, 1.0]);
    // A constant column.
    let model = all(3).fit(&array![[3.0], [3.0], [3.0]], &()).unwrap();
    let z = model.transform(&array![[2.0], [3.0], [4.0]]).unwrap();
    assert_eq!(z.column(0), array![0.0, 0.0, 1.0]);
    assert_eq!(
        model.inverse_transform(&array![[0.7]]).unwrap(),
        array![[3.0]]
    );
}

#[test]
fn one_row_and_one_quantile() {
    for distribution in [OutputDistribution::Uniform, OutputDistribution::Normal] {
        let model = QuantileTransformer::new()
            .output_distribution(distribution)
            .fit(&array![[2.0]], &())
            .unwrap();
        assert_eq!(model.n_quantiles(), 1);
        assert_eq!(model.references(), array![0.0]);
        let z = model.transform(&array![[1.0], [2.0], [3.0]]).unwrap();
        assert!(z.iter().all(|z| f64::is_finite(*z)));
        assert_eq!(z[[0, 0]], z[[1, 0]]);
        assert_eq!(
            model.inverse_transform(&z.slice(s![..1, ..])).unwrap(),
            array![[2.0]]
        );
    }
}

#[test]
fn missing_values_are_left_out_and_stay() {
    let mut x = noise(300, 3, 6);
    x.slice_mut(s![..;7, 0]).fill(f64::NAN);
    x.column_mut(2).fill(f64::NAN);
    let model = all(40).fit(&x, &()).unwrap();
    let z = model.transform(&x).unwrap();
    assert!(x.iter().zip(&z).all(|(x, z)| x.is_nan() == z.is_nan()));
    let known: Vec<f64> = x
        .column(0)
        .iter()
        .copied()
        .filter(|v| !v.is_nan())
        .collect();
    let alone = Array2::from_shape_vec((known.len(), 1), known).unwrap();
    let same = all(40).fit(&alone, &()).unwrap();
    assert_eq!(same.quantiles().column(0), model.quantiles().column(0));
    // Nothing observed: left as it is, there and back.
    let row = array![[0.0, 0.0, 17.5]];
    assert_eq!(model.transform(&row).unwrap()[[0, 2]], 17.5);
    assert_eq!(model.inverse_transform(&row).unwrap()[[0, 2]], 17.5);
    model.validate().unwrap();
}

#[test]
fn one_row_alone_and_every_layout() {
    let mut x = noise(3000, 11, 8);
    // Ties, a constant column, missing values, nothing observed.
    x.slice_mut(s![.., 4..8])
        .mapv_inplace(|v| (v * 2.0).round());
    x.column_mut(8).fill(3.0);
    x.slice_mut(s![..;3, 9]).fill(f64::NAN);
    x.column_mut(10).fill(f64::NAN);
    for distribution in [OutputDistribution::Uniform, OutputDistribution::Normal] {
        let transformer = all(1000).output_distribution(distribution);
        let model = transformer.fit(&x, &()).unwrap();
        let z = model.transform(&x).unwrap();
        let bits = |row: ndarray::ArrayView1<f64>| row.mapv(f64::to_bits);
        for i in (0..3000).step_by(17) {
            let row = x.slice(s![i..i + 1, ..]);
            let alone = model.transform(&row).unwrap();
            assert_eq!(bits(alone.row(0)), bits(z.row(i)), "row {i}");
        }
        let by_column = x.t().as_standard_layout().into_owned();
        assert_eq!(transformer.fit(&by_column.t(), &()).unwrap(), model);
        let other = model.transform(&by_column.t()).unwrap();
        assert!(
            z.iter()
                .zip(&other)
                .all(|(a, b)| a.to_bits() == b.to_bits())
        );
    }
    let model = all(1000).fit(&x, &()).unwrap();
    let mut row = x.slice(s![..1, ..]).to_owned();
    row[[0, 10]] = f64::INFINITY;
    assert!(model.transform(&row).is_err());
}

#[test]
fn drawn_rows_tell_the_distribution() {
    let x = noise(40_000, 2, 9);
    let few = QuantileTransformer::new().n_quantiles(100).subsample(4000);
    let model = few.fit(&x, &()).unwrap();
    let whole = all(100).fit(&x, &()).unwrap();
    assert_ne!(model, whole);
    assert_eq!(model, few.fit(&x, &()).unwrap());
    assert_ne!(
        model.quantiles(),
        few.clone()
            .random_state(1)
            .fit(&x, &())
            .unwrap()
            .quantiles()
    );
    for level in 5..95 {
        // Three standard errors of a quantile of 4000 normal values, at most some 0.1.
        let difference = model.quantiles()[[level, 0]] - whole.quantiles()[[level, 0]];
        assert!(difference.abs() < 0.11, "{level}: {difference}");
    }
    // As many as there are: none are drawn.
    let as_many = QuantileTransformer::new()
        .n_quantiles(100)
        .subsample(40_000);
    assert_eq!(as_many.fit(&x, &()).unwrap().quantiles(), whole.quantiles());
}

#[test]
fn what_cannot_be_is_refused() {
    let x = noise(20, 2, 1);
    for transformer in [
        QuantileTransformer::new().n_quantiles(0),
        QuantileTransformer::new().n_quantiles(10_001),
        QuantileTransformer::new().n_quantiles(5).subsample(4),
        QuantileTransformer::new().n_quantiles(1).subsample(0),
    ] {
        let refused = transformer.fit(&x, &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::InvalidParameter { .. }),
            "{refused}"
        );
    }
    let model = all(5).fit(&x, &()).unwrap();
    for bad in [f64::INFINITY, f64::NEG_INFINITY] {
        let mut worse = noise(3000, 2, 1);
        worse[[2000, 1]] = bad;
        for refused in [
            all(5).fit(&worse, &()).unwrap_err(),
            model.transform(&worse).unwrap_err(),
            model.inverse_transform(&worse).unwrap_err(),
        ] {
            assert!(
                refused.to_string().starts_with("X: row 2000, column 1 is"),
                "{refused}"
            );
        }
    }
    assert!(model.transform(&array![[1.0]]).is_err());
    let set = QuantileTransformer::new()
        .with_param("output_distribution", json!("normal"))
        .unwrap();
    assert_eq!(
        set,
        QuantileTransformer::new().output_distribution(OutputDistribution::Normal)
    );
    assert_eq!(
        set.with_param("subsample", json!(null)).unwrap(),
        set.subsample(None)
    );
}

#[test]
fn huge_and_tiny_columns_stay_in_range() {
    for scale in [1e308, 1e-300, 5e-324] {
        let x = noise(200, 1, 3).mapv(|v| (v * scale).clamp(-1.7e308, 1.7e308));
        for distribution in [OutputDistribution::Uniform, OutputDistribution::Normal] {
            let model = all(50)
                .output_distribution(distribution)
                .fit(&x, &())
                .unwrap();
            let z = model.transform(&x).unwrap();
            assert!(z.iter().all(|z| z.is_finite()), "{scale:e}");
            let back = model.inverse_transform(&z).unwrap();
            assert!(back.iter().all(|v| v.is_finite()), "{scale:e}");
        }
    }
}

#[test]
fn a_range_beyond_the_largest_number_is_a_range_like_any_other() {
    let most = 1.6e308;
    let wide = array![[-most], [-most / 2.0], [0.0], [most / 2.0], [most]];
    let narrow = &wide / 1e300;
    let constant = array![[most], [most]];
    let few = array![[-most], [most]];
    for distribution in [OutputDistribution::Uniform, OutputDistribution::Normal] {
        let transformed = |at_fit: &Array2<f64>, x: &Array2<f64>| {
            let model = all(1000).output_distribution(distribution);
            model.fit(at_fit, &()).unwrap().transform(x).unwrap()
        };
        assert_eq!(transformed(&wide, &wide), transformed(&narrow, &narrow));
        let middle = array![[most / 4.0]];
        assert_eq!(
            transformed(&few, &middle),
            transformed(&(&few / 1e300), &(&middle / 1e300))
        );
        // From the other end of the numbers.
        let far = transformed(&constant, &wide);
        assert!(far.iter().all(|z| z.is_finite()), "{far}");
        assert_eq!(far[[0, 0]], transformed(&narrow, &wide)[[0, 0]]);
        // Many rows are looked up in a table, a few one by one.
        let many = wide.broadcast((300, 5, 1)).unwrap();
        let many = many.to_owned().into_shape_with_order((1500, 1)).unwrap();
        let z = transformed(&wide, &many);
        assert_eq!(z.slice(s![..5, ..]), transformed(&wide, &wide));
    }
}

#[test]
fn files_are_checked() {
    let model = all(4)
        .fit(&noise(30, 2, 1).mapv(|v| v as f32), &())
        .unwrap();
    let bytes = model.to_bytes().unwrap();
    assert_eq!(
        FittedQuantileTransformer::from_bytes(&bytes).unwrap(),
        model
    );
    let text = model.to_json().unwrap();
    assert_eq!(
        FittedQuantileTransformer::<f32>::from_json(&text).unwrap(),
        model
    );
    for (what, broken) in [
        (
            "order",
            FittedQuantileTransformer {
                quantiles: model.quantiles.slice(s![..;-1, ..]).to_owned(),
                ..model.clone()
            },
        ),
        (
            "quantiles",
            FittedQuantileTransformer {
                quantiles: Array2::zeros((0, 2)),
                ..model.clone()
            },
        ),
        (
            "columns",
            FittedQuantileTransformer {
                quantiles: Array2::zeros((4, 0)),
                ..model.clone()
            },
        ),
        (
            "observed",
            FittedQuantileTransformer {
                observed: vec![true],
                ..model.clone()
            },
        ),
        (
            "settings",
            FittedQuantileTransformer {
                quantiles: Array2::zeros((5, 2)),
                ..model.clone()
            },
        ),
        (
            "f32",
            FittedQuantileTransformer {
                quantiles: Array2::from_elem((4, 2), 1e300),
                ..model.clone()
            },
        ),
    ] {
        let refused = broken.validate().unwrap_err().to_string();
        assert!(refused.contains(what), "{refused}");
    }
}

#[test]
fn f32_in_f32_out() {
    let x = noise(500, 2, 5).mapv(|v| v as f32);
    let z: Array2<f32> = all(100).fit_transform(&x).unwrap();
    let wide = all(100).fit_transform(&x.mapv(f64::from)).unwrap();
    assert_eq!(z, wide.mapv(|v| v as f32));
}

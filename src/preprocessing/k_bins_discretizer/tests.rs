use super::*;
use crate::error::ErrorKind;
use crate::params::Params;
use crate::random;
use crate::traits::FitTransform;
use ndarray::array;

fn noise(n: usize, p: usize) -> Array2<f64> {
    let mut rng = random::generator(11);
    Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
}

fn ordinal() -> KBinsDiscretizer {
    KBinsDiscretizer::new().encode(BinEncode::Ordinal)
}

#[test]
fn each_value_lies_between_the_edges_of_its_bin() {
    let x = noise(997, 7);
    for strategy in [
        BinStrategy::Uniform,
        BinStrategy::Quantile,
        BinStrategy::Kmeans,
    ] {
        for n_bins in [2, 5, 33, 34, 100] {
            let model = ordinal()
                .strategy(strategy)
                .n_bins(n_bins)
                .fit(&x, &())
                .unwrap();
            assert_eq!(model.n_bins(), [n_bins; 7]);
            let codes = model.transform(&x).unwrap();
            let one_hot = FittedKBinsDiscretizer {
                encode: BinEncode::Onehot,
                ..model.clone()
            };
            let wide = one_hot.transform(&x).unwrap();
            assert_eq!(wide.sum_axis(Axis(1)), Array1::from_elem(997, 7.0));
            let edges = model.bin_edges();
            for ((i, j), &code) in codes.indexed_iter() {
                let (bin, v) = (code as usize, x[[i, j]]);
                assert!(bin == 0 || v >= edges[j][bin]);
                assert!(bin == n_bins - 1 || v < edges[j][bin + 1]);
                assert_eq!(wide[[i, j * n_bins + bin]], 1.0);
            }
            // The middles of bins are in their bins.
            let back = model.inverse_transform(&codes).unwrap();
            assert_eq!(model.transform(&back).unwrap(), codes);
            assert_eq!(one_hot.inverse_transform(&wide).unwrap(), back);
            if strategy == BinStrategy::Quantile && n_bins == 5 {
                let firsts = codes.column(0).iter().filter(|c| **c == 0.0).count();
                assert!((198..=201).contains(&firsts), "{firsts}");
            }
            // What lies outside belongs to the first and the last bin.
            let outside = model.transform(&array![[-99.0; 7], [99.0; 7]]).unwrap();
            assert_eq!(outside.row(0), Array1::<f64>::zeros(7));
            assert_eq!(outside.row(1), Array1::from_elem(7, (n_bins - 1) as f64));
        }
    }
}

#[test]
fn each_column_may_have_its_own_number() {
    let x = noise(200, 3);
    for strategy in [
        BinStrategy::Uniform,
        BinStrategy::Quantile,
        BinStrategy::Kmeans,
    ] {
        let each = ordinal()
            .strategy(strategy)
            .n_bins_each([2, 40, 3])
            .fit(&x, &())
            .unwrap();
        assert_eq!(each.n_bins(), [2, 40, 3]);
        for (j, n) in [2, 40, 3].into_iter().enumerate() {
            let one = ordinal().strategy(strategy).n_bins(n).fit(&x, &()).unwrap();
            assert_eq!(one.bin_edges()[j], each.bin_edges()[j]);
        }
    }
    let refused = ordinal().n_bins_each([2, 3]).fit(&x, &()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`n_bins` of `KBinsDiscretizer` must be one number for each of the 3 columns, got 2 numbers"
    );
}

#[test]
fn constant_columns_and_narrow_bins() {
    let x = array![[3.5, 0.0], [3.5, 1e-9], [3.5, 1.0], [3.5, 2.0], [3.5, 3.0]];
    for strategy in [
        BinStrategy::Uniform,
        BinStrategy::Quantile,
        BinStrategy::Kmeans,
    ] {
        let model = ordinal().n_bins(4).strategy(strategy).fit(&x, &()).unwrap();
        assert_eq!(
            model.bin_edges()[0],
            array![f64::NEG_INFINITY, f64::INFINITY]
        );
        let codes = model.transform(&x).unwrap();
        assert_eq!(codes.column(0), Array1::<f64>::zeros(5));
        assert_eq!(
            model.inverse_transform(&codes).unwrap().column(0),
            Array1::from_elem(5, 3.5)
        );
        model.validate().unwrap();
    }
    let model = ordinal()
        .n_bins(4)
        .quantile_method(QuantileMethod::InvertedCdf)
        .fit(&x, &());
    let mut narrow = noise(100, 1);
    narrow.mapv_inplace(|v| v * 1e-9);
    assert_eq!(ordinal().fit(&narrow, &()).unwrap().n_bins(), [1]);
    let one = KBinsDiscretizer::new().fit_transform(&narrow).unwrap();
    assert_eq!(one, Array2::<f64>::ones((100, 1)));
    assert!(model.unwrap().n_bins()[1] < 4);
    let uniform = ordinal()
        .strategy(BinStrategy::Uniform)
        .fit(&narrow, &())
        .unwrap();
    assert_eq!(uniform.n_bins(), [5]); // equal widths are kept however small
}

#[test]
fn weights_count_as_repeated_rows() {
    let x = noise(300, 3);
    let w = Array1::from_shape_fn(300, |i| (i % 4) as f64);
    let rows: Vec<usize> = (0..300)
        .flat_map(|i| std::iter::repeat_n(i, w[i] as usize))
        .collect();
    for strategy in [
        BinStrategy::Uniform,
        BinStrategy::Quantile,
        BinStrategy::Kmeans,
    ] {
        let one = ordinal().strategy(strategy);
        let a = one.fit(&x, &().weighted(&w)).unwrap().bin_edges();
        let b = one.fit(&x.select(Axis(0), &rows), &()).unwrap().bin_edges();
        for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
            assert!((a - b).abs() < 1e-3, "{strategy:?}: {a} {b}");
        }
    }
    let linear = ordinal().quantile_method(QuantileMethod::Linear);
    let refused = linear.fit(&x, &().weighted(&w)).unwrap_err().to_string();
    assert!(refused.contains("got linear"), "{refused}");
    // Rows that are drawn count equally, so every method will do.
    assert!(linear.subsample(100).fit(&x, &().weighted(&w)).is_ok());
}

#[test]
fn a_draw_repeats_and_follows_its_seed_and_the_weights() {
    let x = noise(5000, 2);
    let drawn = |seed| {
        let one = ordinal().subsample(500).random_state(seed);
        one.fit(&x, &()).unwrap().bin_edges()
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    let all = ordinal().subsample(None).fit(&x, &()).unwrap().bin_edges();
    for (a, b) in drawn(1).iter().zip(&all) {
        // A quantile of 500 values has a standard error of about 0.06.
        let inner = a.iter().zip(b).skip(1).take(4);
        assert!(inner.clone().all(|(a, b)| (a - b).abs() < 0.3));
    }
    let only_first = Array1::from_shape_fn(5000, |i| f64::from(u8::from(i < 3)));
    let few = ordinal()
        .n_bins(2)
        .subsample(400)
        .strategy(BinStrategy::Uniform);
    let edges = few.fit(&x, &().weighted(&only_first)).unwrap().bin_edges();
    let firsts = x.slice(s![..3, 0]);
    assert_eq!(
        edges[0][0],
        firsts.iter().copied().fold(f64::INFINITY, f64::min)
    );
}

#[test]
fn single_precision_finds_the_same_side_of_every_edge() {
    let mut rng = random::generator(5);
    for _ in 0..2000 {
        let edge = random::standard_normal(&mut rng)
            * 10f64.powi((random::uniform(&mut rng) * 74.0) as i32 - 37);
        let up: f32 = at_least(edge);
        assert!(
            f64::from(up) >= edge && f64::from(up.next_down()) < edge,
            "{edge:e} {up:e}"
        );
    }
    for edge in [
        0.1,
        -0.1,
        1.0,
        1.0 + 1e-12,
        -1.0 - 1e-12,
        1e-300,
        -1e-300,
        0.0,
    ] {
        let up: f32 = at_least(edge);
        assert!(
            f64::from(up) >= edge && f64::from(up.next_down()) < edge,
            "{edge:e} {up:e}"
        );
    }
    assert_eq!(at_least::<f64>(0.1), 0.1);
}

#[test]
fn hostile_input() {
    let x = noise(4, 2);
    let refused = ordinal()
        .strategy(BinStrategy::Kmeans)
        .fit(&x, &())
        .unwrap_err();
    assert!(matches!(
        refused.kind(),
        ErrorKind::TooFewSamples {
            needed: 5,
            got: 4,
            ..
        }
    ));
    for (one, name) in [
        (ordinal().n_bins(1), "n_bins"),
        (ordinal().n_bins(1 << 21), "n_bins"),
        (ordinal().n_bins_each([]), "n_bins"),
        (ordinal().n_bins_each([2, 0]), "n_bins"),
        (ordinal().subsample(0), "subsample"),
    ] {
        let refused = one.fit(&x, &()).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name));
    }
    let far = array![[-1.7e308], [1.7e308], [0.0], [0.0], [0.0], [1.0]];
    for strategy in [BinStrategy::Uniform, BinStrategy::Kmeans] {
        let refused = ordinal().strategy(strategy).fit(&far, &()).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::Overflow { .. }),
            "{refused}"
        );
    }
    let model = ordinal().n_bins(2).fit(&x, &()).unwrap();
    for codes in [[2.0, 0.0], [-1.0, 0.0], [1e300, 0.0]] {
        assert!(model.inverse_transform(&array![codes]).is_err());
    }
    let model = KBinsDiscretizer::new().n_bins(2).fit(&x, &()).unwrap();
    let refused = model
        .inverse_transform(&array![[0.0, 1.0, 0.0, 0.0]])
        .unwrap_err();
    assert_eq!(refused.to_string(), "X: row 0 has zeros only for column 1");
}

#[test]
fn files_and_names() {
    let one = KBinsDiscretizer::new().n_bins_each([2, 3]);
    assert_eq!(one.params()["n_bins"], serde_json::json!([2, 3]));
    assert_eq!(one.to_string(), "KBinsDiscretizer(n_bins=[2,3])");
    for one in [one.clone(), ordinal().subsample(None).n_bins(7)] {
        assert_eq!(
            KBinsDiscretizer::from_json(&one.to_json().unwrap()).unwrap(),
            one
        );
        assert_eq!(
            KBinsDiscretizer::from_bytes(&one.to_bytes().unwrap()).unwrap(),
            one
        );
    }
    let model = one.fit(&noise(50, 2), &()).unwrap();
    let names = ["a".to_string(), "b".into()];
    assert_eq!(
        model.feature_names_out(Some(&names)).unwrap(),
        ["a_0.0", "a_1.0", "b_0.0", "b_1.0", "b_2.0"]
    );
    type Fitted = FittedKBinsDiscretizer<f64>;
    assert_eq!(
        Fitted::from_bytes(&model.to_bytes().unwrap()).unwrap(),
        model
    );
    for edges in [
        vec![],
        vec![vec![]],
        vec![vec![1.0, 1.0]],
        vec![vec![1.0, f64::NAN]],
    ] {
        assert!(
            Fitted {
                edges,
                ..model.clone()
            }
            .validate()
            .is_err()
        );
    }
}

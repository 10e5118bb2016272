use ndarray::{Array2, array, concatenate, s};

use super::*;
use crate::error::ErrorKind;
use crate::prelude::*;

/// Three clouds of 2-d points, far apart.
fn clouds<F: Float>(n: usize) -> Array2<F> {
    let mut rng = generator(4);
    Array2::from_shape_fn((n, 2), |(i, j)| {
        F::of([[0.0, 0.0], [20.0, 1.0], [-3.0, 30.0]][i % 3][j] + random::standard_normal(&mut rng))
    })
}

#[test]
fn clouds_are_found_from_every_start() {
    for init in [KMeansInit::KMeansPlusPlus, KMeansInit::Random] {
        for algorithm in [Algorithm::Lloyd, Algorithm::Elkan] {
            let x = clouds::<f64>(90);
            let model = KMeans::new(3).init(init.clone()).algorithm(algorithm);
            let model = model.fit(&x, &()).unwrap();
            for i in 3..90 {
                assert_eq!(model.labels()[i], model.labels()[i % 3]);
            }
            for c in 0..3 {
                let rows: Vec<usize> = (0..90).filter(|&i| model.labels()[i] == c).collect();
                let mean = x.select(Axis(0), &rows).mean_axis(Axis(0)).unwrap();
                let off = &mean - &model.cluster_centers().row(c);
                assert!(off.iter().all(|v| v.abs() < 1e-12));
            }
            let distances = model.transform(&x).unwrap();
            let inertia: f64 = (distances.rows().into_iter().zip(model.labels()))
                .map(|(row, &c)| row[c] * row[c])
                .sum();
            assert!((inertia - model.inertia()).abs() < 1e-9 * inertia);
            assert!((model.score(&x, &()).unwrap() + inertia).abs() < 1e-9 * inertia);
            assert_eq!(&model.predict(&x).unwrap(), model.labels());
        }
    }
}

#[test]
fn elkan_takes_lloyds_steps() {
    let x = crate::datasets::load_digits().unwrap().x;
    let start = x.slice(s![..10, ..]).to_owned();
    let fit = |algorithm| {
        let model = KMeans::new(10).init(&start).algorithm(algorithm);
        model.fit(&x, &()).unwrap()
    };
    let (lloyd, elkan) = (fit(Algorithm::Lloyd), fit(Algorithm::Elkan));
    assert_eq!(lloyd.labels(), elkan.labels());
    assert_eq!(lloyd.n_iter(), elkan.n_iter());
    assert!((lloyd.inertia() - elkan.inertia()).abs() <= 1e-12 * lloyd.inertia());
    assert!(lloyd.converged());
}

#[test]
fn inertia_never_rises_with_iterations() {
    let x = crate::datasets::load_iris().unwrap().x;
    let start = x.slice(s![..4, ..]).to_owned();
    let inertia = |max_iter| {
        let model = KMeans::new(4).init(&start).tol(0.0).max_iter(max_iter);
        model.fit(&x, &()).unwrap().inertia()
    };
    let curve: Vec<f64> = (1..12).map(inertia).collect();
    assert!(curve.windows(2).all(|w| w[1] <= w[0]), "{curve:?}");
    assert!(curve[10] < curve[0]);
}

#[test]
fn integer_weights_repeat_rows() {
    let x = clouds::<f64>(31);
    let w: Array1<f64> = (0..31).map(|i| [2.0, 0.0, 1.0, 3.0][i % 4]).collect();
    let rows: Vec<usize> = (0..31).flat_map(|i| vec![i; w[i] as usize]).collect();
    let start = array![[1.0, 1.0], [0.0, 2.0], [5.0, 9.0], [7.0, 7.0]];
    for algorithm in [Algorithm::Lloyd, Algorithm::Elkan] {
        // The tolerance is that of the unweighted variance.
        let model = KMeans::new(4).init(&start).tol(0.0).algorithm(algorithm);
        let weighted = model.fit(&x, &().weighted(&w)).unwrap();
        let repeated = model.fit(&x.select(Axis(0), &rows), &()).unwrap();
        let off = weighted.cluster_centers() - repeated.cluster_centers();
        assert!(off.iter().all(|v| v.abs() < 1e-12));
        assert!((weighted.inertia() - repeated.inertia()).abs() < 1e-9);
        let score = weighted.score(&x, &().weighted(&w)).unwrap();
        assert!((score + weighted.inertia()).abs() < 1e-9);
    }
}

#[test]
fn lost_centres_move_to_the_farthest_row() {
    let x = array![[0.0], [0.1], [0.2], [10.0], [40.0]];
    let model = KMeans::new(3).init(&array![[0.0], [0.1], [-900.0]]);
    let model = model.fit(&x, &()).unwrap();
    let mut centers = model.cluster_centers().column(0).to_vec();
    centers.sort_by(f64::total_cmp);
    assert!((centers[0] - 0.1).abs() < 1e-12 && (centers[1] - 10.0).abs() < 1e-12);
    assert!((centers[2] - 40.0).abs() < 1e-12);
}

#[test]
fn fewer_different_rows_than_clusters() {
    let x = Array2::from_elem((5, 2), 3.5);
    for init in [KMeansInit::KMeansPlusPlus, KMeansInit::Random] {
        let model = KMeans::new(3).init(init).fit(&x, &()).unwrap();
        assert_eq!(model.inertia(), 0.0);
        assert!(model.cluster_centers().iter().all(|&v| v == 3.5));
        assert_eq!(model.labels(), &array![0, 0, 0, 0, 0]);
    }
    let refused = KMeans::new(3).fit(&array![[1.0], [2.0]], &()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`n_clusters` of `KMeans` must be at most the number of rows of positive weight, 2, got 3"
    );
    let weights = array![1.0, 0.0, 0.0];
    let x = array![[1.0], [2.0], [3.0]];
    let random = KMeans::new(2).init(KMeansInit::Random);
    assert!(random.fit(&x, &().weighted(&weights)).is_err());
    // As many clusters as rows: each row its own.
    assert_eq!(KMeans::new(3).fit(&x, &()).unwrap().inertia(), 0.0);
}

#[test]
fn extreme_scales_change_nothing_else() {
    let x = clouds::<f64>(60);
    let model = KMeans::new(3).fit(&x, &()).unwrap();
    for exponent in [-900, 480] {
        let scale = 2f64.powi(exponent);
        let far = KMeans::new(3).fit(&x.mapv(|v| v * scale), &()).unwrap();
        assert_eq!(far.labels(), model.labels());
        assert_eq!(
            far.cluster_centers().mapv(|v| v / scale),
            model.cluster_centers()
        );
    }
    // Small differences far from zero.
    let shifted = KMeans::new(3).fit(&x.mapv(|v| v + 1e9), &()).unwrap();
    assert_eq!(shifted.labels(), model.labels());
    let refused = KMeans::new(1)
        .fit(&array![[1e200], [-1e200]], &())
        .unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::Overflow { .. }),
        "{refused}"
    );
}

#[test]
fn seeds_are_drawn_by_weight_and_distance() {
    let near = clouds::<f64>(30);
    let x = concatenate![Axis(0), near, array![[1e4, 1e4]]];
    for seed in 0..20 {
        let (centers, rows) = kmeans_plusplus(&x, &(), 2, seed).unwrap();
        assert!(rows.contains(&30));
        assert_eq!(centers, x.select(Axis(0), &rows));
        let mut weights = Array1::ones(31);
        weights[30] = 0.0;
        let (_, rows) = kmeans_plusplus(&x, &().weighted(&weights), 5, seed).unwrap();
        assert!(!rows.contains(&30));
    }
}

#[test]
fn parameters_by_name_and_files() {
    let model = KMeans::new(2)
        .with_value("init", serde_json::json!([[0.0], [5.0]]))
        .unwrap()
        .with_value("n_init", 3.into())
        .unwrap();
    assert_eq!(model, KMeans::new(2).init(&array![[0.0], [5.0]]).n_init(3));
    for refused in [
        model
            .clone()
            .with_value("n_init", 0.into())
            .and_then(|m| m.fit(&array![[0.0], [1.0]], &())),
        model.fit(&array![[0.0, 1.0], [1.0, 1.0]], &()),
        KMeans::new(3)
            .init(&array![[0.0], [5.0]])
            .fit(&array![[0.0], [1.0], [2.0]], &()),
    ] {
        assert!(refused.is_err());
    }
    assert!(
        KMeans::new(2)
            .with_value("init", "kmeans++".into())
            .is_err()
    );
    let fitted = model.fit(&array![[0.0f32], [1.0], [8.0]], &()).unwrap();
    let bytes = fitted.to_bytes().unwrap();
    assert_eq!(FittedKMeans::from_bytes(&bytes).unwrap(), fitted);
    for broken in [
        FittedKMeans {
            labels: array![0, 2, 1],
            ..fitted.clone()
        },
        FittedKMeans {
            inertia: -1.0,
            ..fitted.clone()
        },
        FittedKMeans {
            n_iter: 0,
            ..fitted
        },
    ] {
        assert!(broken.validate().is_err());
    }
}

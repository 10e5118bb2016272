use ndarray::{Array2, array};

use super::*;
use crate::metrics::pairwise::pairwise_distances;
use crate::model::Model;
use crate::random;

fn blobs(n: usize, p: usize, k: usize) -> Array2<f64> {
    let mut rng = random::generator(11);
    Array2::from_shape_fn((n, p), |(i, j)| {
        let center = ((i % k) * (3 + j)) as f64 * 2.0;
        center + random::standard_normal(&mut rng) * (1.0 + (i % k) as f64 / 2.0)
    })
}

#[test]
fn blobs_are_found_by_every_way() {
    let x = blobs(150, 3, 3);
    let plain = Hdbscan::new().fit(&x, &()).unwrap();
    assert_eq!(plain.n_clusters(), 3);
    plain.validate().unwrap();
    for i in 0..150 {
        let label = plain.labels()[i];
        assert!(label == -1 || label == plain.labels()[i % 3] || plain.labels()[i % 3] == -1);
        assert_eq!(label == -1, plain.probabilities()[i] == 0.0);
    }
    let distances = pairwise_distances(&x, None, Metric::Euclidean, &MetricParams::new()).unwrap();
    for other in [
        Hdbscan::new()
            .algorithm(NeighborsAlgorithm::Brute)
            .fit(&x, &()),
        Hdbscan::new()
            .algorithm(NeighborsAlgorithm::BallTree)
            .leaf_size(3)
            .fit(&x, &()),
        Hdbscan::new()
            .metric(Metric::Precomputed)
            .fit(&distances, &()),
    ] {
        assert_eq!(other.unwrap().labels(), plain.labels());
    }
}

#[test]
fn the_tree_is_that_of_plain_edges() {
    // Kruskal over all edges has the same distances.
    let x = blobs(90, 2, 2);
    let model = Hdbscan::new().min_samples(4).fit(&x, &()).unwrap();
    let d = pairwise_distances(&x, None, Metric::Euclidean, &MetricParams::new()).unwrap();
    let core: Vec<f64> = (d.rows().into_iter())
        .map(|row| {
            let mut row = row.to_vec();
            row.sort_by(f64::total_cmp);
            row[3]
        })
        .collect();
    let mut edges: Vec<(f64, usize, usize)> = Vec::new();
    for i in 0..90 {
        for j in 0..i {
            edges.push((d[[i, j]].max(core[i]).max(core[j]), i, j));
        }
    }
    edges.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut part: Vec<usize> = (0..90).collect();
    let mut taken = Vec::new();
    for (d, i, j) in edges {
        let (a, b) = (part[i], part[j]);
        if a != b {
            part.iter_mut().filter(|p| **p == a).for_each(|p| *p = b);
            taken.push(d);
        }
    }
    let found = model.single_linkage_tree().iter().map(|m| m.distance);
    assert!(found.zip(&taken).all(|(a, b)| (a - b).abs() < 1e-14));
    assert_eq!(model.single_linkage_tree().len(), 89);
}

#[test]
fn centres_are_means_and_rows() {
    let x = blobs(60, 2, 2);
    let model = Hdbscan::new()
        .store_centers(StoreCenters::Both)
        .fit(&x, &())
        .unwrap();
    let (means, middles) = (model.centroids().unwrap(), model.medoids().unwrap());
    assert_eq!(means.dim(), (model.n_clusters(), 2));
    for row in middles.rows() {
        assert!(x.rows().into_iter().any(|other| other == row));
    }
    assert!(Hdbscan::new().fit(&x, &()).unwrap().centroids().is_none());
}

#[test]
fn hostile_input() {
    assert!(Hdbscan::new().fit(&array![[1.0]], &()).is_err());
    let few = Hdbscan::new().fit(&array![[1.0], [2.0]], &()).unwrap_err();
    assert!(few.to_string().contains("min_cluster_size"), "{few}");
    let two = Hdbscan::new()
        .min_cluster_size(2)
        .fit(&array![[1.0], [2.0]], &())
        .unwrap();
    assert_eq!(two.labels(), array![-1, -1]);
    let equal = Hdbscan::new()
        .fit(&Array2::<f64>::ones((40, 3)), &())
        .unwrap();
    equal.validate().unwrap();
    let x = blobs(80, 2, 2);
    let plain = Hdbscan::new().fit(&x, &()).unwrap();
    let large = Hdbscan::new().fit(&(&x * f64::exp2(900.0)), &()).unwrap();
    assert_eq!(plain.labels(), large.labels());
    let single = Hdbscan::new().fit(&x.mapv(|v| v as f32), &()).unwrap();
    assert_eq!(single.n_clusters(), plain.n_clusters());
    for bad in [
        Hdbscan::new().min_cluster_size(1),
        Hdbscan::new().min_samples(0),
        Hdbscan::new().min_samples(81),
        Hdbscan::new().alpha(0.0),
        Hdbscan::new().cluster_selection_epsilon(-1.0),
        Hdbscan::new().max_cluster_size(0),
    ] {
        let error = bad.fit(&x, &()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidParameter { .. }),
            "{error}"
        );
    }
    let mut askew = Array2::zeros((6, 6));
    askew[[0, 1]] = 1.0;
    assert!(
        Hdbscan::new()
            .metric(Metric::Precomputed)
            .fit(&askew, &())
            .is_err()
    );
}

#[test]
fn leaves_passed_by_change_nothing() {
    // On a grid most distances tie. Plainly, all pairs are looked at.
    let x = Array2::from_shape_fn((200, 2), |(i, j)| [i * i % 17, i * 5 % 13][j] as f64 * 0.1);
    let settings = |leaf_size| Hdbscan::new().leaf_size(leaf_size).settings();
    for alpha in [1.0, 0.6] {
        let rows = Rows::new(NAME, &x, &settings(9)).unwrap();
        let core = rows.core_distances(4);
        let joined = rows.grow(&core, &core, Rule::plain(alpha));
        let small = Rows::new(NAME, &x, &settings(1)).unwrap();
        assert_eq!(small.core_distances(4), core);
        assert_eq!(small.grow(&core, &core, Rule::plain(alpha)), joined);
        let (mut reach, mut from) = (vec![f64::INFINITY; 200], vec![None; 200]);
        let mut outside: Vec<usize> = (0..200).collect();
        for found in &joined {
            let at = found.row;
            let nearest = outside.iter().fold(f64::INFINITY, |m, &i| m.min(reach[i]));
            let first = outside.iter().position(|&i| reach[i] == nearest).unwrap();
            assert_eq!(
                (outside.remove(first), reach[at], from[at]),
                (at, found.reach, found.from)
            );
            for &i in &outside {
                let sum = x
                    .row(i)
                    .into_iter()
                    .zip(x.row(at))
                    .fold(0.0, |s, (a, b)| s + (a - b) * (a - b));
                let new = (f64::sqrt(sum) / alpha).max(core[i]).max(core[at]);
                if new < reach[i] {
                    (reach[i], from[i]) = (new, Some(at));
                }
            }
        }
        assert!(outside.is_empty());
    }
}

#[test]
fn rows_that_are_no_points_have_labels_of_their_own() {
    let whole = blobs(60, 2, 2);
    let mut x = whole.clone();
    x[[4, 0]] = f64::NAN;
    x[[4, 1]] = f64::INFINITY;
    x[[9, 1]] = f64::NEG_INFINITY;
    x[[30, 0]] = f64::INFINITY;
    x[[30, 1]] = f64::NEG_INFINITY;
    let kept: Vec<usize> = (0..60).filter(|i| ![4, 9, 30].contains(i)).collect();
    let model = Hdbscan::new().store_centers(StoreCenters::Medoid);
    let rest = model
        .fit(&whole.select(ndarray::Axis(0), &kept), &())
        .unwrap();
    let model = model.fit(&x, &()).unwrap();
    model.validate().unwrap();
    assert_eq!([4, 9, 30].map(|i| model.labels()[i]), [-3, -2, -3]);
    assert_eq!(
        model.labels().select(ndarray::Axis(0), &kept),
        rest.labels()
    );
    assert_eq!(model.medoids(), rest.medoids());
    let firm = model.probabilities();
    assert!(firm[4].is_nan() && firm[9] == 0.0 && firm[30].is_nan());
    let cut = model.dbscan_clustering(1.5, 3).unwrap();
    assert_eq!([4, 9, 30].map(|i| cut[i]), [-3, -2, -3]);
    let text = model.to_json().unwrap();
    assert_eq!(FittedHdbscan::<f64>::from_json(&text).unwrap(), model);
    assert_eq!(
        model.to_string(),
        format!(
            "Hdbscan: 2 clusters of 60 rows, {} of them noise, 3 not finite",
            model.labels().iter().filter(|l| **l == -1).count()
        )
    );
}

#[test]
fn missing_distances_keep_parts_apart() {
    let part = |i: usize| i / 8;
    let mut d = Array2::from_shape_fn((16, 16), |(i, j)| {
        (i as f64 - j as f64).abs() + 0.01 * (i + j) as f64
    });
    d.diag_mut().fill(0.0);
    for ((i, j), d) in d.indexed_iter_mut() {
        if part(i) != part(j) {
            *d = f64::INFINITY;
        }
    }
    let model = Hdbscan::new().metric(Metric::Precomputed).min_samples(2);
    let model = model.fit(&d, &()).unwrap();
    model.validate().unwrap();
    assert!(model.single_linkage_tree()[14].distance.is_infinite());
    assert_eq!(
        FittedHdbscan::from_json(&model.to_json().unwrap()).unwrap(),
        model
    );
    d[[0, 1]] = f64::NAN;
    assert!(
        Hdbscan::new()
            .metric(Metric::Precomputed)
            .fit(&d, &())
            .is_err()
    );
}

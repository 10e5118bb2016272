use ndarray::{Array2, s};

use super::*;
use crate::random;

fn settings(metric: Metric, algorithm: NeighborsAlgorithm, leaf_size: usize) -> Settings {
    Settings {
        metric,
        params: None,
        p: 3.0,
        algorithm,
        leaf_size,
        n_neighbors: None,
    }
}

fn numbers<F: Float>(n: usize, p: usize, seed: u64, steps: f64) -> Array2<F> {
    let mut rng = random::generator(seed);
    // Steps make ties.
    let mut draw = || (random::standard_normal(&mut rng) * steps).round() / steps;
    Array2::from_shape_fn((n, p), |_| F::of(draw()))
}

fn trees_find_what_all_distances_give<F: Float>() {
    for (n, p, steps) in [(1, 1, 1e9), (90, 3, 1e9), (150, 2, 2.0)] {
        let x = numbers::<F>(n, p, 7, steps);
        let queries = numbers::<F>(7, p, 8, steps);
        for metric in [
            Metric::Euclidean,
            Metric::Manhattan,
            Metric::Chebyshev,
            Metric::Minkowski,
        ] {
            let new =
                |algorithm, leaf| Index::new("t", &x, settings(metric, algorithm, leaf)).unwrap();
            let brute = new(NeighborsAlgorithm::Brute, 30);
            for algorithm in [NeighborsAlgorithm::KdTree, NeighborsAlgorithm::BallTree] {
                for leaf in [1, 30] {
                    let tree = new(algorithm, leaf);
                    for k in [5.min(n), n] {
                        assert_eq!(
                            tree.nearest(&queries, k).unwrap(),
                            brute.nearest(&queries, k).unwrap(),
                            "{metric} {algorithm:?} {n} {p} {k}"
                        );
                    }
                    if n > 3 {
                        assert_eq!(tree.nearest_own(3).unwrap(), brute.nearest_own(3).unwrap());
                    }
                    for radius in [0.0, 1.0] {
                        let (a, b) = (
                            tree.within(Some(&queries), radius, true).unwrap(),
                            brute.within(Some(&queries), radius, true).unwrap(),
                        );
                        assert_eq!(a, b);
                    }
                }
            }
        }
    }
}

#[test]
fn trees_and_brute_force_agree_in_both_precisions() {
    trees_find_what_all_distances_give::<f64>();
    trees_find_what_all_distances_give::<f32>();
}

#[test]
fn the_nearest_are_those_of_a_sort() {
    let x = numbers::<f64>(300, 4, 1, 1.5);
    let queries = numbers::<f64>(10, 4, 2, 1.5);
    let by = |algorithm| Index::new("t", &x, settings(Metric::Euclidean, algorithm, 30)).unwrap();
    let indexes = [by(NeighborsAlgorithm::Auto), by(NeighborsAlgorithm::Brute)];
    for (k, index) in [1, 7, 32, 33, 128, 129, 200, 300]
        .into_iter()
        .flat_map(|k| indexes.iter().map(move |index| (k, index)))
    {
        let (distances, indices) = index.nearest(&queries, k).unwrap();
        for (i, query) in queries.rows().into_iter().enumerate() {
            let mut all: Vec<(f64, usize)> = x
                .rows()
                .into_iter()
                .map(|row| {
                    row.iter()
                        .zip(query)
                        .fold(0.0, |s, (a, b)| (a - b).mul_add(a - b, s))
                })
                .zip(0..)
                .collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for j in 0..k {
                assert_eq!(indices[[i, j]], all[j].1);
                assert!((distances[[i, j]] - all[j].0.sqrt()).abs() < 1e-15);
            }
        }
    }
}

#[test]
fn a_row_is_not_its_own_neighbour() {
    let x = Array2::<f64>::zeros((40, 2));
    for algorithm in [NeighborsAlgorithm::KdTree, NeighborsAlgorithm::Brute] {
        let index = Index::new("t", &x, settings(Metric::Euclidean, algorithm, 8)).unwrap();
        let (_, indices) = index.nearest_own(39).unwrap();
        for (i, row) in indices.rows().into_iter().enumerate() {
            let expected: Vec<usize> = (0..40).filter(|&j| j != i).collect();
            assert_eq!(row.to_vec(), expected);
        }
        assert_eq!(
            index.within(None, 0.0, false).unwrap().indices.len(),
            40 * 39
        );
    }
}

#[test]
fn threads_and_batches_change_no_bit() {
    let x = numbers::<f64>(700, 6, 3, 1e9);
    for algorithm in [NeighborsAlgorithm::KdTree, NeighborsAlgorithm::Brute] {
        let index = Index::new("t", &x, settings(Metric::Euclidean, algorithm, 30)).unwrap();
        let whole = index.nearest(&x, 4).unwrap();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        assert_eq!(pool.install(|| index.nearest(&x, 4)).unwrap(), whole);
        for i in [0, 123, 699] {
            let one = index.nearest(&x.slice(s![i..=i, ..]), 4).unwrap();
            assert_eq!(one.0.row(0), whole.0.row(i));
            assert_eq!(one.1.row(0), whole.1.row(i));
        }
    }
}

#[test]
fn extreme_scales_keep_neighbours() {
    let x = numbers::<f64>(200, 3, 4, 1e9);
    let new = |x: &Array2<f64>| {
        Index::new(
            "t",
            x,
            settings(Metric::Euclidean, NeighborsAlgorithm::KdTree, 30),
        )
        .unwrap()
    };
    let (_, plain) = new(&x).nearest_own(5).unwrap();
    for exponent in [-1000, -600, 600, 1000] {
        let scaled = x.mapv(|v| v * f64::from(exponent).exp2());
        assert_eq!(new(&scaled).nearest_own(5).unwrap().1, plain, "{exponent}");
    }
}

#[test]
fn the_other_metrics_search_pair_by_pair() {
    let x = numbers::<f64>(50, 4, 5, 2.0);
    for metric in [
        Metric::Cosine,
        Metric::Canberra,
        Metric::BrayCurtis,
        Metric::Hamming,
        Metric::Jaccard,
        Metric::SqEuclidean,
    ] {
        let index = Index::new("t", &x, settings(metric, NeighborsAlgorithm::Auto, 30)).unwrap();
        let (distances, indices) = index.nearest(&x, 3).unwrap();
        let all = crate::metrics::pairwise::pairwise_distances(
            &x,
            Some(&x),
            metric,
            &MetricParams::new(),
        );
        let all = all.unwrap();
        for ((i, j), &d) in distances.indexed_iter() {
            assert_eq!(d, all[[i, indices[[i, j]]]], "{metric}");
            let nearer = all.row(i).iter().filter(|&&other| other < d).count();
            assert!(nearer <= j, "{metric}");
        }
    }
}

#[test]
fn a_file_holds_the_rows() {
    let x = numbers::<f64>(30, 2, 6, 1e9);
    let index = Index::new(
        "t",
        &x,
        settings(Metric::Manhattan, NeighborsAlgorithm::KdTree, 4),
    )
    .unwrap();
    let text = serde_json::to_string(&index).unwrap();
    let read: Index<f64> = serde_json::from_str(&text).unwrap();
    assert_eq!(read, index);
    assert_eq!(read.nearest_own(2).unwrap(), index.nearest_own(2).unwrap());
    let empty = r#"{"x":{"v":1,"dim":[0,2],"data":[]},"settings":{"metric":"euclidean","params":null,"p":2.0,"algorithm":"auto","leaf_size":30,"n_neighbors":null}}"#;
    assert!(serde_json::from_str::<Index<f64>>(empty).is_err());
}

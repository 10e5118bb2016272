use ndarray::{Array2, array};

use super::*;
use crate::random;

fn points(n: usize, p: usize) -> Array2<f64> {
    let mut rng = random::generator(5);
    Array2::from_shape_fn((n, p), |(i, _)| {
        4.0 * (i % 3) as f64 + random::standard_normal(&mut rng)
    })
}

const LINKAGES: [Linkage; 4] = [
    Linkage::Ward,
    Linkage::Complete,
    Linkage::Average,
    Linkage::Single,
];

/// The nearest pair of all groups, again and again.
fn plain(x: &Array2<f64>, linkage: Linkage) -> Vec<f64> {
    let mut groups: Vec<Vec<usize>> = (0..x.nrows()).map(|i| vec![i]).collect();
    let mean = |group: &[usize]| {
        x.select(ndarray::Axis(0), group)
            .mean_axis(ndarray::Axis(0))
            .unwrap()
    };
    let square = |a: usize, b: usize| (&x.row(a) - &x.row(b)).pow2().sum();
    let apart = |a: &[usize], b: &[usize]| {
        let pairs = || a.iter().flat_map(|&i| b.iter().map(move |&j| (i, j)));
        let each = || pairs().map(|(i, j)| f64::sqrt(square(i, j)));
        let (m, n) = (a.len() as f64, b.len() as f64);
        match linkage {
            Linkage::Ward => (2.0 * m * n / (m + n) * (mean(a) - mean(b)).pow2().sum()).sqrt(),
            Linkage::Complete => each().fold(0.0, f64::max),
            Linkage::Average => each().sum::<f64>() / (m * n),
            Linkage::Single => each().fold(f64::INFINITY, f64::min),
        }
    };
    let mut heights = Vec::new();
    while groups.len() > 1 {
        let mut best = (f64::INFINITY, 0, 0);
        for i in 0..groups.len() {
            for j in 0..i {
                let d = apart(&groups[i], &groups[j]);
                if d < best.0 {
                    best = (d, i, j);
                }
            }
        }
        let taken = groups.remove(best.1);
        groups[best.2].extend(taken);
        heights.push(best.0);
    }
    heights
}

#[test]
fn chains_find_the_nearest_pairs() {
    for (n, p) in [(2, 1), (9, 2), (40, 3), (75, 5)] {
        let x = points(n, p);
        for linkage in LINKAGES {
            let model = AgglomerativeClustering::new(1)
                .linkage(linkage)
                .fit(&x, &())
                .unwrap();
            let plain = plain(&x, linkage);
            assert_eq!(model.distances().len(), n - 1);
            for (a, b) in model.distances().iter().zip(&plain) {
                assert!(
                    (a - b).abs() < 1e-10 * (1.0 + b),
                    "{linkage:?} {n}: {a} {b}"
                );
            }
            model.validate().unwrap();
            // All rows being neighbours is no condition.
            let all = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
            let free = AgglomerativeClustering::new(1)
                .linkage(linkage)
                .connectivity(all);
            let free = free.fit(&x, &()).unwrap();
            for (a, b) in free.distances().iter().zip(&plain) {
                assert!(
                    (a - b).abs() < 1e-10 * (1.0 + b),
                    "{linkage:?} {n}: {a} {b}"
                );
            }
        }
    }
}

#[test]
fn cuts_nest_and_have_so_many_groups() {
    let x = points(50, 3);
    for linkage in LINKAGES {
        let model = AgglomerativeClustering::new(4)
            .linkage(linkage)
            .fit(&x, &())
            .unwrap();
        let tree = model.dendrogram();
        assert_eq!(model.labels(), &tree.cut(4).unwrap());
        let mut finer = tree.cut(50).unwrap();
        for k in (1..50).rev() {
            let cut = tree.cut(k).unwrap();
            let mut into = vec![usize::MAX; k + 1];
            for (&fine, &coarse) in finer.iter().zip(&cut) {
                assert!(coarse < k && (into[fine] == usize::MAX || into[fine] == coarse));
                into[fine] = coarse;
            }
            let different: std::collections::HashSet<_> = cut.iter().collect();
            assert_eq!(different.len(), k);
            finer = cut;
        }
        let height = model.distances()[30];
        let found = AgglomerativeClustering::with_threshold(height)
            .linkage(linkage)
            .fit(&x, &())
            .unwrap();
        assert_eq!(
            found.n_clusters(),
            model.distances().iter().filter(|&&d| d >= height).count() + 1
        );
        assert!(tree.cut(0).is_err() && tree.cut(51).is_err());
    }
}

#[test]
fn neighbours_decide_who_merges() {
    // A line whose ends are near each other but no neighbours.
    let x = array![[0.0], [1.0], [2.0], [3.5], [5.5], [0.1]];
    let line = || (0..5).map(|i| (i, i + 1));
    for linkage in LINKAGES {
        let model = AgglomerativeClustering::new(2)
            .linkage(linkage)
            .connectivity(line());
        let model = model.fit(&x, &()).unwrap();
        assert!(
            model.children().row(0).iter().all(|&c| c < 3),
            "{linkage:?}"
        );
        assert_eq!(model.n_connected_components(), 1);
        let apart = AgglomerativeClustering::new(2)
            .linkage(linkage)
            .connectivity([(0, 1)]);
        let apart = apart.fit(&x, &()).unwrap();
        assert_eq!(
            (apart.n_connected_components(), apart.distances().len()),
            (5, 5)
        );
        let part = AgglomerativeClustering::new(3)
            .linkage(linkage)
            .connectivity(line())
            .compute_full_tree(false);
        let part = part.fit(&x, &()).unwrap();
        let merges = if linkage == Linkage::Single { 5 } else { 3 };
        assert_eq!((part.n_clusters(), part.children().nrows()), (3, merges));
        part.validate().unwrap();
    }
}

#[test]
fn hostile_rows_and_settings() {
    let refused = |model: AgglomerativeClustering, x: &Array2<f64>, name: &str| {
        let error = model.fit(x, &()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name),
            "{error}"
        );
    };
    let x = points(6, 2);
    refused(AgglomerativeClustering::new(0), &x, "n_clusters");
    refused(AgglomerativeClustering::new(7), &x, "n_clusters");
    refused(
        AgglomerativeClustering::with_threshold(f64::NAN),
        &x,
        "distance_threshold",
    );
    refused(
        AgglomerativeClustering::new(2).metric(Metric::Cosine),
        &x,
        "metric",
    );
    refused(
        AgglomerativeClustering::new(2).connectivity([(0, 6)]),
        &x,
        "connectivity",
    );
    for linkage in LINKAGES {
        let one = AgglomerativeClustering::new(6).linkage(linkage);
        let same = Array2::<f64>::ones((6, 2));
        for x in [same, &x * 1e300, &x * 1e-300] {
            let labels = one.fit(&x, &()).unwrap().labels().to_vec();
            let different: std::collections::HashSet<_> = labels.iter().collect();
            assert_eq!(different.len(), 6);
        }
    }
    // Given distances are those of the rows.
    let d = Array2::from_shape_fn((6, 6), |(i, j)| (&x.row(i) - &x.row(j)).pow2().sum().sqrt());
    for linkage in [Linkage::Complete, Linkage::Average, Linkage::Single] {
        let one = AgglomerativeClustering::new(3).linkage(linkage);
        let given = one
            .clone()
            .metric(Metric::Precomputed)
            .fit(&d, &())
            .unwrap();
        let found = one.fit(&x, &()).unwrap();
        // Single linkage names the sides of a merge in its own way.
        if linkage != Linkage::Single {
            assert_eq!(given.labels(), found.labels());
            assert_eq!(given.children(), found.children());
        }
        let pairs = given.distances().iter().zip(found.distances());
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-12));
    }
    let negative = &d * -1.0;
    let given = AgglomerativeClustering::new(2)
        .linkage(Linkage::Single)
        .metric(Metric::Precomputed);
    assert!(given.fit(&negative, &()).is_err());
    assert!(given.fit(&x, &()).is_err());
}

use ndarray::{Array2, Axis, array, concatenate};

use super::*;
use crate::metrics::pairwise::{Kernel, MetricParams, pairwise_distances, rbf_kernel};
use crate::random::{generator, standard_normal};

/// A ring of radius 1 and one of radius 4, rows taken in turn.
fn rings(n: usize) -> Array2<f64> {
    let mut rng = generator(2);
    let rows = (0..n).map(|i| {
        let angle = 2.399_963 * (i / 2) as f64;
        let radius = [1.0, 4.0][i % 2] + 0.1 * standard_normal(&mut rng);
        array![[radius * angle.cos(), radius * angle.sin()]]
    });
    let rows: Vec<_> = rows.collect();
    let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
    concatenate(Axis(0), &views).unwrap()
}

fn in_turn(labels: &Array1<usize>) {
    assert_ne!(labels[0], labels[1]);
    for (i, &label) in labels.iter().enumerate() {
        assert_eq!(label, labels[i % 2], "row {i}: {labels}");
    }
}

#[test]
fn rings_come_apart_whatever_the_similarity_and_the_assignment() {
    let x = rings(110);
    let distances = pairwise_distances(&x, None, Metric::Euclidean, &MetricParams::new()).unwrap();
    let similar = rbf_kernel(&x, None, Some(4.0)).unwrap();
    for assign in [
        AssignLabels::KMeans,
        AssignLabels::Discretize,
        AssignLabels::ClusterQr,
    ] {
        let model = SpectralClustering::new(2).assign_labels(assign);
        in_turn(&model.clone().gamma(4.0).fit_predict(&x).unwrap());
        let few = model.n_neighbors(12);
        let near = few.clone().affinity(SpectralAffinity::NearestNeighbors);
        in_turn(&near.fit_predict(&x).unwrap());
        let given = few.clone().affinity(SpectralAffinity::Precomputed);
        in_turn(&given.fit_predict(&similar).unwrap());
        let given = few
            .clone()
            .affinity(SpectralAffinity::PrecomputedNearestNeighbors);
        in_turn(&given.fit_predict(&distances).unwrap());
        in_turn(
            &few.affinity(Kernel::Laplacian)
                .gamma(3.0)
                .fit_predict(&x)
                .unwrap(),
        );
    }
}

#[test]
fn iterations_and_the_whole_decomposition_agree() {
    let x = rings(310);
    let model = SpectralClustering::new(2).gamma(4.0);
    let iterated = model.fit(&x, &()).unwrap();
    assert!(iterated.converged() && iterated.n_iter() > 0);
    in_turn(iterated.labels());
    let whole = model
        .eigen_solver(SpectralSolver::Dense)
        .fit(&x, &())
        .unwrap();
    assert_eq!((whole.converged(), whole.n_iter()), (true, 0));
    in_turn(whole.labels());
}

#[test]
fn a_model_has_its_similarities_and_a_file_has_none() {
    let x = rings(40);
    let model = SpectralClustering::new(2).affinity(SpectralAffinity::NearestNeighbors);
    let model = model.n_neighbors(6).fit(&x, &()).unwrap();
    let affinity = model.affinity_matrix().unwrap().to_dense().unwrap();
    assert!(affinity.diag().iter().all(|&v| v == 1.0));
    assert_eq!(affinity, affinity.t());
    let read = FittedSpectralClustering::from_json(&model.to_json().unwrap()).unwrap();
    assert_eq!(read.labels(), model.labels());
    assert!(read.affinity_matrix().is_none());
}

#[test]
fn hostile_data_end_in_labels_or_errors() {
    let x = rings(20);
    let new = SpectralClustering::new;
    for (model, name) in [
        (new(0), "n_clusters"),
        (new(21), "n_clusters"),
        (new(2).n_components(21), "n_components"),
        (new(2).gamma(-1.0), "gamma"),
        (new(2).eigen_tol(f64::NAN), "eigen_tol"),
        (new(2).n_init(0), "n_init"),
        (
            new(2)
                .affinity(SpectralAffinity::NearestNeighbors)
                .n_neighbors(21),
            "n_neighbors",
        ),
    ] {
        let error = model.fit(&x, &()).unwrap_err();
        let right =
            matches!(error.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name);
        assert!(right, "{error}");
    }
    assert!(new(1).fit(&array![[1.0]], &()).is_err());
    // As many groups as rows; rows that are all the same; rows that have nothing in common; negative similarities.
    let each = new(20)
        .assign_labels(AssignLabels::KMeans)
        .fit(&x, &())
        .unwrap();
    let mut labels = each.labels().to_vec();
    labels.sort_unstable();
    labels.dedup();
    assert!(labels.len() > 10, "{labels:?}");
    let same = Array2::from_elem((20, 2), 3.0);
    assert_eq!(new(2).fit(&same, &()).unwrap().labels().len(), 20);
    assert_eq!(new(2).fit(&(&x * 1e100), &()).unwrap().labels().len(), 20);
    let error = new(2).fit(&(&x * 1e200), &()).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Overflow { .. }),
        "{error}"
    );
    let error = new(2).affinity(Kernel::Linear).fit(&x, &()).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::InvalidInput { .. }),
        "{error}"
    );
    let error = new(2)
        .affinity(SpectralAffinity::Precomputed)
        .fit(&x, &())
        .unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::ShapeMismatch {
                expected: 20,
                got: 2,
                ..
            }
        ),
        "{error}"
    );
}

//! The relatives of k-means: laws and hostile input.

use ndarray::{Array1, Array2, array};

use super::*;
use crate::error::ErrorKind;
use crate::traits::PartialFit;

fn blobs(n: usize, p: usize, k: usize) -> Array2<f64> {
    let mut rng = generator(8);
    Array2::from_shape_fn((n, p), |(i, j)| {
        let center = if j % k == i % k { 6.0 } else { 0.0 };
        center + random::standard_normal(&mut rng)
    })
}

#[test]
fn inertia_is_near_that_of_k_means() {
    let x = blobs(400, 4, 4);
    let best = KMeans::new(4).n_init(5).fit(&x, &()).unwrap().inertia();
    for seed in 0..5 {
        for init in [KMeansInit::KMeansPlusPlus, KMeansInit::Random] {
            let model = MiniBatchKMeans::new(4)
                .init(init)
                .n_init(3)
                .batch_size(100)
                .random_state(seed);
            let model = model.fit(&x, &()).unwrap();
            assert!(model.inertia() >= best * (1.0 - 1e-9));
            assert!(model.inertia() < 1.1 * best, "{} {best}", model.inertia());
            assert_eq!(model.labels(), &model.predict(&x).unwrap());
        }
        let model = BisectingKMeans::new(4)
            .n_init(5)
            .random_state(seed)
            .fit(&x, &())
            .unwrap();
        assert!(model.inertia() < 1.1 * best, "{} {best}", model.inertia());
        assert_eq!(model.labels(), &model.predict(&x).unwrap());
        assert!(-model.score(&x, &()).unwrap() <= model.inertia() * (1.0 + 1e-9));
    }
}

#[test]
fn a_batch_moves_centres_to_the_mean_of_all_they_saw() {
    let x = array![[0.0], [1.0], [10.0], [12.0]];
    let start = MiniBatchKMeans::new(2)
        .init(&array![[0.0], [9.0]])
        .reassignment_ratio(0.0);
    let mut model = start.fit_first_batch(&x, &()).unwrap();
    assert!(
        (model.cluster_centers() - &array![[0.5], [11.0]])
            .iter()
            .all(|&d| f64::abs(d) < 1e-12)
    );
    let w = array![2.0, 0.0];
    model
        .partial_fit(&array![[3.5], [100.0]], &().weighted(&w))
        .unwrap();
    assert!(
        (model.cluster_centers() - &array![[2.0], [11.0]])
            .iter()
            .all(|&d| f64::abs(d) < 1e-12)
    );
    assert_eq!((model.counts(), model.n_steps()), (&[4.0, 2.0][..], 2));
    let before = model.clone();
    assert!(model.partial_fit(&array![[1.0, 2.0]], &()).is_err());
    assert!(model.partial_fit(&array![[f64::NAN]], &()).is_err());
    assert_eq!(model, before);
}

#[test]
fn relatives_refuse_and_bear_what_they_must() {
    let x = blobs(12, 2, 2);
    for k in [0, 13] {
        for error in [
            MiniBatchKMeans::new(k).fit(&x, &()).unwrap_err(),
            BisectingKMeans::new(k).fit(&x, &()).unwrap_err(),
        ] {
            assert!(
                matches!(error.kind(), ErrorKind::InvalidParameter { name, .. } if name == "n_clusters")
            );
        }
    }
    let given = BisectingKMeans::new(2)
        .init(KMeansInit::Given(vec![]))
        .fit(&x, &());
    assert!(
        matches!(given.unwrap_err().kind(), ErrorKind::InvalidParameter { name, .. } if name == "init")
    );
    let same = Array2::<f64>::ones((12, 2));
    let w = Array1::from_shape_fn(12, |i| f64::from(u8::from(i != 3)));
    for x in [x.clone(), same, &x * 1e100, &x * 1e-100] {
        for k in [1, 5, 11] {
            let batches = MiniBatchKMeans::new(k).fit(&x, &().weighted(&w)).unwrap();
            batches.validate().unwrap();
            let cuts = BisectingKMeans::new(k).fit(&x, &().weighted(&w)).unwrap();
            cuts.validate().unwrap();
            assert_eq!(cuts.cluster_centers().nrows(), k);
        }
    }
    let all = BisectingKMeans::new(12).fit(&x, &()).unwrap();
    assert!(all.inertia() < 1e-20);
    let most = BisectingKMeans::new(4).bisecting_strategy(BisectingStrategy::LargestCluster);
    let sizes = most
        .fit(&x, &())
        .unwrap()
        .labels()
        .iter()
        .fold([0; 4], |mut sizes, &c| {
            sizes[c] += 1;
            sizes
        });
    assert!(sizes.iter().all(|&size| size > 0));
}

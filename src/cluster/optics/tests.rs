use ndarray::{Array2, array};

use super::*;
use crate::model::Model;

fn line() -> Array2<f64> {
    let at = |i: usize| [0.0, 10.0, 30.0][i % 3] + (i * i % 7) as f64 * 0.11 + i as f64 * 0.013;
    Array2::from_shape_fn((60, 2), |(i, j)| at(i) * (1.0 + j as f64))
}

#[test]
fn the_order_is_that_of_prim() {
    let x = line();
    let model = Optics::new().min_samples(10).fit(&x, &()).unwrap();
    model.validate().unwrap();
    assert_eq!(model.n_clusters(), 3);
    let (reach, core) = (model.reachability(), model.core_distances());
    for (place, &i) in model.ordering().iter().enumerate().skip(1) {
        let from = usize::try_from(model.predecessor()[i]).unwrap();
        assert!(model.ordering().iter().take(place).any(|&j| j == from));
        let d = (&x.row(i) - &x.row(from)).mapv(|v| v * v).sum().sqrt();
        assert!((reach[i] - d.max(core[from])).abs() < 1e-12);
    }
    assert!(reach[model.ordering()[0]].is_infinite());
}

#[test]
fn a_radius_gives_what_density_gives() {
    let x = line();
    let by_order = Optics::new().cluster_method(ClusterMethod::Dbscan).eps(2.0);
    let by_order = by_order.fit(&x, &()).unwrap();
    let direct = crate::cluster::Dbscan::new().eps(2.0).fit(&x, &()).unwrap();
    assert_eq!(by_order.n_clusters(), direct.n_clusters());
    assert_eq!(by_order.cluster_dbscan(2.0).unwrap(), by_order.labels());
    assert!(Optics::new().max_eps(1.0).eps(2.0).fit(&x, &()).is_err());
}

#[test]
fn hostile_input() {
    assert!(Optics::new().fit(&array![[1.0], [2.0]], &()).is_err());
    let equal = Optics::new()
        .fit(&Array2::<f64>::ones((30, 2)), &())
        .unwrap();
    equal.validate().unwrap();
    let alone = Optics::new().max_eps(1e-9).fit(&line(), &()).unwrap();
    assert!(alone.labels().iter().all(|&l| l == -1));
    assert!(alone.reachability().iter().all(|r| r.is_infinite()));
    let text = alone.to_json().unwrap();
    assert_eq!(FittedOptics::from_json(&text).unwrap(), alone);
    for bad in [
        Optics::new().min_samples(1),
        Optics::new().min_samples(61),
        Optics::new().min_samples(1.5),
        Optics::new().xi(1.5),
        Optics::new().max_eps(-1.0),
        Optics::new().min_cluster_size(100),
    ] {
        assert!(bad.fit(&line(), &()).is_err(), "{bad}");
    }
}

use super::*;
use crate::labels::Labels;
use ndarray::{Array2, array};

fn noise(n: usize, p: usize) -> Array2<f64> {
    let mut rng = random::generator(6);
    Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
}

/// Kraskov's estimate from the definition.
fn plain(x: &[f64], y: &[f64], k: usize) -> f64 {
    let n = x.len();
    let mut sum = 0.0;
    for i in 0..n {
        let mut distances: Vec<f64> = (0..n)
            .filter(|&j| j != i)
            .map(|j| (x[i] - x[j]).abs().max((y[i] - y[j]).abs()))
            .collect();
        distances.sort_by(f64::total_cmp);
        let closer = |v: &[f64]| {
            v.iter()
                .filter(|w| (v[i] - **w).abs() < distances[k - 1])
                .count()
        };
        sum += digamma(closer(x) as f64) + digamma(closer(y) as f64);
    }
    digamma(n as f64) + digamma(k as f64) - sum / n as f64
}

#[test]
fn two_reals_follow_the_definition() {
    for n in [2, 5, 40, 333] {
        let data = noise(n, 2);
        let (x, e) = (data.column(0).to_vec(), data.column(1));
        let y: Vec<f64> = x.iter().zip(e).map(|(x, e)| x * x + 0.3 * e).collect();
        for k in [1, 3, 7] {
            if k < n {
                let psi: Vec<f64> = (0..=n).map(|m| digamma(m as f64)).collect();
                let expected = plain(&x, &y, k).max(0.0);
                let got = of_reals(&Sorted::new(x.clone()), &Sorted::new(y.clone()), k, &psi);
                assert!((got - expected).abs() < 1e-13, "{n} {k}: {got} {expected}");
            }
        }
    }
}

#[test]
fn correlated_normals_have_a_known_information() {
    // −½ ln(1 − ρ²)
    let data = noise(20_000, 2);
    for rho in [0.0f64, 0.6, 0.9] {
        let y = rho * &data.column(0) + (1.0 - rho * rho).sqrt() * &data.column(1);
        let mi = mutual_info_regression(&data.slice(ndarray::s![.., ..1]), &y).unwrap()[0];
        let expected = -0.5 * (1.0 - rho * rho).ln();
        assert!((mi - expected).abs() < 0.02, "{rho}: {mi} {expected}");
    }
}

#[test]
fn discrete_variables_give_the_entropy_of_what_they_share() {
    let y = Labels::from_iter((0..400).map(|i| i % 4));
    let x = Array2::from_shape_fn((400, 3), |(i, j)| match j {
        0 => (i % 4) as f64,
        1 => (i % 2) as f64,
        _ => (i / 4 % 2) as f64,
    });
    let mi = MutualInfoClassif::new()
        .discrete_features(true)
        .scores(&x, &y)
        .unwrap();
    for (got, expected) in mi.iter().zip([4f64.ln(), 2f64.ln(), 0.0]) {
        assert!((got - expected).abs() < 1e-12, "{got} {expected}");
    }
    // A normal whose mean tells the class apart.
    let mut apart = noise(400, 1);
    apart
        .column_mut(0)
        .iter_mut()
        .enumerate()
        .for_each(|(i, v)| *v += (100 * (i % 4)) as f64);
    let mi = mutual_info_classif(&apart, &y).unwrap()[0];
    assert!((mi - 4f64.ln()).abs() < 1e-2, "{mi}");
}

#[test]
fn ties_and_constants_are_no_trouble() {
    let x = Array2::from_shape_fn(
        (3000, 2),
        |(i, j)| if j == 0 { 5.0 } else { (i % 3) as f64 },
    );
    let y = Array1::from_shape_fn(3000, |i| (i % 3) as f64);
    let mi = mutual_info_regression(&x, &y).unwrap();
    assert!(mi[0] < 0.1 && mi[1] > 1.0, "{mi}");
    let labels = Labels::from_iter((0..3000).map(|i| i % 3));
    let mi = mutual_info_classif(&x, &labels).unwrap();
    assert!(mi[0] < 0.1 && (mi[1] - 3f64.ln()).abs() < 0.1, "{mi}");
    let of = |seed| {
        let function = MutualInfoClassif::new().random_state(seed);
        function.scores(&x, &labels).unwrap()
    };
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

#[test]
fn what_cannot_be_estimated_is_refused() {
    let x = noise(3, 2);
    let e = mutual_info_regression(&x, &array![1.0, 2.0, 4.0]).unwrap_err();
    assert_eq!(
        e.to_string(),
        "`n_neighbors` of `MutualInfoRegression` must be below 3, the number of rows, got 3"
    );
    let e = mutual_info_classif(&x, &Labels::from([0, 1, 2])).unwrap_err();
    assert!(e.to_string().contains("is there once"), "{e}");
    let y = Labels::from([0, 1, 1]);
    for wrong in [vec![2usize], vec![usize::MAX]] {
        let function = MutualInfoClassif::new().discrete_features(wrong);
        assert!(function.scores(&x, &y).is_err());
    }
    let function = MutualInfoClassif::new().discrete_features(vec![true]);
    let e = function.scores(&x, &y).unwrap_err().to_string();
    assert!(
        e.contains("a boolean for each of the 2 features, got 1"),
        "{e}"
    );
    assert!(
        MutualInfoClassif::new()
            .n_neighbors(0)
            .scores(&x, &y)
            .is_err()
    );
    // A class of one row is left out; one class says nothing.
    assert!(mutual_info_classif(&x, &y).is_ok());
    let alone = mutual_info_classif(&noise(50, 1), &Labels::from(vec![1; 50])).unwrap();
    assert!(alone[0] < 1e-14, "{alone}");
}

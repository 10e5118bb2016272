//! The facade against identities: residuals scaled by the machine epsilon and the size.
#![allow(clippy::unwrap_used)]
use fitwell::Float;
use fitwell::linalg::{Cholesky, dot, eigh, lstsq, moments, qr, thin_svd};
use ndarray::{Array2, ArrayRef2};

/// Reproducible entries in (-1, 1).
fn noise<F: Float>(m: usize, n: usize, seed: u64) -> Array2<F> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    Array2::from_shape_simple_fn((m, n), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        F::of((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    })
}

/// The largest magnitude.
fn size<F: Float>(a: &ArrayRef2<F>) -> f64 {
    a.iter().fold(0.0, |m, v| m.max(v.f64().abs()))
}

fn identities<F: Float>() {
    for (m, n) in [(1, 1), (7, 3), (3, 7), (40, 40), (300, 20), (20, 300)] {
        let a = noise::<F>(m, n, 7);
        let tolerance = 20.0 * F::EPSILON.f64() * (m.max(n) as f64);
        let svd = thin_svd(&a).unwrap();
        assert!(size(&(&dot(&(&svd.u * &svd.s), &svd.vt).unwrap() - &a)) <= tolerance);
        let qr = qr(&a).unwrap();
        assert!(size(&(&dot(&qr.q, &qr.r).unwrap() - &a)) <= tolerance);
        let gram = dot(&a.t(), &a).unwrap();
        let e = eigh(&gram).unwrap();
        let back = dot(&(&e.vectors * &e.values), &e.vectors.t()).unwrap();
        assert!(size(&(&back - &gram)) <= tolerance * m as f64);
        let spd = &gram + &(Array2::<F>::eye(n) * F::of(m as f64));
        let x = noise::<F>(n, 2, 9);
        let solved = Cholesky::new(&spd)
            .unwrap()
            .solve(&dot(&spd, &x).unwrap())
            .unwrap();
        assert!(size(&(&solved - &x)) <= tolerance * 10.0);
        let b = noise::<F>(m, 2, 8);
        let fit = lstsq(&a, &b, None).unwrap();
        let residual = &b - &dot(&a, &fit.solution).unwrap();
        assert!(size(&dot(&a.t(), &residual).unwrap()) <= tolerance * m as f64 * 10.0);
        let c = moments(&a, Some(&b), None, false).unwrap();
        assert!(size(&(&c.xtx - &gram)) <= tolerance * m as f64);
    }
}

#[test]
fn identities_hold_in_f64() {
    identities::<f64>();
}

#[test]
fn identities_hold_in_f32() {
    identities::<f32>();
}

//! The leading eigenvectors of a symmetric matrix that is known by its products.
//!
//! A block of vectors and its images span a space (a block Krylov space), in which the eigenvectors are approximated; from the
//! best ones and what they lack it begins again. A block finds eigenvalues that are there several times. L. Grimes, J. Lewis,
//! H. Simon (1994); K. Wu, H. Simon, "Thick-restart Lanczos method" (2000).

use ndarray::{Array1, Array2, s};

use super::affinity::{AffinityMatrix, Normalised};
use crate::error::Result;
use crate::linalg::{eigh, matmul, qr};
use crate::random::{standard_normal, stream};

/// Up to so many rows the whole decomposition is quick.
const FEW: usize = 300;
/// Up to so many rows it is what is left when iterations do not converge.
const SEVERAL: usize = 3_000;
/// Products of a block that are not exceeded.
const MOST_PRODUCTS: usize = 3_000;

/// The leading eigenvectors in columns, by falling eigenvalues.
pub(super) struct Leading {
    pub(super) vectors: Array2<f64>,
    pub(super) converged: bool,
    /// Products with a block of vectors; 0 for the whole decomposition.
    pub(super) n_iter: usize,
}

/// The k leading eigenvectors, `dense` from the whole decomposition whatever the size.
pub(super) fn leading(
    a: &Normalised,
    k: usize,
    dense: bool,
    tol: f64,
    seed: u64,
    mut step: impl FnMut(usize) -> Result<()>,
) -> Result<Leading> {
    let n = a.roots.len();
    let block = k + 4;
    if dense || n <= FEW || n / 2 <= 6 * block {
        return whole(a, k);
    }
    let found = iterated(a, k, block, tol, seed, &mut step)?;
    match found.converged || n > SEVERAL {
        true => Ok(found),
        false => whole(a, k),
    }
}

fn whole(a: &Normalised, k: usize) -> Result<Leading> {
    let n = a.roots.len();
    let found = match &a.matrix {
        AffinityMatrix::Dense(a) => eigh(a)?,
        sparse => eigh(&sparse.to_dense()?)?,
    };
    Ok(Leading {
        vectors: found.vectors.slice(s![.., n - k..;-1]).to_owned(),
        converged: true,
        n_iter: 0,
    })
}

/// The part of `w` that is orthogonal to the columns of `basis`, as orthonormal columns.
fn orthonormal(basis: &ndarray::ArrayRef2<f64>, mut w: Array2<f64>) -> Result<Array2<f64>> {
    for _ in 0..2 {
        for _ in 0..2 {
            let along = matmul(&basis.t(), &w);
            w -= &matmul(basis, &along);
        }
        w = qr(&w)?.q;
    }
    Ok(w)
}

fn iterated(
    a: &Normalised,
    k: usize,
    block: usize,
    tol: f64,
    seed: u64,
    step: &mut impl FnMut(usize) -> Result<()>,
) -> Result<Leading> {
    let n = a.roots.len();
    let (kept, most) = (2 * block, 6 * block);
    let mut basis = Array2::<f64>::zeros((n, most));
    let mut images = Array2::<f64>::zeros((n, most));
    let mut rng = stream(seed, 0);
    let start = Array2::from_shape_simple_fn((n, block), || standard_normal(&mut rng));
    let first = qr(&start)?.q;
    images.slice_mut(s![.., ..block]).assign(&a.times(&first));
    basis.slice_mut(s![.., ..block]).assign(&first);
    let (mut width, mut n_iter) = (block, 1);
    let mut last = images.slice(s![.., ..block]).to_owned();
    loop {
        while width + block <= most {
            let next = orthonormal(&basis.slice(s![.., ..width]), last)?;
            last = a.times(&next);
            basis.slice_mut(s![.., width..width + block]).assign(&next);
            images.slice_mut(s![.., width..width + block]).assign(&last);
            width += block;
            n_iter += 1;
        }
        step(n_iter)?;
        let inner = matmul(&basis.t(), &images);
        let inner = (&inner + &inner.t()) * 0.5;
        let found = eigh(&inner)?;
        let turn = found.vectors.slice(s![.., most - kept..;-1]).to_owned();
        let (vectors, turned) = (matmul(&basis, &turn), matmul(&images, &turn));
        let values: Array1<f64> = found.values.slice(s![most - kept..;-1]).to_owned();
        let lacks = &turned - &(&vectors * &values);
        let lack = |j: usize| lacks.column(j).dot(&lacks.column(j)).sqrt();
        let converged = (0..k).all(|j| lack(j) <= tol);
        if converged || n_iter >= MOST_PRODUCTS {
            return Ok(Leading {
                vectors: vectors.slice(s![.., ..k]).to_owned(),
                converged,
                n_iter,
            });
        }
        last = lacks.slice(s![.., ..block]).to_owned();
        basis.slice_mut(s![.., ..kept]).assign(&vectors);
        images.slice_mut(s![.., ..kept]).assign(&turned);
        width = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Axis;

    /// Rings of the given lengths, each row next to two others.
    fn rings(lengths: &[usize]) -> Normalised {
        let n = lengths.iter().sum();
        let mut a = Array2::zeros((n, n));
        let mut first = 0;
        for &length in lengths {
            for i in 0..length {
                let (i, j) = (first + i, first + (i + 1) % length);
                a[[i, j]] = 1.0;
                a[[j, i]] = 1.0;
            }
            first += length;
        }
        Normalised::new(&AffinityMatrix::Dense(a)).unwrap()
    }

    #[test]
    fn iterations_find_what_the_whole_decomposition_finds() {
        // cos(2 π j / length), each twice but for j = 0: eigenvalues that are there four times.
        let a = rings(&[90, 90, 80]);
        let by = iterated(&a, 7, 11, 1e-11, 3, &mut |_| Ok(())).unwrap();
        assert!(by.converged, "{}", by.n_iter);
        let square = matmul(&by.vectors.t(), &by.vectors) - Array2::<f64>::eye(7);
        assert!(square.iter().all(|d| d.abs() < 1e-12));
        let images = a.times(&by.vectors);
        let c = |length: f64| (std::f64::consts::TAU / length).cos();
        for (j, expected) in [1.0, 1.0, 1.0, c(90.0), c(90.0), c(90.0), c(90.0)]
            .into_iter()
            .enumerate()
        {
            let value = images.column(j).dot(&by.vectors.column(j));
            assert!((value - expected).abs() < 1e-12, "{j}: {value} {expected}");
        }
        // The first three are constant on rings.
        for vector in by.vectors.axis_iter(Axis(1)).take(3) {
            let spread = |range: std::ops::Range<usize>| {
                let ring = vector.slice(s![range]);
                (&ring - ring[0])
                    .iter()
                    .fold(0.0, |m: f64, d| m.max(d.abs()))
            };
            assert!(spread(0..90).max(spread(90..180)).max(spread(180..260)) < 1e-8);
        }
        let whole = whole(&a, 7).unwrap();
        let (p, q) = (
            matmul(&by.vectors, &by.vectors.t()),
            matmul(&whole.vectors, &whole.vectors.t()),
        );
        assert!((p - q).iter().all(|d| d.abs() < 1e-7));
    }

    #[test]
    fn a_matrix_of_zeros_has_eigenvectors() {
        let a = Normalised::new(&AffinityMatrix::Dense(Array2::zeros((320, 320)))).unwrap();
        let found = leading(&a, 2, false, 1e-10, 0, |_| Ok(())).unwrap();
        assert!(found.converged && found.vectors.dim() == (320, 2));
        assert!(found.vectors.iter().all(|v| v.is_finite()));
    }
}

//! Columns without those that depend on others, and in place of those that nearly do, orthogonal ones.
//!
//! The products of columns that differ by 1e-8 of their size are alike to the last digit: what tells them apart is lost in
//! X'X. The columns themselves are made orthogonal instead, by the modified Gram-Schmidt method with the largest remainder
//! next, twice (Å. Björck, "Numerics of Gram-Schmidt orthogonalization", Linear Algebra and its Applications 197 (1994)).

use ndarray::{Array2, Axis};

use crate::linalg::{self, Cholesky, Triangle};

/// The remainder of a column, in relation to the column, from which products tell it from the others.
const APART: f64 = 1e-4;

/// A basis of the columns: without a penalty the minimum is the same in any.
pub(super) struct Basis {
    /// The columns whose coefficients may not be 0.
    pub(super) columns: Vec<usize>,
    /// What takes the place of these columns where they are nearly dependent, (n, k): the Q of their QR decomposition, scaled
    /// to columns of magnitude 1.
    pub(super) q: Option<Array2<f64>>,
    /// The R of it, upper triangular.
    r: Option<Array2<f64>>,
}

impl Basis {
    /// The columns as they are.
    pub(super) fn all(p: usize) -> Self {
        Self::of((0..p).collect())
    }

    fn of(columns: Vec<usize>) -> Self {
        Basis {
            columns,
            q: None,
            r: None,
        }
    }

    /// Of columns x (n, p), centred if there is an intercept, of which no more than `most` can be independent; a remainder
    /// below `noise` (p) is the rounding of its column.
    pub(super) fn new(x: &Array2<f64>, noise: &[f64], most: usize) -> Self {
        let p = x.ncols();
        if p <= most && well_apart(x) {
            return Self::all(p);
        }
        // In column order.
        let mut left: Vec<Vec<f64>> = x.columns().into_iter().map(|c| c.to_vec()).collect();
        let own: Vec<f64> = left.iter().map(|c| norm(c)).collect();
        let mut columns = Vec::new();
        let mut rest: Vec<usize> = (0..p).filter(|&j| own[j] > noise[j]).collect();
        let mut q: Vec<Vec<f64>> = Vec::new();
        let mut all = Array2::<f64>::zeros((p, p));
        let mut least = f64::INFINITY;
        while columns.len() < most {
            let size: Vec<f64> = rest.iter().map(|&j| norm(&left[j])).collect();
            let share = |at: usize| size[at] / own[rest[at]];
            let real = (0..rest.len()).filter(|&at| size[at] > noise[rest[at]]);
            // The first of equals.
            let Some(at) = real.max_by(|&a, &b| share(a).total_cmp(&share(b)).then(b.cmp(&a)))
            else {
                break;
            };
            least = least.min(share(at));
            let j = rest.remove(at);
            let mut v = std::mem::take(&mut left[j]);
            for (i, q) in q.iter().enumerate() {
                all[[i, j]] += take(&mut v, q);
            }
            let length = norm(&v);
            v.iter_mut().for_each(|v| *v /= length);
            let k = columns.len();
            all[[k, j]] = length;
            for &other in &rest {
                all[[k, other]] = take(&mut left[other], &v);
            }
            columns.push(j);
            q.push(v);
        }
        if least >= APART {
            columns.sort_unstable();
            return Self::of(columns);
        }
        let k = columns.len();
        let sizes: Vec<f64> = q
            .iter()
            .map(|q| q.iter().fold(0.0, |m: f64, v| m.max(v.abs())))
            .collect();
        let mut out = Array2::zeros((x.nrows(), k));
        for (mut row, i) in out.rows_mut().into_iter().zip(0..) {
            for (to, (q, size)) in row.iter_mut().zip(q.iter().zip(&sizes)) {
                *to = q[i] / size;
            }
        }
        let r = Array2::from_shape_fn((k, k), |(i, l)| all[[i, columns[l]]] * sizes[i]);
        Basis {
            columns,
            q: Some(out),
            r: Some(r),
        }
    }

    /// The coefficients of the columns from those of the basis.
    pub(super) fn coefficients(&self, found: &[f64]) -> Vec<f64> {
        let Some(r) = &self.r else {
            return found.to_vec();
        };
        let right = ndarray::aview1(found).insert_axis(Axis(1)).to_owned();
        match linalg::solve_triangular(r, Triangle::Upper, &right) {
            Ok(solved) => solved.column(0).to_vec(),
            Err(_) => vec![f64::NAN; found.len()],
        }
    }
}

/// Whether the products show that no column depends on the others.
fn well_apart(x: &Array2<f64>) -> bool {
    let Ok(moments) = linalg::moments(x, None, None, false) else {
        return false;
    };
    let mut a = moments.xtx;
    let roots = a.diag().mapv(f64::sqrt);
    if roots.iter().any(|v| *v <= 0.0) {
        return false;
    }
    for ((i, j), v) in a.indexed_iter_mut() {
        *v /= roots[i] * roots[j];
    }
    Cholesky::new(&a).is_ok_and(|factor| factor.rcond() > APART * APART)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

/// Takes from v its part along the unit vector q, and gives its length.
fn take(v: &mut [f64], q: &[f64]) -> f64 {
    let along = dot(v, q);
    for (v, q) in v.iter_mut().zip(q) {
        *v -= along * q;
    }
    along
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn nearly_dependent_columns_are_told_apart_and_equal_ones_are_not() {
        let mut rng = random::generator(3);
        let mut x = Array2::from_shape_simple_fn((30, 5), || random::standard_normal(&mut rng));
        for i in 0..30 {
            x[[i, 1]] = x[[i, 0]] + 1e-9 * x[[i, 1]];
            x[[i, 4]] = x[[i, 3]];
        }
        let Basis { columns, q, r } = Basis::new(&x, &[1e-14; 5], 29);
        let (q, r) = (q.unwrap(), r.unwrap());
        let mut sorted = columns.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2, 3]);
        let back = q.dot(&r) - x.select(Axis(1), &columns);
        assert!(back.iter().all(|v| v.abs() < 1e-14));
        let products = q.t().dot(&q);
        for ((i, j), v) in products.indexed_iter() {
            assert!(i == j || v.abs() < 1e-13, "{products}");
        }
        // Without the second column its copy is no trouble.
        let apart = x.select(Axis(1), &[0, 2, 3, 4]);
        let basis = Basis::new(&apart, &[1e-14; 4], 29);
        assert!(basis.q.is_none());
        assert_eq!(basis.columns, [0, 1, 2]);
    }
}

//! Groups from eigenvectors.

use ndarray::{Array1, Array2, ArrayView1, Axis};

use crate::error::Result;
use crate::linalg::{matmul, thin_svd};
use crate::random;

/// Position of the greatest value, the first of them.
fn arg_max(row: ArrayView1<'_, f64>) -> usize {
    (0..row.len()).fold(0, |best, j| if row[j] > row[best] { j } else { best })
}

fn greatest(scores: &Array2<f64>) -> Array1<usize> {
    scores.rows().into_iter().map(arg_max).collect()
}

/// Rows turned towards the axes: the rows that are least along each other show where (A. Damle, V. Minden, L. Ying, 2019).
pub(super) fn cluster_qr(vectors: &Array2<f64>) -> Result<Array1<usize>> {
    let k = vectors.ncols();
    let mut rest = vectors.clone();
    let mut chosen = Array2::zeros((k, k));
    for step in 0..k {
        let lengths: Array1<f64> = rest.rows().into_iter().map(|row| row.dot(&row)).collect();
        let at = arg_max(lengths.view());
        chosen.row_mut(step).assign(&vectors.row(at));
        let length = lengths[at].sqrt();
        if length == 0.0 {
            continue;
        }
        let direction = &rest.row(at) / length;
        let along = rest.dot(&direction);
        for (mut row, along) in rest.rows_mut().into_iter().zip(along) {
            row.scaled_add(-along, &direction);
        }
    }
    let svd = thin_svd(&chosen.t())?;
    let turned = matmul(vectors, &matmul(&svd.u, &svd.vt));
    Ok(greatest(&turned.mapv(f64::abs)))
}

/// Alternates between the nearest groups of turned rows, and the turn nearest to groups (S. X. Yu, J. Shi, 2003).
pub(super) fn discretize(vectors: &Array2<f64>, seed: u64) -> Result<Array1<usize>> {
    const MOST: usize = 20;
    let (n, k) = vectors.dim();
    let mut rows = vectors.clone();
    for mut column in rows.columns_mut() {
        let length = column.dot(&column).sqrt();
        if length > 0.0 {
            let sign = if column[0] > 0.0 { -1.0 } else { 1.0 };
            column.mapv_inplace(|v| sign * v / length);
        }
    }
    for mut row in rows.rows_mut() {
        let length = row.dot(&row).sqrt();
        if length > 0.0 {
            row /= length;
        }
    }
    // Rows that are as orthogonal to each other as there are.
    let mut rng = random::stream(seed, 1);
    let first = std::num::NonZeroUsize::new(n).map_or(0, |n| random::below(n, &mut rng));
    let mut turn = Array2::zeros((k, k));
    turn.column_mut(0).assign(&rows.row(first));
    let mut along = Array1::<f64>::zeros(n);
    for j in 1..k {
        along += &rows.dot(&turn.column(j - 1)).mapv(f64::abs);
        let least = (0..n).fold(0, |best, i| if along[i] < along[best] { i } else { best });
        turn.column_mut(j).assign(&rows.row(least));
    }
    let mut before = 0.0;
    for iteration in 1.. {
        let labels = greatest(&matmul(&rows, &turn));
        let mut sums = Array2::<f64>::zeros((k, k));
        for (row, &label) in rows.axis_iter(Axis(0)).zip(&labels) {
            let mut sum = sums.row_mut(label);
            sum += &row;
        }
        let svd = thin_svd(&sums)?;
        let cut = 2.0 * (n as f64 - svd.s.sum());
        if (cut - before).abs() < f64::EPSILON || iteration > MOST {
            return Ok(labels);
        }
        before = cut;
        turn = matmul(&svd.u, &svd.vt).reversed_axes();
    }
    Ok(Array1::zeros(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Rows of three groups of different sizes, turned.
    fn turned() -> (Array2<f64>, Vec<usize>) {
        let groups: Vec<usize> = (0..60).map(|i| [0, 1, 1, 2, 2, 2][i % 6]).collect();
        let c = 0.5f64.sqrt();
        let axes = array![[c, c, 0.0], [0.5, -0.5, c], [0.5, -0.5, -c]];
        let mut rows = Array2::from_shape_fn((60, 3), |(i, j)| axes[[groups[i], j]]);
        for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
            row *= 1.0 + 0.2 * (i as f64).sin();
            row[i % 3] += 0.05 * (i as f64).cos();
        }
        (rows, groups)
    }

    fn same_groups(a: &Array1<usize>, b: &[usize]) {
        for i in 0..a.len() {
            for j in 0..i {
                assert_eq!(a[i] == a[j], b[i] == b[j], "{i} {j}: {a}");
            }
        }
    }

    #[test]
    fn both_find_the_axes() {
        let (rows, groups) = turned();
        same_groups(&cluster_qr(&rows).unwrap(), &groups);
        for seed in 0..5 {
            same_groups(&discretize(&rows, seed).unwrap(), &groups);
        }
    }

    #[test]
    fn rows_of_zeros_have_a_group() {
        let zeros = Array2::<f64>::zeros((4, 2));
        assert_eq!(cluster_qr(&zeros).unwrap().len(), 4);
        assert_eq!(discretize(&zeros, 0).unwrap().len(), 4);
        let one = array![[1.0], [2.0]];
        assert_eq!(cluster_qr(&one).unwrap(), array![0, 0]);
        assert_eq!(discretize(&one, 0).unwrap(), array![0, 0]);
    }
}

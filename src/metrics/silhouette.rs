//! How well clusters are apart: silhouettes, Caliński and Harabasz, Davies and Bouldin.

use ndarray::{Array1, Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};

use super::pairwise::metric::{Distance, Form};
use super::pairwise::packed::{Squares, lanes, sums};
use super::pairwise::{Metric, MetricParams, between};
use super::partition::Grouping;
use super::sum::{sum, sum_slice};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::{check, linalg, parallel, random};

const NAME: &str = "silhouette_score";

/// The mean silhouette of all rows; see [`Silhouette`] for other distances than the Euclidean and for a sample of the rows.
///
/// The silhouette of a row is (b − a) / max(a, b) with a its mean distance to the other rows of its cluster and b the
/// least mean distance to the rows of another cluster: 1 is far from other clusters, negative nearer to one of them. Of a
/// row alone in its cluster it is 0.
///
/// # Complexity
/// O(n² p) for (n, p) samples, in parallel; the distances are never stored: memory is O(n p).
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `ShapeMismatch`; `InvalidInput` unless there are 2 to n − 1 clusters.
///
/// # Source
/// P. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", 1987.
///
/// ```
/// use fitwell::metrics::silhouette_score;
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [9.0], [10.0]];
/// let score = silhouette_score(&x, &array![0usize, 0, 1, 1])?;
/// assert!((score - (8.5 / 9.5 + 7.5 / 8.5) / 2.0).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn silhouette_score<F: Float, L: Grouping + ?Sized>(
    x: &ArrayRef2<F>,
    labels: &L,
) -> Result<f64> {
    Silhouette::new().score(x, labels)
}

/// The silhouette of each row; see [`silhouette_score`].
///
/// # Errors
/// As [`silhouette_score`].
pub fn silhouette_samples<F: Float, L: Grouping + ?Sized>(
    x: &ArrayRef2<F>,
    labels: &L,
) -> Result<Array1<f64>> {
    Silhouette::new().samples(x, labels)
}

/// [`silhouette_score`] with options: the distance, a sample of the rows.
///
/// ```
/// use fitwell::metrics::{Silhouette, pairwise::Metric};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [0.0, 1.0], [4.0, 4.0], [4.0, 5.0]];
/// let score = Silhouette::new().metric(Metric::Manhattan).score(&x, &[0i64, 0, 1, 1])?;
/// assert!((score - 0.874_509_803_921_568_6).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Silhouette {
    metric: Metric,
    metric_params: MetricParams,
    sample_size: Option<usize>,
    random_state: u64,
}

impl Silhouette {
    /// Euclidean distances of all rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// The distance. For [`Metric::Precomputed`] the samples are the distances of all rows, (n, n), 0 to themselves.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// What the distance needs.
    #[must_use]
    pub fn metric_params(mut self, params: MetricParams) -> Self {
        self.metric_params = params;
        self
    }

    /// The score of a random sample of so many rows; all of them unless given.
    #[must_use]
    pub fn sample_size(mut self, sample_size: usize) -> Self {
        self.sample_size = Some(sample_size);
        self
    }

    /// The seed of the sample, 0 unless given. The rows are not those that scikit-learn draws.
    #[must_use]
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// The mean silhouette, of a sample of the rows if one is asked for.
    ///
    /// # Errors
    /// As [`silhouette_score`]; `InvalidParameter` for parameters of the distance out of range and a sample of no rows.
    pub fn score<F: Float, L: Grouping + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        labels: &L,
    ) -> Result<f64> {
        let (groups, k) = labels.groups();
        let found = match self.sample_size {
            Some(size) if size < x.nrows() => {
                check::count(NAME, "sample_size", size, 1)?;
                same_rows(x, &groups)?;
                let mut rng = random::generator(self.random_state);
                let rows = random::sample_without_replacement(x.nrows(), size, &mut rng)?;
                let mut sample = x.select(ndarray::Axis(0), &rows);
                if self.metric == Metric::Precomputed && x.ncols() == x.nrows() {
                    sample = sample.select(ndarray::Axis(1), &rows);
                }
                let groups: Vec<u32> = rows.iter().map(|&i| groups[i]).collect();
                let (groups, k) = groups.groups();
                self.of_groups(&sample, &groups, k)?
            }
            _ => self.of_groups(x, &groups, k)?,
        };
        Ok(sum_slice(&found) / found.len() as f64)
    }

    /// The silhouette of each row.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn samples<F: Float, L: Grouping + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        labels: &L,
    ) -> Result<Array1<f64>> {
        let (groups, k) = labels.groups();
        Ok(self.of_groups(x, &groups, k)?.into())
    }

    fn of_groups<F: Float>(&self, x: &ArrayRef2<F>, groups: &[u32], k: usize) -> Result<Vec<f64>> {
        check_clusters(x, groups, k)?;
        let distance = Distance::new(NAME, self.metric, &self.metric_params, x, None)?;
        let clusters = Clusters::new(groups, k);
        match distance.form {
            Form::Squares { square: false } => euclidean(x, &distance, &clusters),
            Form::Given => {
                super::pairwise::precomputed(x, true)?;
                let near = 100.0 * F::EPSILON.f64();
                if let Some(row) = x.diag().iter().position(|v| v.f64().abs() > near) {
                    let reason = format!("row {row} is {} from itself, not 0", x[[row, row]]);
                    return Err(Error::invalid_input("precomputed distances", reason));
                }
                Ok(clusters.of_blocks(x.nrows(), |rows| Ok(x.slice(s![rows, ..]).to_owned()))?)
            }
            form => clusters.of_blocks(x.nrows(), |rows| {
                let mut block = between(&x.slice(s![rows.clone(), ..]), Some(x), &distance)?;
                if form == Form::Dot {
                    // A row is no rounding away from itself.
                    for (at, i) in rows.enumerate() {
                        block[[at, i]] = F::zero();
                    }
                }
                Ok(block)
            }),
        }
    }
}

/// The rows of each cluster.
struct Clusters<'a> {
    groups: &'a [u32],
    /// All rows, cluster by cluster, and where each cluster starts and the last ends.
    order: Vec<usize>,
    starts: Vec<usize>,
}

impl<'a> Clusters<'a> {
    fn new(groups: &'a [u32], k: usize) -> Self {
        let mut starts = vec![0; k + 1];
        for &g in groups {
            starts[g as usize + 1] += 1;
        }
        for g in 0..k {
            starts[g + 1] += starts[g];
        }
        let mut next = starts.clone();
        let mut order = vec![0; groups.len()];
        for (row, &g) in groups.iter().enumerate() {
            order[next[g as usize]] = row;
            next[g as usize] += 1;
        }
        Clusters {
            groups,
            order,
            starts,
        }
    }

    fn k(&self) -> usize {
        self.starts.len() - 1
    }

    fn size(&self, cluster: usize) -> usize {
        self.starts[cluster + 1] - self.starts[cluster]
    }

    /// The silhouette of a row of a cluster, of the sums of its distances to the rows of each.
    fn silhouette(&self, own: usize, totals: &[f64]) -> f64 {
        let size = self.size(own);
        if size < 2 {
            return 0.0;
        }
        let inner = totals[own] / (size - 1) as f64;
        let outer = (0..self.k())
            .filter(|&c| c != own)
            .map(|c| totals[c] / self.size(c) as f64)
            .fold(f64::INFINITY, f64::min);
        let larger = inner.max(outer);
        if larger > 0.0 {
            (outer - inner) / larger
        } else {
            0.0
        }
    }

    /// The silhouettes from blocks of distances to all rows, in the order of the rows.
    fn of_blocks<F: Float>(
        &self,
        n: usize,
        block: impl Fn(std::ops::Range<usize>) -> Result<Array2<F>> + Sync,
    ) -> Result<Vec<f64>> {
        let rows = parallel::row_chunks(n, n);
        let blocks = parallel::map_chunks(n, rows, |rows| -> Result<Vec<f64>> {
            let distances = block(rows.clone())?;
            check::learned(NAME, "a distance", &distances)?;
            Ok((rows.zip(distances.rows()))
                .map(|(i, distances)| {
                    let totals: Vec<f64> = (0..self.k())
                        .map(|c| {
                            let members = &self.order[self.starts[c]..self.starts[c + 1]];
                            sum(members.len(), |j| distances[members[j]].f64())
                        })
                        .collect();
                    self.silhouette(self.groups[i] as usize, &totals)
                })
                .collect())
        });
        Ok(blocks.into_iter().collect::<Result<Vec<_>>>()?.concat())
    }
}

/// The rows of all clusters in groups of one register, each cluster filled up with its last row.
struct PackedClusters<F> {
    values: Vec<F>,
    /// Where the groups of each cluster start, and the last end.
    starts: Vec<usize>,
}

impl<F: Float> PackedClusters<F> {
    fn new(rows: &[F], p: usize, clusters: &Clusters<'_>) -> Self {
        let lanes = lanes::<F>();
        let (mut values, mut starts) = (Vec::new(), vec![0]);
        for c in 0..clusters.k() {
            let members = clusters.starts[c]..clusters.starts[c + 1];
            let groups = members.len().div_ceil(lanes);
            for group in 0..groups {
                for j in 0..p {
                    for lane in 0..lanes {
                        let at = (members.start + group * lanes + lane).min(members.end - 1);
                        values.push(rows[at * p + j]);
                    }
                }
            }
            starts.push(starts[c] + groups);
        }
        PackedClusters { values, starts }
    }
}

/// Euclidean silhouettes: distances are summed in registers as they come, and never written down.
///
/// The floor is the square roots, n² of them: 20,000 rows take 4·10⁸, some three cycles each in the widest registers.
fn euclidean<F: Float>(
    x: &ArrayRef2<F>,
    distance: &Distance,
    clusters: &Clusters<'_>,
) -> Result<Vec<f64>> {
    let p = x.ncols();
    // Silhouettes are quotients: the scale that keeps squares in range need not be undone.
    let prepared = distance.prepare(x, distance.scale(x))?;
    let mut rows = Vec::with_capacity(prepared.len());
    for &row in &clusters.order {
        rows.extend_from_slice(&prepared[row * p..(row + 1) * p]);
    }
    let packed = PackedClusters::new(&rows, p, clusters);
    let own: Vec<usize> = (clusters.order.iter())
        .map(|&row| clusters.groups[row] as usize)
        .collect();
    let chunk = (1 << 22) / (x.len() + 1) + 4;
    let sorted = parallel::map_chunks(clusters.order.len(), chunk, |range| {
        let k = clusters.k();
        let mut totals = vec![0.0; range.len() * k];
        linalg::simd(
            #[inline(always)]
            || {
                let rows = &rows[range.start * p..range.end * p];
                if const { lanes::<F>() == 16 } {
                    totals_of::<F, 16>(rows, p, &packed, clusters, &mut totals);
                } else {
                    totals_of::<F, 8>(rows, p, &packed, clusters, &mut totals);
                }
            },
        );
        (range.zip(totals.chunks_exact(k)))
            .map(|(at, totals)| clusters.silhouette(own[at], totals))
            .collect::<Vec<f64>>()
    })
    .concat();
    check::learned(NAME, "a silhouette", &sorted)?;
    let mut out = vec![0.0; sorted.len()];
    for (value, &row) in sorted.into_iter().zip(&clusters.order) {
        out[row] = value;
    }
    Ok(out)
}

/// The sums of the distances of rows to the rows of each cluster, (rows, k).
#[inline(always)]
fn totals_of<F: Float, const L: usize>(
    rows: &[F],
    p: usize,
    packed: &PackedClusters<F>,
    clusters: &Clusters<'_>,
    totals: &mut [f64],
) {
    const ROWS: usize = 4;
    let k = clusters.k();
    let columns = packed.values.as_chunks::<L>().0;
    let mut blocks = rows.chunks_exact(ROWS * p);
    let mut outs = totals.chunks_exact_mut(ROWS * k);
    for (block, out) in (&mut blocks).zip(&mut outs) {
        let rows: [&[F]; ROWS] = std::array::from_fn(|r| &block[r * p..(r + 1) * p]);
        for c in 0..k {
            let groups = &columns[packed.starts[c] * p..packed.starts[c + 1] * p];
            let found = total::<F, L, ROWS>(rows, p, groups, clusters.size(c));
            for r in 0..ROWS {
                out[r * k + c] = found[r];
            }
        }
    }
    let rest = blocks.remainder().chunks_exact(p);
    for (row, out) in rest.zip(outs.into_remainder().chunks_exact_mut(k)) {
        for (c, out) in out.iter_mut().enumerate() {
            let groups = &columns[packed.starts[c] * p..packed.starts[c + 1] * p];
            *out = total::<F, L, 1>([row], p, groups, clusters.size(c))[0];
        }
    }
}

/// The sums of the distances of `R` rows to those of a cluster.
#[inline(always)]
fn total<F: Float, const L: usize, const R: usize>(
    rows: [&[F]; R],
    p: usize,
    groups: &[[F; L]],
    size: usize,
) -> [f64; R] {
    let mut lanes = [[0.0; L]; R];
    let whole = size / L;
    let (full, last) = groups.split_at(whole * p);
    for group in full.chunks_exact(p) {
        let found = squares::<F, L, R>(rows, group);
        for r in 0..R {
            for l in 0..L {
                lanes[r][l] += found[r][l].sqrt().f64();
            }
        }
    }
    let mut totals = lanes.map(|lanes| lanes.chunks(2).map(|two| two[0] + two[1]).sum::<f64>());
    if !last.is_empty() {
        let found = squares::<F, L, R>(rows, last);
        for (total, found) in totals.iter_mut().zip(&found) {
            let rest = found[..size - whole * L].iter().map(|v| v.sqrt().f64());
            *total += rest.sum::<f64>();
        }
    }
    totals
}

#[inline(always)]
fn squares<F: Float, const L: usize, const R: usize>(
    rows: [&[F]; R],
    group: &[[F; L]],
) -> [[F; L]; R] {
    sums::<F, Squares, L, R>(Squares, rows, group)
}

fn same_rows<F: Float>(x: &ArrayRef2<F>, groups: &[u32]) -> Result<()> {
    if groups.len() == x.nrows() {
        return Ok(());
    }
    Err(Error::shape("number of labels", x.nrows(), groups.len()))
}

/// Samples and 2 to n − 1 clusters of them.
fn check_clusters<F: Float>(x: &ArrayRef2<F>, groups: &[u32], k: usize) -> Result<()> {
    check::samples(x)?;
    same_rows(x, groups)?;
    if k >= 2 && k < x.nrows() {
        return Ok(());
    }
    let reason = format!(
        "there are {k} for {} rows; 2 to {} are needed",
        x.nrows(),
        x.nrows().saturating_sub(1)
    );
    Err(Error::invalid_input("clusters", reason))
}

/// The mean of each cluster, (k, p).
fn centres<F: Float>(x: &ArrayRef2<F>, clusters: &Clusters<'_>) -> Array2<f64> {
    Array2::from_shape_fn((clusters.k(), x.ncols()), |(c, j)| {
        let members = &clusters.order[clusters.starts[c]..clusters.starts[c + 1]];
        sum(members.len(), |i| x[[members[i], j]].f64()) / members.len() as f64
    })
}

/// The ratio of the variance between clusters to that within them,
///
/// ```text
/// Σ n_c ‖m_c − m‖² / (k − 1)  /  (Σ ‖xᵢ − m_c(i)‖² / (n − k))
/// ```
///
/// higher is better; 1 when the clusters have no variance within, as in scikit-learn. O(n p).
///
/// # Errors
/// As [`silhouette_score`]; `Overflow`.
///
/// # Source
/// T. Caliński and J. Harabasz, "A dendrite method for cluster analysis", 1974.
///
/// ```
/// use fitwell::metrics::calinski_harabasz_score;
/// use ndarray::array;
///
/// let score = calinski_harabasz_score(&array![[0.0], [2.0], [10.0], [12.0]], &[0i64, 0, 1, 1])?;
/// assert!((score - 50.0).abs() < 1e-12);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn calinski_harabasz_score<F: Float, L: Grouping + ?Sized>(
    x: &ArrayRef2<F>,
    labels: &L,
) -> Result<f64> {
    let (groups, k) = labels.groups();
    check_clusters(x, &groups, k)?;
    let (n, p) = x.dim();
    let clusters = Clusters::new(&groups, k);
    let centres = centres(x, &clusters);
    let mean: Vec<f64> = (0..p)
        .map(|j| sum(n, |i| x[[i, j]].f64()) / n as f64)
        .collect();
    let between = sum(k * p, |at| {
        let (c, j) = (at / p, at % p);
        let d = centres[[c, j]] - mean[j];
        clusters.size(c) as f64 * d * d
    });
    let within = sum(n * p, |at| {
        let (i, j) = (at / p, at % p);
        let d = x[[i, j]].f64() - centres[[groups[i] as usize, j]];
        d * d
    });
    check::learned("calinski_harabasz_score", "a variance", &[between, within])?;
    if within == 0.0 {
        return Ok(1.0);
    }
    Ok(between * (n - k) as f64 / (within * (k - 1) as f64))
}

/// The mean over the clusters of how near the nearest other one is, by (s_c + s_d) / ‖m_c − m_d‖ with s the mean distance
/// of a cluster's rows to its mean m: lower is better, 0 the least. O(n p + k² p).
///
/// 0 when all rows lie on their means, or all means are one, to within 10⁻⁸, as in scikit-learn.
///
/// # Errors
/// As [`silhouette_score`]; `Overflow`.
///
/// # Source
/// D. Davies and D. Bouldin, "A cluster separation measure", 1979.
///
/// ```
/// use fitwell::metrics::davies_bouldin_score;
/// use ndarray::array;
///
/// let score = davies_bouldin_score(&array![[0.0], [2.0], [10.0], [12.0]], &[0i64, 0, 1, 1])?;
/// assert!((score - 0.2).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn davies_bouldin_score<F: Float, L: Grouping + ?Sized>(
    x: &ArrayRef2<F>,
    labels: &L,
) -> Result<f64> {
    const NEAR: f64 = 1e-8;
    let (groups, k) = labels.groups();
    check_clusters(x, &groups, k)?;
    let p = x.ncols();
    let clusters = Clusters::new(&groups, k);
    let centres = centres(x, &clusters);
    let spread: Vec<f64> = (0..k)
        .map(|c| {
            let members = &clusters.order[clusters.starts[c]..clusters.starts[c + 1]];
            let apart = |i: usize| {
                let d = |j: usize| x[[members[i], j]].f64() - centres[[c, j]];
                sum(p, |j| d(j) * d(j)).sqrt()
            };
            sum(members.len(), apart) / members.len() as f64
        })
        .collect();
    let found = parallel::map(k, |c| {
        let (mut worst, mut farthest) = (0.0f64, 0.0f64);
        for d in (0..k).filter(|&d| d != c) {
            let apart = |j: usize| centres[[c, j]] - centres[[d, j]];
            let distance = sum(p, |j| apart(j) * apart(j)).sqrt();
            farthest = farthest.max(distance);
            if distance > 0.0 {
                worst = worst.max((spread[c] + spread[d]) / distance);
            }
        }
        (worst, farthest)
    });
    check::learned("davies_bouldin_score", "a distance", &spread)?;
    if spread.iter().all(|&v| v <= NEAR) || found.iter().all(|f| f.1 <= NEAR) {
        return Ok(0.0);
    }
    let score = sum(k, |c| found[c].0) / k as f64;
    check::learned("davies_bouldin_score", "a distance", &[score])?;
    Ok(score)
}

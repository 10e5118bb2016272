//! The tree of merges, and what cutting it gives.

use std::collections::BinaryHeap;

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::ensure;

/// The merges of a hierarchy, from single rows to one group.
///
/// Nodes below `n_leaves` are rows; node `n_leaves + i` is what merge i made of two nodes before it. Cuts nest: two rows that
/// are together in k groups are together in every cut of fewer groups.
///
/// ```
/// use fitwell::{cluster::AgglomerativeClustering, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [10.0], [12.0], [30.0]];
/// let model = AgglomerativeClustering::new(2).fit(&x, &())?;
/// let tree = model.dendrogram();
/// assert_eq!(tree.cut(3)?, tree.cut_at(5.0));
/// assert_eq!(tree.cut(5)?.len(), 5);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dendrogram {
    n_leaves: usize,
    children: Array2<usize>,
    distances: Vec<f64>,
}

impl Dendrogram {
    pub(super) fn new(n_leaves: usize, merges: &[(usize, usize, f64)]) -> Self {
        Dendrogram {
            n_leaves,
            children: Array2::from_shape_fn((merges.len(), 2), |(i, side)| match side {
                0 => merges[i].0,
                _ => merges[i].1,
            }),
            distances: merges.iter().map(|merge| merge.2).collect(),
        }
    }

    /// The rows.
    pub fn n_leaves(&self) -> usize {
        self.n_leaves
    }

    /// The two nodes of each merge, (n_merges, 2).
    pub fn children(&self) -> &Array2<usize> {
        &self.children
    }

    /// The distance at which each merge took place.
    pub fn distances(&self) -> &[f64] {
        &self.distances
    }

    /// The group of each row when the last merges are undone until there are so many groups, numbered as scikit-learn does.
    ///
    /// # Errors
    /// `InvalidParameter` for no groups, or for more than there are rows; for fewer than a tree that was not built to its root
    /// has.
    pub fn cut(&self, n_clusters: usize) -> Result<Array1<usize>> {
        let (n, roots) = (self.n_leaves, self.n_leaves - self.distances.len());
        if n_clusters < roots || n_clusters > n {
            let expected = format!("from {roots} to the number of rows, {n}");
            return Err(Error::invalid_parameter(
                "Dendrogram",
                "n_clusters",
                expected,
                n_clusters,
            ));
        }
        Ok(self.groups(n_clusters))
    }

    /// The group of each row when the merges of at least this distance are undone, from the last one on.
    pub fn cut_at(&self, height: f64) -> Array1<usize> {
        let undone = self.distances.iter().filter(|&&d| d >= height).count();
        self.groups(self.n_leaves - self.distances.len() + undone)
    }

    /// Multiplies all distances.
    pub(super) fn stretch(&mut self, factor: f64) {
        self.distances.iter_mut().for_each(|d| *d *= factor);
    }

    /// The group of each row after so many merges that so many groups are left, numbered by their nodes.
    pub(super) fn heads(&self, n_clusters: usize) -> Array1<usize> {
        let merges = (self.n_leaves - n_clusters.min(self.n_leaves)).min(self.distances.len());
        let mut free = vec![true; self.n_leaves + merges];
        for merge in 0..merges {
            self.children
                .row(merge)
                .iter()
                .for_each(|&child| free[child] = false);
        }
        let nodes: Vec<usize> = (0..free.len()).filter(|&node| free[node]).collect();
        self.label(&nodes)
    }

    fn groups(&self, n_clusters: usize) -> Array1<usize> {
        let n = self.n_leaves;
        let mut heap = self.roots();
        while heap.0.len() < n_clusters {
            let Some(&largest) = heap.0.first() else {
                break;
            };
            if largest < n {
                break;
            }
            let merge = largest - n;
            heap.push(self.children[[merge, 0]]);
            heap.push_pop(self.children[[merge, 1]]);
        }
        self.label(&heap.0)
    }

    /// The number of the node that each row is under.
    fn label(&self, nodes: &[usize]) -> Array1<usize> {
        let n = self.n_leaves;
        let mut labels = Array1::zeros(n);
        for (group, &node) in nodes.iter().enumerate() {
            let mut open = vec![node];
            while let Some(node) = open.pop() {
                match node.checked_sub(n) {
                    None => labels[node] = group,
                    Some(merge) => open.extend(self.children.row(merge)),
                }
            }
        }
        labels
    }

    /// The nodes that no merge took.
    fn roots(&self) -> Heap {
        let n = self.n_leaves;
        let mut free = vec![true; n + self.distances.len()];
        self.children.iter().for_each(|&child| free[child] = false);
        let mut heap = Heap(Vec::new());
        let roots: BinaryHeap<usize> = (0..free.len()).filter(|&node| free[node]).collect();
        for node in roots.into_sorted_vec().into_iter().rev() {
            heap.push(node);
        }
        heap
    }

    pub(super) fn validate(&self) -> Result<()> {
        let n = self.n_leaves;
        ensure::at_least("n_leaves", n, 1)?;
        ensure::equal(
            "number of distances",
            self.distances.len(),
            self.children.nrows(),
        )?;
        ensure::equal("columns of children", self.children.ncols(), 2)?;
        ensure::that(self.distances.len() < n, || {
            format!("{} merges of {n} rows", self.distances.len())
        })?;
        ensure::non_negative("distances", &self.distances)?;
        let mut used = vec![false; n + self.distances.len()];
        for (merge, pair) in self.children.rows().into_iter().enumerate() {
            for &child in pair {
                ensure::that(child < n + merge && !used[child], || {
                    format!("children: merge {merge} takes node {child}")
                })?;
                used[child] = true;
            }
        }
        Ok(())
    }
}

/// A heap of the largest first, in the order that Python's `heapq` keeps its list, by which scikit-learn numbers the groups.
struct Heap(Vec<usize>);

impl Heap {
    fn push(&mut self, value: usize) {
        self.0.push(value);
        self.rise(0, self.0.len() - 1);
    }

    /// Pushes a value, then takes the largest away.
    fn push_pop(&mut self, value: usize) {
        if self.0.first().is_some_and(|&largest| largest > value) {
            self.0[0] = value;
            self.sink();
        }
    }

    /// Moves the value at `at` up to where it belongs, not above `top`.
    fn rise(&mut self, top: usize, mut at: usize) {
        let value = self.0[at];
        while at > top {
            let parent = (at - 1) / 2;
            if value <= self.0[parent] {
                break;
            }
            self.0[at] = self.0[parent];
            at = parent;
        }
        self.0[at] = value;
    }

    /// Moves the first value down to a leaf, and up from there.
    fn sink(&mut self) {
        let (value, end) = (self.0[0], self.0.len());
        let mut at = 0;
        let mut child = 1;
        while child < end {
            let right = child + 1;
            if right < end && self.0[child] <= self.0[right] {
                child = right;
            }
            self.0[at] = self.0[child];
            at = child;
            child = 2 * at + 1;
        }
        self.0[at] = value;
        self.rise(0, at);
    }
}

/// Merges of representatives of groups, in any order, as merges of nodes in the order of their distances.
pub(super) fn named(n: usize, mut merges: Vec<(usize, usize, f64)>, sorted: bool) -> Dendrogram {
    merges.sort_by(|a, b| a.2.total_cmp(&b.2));
    let mut parents: Vec<usize> = (0..n).collect();
    let mut nodes: Vec<usize> = (0..n).collect();
    fn find(parents: &mut [usize], mut i: usize) -> usize {
        while parents[i] != i {
            parents[i] = parents[parents[i]];
            i = parents[i];
        }
        i
    }
    for (i, merge) in merges.iter_mut().enumerate() {
        let (a, b) = (find(&mut parents, merge.0), find(&mut parents, merge.1));
        let (left, right) = (nodes[a], nodes[b]);
        parents[a] = b;
        nodes[b] = n + i;
        (merge.0, merge.1) = match sorted && left > right {
            true => (right, left),
            false => (left, right),
        };
    }
    Dendrogram::new(n, &merges)
}

//! From the spanning tree to the tree of clusters: single linkage, and what is left of it without small clusters.

use serde::{Deserialize, Serialize};

use super::order::ascending;

/// A merge of two nodes: of n rows without missing or infinite values the first n nodes are the rows, and the i-th merge
/// makes the node n + i.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// One of the nodes.
    pub left: usize,
    /// The other.
    pub right: usize,
    /// The mutual reachability at which they merge; infinite where precomputed distances are missing.
    #[serde(with = "crate::params::number")]
    pub distance: f64,
    /// The rows of the new node.
    pub size: usize,
}

/// An edge of the spanning tree: two rows and their mutual reachability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) distance: f64,
}

/// Single linkage from the edges of a tree, the shortest first.
pub(super) fn single_linkage(edges: &[Edge]) -> Vec<Merge> {
    let lengths: Vec<f64> = edges.iter().map(|edge| edge.distance).collect();
    let n = edges.len() + 1;
    let mut up: Vec<usize> = (0..2 * n).collect();
    let mut size = vec![1; n];
    let find = |up: &mut Vec<usize>, mut at: usize| {
        while up[at] != at {
            up[at] = up[up[at]];
            at = up[at];
        }
        at
    };
    let mut merges = Vec::with_capacity(edges.len());
    for edge in ascending(&lengths) {
        let Edge { from, to, distance } = edges[edge as usize];
        let (left, right) = (find(&mut up, from), find(&mut up, to));
        let new = size.len();
        size.push(size[left] + size[right]);
        up[left] = new;
        up[right] = new;
        merges.push(Merge {
            left,
            right,
            distance,
            size: size[new],
        });
    }
    merges
}

/// A row of the condensed tree: a row of the data (below n) or a cluster leaves its parent at λ = 1 / distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fall {
    pub(super) parent: usize,
    pub(super) child: usize,
    pub(super) lambda: f64,
    pub(super) size: usize,
}

/// The tree without clusters of fewer than `min_cluster_size` rows. Clusters are numbered from n on, from the root down.
pub(super) fn condense(merges: &[Merge], min_cluster_size: usize) -> Vec<Fall> {
    let n = merges.len() + 1;
    let root = 2 * merges.len();
    let mut name = vec![0; root + 1];
    name[root] = n;
    let mut next = n + 1;
    let mut falls = Vec::with_capacity(n);
    let size = |node: usize| node.checked_sub(n).map_or(1, |at| merges[at].size);
    let mut level = std::collections::VecDeque::from([root]);
    let mut below = Vec::new();
    while let Some(node) = level.pop_front() {
        let Some(at) = node.checked_sub(n) else {
            continue;
        };
        let merge = merges[at];
        let lambda = if merge.distance > 0.0 {
            1.0 / merge.distance
        } else {
            f64::INFINITY
        };
        let parent = name[node];
        let large = [merge.left, merge.right].map(|child| size(child) >= min_cluster_size);
        for (child, large_child) in [merge.left, merge.right].into_iter().zip(large) {
            if large == [true, true] {
                name[child] = next;
                falls.push(Fall {
                    parent,
                    child: next,
                    lambda,
                    size: size(child),
                });
                next += 1;
                level.push_back(child);
            } else if large_child {
                name[child] = parent;
                level.push_back(child);
            } else {
                below.push(child);
                while let Some(node) = below.pop() {
                    match node.checked_sub(n) {
                        Some(at) => below.extend([merges[at].left, merges[at].right]),
                        None => falls.push(Fall {
                            parent,
                            child: node,
                            lambda,
                            size: 1,
                        }),
                    }
                }
            }
        }
    }
    falls
}

/// Labels of the connected parts when all merges at `cut` or above are undone; −1 for parts of fewer than
/// `min_cluster_size` rows. `rows` are the numbers of the rows that were merged, out of `n`; the others are parts themselves.
pub(super) fn cut(
    merges: &[Merge],
    rows: &[usize],
    n: usize,
    cut: f64,
    min_cluster_size: usize,
) -> Vec<i64> {
    let nodes = n + merges.len();
    let mut up: Vec<usize> = (0..nodes).collect();
    let mut rank = vec![0u32; nodes];
    let find = |up: &mut Vec<usize>, mut at: usize| {
        while up[at] != at {
            up[at] = up[up[at]];
            at = up[at];
        }
        at
    };
    let named = |node: usize| match node.checked_sub(rows.len()) {
        Some(merge) => n + merge,
        None => rows[node],
    };
    // Ranks decide which number stands for a part, and so the order of the labels.
    for (i, merge) in merges.iter().enumerate() {
        if merge.distance < cut {
            for child in [merge.left, merge.right] {
                let (a, b) = (find(&mut up, named(child)), find(&mut up, n + i));
                if rank[a] < rank[b] {
                    up[a] = b;
                } else {
                    up[b] = a;
                    rank[a] += u32::from(rank[a] == rank[b]);
                }
            }
        }
    }
    let part: Vec<usize> = (0..n).map(|i| find(&mut up, i)).collect();
    let mut size = vec![0; nodes];
    for &part in &part {
        size[part] += 1;
    }
    let mut label = vec![-1i64; nodes];
    let mut next = 0;
    for (label, &size) in label.iter_mut().zip(&size) {
        if size > 0 && size >= min_cluster_size {
            *label = next;
            next += 1;
        }
    }
    part.into_iter().map(|part| label[part]).collect()
}

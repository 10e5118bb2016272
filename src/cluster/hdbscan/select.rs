//! Which clusters of the condensed tree are taken, and the rows that are theirs.

use super::ClusterSelectionMethod;
use super::hierarchy::Fall;

/// How clusters are chosen.
pub(super) struct Choice {
    pub(super) method: ClusterSelectionMethod,
    pub(super) allow_single: bool,
    pub(super) epsilon: f64,
    pub(super) max_size: Option<usize>,
}

/// The clusters of a condensed tree, by number less n: the root is 0.
struct Clusters {
    /// The cluster that each one falls from; of the root itself.
    parent: Vec<usize>,
    children: Vec<Vec<usize>>,
    /// λ at which each one falls; 0 for the root.
    birth: Vec<f64>,
    size: Vec<usize>,
    /// Σ (λ − birth) over the rows that fall.
    stability: Vec<f64>,
    /// The greatest λ at which something falls from each.
    death: Vec<f64>,
}

impl Clusters {
    fn new(falls: &[Fall], n: usize) -> Self {
        let count = 1 + falls.iter().filter(|f| f.child >= n).count();
        let mut found = Clusters {
            parent: vec![0; count],
            children: vec![Vec::new(); count],
            birth: vec![0.0; count],
            size: vec![0; count],
            stability: vec![0.0; count],
            death: vec![0.0; count],
        };
        for fall in falls {
            let parent = fall.parent - n;
            // A parent's own fall comes before those from it.
            found.stability[parent] += (fall.lambda - found.birth[parent]) * fall.size as f64;
            found.death[parent] = found.death[parent].max(fall.lambda);
            if let Some(child) = fall.child.checked_sub(n) {
                found.parent[child] = parent;
                found.children[parent].push(child);
                found.birth[child] = fall.lambda;
                found.size[child] = fall.size;
            }
        }
        found.size[0] = found.children[0].iter().map(|&c| found.size[c]).sum();
        found
    }

    /// The distance at which a cluster falls from its parent.
    fn distance(&self, cluster: usize) -> f64 {
        1.0 / self.birth[cluster]
    }

    /// Excess of mass: a cluster is taken where it is at least as stable as what it falls into.
    fn by_mass(&mut self, choice: &Choice, max_size: usize) -> Vec<bool> {
        let first = usize::from(!choice.allow_single);
        let mut taken = vec![false; self.parent.len()];
        for cluster in (first..self.parent.len()).rev() {
            let below: f64 = (self.children[cluster].iter())
                .map(|&c| self.stability[c])
                .sum();
            if below > self.stability[cluster] || self.size[cluster] > max_size {
                self.stability[cluster] = below;
            } else {
                taken[cluster] = true;
            }
        }
        self.topmost(taken)
    }

    /// Without those under another one.
    fn topmost(&self, mut taken: Vec<bool>) -> Vec<bool> {
        let mut under = vec![false; taken.len()];
        for cluster in 1..taken.len() {
            let parent = self.parent[cluster];
            under[cluster] = under[parent] || taken[parent];
            taken[cluster] &= !under[cluster];
        }
        taken
    }

    fn leaves(&self) -> Vec<bool> {
        let leaf = |c: usize| c > 0 && self.children[c].is_empty();
        (0..self.parent.len()).map(leaf).collect()
    }

    /// Clusters that fall below the distance `epsilon` are replaced by their ancestors at it.
    fn above(&self, taken: &[bool], choice: &Choice) -> Vec<bool> {
        let mut chosen = vec![false; taken.len()];
        for cluster in (0..taken.len()).filter(|&c| taken[c]) {
            let mut at = cluster;
            if cluster > 0 && self.distance(cluster) < choice.epsilon {
                loop {
                    let parent = self.parent[at];
                    if parent == 0 {
                        if choice.allow_single {
                            at = 0;
                        }
                        break;
                    }
                    at = parent;
                    if self.distance(at) > choice.epsilon {
                        break;
                    }
                }
            }
            chosen[at] = true;
        }
        chosen
    }
}

/// The label of each of n rows, −1 for noise, how firmly each belongs to its cluster, and the number of clusters.
pub(super) fn labels(falls: &[Fall], n: usize, choice: &Choice) -> (Vec<i64>, Vec<f64>, usize) {
    let mut clusters = Clusters::new(falls, n);
    let max_size = choice.max_size.unwrap_or(n + 1);
    let any = clusters.parent.len() > 1;
    let mut taken = match choice.method {
        ClusterSelectionMethod::Eom => clusters.by_mass(choice, max_size),
        ClusterSelectionMethod::Leaf => clusters.leaves(),
    };
    let root_alone = taken[0] && taken.iter().skip(1).all(|t| !t);
    let leaf = choice.method == ClusterSelectionMethod::Leaf;
    if choice.epsilon != 0.0 && any && (leaf || !root_alone) {
        taken = clusters.above(&taken, choice);
    }
    // The cluster that holds each cluster, the root where none does.
    let mut holder = vec![0; taken.len()];
    for cluster in 1..taken.len() {
        holder[cluster] = if taken[cluster] {
            cluster
        } else {
            holder[clusters.parent[cluster]]
        };
    }
    // Rows that fall from the root itself belong to it where it is the only cluster, if they stay long enough.
    let single = choice.allow_single && taken[0] && taken.iter().filter(|t| **t).count() == 1;
    let threshold = if choice.epsilon != 0.0 {
        1.0 / choice.epsilon
    } else {
        clusters.death[0]
    };
    let mut cluster_of = vec![None; n];
    let mut firmness = vec![0.0; n];
    for fall in falls.iter().filter(|f| f.child < n) {
        let cluster = holder[fall.parent - n];
        if cluster == 0 && !(single && fall.lambda >= threshold) {
            continue;
        }
        cluster_of[fall.child] = Some(cluster);
        let death = clusters.death[cluster];
        firmness[fall.child] = if death == 0.0 || fall.lambda.is_infinite() {
            1.0
        } else {
            fall.lambda.min(death) / death
        };
    }
    // Numbers in the order of the clusters.
    let mut held = vec![false; taken.len()];
    for &cluster in cluster_of.iter().flatten() {
        held[cluster] = true;
    }
    let mut label = vec![-1i64; taken.len()];
    let mut count = 0;
    for (label, _) in label.iter_mut().zip(&held).filter(|(_, held)| **held) {
        *label = count;
        count += 1;
    }
    let labels = cluster_of.iter().map(|c| c.map_or(-1, |c| label[c]));
    (labels.collect(), firmness, count as usize)
}

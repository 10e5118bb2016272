//! Groups of a tree of summaries, built in one pass.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::AgglomerativeClustering;
use super::settings::settings;
use super::turned::Turned;
use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::parallel;
use crate::params::Hyperparameters;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, PartialFit, Predict, Transform};

const NAME: &str = "Birch";

settings! {
    /// Sums rows up in small groups, in one pass over them, and then groups the sums.
    ///
    /// Each small group is kept as its number of rows, their sum and their sum of squares, in the leaves of a tree. A row goes down
    /// to the nearest group; it joins it if the group's radius, the root of the mean squared distance to its centre, stays at most
    /// `threshold`; otherwise it begins a group of its own. A node of more than `branching_factor` groups is cut in two. At last
    /// [`AgglomerativeClustering`] makes `n_clusters` of the small groups.
    ///
    /// It is for many rows, and for rows that come in batches: [`partial_fit`](PartialFit::partial_fit).
    ///
    /// # Settings
    /// | name | default | meaning |
    /// |---|---|---|
    /// | `threshold` | 0.5 | the largest radius of a small group, in units of the features |
    /// | `branching_factor` | 50 | the most groups of a node, at least 2 |
    /// | `n_clusters` | 3 | the number of groups at last; none leaves the small groups as they are |
    /// | `compute_labels` | `true` | whether the fit labels the rows |
    ///
    /// # Complexity
    /// A row takes O(b p) at each level of the tree, with b the branching factor; memory O(m p) for m small groups, and as
    /// Ward's linkage for m rows. Sums are kept in `f64`, about the mean of the first rows.
    ///
    /// # Errors
    /// `EmptyInput`, `NonFinite`, `InvalidParameter`, `Overflow`, `Cancelled`. Fewer small groups than `n_clusters` are no
    /// error: they are the groups, which is logged as a warning. Sample weights are checked and not used, as in scikit-learn.
    ///
    /// # Source
    /// Zhang, Ramakrishnan and Livny, *BIRCH: an efficient data clustering method for very large databases* (1996), as
    /// scikit-learn has it, without another clusterer as `n_clusters`.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{cluster::Birch, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0, 1.0], [0.3, 1.0], [-0.3, 1.0], [0.0, -1.0], [0.3, -1.0], [-0.3, -1.0]];
    /// let model = Birch::new().n_clusters(None).fit(&x, &())?;
    /// assert_eq!(model.predict(&x)?.to_vec(), [0, 0, 0, 1, 1, 1]);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct Birch {
        #[serde(with = "crate::params::number")]
        threshold: f64 = 0.5 => "The largest radius of a small group.";
        branching_factor: usize = 50 => "The most groups of a node.";
        n_clusters: Option<usize> = Some(3);
        compute_labels: bool = true => "Whether the fit labels the rows.";
    }
    check(this) {
        check::real(NAME, "threshold", this.threshold, Interval::above(0.0))?;
        check::count(NAME, "branching_factor", this.branching_factor, 2)?;
        match this.n_clusters {
            Some(k) => check::count(NAME, "n_clusters", k, 1),
            None => Ok(()),
        }
    }
}

impl Birch {
    /// With scikit-learn's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of groups at last; none leaves the small groups as they are.
    pub fn n_clusters(mut self, n_clusters: impl Into<Option<usize>>) -> Self {
        self.n_clusters = n_clusters.into();
        self
    }
}

/// What a group of rows is known by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    count: f64,
    sum: Vec<f64>,
    squares: f64,
    center: Vec<f64>,
    /// |center|²
    length: f64,
    /// The node that has its parts.
    child: Option<usize>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Summary {
    fn of(row: &[f64]) -> Self {
        let squares = dot(row, row);
        Summary {
            count: 1.0,
            sum: row.to_vec(),
            squares,
            center: row.to_vec(),
            length: squares,
            child: None,
        }
    }

    fn add(&mut self, other: &Summary) {
        self.count += other.count;
        self.squares += other.squares;
        for (a, b) in self.sum.iter_mut().zip(&other.sum) {
            *a += b;
        }
        self.center = self.sum.iter().map(|v| v / self.count).collect();
        self.length = dot(&self.center, &self.center);
    }

    /// Takes a row in, if the radius allows.
    fn join(&mut self, row: &Summary, threshold: f64) -> bool {
        let mut whole = self.clone();
        whole.add(row);
        let fits = whole.squares / whole.count - whole.length <= threshold * threshold;
        if fits {
            *self = whole;
        }
        fits
    }

    /// The summary of several, which `child` has.
    fn over(parts: &[Summary], child: usize) -> Option<Self> {
        let (first, rest) = parts.split_first()?;
        let mut whole = first.clone();
        rest.iter().for_each(|part| whole.add(part));
        whole.child = Some(child);
        Some(whole)
    }
}

/// A node of the tree; leaves are chained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Node {
    parts: Vec<Summary>,
    leaf: bool,
    next: Option<usize>,
}

impl Node {
    /// The part nearest to a row, the first of several.
    fn nearest(&self, row: &[f64]) -> usize {
        let mut best = (0, f64::INFINITY);
        for (i, part) in self.parts.iter().enumerate() {
            let far = part.length - 2.0 * dot(&part.center, row);
            if far < best.1 {
                best = (i, far);
            }
        }
        best.0
    }

    /// For each part whether it is with the first of the two that are farthest from each other.
    fn halves(&self) -> Vec<bool> {
        let square = |a: &Summary, b: &Summary| -> f64 {
            let each = a.center.iter().zip(&b.center);
            each.map(|(a, b)| (a - b) * (a - b)).sum()
        };
        let (mut far, mut most) = ((0, 0), 0.0);
        for (i, a) in self.parts.iter().enumerate() {
            for (j, b) in self.parts.iter().enumerate().skip(i + 1) {
                let d = square(a, b);
                if d > most {
                    (far, most) = ((i, j), d);
                }
            }
        }
        let (one, two) = (&self.parts[far.0], &self.parts[far.1]);
        let each = self.parts.iter().enumerate();
        each.map(|(i, part)| i == far.0 || square(part, one) < square(part, two))
            .collect()
    }
}

/// The tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tree {
    nodes: Vec<Node>,
    root: usize,
}

impl Tree {
    fn new() -> Self {
        Tree {
            nodes: vec![Node {
                parts: Vec::new(),
                leaf: true,
                next: None,
            }],
            root: 0,
        }
    }

    fn insert(&mut self, row: &[f64], threshold: f64, most: usize) {
        let row = Summary::of(row);
        // Down to a leaf.
        let mut path = Vec::new();
        let mut node = self.root;
        while !self.nodes[node].leaf {
            let part = self.nodes[node].nearest(&row.center);
            path.push((node, part));
            match self.nodes[node].parts[part].child {
                Some(child) => node = child,
                None => break,
            }
        }
        let leaf = &mut self.nodes[node];
        let at = leaf.nearest(&row.center);
        let joined = leaf
            .parts
            .get_mut(at)
            .is_some_and(|part| part.join(&row, threshold));
        if !joined {
            leaf.parts.push(row.clone());
        }
        // And up again.
        while let Some((above, part)) = path.pop() {
            if self.nodes[node].parts.len() > most {
                if let Some((one, two)) = self.cut(node) {
                    self.nodes[above].parts[part] = one;
                    self.nodes[above].parts.push(two);
                }
            } else {
                self.nodes[above].parts[part].add(&row);
            }
            node = above;
        }
        if self.nodes[self.root].parts.len() > most
            && let Some((one, two)) = self.cut(self.root)
        {
            self.root = self.nodes.len();
            self.nodes.push(Node {
                parts: vec![one, two],
                leaf: false,
                next: None,
            });
        }
    }

    /// Cuts a node in two; the first keeps its number.
    fn cut(&mut self, node: usize) -> Option<(Summary, Summary)> {
        let halves = self.nodes[node].halves();
        let (mut one, mut two) = (Vec::new(), Vec::new());
        for (part, first) in std::mem::take(&mut self.nodes[node].parts)
            .into_iter()
            .zip(halves)
        {
            if first {
                one.push(part)
            } else {
                two.push(part)
            }
        }
        let new = self.nodes.len();
        let summaries = Summary::over(&one, node).zip(Summary::over(&two, new));
        self.nodes.push(Node {
            parts: two,
            leaf: self.nodes[node].leaf,
            next: self.nodes[node].next,
        });
        self.nodes[node].parts = one;
        if self.nodes[node].leaf {
            self.nodes[node].next = Some(new);
        }
        summaries
    }

    /// The small groups, leaf by leaf. The first leaf keeps number 0.
    fn groups(&self) -> Vec<&Summary> {
        let (mut found, mut leaf) = (Vec::new(), Some(0));
        while let Some(node) = leaf {
            found.extend(&self.nodes[node].parts);
            leaf = self.nodes[node].next;
        }
        found
    }

    fn validate(&self, p: usize, most: usize) -> Result<()> {
        let broken = |holds: bool| ensure::that(holds, || "the tree is broken".into());
        broken(self.root < self.nodes.len())?;
        let mut seen = vec![false; self.nodes.len()];
        let (mut open, mut leaves) = (vec![self.root], 0);
        seen[self.root] = true;
        while let Some(node) = open.pop() {
            let node = &self.nodes[node];
            leaves += usize::from(node.leaf);
            broken(!node.parts.is_empty() && node.parts.len() <= most)?;
            broken(node.leaf || node.next.is_none())?;
            for part in &node.parts {
                broken(part.sum.len() == p && part.center.len() == p && part.count >= 1.0)?;
                ensure::non_negative("squares", &[part.squares, part.length])?;
                match part.child {
                    None => broken(node.leaf)?,
                    Some(child) => {
                        broken(!node.leaf && child < self.nodes.len() && !seen[child])?;
                        seen[child] = true;
                        open.push(child);
                    }
                }
            }
        }
        broken(seen.iter().all(|&seen| seen))?;
        let (mut leaf, mut chained) = (Some(0), 0);
        while let Some(at) = leaf {
            broken(at < self.nodes.len() && self.nodes[at].leaf && chained < leaves)?;
            chained += 1;
            leaf = self.nodes[at].next;
        }
        broken(chained == leaves)
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Birch {
    type Fitted = FittedBirch<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let (n, p) = x.dim();
        let mut shift = vec![0.0; p];
        for row in x.rows() {
            for (s, v) in shift.iter_mut().zip(row) {
                *s += v.f64() / n as f64;
            }
        }
        let mut model = FittedBirch {
            recipe: self.clone(),
            shift,
            tree: Tree::new(),
            subcluster_centers: Array2::default((0, p)),
            subcluster_labels: Vec::new(),
            labels: Array1::default(0),
        };
        model.take(x)?;
        Ok(model)
    }
}

/// Groups found by [`Birch`].
///
/// `predict` gives the group of the nearest small group; `transform` the distances to all small groups; and
/// [`partial_fit`](PartialFit::partial_fit) takes more rows into the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedBirch<F: Float> {
    recipe: Birch,
    shift: Vec<f64>,
    tree: Tree,
    subcluster_centers: Array2<F>,
    subcluster_labels: Vec<usize>,
    labels: Array1<usize>,
}

impl<F: Float> FittedBirch<F> {
    /// The centres of the small groups, (n_subclusters, n_features).
    pub fn subcluster_centers(&self) -> &Array2<F> {
        &self.subcluster_centers
    }

    /// The group of each small group.
    pub fn subcluster_labels(&self) -> &[usize] {
        &self.subcluster_labels
    }

    /// The group of each row of the training data, or of the last batch; empty without `compute_labels`.
    pub fn labels(&self) -> &Array1<usize> {
        &self.labels
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.shift.len()
    }

    fn take(&mut self, x: &ArrayRef2<F>) -> Result<()> {
        let p = self.shift.len();
        let mut row = vec![0.0; p];
        for (i, values) in x.rows().into_iter().enumerate() {
            for ((to, v), s) in row.iter_mut().zip(values).zip(&self.shift) {
                *to = v.f64() - s;
            }
            self.tree
                .insert(&row, self.recipe.threshold, self.recipe.branching_factor);
            if i % 1024 == 1023 {
                self.recipe
                    .watch
                    .report(NAME, i + 1, Some(x.nrows()), None)?;
            }
        }
        let groups = self.tree.groups();
        let sums = groups.iter().flat_map(|part| [&part.squares, &part.length]);
        check::learned(NAME, "a sum of squares", sums)?;
        let at = |(g, j): (usize, usize)| F::of(groups[g].center[j] + self.shift[j]);
        self.subcluster_centers = Array2::from_shape_fn((groups.len(), p), at);
        check::learned(NAME, "the centres", &self.subcluster_centers)?;
        self.regroup()?;
        if self.recipe.compute_labels {
            self.labels = self.predict(x)?;
        }
        Ok(())
    }

    fn regroup(&mut self) -> Result<()> {
        let m = self.subcluster_centers.nrows();
        self.subcluster_labels = match self.recipe.n_clusters {
            Some(1) => vec![0; m],
            Some(k) if m >= k => AgglomerativeClustering::new(k)
                .fit_predict(&self.subcluster_centers)?
                .to_vec(),
            Some(k) => {
                log::warn!(
                    "{NAME}: {m} small groups found for n_clusters={k}; lower the threshold"
                );
                (0..m).collect()
            }
            None => (0..m).collect(),
        };
        Ok(())
    }

    /// The same small groups in another number of groups. Labels of rows are those of before; `predict` gives the new ones.
    ///
    /// # Errors
    /// `InvalidParameter` for no groups.
    ///
    /// ```
    /// use fitwell::{cluster::Birch, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0], [1.0], [5.0], [6.0]];
    /// let model = Birch::new().n_clusters(None).fit(&x, &())?.regrouped(2)?;
    /// assert_eq!(model.predict(&x)?.to_vec(), [1, 1, 0, 0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn regrouped(mut self, n_clusters: impl Into<Option<usize>>) -> Result<Self> {
        self.recipe = self.recipe.n_clusters(n_clusters);
        self.recipe.check()?;
        self.regroup()?;
        self.labels = Array1::default(0);
        self.recipe.compute_labels = false;
        Ok(self)
    }
}

impl<F: Float, Y: Targets + ?Sized> PartialFit<ArrayRef2<F>, Y> for FittedBirch<F> {
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::not_empty(x)?;
        check::same_width(x, self.n_features_in())?;
        check::target(y, x.nrows())?;
        let mut next = self.clone();
        next.take(x)?;
        *self = next;
        Ok(())
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedBirch<F> {
    type Output = Array1<usize>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<usize>> {
        check::same_width(x, self.n_features_in())?;
        let centers = Turned::new(&self.subcluster_centers);
        let near = centers.nearest_of(x);
        Ok(near
            .into_iter()
            .map(|found| self.subcluster_labels[found.0])
            .collect())
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedBirch<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let centers = Turned::new(&self.subcluster_centers);
        let m = self.subcluster_centers.nrows();
        let mut out = parallel::fresh((x.nrows(), m));
        let chunk = parallel::row_chunks(x.nrows(), m);
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut out| {
            let mut point = vec![0.0; x.ncols()];
            for (i, mut out) in out.rows_mut().into_iter().enumerate() {
                for (to, v) in point.iter_mut().zip(x.row(first + i)) {
                    *to = v.f64();
                }
                centers.each(&point, |c, square| out[c] = F::of(square.sqrt()));
            }
        });
        check::learned(NAME, "a distance", &out)?;
        Ok(out)
    }
}

impl<F: Float> FeatureNamesOut for FittedBirch<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        crate::preprocessing::names_or_numbers(input, self.n_features_in())?;
        let names = (0..self.subcluster_labels.len()).map(|c| format!("birch{c}"));
        Ok(names.collect())
    }
}

impl<F: Float> fmt::Display for FittedBirch<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self
            .subcluster_labels
            .iter()
            .max()
            .map_or(0, |most| most + 1);
        write!(
            f,
            "Birch fitted on {} columns: {} small groups in {groups} groups",
            self.n_features_in(),
            self.subcluster_labels.len()
        )
    }
}

impl<F: Float> Model for FittedBirch<F> {
    fn type_name() -> String {
        format!("FittedBirch<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.recipe.check()?;
        let p = self.shift.len();
        ensure::at_least("number of features", p, 1)?;
        self.tree.validate(p, self.recipe.branching_factor)?;
        let m = self.tree.groups().len();
        ensure::shape("subcluster_centers", &self.subcluster_centers, m, p)?;
        ensure::equal(
            "number of subcluster_labels",
            self.subcluster_labels.len(),
            m,
        )?;
        ensure::indices("subcluster_labels", &self.subcluster_labels, m)?;
        ensure::indices("labels", &self.labels, m)?;
        ensure::that(self.recipe.compute_labels != self.labels.is_empty(), || {
            "there are labels without `compute_labels`, or none with it".into()
        })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::random;

    fn rows(n: usize) -> Array2<f64> {
        let mut rng = random::generator(4);
        Array2::from_shape_fn((n, 3), |(i, _)| {
            6.0 * (i % 4) as f64 + random::standard_normal(&mut rng)
        })
    }

    #[test]
    fn the_tree_keeps_every_row() {
        let x = rows(300);
        for (threshold, most) in [(0.1, 2), (0.5, 3), (0.7, 50), (100.0, 2)] {
            let birch = Birch::new()
                .threshold(threshold)
                .branching_factor(most)
                .n_clusters(4);
            let model = birch.fit(&x, &()).unwrap();
            model.validate().unwrap();
            let groups = model.tree.groups();
            assert!((groups.iter().map(|g| g.count).sum::<f64>() - 300.0).abs() < 1e-9);
            for group in groups {
                assert!(group.squares / group.count - group.length <= threshold * threshold + 1e-9);
            }
            let root = &model.tree.nodes[model.tree.root];
            assert!((root.parts.iter().map(|g| g.count).sum::<f64>() - 300.0).abs() < 1e-9);
            if threshold < 1.0 {
                for i in 4..300 {
                    assert_eq!(model.labels()[i], model.labels()[i % 4]);
                }
            }
        }
    }

    #[test]
    fn batches_are_as_one() {
        let x = rows(200);
        let birch = Birch::new().branching_factor(5);
        let whole = birch.fit(&x, &()).unwrap();
        let mut parts = birch.fit(&x.slice(ndarray::s![..80, ..]), &()).unwrap();
        parts
            .partial_fit(&x.slice(ndarray::s![80.., ..]), &())
            .unwrap();
        let difference = whole.subcluster_centers() - parts.subcluster_centers();
        assert!(difference.iter().all(|d: &f64| d.abs() < 1e-9));
        let before = parts.clone();
        assert!(parts.partial_fit(&array![[1.0]], &()).is_err());
        assert_eq!(parts, before);
    }

    #[test]
    fn equal_rows_and_bad_settings() {
        let same = Array2::<f64>::ones((40, 2));
        let model = Birch::new().branching_factor(2).fit(&same, &()).unwrap();
        assert_eq!(
            (model.subcluster_labels(), model.labels()[39]),
            (&[0][..], 0)
        );
        for birch in [
            Birch::new().threshold(0.0),
            Birch::new().branching_factor(1),
            Birch::new().n_clusters(0),
        ] {
            assert!(birch.fit(&same, &()).is_err());
        }
    }
}

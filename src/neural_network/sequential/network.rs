//! A network whose sizes are known: its parameters, and the passes forward and backward through its layers.
//!
//! All parameters lie in one vector, layer after layer: of a dense layer W (n_inputs, n_outputs) row by row and then b, of a
//! normalisation γ and then β, of an embedding the tables of its columns. What a layer learns without a gradient, the running
//! mean and variance of a batch normalisation, lies in a second vector.
//!
//! A pass forward keeps what the pass backward needs; all room is made once, for the largest batch.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{general_matmul, simd};
use crate::model::ensure;
use crate::neural_network::{Activation, dropout};
use crate::{parallel, random};

use super::layer::{Initializer, Layer};
use super::summary::Summary;
use super::{embedding, norm};

/// The most parameters of a network.
const MOST: usize = 1 << 31;

/// A layer with its sizes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Node {
    pub(crate) layer: Layer,
    pub(crate) n_inputs: usize,
    pub(crate) n_outputs: usize,
    /// Of an embedding, the categories of each column.
    pub(crate) n_categories: Vec<usize>,
}

impl Node {
    /// The sizes of what the layer holds, in order: each a matrix.
    pub(crate) fn tensors(&self) -> Vec<(&'static str, usize, usize)> {
        let (n, m) = (self.n_inputs, self.n_outputs);
        match &self.layer {
            Layer::Dense { use_bias: true, .. } => vec![("kernel", n, m), ("bias", 1, m)],
            Layer::Dense { .. } => vec![("kernel", n, m)],
            Layer::Activation(_) | Layer::Dropout { .. } => Vec::new(),
            Layer::BatchNormalization { .. } | Layer::LayerNormalization { .. } => {
                vec![("gamma", 1, n), ("beta", 1, n)]
            }
            Layer::Embedding { output_dim, .. } => self
                .n_categories
                .iter()
                .map(|&k| ("embeddings", k.saturating_add(1), *output_dim))
                .collect(),
        }
    }

    /// The number of parameters.
    pub(crate) fn n_parameters(&self) -> Option<usize> {
        let mut sum = 0usize;
        for (_, rows, columns) in self.tensors() {
            sum = sum.checked_add(rows.checked_mul(columns)?)?;
        }
        (sum <= MOST).then_some(sum)
    }

    /// The number of running statistics.
    pub(crate) fn n_statistics(&self) -> usize {
        match self.layer {
            Layer::BatchNormalization { .. } => 2 * self.n_inputs,
            _ => 0,
        }
    }
}

/// A network with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(crate) struct Network<F> {
    pub(crate) nodes: Vec<Node>,
    pub(crate) parameters: Vec<F>,
    pub(crate) statistics: Vec<F>,
}

/// The layers over `n_features` columns with their sizes; a dense layer without activation makes `n_outputs` at the end.
/// `n_categories` are those of the columns of an embedding, or none where they are not known.
///
/// # Errors
/// `InvalidParameter` for an embedded column that is not there; `TooLarge`.
pub(super) fn nodes(
    estimator: &str,
    layers: &[Layer],
    n_features: usize,
    n_outputs: usize,
    n_categories: Vec<usize>,
) -> Result<Vec<Node>> {
    let mut nodes = Vec::with_capacity(layers.len() + 1);
    let mut width = n_features;
    let output = Layer::Dense {
        units: n_outputs,
        activation: Activation::Identity,
        kernel_initializer: Initializer::GlorotUniform,
        use_bias: true,
        l2: 0.0,
    };
    for layer in layers.iter().chain([&output]) {
        let mut node = Node {
            layer: layer.clone(),
            n_inputs: width,
            n_outputs: width,
            n_categories: Vec::new(),
        };
        match layer {
            Layer::Dense { units, .. } => node.n_outputs = *units,
            Layer::Embedding {
                columns,
                output_dim,
                ..
            } => {
                if let Some(&column) = columns.iter().find(|&&c| c >= n_features) {
                    return Err(Error::invalid_parameter(
                        estimator,
                        "layers[0].columns",
                        format!("below the number of features, {n_features}"),
                        column,
                    ));
                }
                node.n_categories.clone_from(&n_categories);
                node.n_categories.resize(columns.len(), 0);
                node.n_outputs = columns
                    .len()
                    .checked_mul(*output_dim)
                    .and_then(|vectors| vectors.checked_add(width - columns.len()))
                    .ok_or_else(too_large)?;
            }
            _ => {}
        }
        width = node.n_outputs;
        nodes.push(node);
    }
    n_parameters(&nodes).ok_or_else(too_large)?;
    Ok(nodes)
}

/// All parameters, if they are not too many.
fn n_parameters(nodes: &[Node]) -> Option<usize> {
    let mut sum = 0usize;
    for node in nodes {
        sum = sum.checked_add(node.n_parameters()?)?;
    }
    (sum <= MOST).then_some(sum)
}

impl<F: Float> Network<F> {
    /// The network of these layers, its weights drawn; see [`nodes`].
    pub(crate) fn new(
        estimator: &str,
        layers: &[Layer],
        n_features: usize,
        n_outputs: usize,
        n_categories: Vec<usize>,
        random_state: u64,
    ) -> Result<Self> {
        let nodes = nodes(estimator, layers, n_features, n_outputs, n_categories)?;
        let n = n_parameters(&nodes).ok_or_else(too_large)?;
        parallel::fits::<F>("the parameters of the network", (n, 4))?;
        let mut network = Network {
            nodes,
            parameters: Vec::with_capacity(n),
            statistics: Vec::new(),
        };
        network.draw(random_state);
        Ok(network)
    }

    fn draw(&mut self, random_state: u64) {
        let mut rng = random::generator(random_state);
        let parameters = &mut self.parameters;
        for node in &self.nodes {
            let (n, m) = (node.n_inputs, node.n_outputs);
            match &node.layer {
                Layer::Dense {
                    kernel_initializer,
                    use_bias,
                    ..
                } => {
                    let mut draw = kernel_initializer.draw(n, m, &mut rng);
                    parameters.extend((0..n * m).map(|_| F::of(draw())));
                    if *use_bias {
                        parameters.extend((0..m).map(|_| F::zero()));
                    }
                }
                Layer::Activation(_) | Layer::Dropout { .. } => {}
                Layer::BatchNormalization { .. } | Layer::LayerNormalization { .. } => {
                    parameters.extend((0..n).map(|_| F::one()));
                    parameters.extend((0..n).map(|_| F::zero()));
                }
                Layer::Embedding { output_dim, .. } => {
                    for &k in &node.n_categories {
                        parameters.extend((0..*output_dim).map(|_| F::zero()));
                        let draw = || F::of(0.1 * random::uniform(&mut rng) - 0.05);
                        parameters.extend(std::iter::repeat_with(draw).take(k * output_dim));
                    }
                }
            }
            if let Layer::BatchNormalization { .. } = node.layer {
                self.statistics.extend((0..n).map(|_| F::zero()));
                self.statistics.extend((0..n).map(|_| F::one()));
            }
        }
    }

    pub(crate) fn n_features(&self) -> usize {
        self.nodes.first().map_or(0, |node| node.n_inputs)
    }

    pub(crate) fn n_outputs(&self) -> usize {
        self.nodes.last().map_or(0, |node| node.n_outputs)
    }

    /// Where in the parameters each matrix and vector is.
    pub(crate) fn parts(&self) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut at = 0;
        for node in &self.nodes {
            for (_, rows, columns) in node.tensors() {
                parts.push(at..at + rows * columns);
                at += rows * columns;
            }
        }
        parts
    }

    /// Checks that a network from a file is one.
    ///
    /// # Errors
    /// `ModelFile`.
    pub(crate) fn validate(&self) -> Result<()> {
        ensure::at_least("number of layers", self.nodes.len(), 1)?;
        ensure::at_least("number of features", self.n_features(), 1)?;
        ensure::at_least("number of outputs", self.n_outputs(), 1)?;
        let mut width = self.n_features();
        let mut statistics = 0usize;
        for (i, node) in self.nodes.iter().enumerate() {
            let what = format!("layer {i}");
            node.layer
                .check("Sequential", i)
                .map_err(|e| Error::model_file(e.to_string()))?;
            ensure::equal(&format!("inputs of {what}"), node.n_inputs, width)?;
            let expected = match &node.layer {
                Layer::Dense { units, .. } => Some(*units),
                Layer::Embedding {
                    columns,
                    output_dim,
                    ..
                } => {
                    let found = node.n_categories.len();
                    ensure::equal("embedded columns", found, columns.len())?;
                    ensure::indices("embedded columns", columns, width)?;
                    // Codes are compared as numbers, and counted from the unknown category.
                    ensure::that(node.n_categories.iter().all(|&k| k < MOST), || {
                        format!("{what} has too many categories")
                    })?;
                    columns
                        .len()
                        .checked_mul(*output_dim)
                        .and_then(|v| v.checked_add(width - columns.len()))
                }
                _ => Some(width),
            };
            if !matches!(node.layer, Layer::Embedding { .. }) {
                ensure::equal("categories", node.n_categories.len(), 0)?;
            }
            ensure::that(expected == Some(node.n_outputs), || {
                format!("outputs of {what} are {}", node.n_outputs)
            })?;
            width = node.n_outputs;
            statistics = statistics.saturating_add(node.n_statistics());
        }
        let parameters = n_parameters(&self.nodes);
        ensure::that(parameters == Some(self.parameters.len()), || {
            format!("{} parameters do not fit the layers", self.parameters.len())
        })?;
        ensure::equal(
            "number of running statistics",
            self.statistics.len(),
            statistics,
        )?;
        let mut at = 0;
        for node in &self.nodes {
            if let Layer::BatchNormalization { .. } = node.layer {
                let variances = at + node.n_inputs..at + 2 * node.n_inputs;
                ensure::non_negative("running variances", &self.statistics[variances])?;
            }
            at += node.n_statistics();
        }
        ensure::finite("parameters", &self.parameters)?;
        ensure::finite("running means", &self.statistics)
    }

    /// The values of the last layer for each row of `x`, (n, n_outputs); large inputs in parallel.
    pub(crate) fn predict(&self, x: &ndarray::ArrayRef2<F>) -> Array2<F> {
        let (n, m) = (x.nrows(), self.n_outputs());
        let mut out = parallel::zeros((n, m));
        let widest = self.nodes.iter().map(|node| node.n_outputs).max();
        let chunk = parallel::row_chunks(n, widest.unwrap_or(1).max(x.ncols()));
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = block.nrows();
            let mut room = Room::new(self, rows);
            let mut input = Vec::with_capacity(rows * x.ncols());
            for row in x.slice(ndarray::s![first..first + rows, ..]).rows() {
                input.extend(row.iter().copied());
            }
            room.forward(self, &input, rows, Mode::Predict);
            for (to, from) in block.iter_mut().zip(room.output()) {
                *to = *from;
            }
        });
        out
    }

    /// The layers and their sizes.
    pub(crate) fn summary(&self) -> Summary {
        Summary::of(&self.nodes)
    }

    /// The values of all layers for a batch of this many rows fit in memory.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(crate) fn fits(&self, rows: usize) -> Result<()> {
        let widths = self
            .nodes
            .iter()
            .map(|node| node.n_outputs.saturating_add(node.n_inputs));
        let width = widths.fold(0usize, usize::saturating_add).saturating_mul(3);
        parallel::fits::<F>("the values of a batch (lower batch_size)", (rows, width))
    }

    /// The layers are these, and a last one.
    ///
    /// # Errors
    /// `ModelFile`.
    pub(crate) fn has_layers(&self, layers: &[Layer]) -> Result<()> {
        ensure::equal("number of layers", self.nodes.len(), layers.len() + 1)?;
        let same = self
            .nodes
            .iter()
            .zip(layers)
            .all(|(node, l)| node.layer == *l);
        ensure::that(same, || "the layers are not those of the settings".into())?;
        let linear = self.nodes.last().is_some_and(|node| {
            let Layer::Dense { activation, .. } = node.layer else {
                return false;
            };
            activation == Activation::Identity
        });
        ensure::that(linear, || "the last layer is not linear".into())
    }

    /// What each layer holds, in Keras's order.
    pub(crate) fn weights(&self) -> Vec<Array2<F>> {
        let mut weights = Vec::new();
        let (mut at, mut at_statistics) = (0, 0);
        for node in &self.nodes {
            for (_, rows, columns) in node.tensors() {
                let values = &self.parameters[at..at + rows * columns];
                weights.push(matrix(values, rows, columns).to_owned());
                at += rows * columns;
            }
            let statistics = node.n_statistics();
            let values = &self.statistics[at_statistics..at_statistics + statistics];
            for half in values.chunks(node.n_inputs.max(1)) {
                weights.push(matrix(half, 1, half.len()).to_owned());
            }
            at_statistics += statistics;
        }
        weights
    }

    /// Takes what [`weights`](Self::weights) of a network of the same layers gives.
    ///
    /// # Errors
    /// `InvalidParameter` for other shapes.
    pub(crate) fn set_weights(&mut self, estimator: &str, weights: &[Array2<f64>]) -> Result<()> {
        let shapes: Vec<_> = self.weights().iter().map(Array2::dim).collect();
        let given: Vec<_> = weights.iter().map(Array2::dim).collect();
        if shapes != given {
            return Err(Error::invalid_parameter(
                estimator,
                "initial_weights",
                format!("matrices of the shapes {shapes:?}"),
                format!("{given:?}"),
            ));
        }
        let mut weights = weights.iter();
        let (mut at, mut at_statistics) = (0, 0);
        for node in &self.nodes {
            for (_, rows, columns) in node.tensors() {
                let to = &mut self.parameters[at..at + rows * columns];
                for (to, &from) in to.iter_mut().zip(weights.next().into_iter().flatten()) {
                    *to = F::of(from);
                }
                at += rows * columns;
            }
            let statistics = node.n_statistics();
            let to = &mut self.statistics[at_statistics..at_statistics + statistics];
            for half in to.chunks_mut(node.n_inputs.max(1)) {
                for (to, &from) in half.iter_mut().zip(weights.next().into_iter().flatten()) {
                    *to = F::of(from);
                }
            }
            at_statistics += statistics;
        }
        let variances = self.validate();
        variances.map_err(|e| {
            Error::invalid_parameter(estimator, "initial_weights", "a network", e.to_string())
        })
    }

    /// Whether a layer adds to the loss.
    pub(crate) fn is_penalised(&self) -> bool {
        let adds = |node: &Node| matches!(node.layer, Layer::Dense { l2, .. } if l2 > 0.0);
        self.nodes.iter().any(adds)
    }

    /// Σ l2 ‖W‖² over the dense layers.
    pub(crate) fn penalty(&self) -> f64 {
        let mut at = 0;
        let mut sum = 0.0;
        for node in &self.nodes {
            let n = node.n_inputs * node.n_outputs;
            if let Layer::Dense { l2, .. } = node.layer
                && l2 > 0.0
            {
                let squares = self.parameters[at..at + n].iter();
                sum += l2 * squares.map(|w| w.f64() * w.f64()).sum::<f64>();
            }
            at += node.n_parameters().unwrap_or(0);
        }
        sum
    }
}

fn too_large() -> Error {
    ErrorKind::TooLarge {
        what: "parameters of the network".into(),
        size: u64::MAX,
        limit: MOST as u64,
    }
    .into()
}

/// Whether a pass is for learning, with the seed of its dropout and running statistics to be updated.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Predict,
    /// The stream of random numbers of this update.
    Learn {
        random_state: u64,
        update: u64,
    },
}

/// Room for the passes of one batch.
pub(crate) struct Room<F> {
    rows: usize,
    /// The output of each layer, (rows, n_outputs).
    outputs: Vec<Vec<F>>,
    /// What else a layer keeps: z, the mask of a dropout, normalised values.
    kept: Vec<Vec<F>>,
    /// 1/√(variance + ε) of a normalisation.
    scales: Vec<Vec<F>>,
    /// The derivative of the loss by the output of a layer, and by its input.
    delta: Vec<F>,
    below: Vec<F>,
    /// Sums over the rows of a column.
    sums: Vec<f64>,
    /// The running statistics after a pass for learning.
    pub(crate) statistics: Vec<F>,
}

impl<F: Float> Room<F> {
    pub(crate) fn new(network: &Network<F>, rows: usize) -> Self {
        let of = |n: usize| vec![F::zero(); n * rows];
        let widest = network.nodes.iter().map(|n| n.n_outputs.max(n.n_inputs));
        let widest = widest.max().unwrap_or(0);
        let kept = |node: &Node| match &node.layer {
            Layer::Dense { activation, .. } | Layer::Activation(activation)
                if activation.needs_input() =>
            {
                of(node.n_outputs)
            }
            Layer::Dropout { .. }
            | Layer::BatchNormalization { .. }
            | Layer::LayerNormalization { .. } => of(node.n_outputs),
            _ => Vec::new(),
        };
        let scales = |node: &Node| match node.layer {
            Layer::BatchNormalization { .. } => vec![F::zero(); node.n_inputs],
            Layer::LayerNormalization { .. } => of(1),
            _ => Vec::new(),
        };
        Room {
            rows: 0,
            outputs: network.nodes.iter().map(|n| of(n.n_outputs)).collect(),
            kept: network.nodes.iter().map(kept).collect(),
            scales: network.nodes.iter().map(scales).collect(),
            delta: of(widest),
            below: of(widest),
            sums: vec![0.0; 2 * widest],
            statistics: network.statistics.clone(),
        }
    }

    /// The values of the last layer, (rows, n_outputs).
    pub(crate) fn output(&self) -> &[F] {
        match self.outputs.last() {
            Some(output) if self.rows > 0 => output,
            _ => &[],
        }
    }

    /// The values of the last layer, and room for the derivative of the loss by them.
    pub(crate) fn output_and_delta(&mut self) -> (&[F], &mut [F]) {
        match self.outputs.last() {
            Some(output) => (output, &mut self.delta),
            None => (&[], &mut self.delta),
        }
    }

    /// The values of every layer for `rows` rows of `x`, (rows, n_features).
    pub(crate) fn forward(&mut self, network: &Network<F>, x: &[F], rows: usize, mode: Mode) {
        self.rows = rows;
        let mut drops = match mode {
            Mode::Learn {
                random_state,
                update,
            } => Some(random::stream(random_state, 2 * update + 1)),
            Mode::Predict => None,
        };
        if let Mode::Learn { .. } = mode {
            self.statistics.copy_from_slice(&network.statistics);
        }
        let (mut at, mut at_statistics) = (0, 0);
        for (i, node) in network.nodes.iter().enumerate() {
            let (below, here) = self.outputs.split_at_mut(i);
            let (n, m) = (node.n_inputs, node.n_outputs);
            let input = &below.last().map_or(x, |v| v.as_slice())[..rows * n];
            let Some(output) = here.first_mut() else {
                return;
            };
            let output = &mut output[..rows * m];
            let kept = &mut self.kept[i];
            let end = at + node.n_parameters().unwrap_or(0);
            let parameters = &network.parameters[at..end];
            match &node.layer {
                Layer::Dense {
                    activation,
                    use_bias,
                    ..
                } => {
                    let (w, b) = parameters.split_at(n * m);
                    let (a, w) = (matrix(input, rows, n), matrix(w, n, m));
                    general_matmul(
                        F::one(),
                        &a,
                        &w,
                        F::zero(),
                        &mut matrix_mut(output, rows, m),
                    );
                    if *use_bias {
                        add_to_rows(output, b);
                    }
                    if activation.needs_input() {
                        kept[..rows * m].copy_from_slice(output);
                    }
                    activation.apply(output);
                }
                Layer::Activation(activation) => {
                    output.copy_from_slice(input);
                    if activation.needs_input() {
                        kept[..rows * m].copy_from_slice(input);
                    }
                    activation.apply(output);
                }
                Layer::Dropout { rate } => match &mut drops {
                    Some(rng) if *rate > 0.0 => {
                        let kept = &mut kept[..rows * m];
                        dropout::draw(kept, *rate, rng);
                        simd(
                            #[inline(always)]
                            || {
                                for ((out, &x), &k) in output.iter_mut().zip(input).zip(&*kept) {
                                    *out = x * k;
                                }
                            },
                        );
                    }
                    _ => {
                        kept.fill(F::one());
                        output.copy_from_slice(input);
                    }
                },
                Layer::BatchNormalization { momentum, epsilon } => {
                    let statistics = at_statistics..at_statistics + 2 * n;
                    match mode {
                        Mode::Predict => norm::by_statistics(
                            input,
                            parameters,
                            &network.statistics[statistics],
                            *epsilon,
                            output,
                        ),
                        Mode::Learn { .. } => norm::batch_forward(
                            input,
                            parameters,
                            (*momentum, *epsilon),
                            norm::BatchRoom {
                                statistics: &mut self.statistics[statistics],
                                sums: &mut self.sums,
                                normalised: &mut kept[..rows * n],
                                scales: &mut self.scales[i],
                            },
                            output,
                        ),
                    }
                }
                Layer::LayerNormalization { epsilon } => norm::row_forward(
                    input,
                    parameters,
                    *epsilon,
                    &mut kept[..rows * n],
                    &mut self.scales[i][..rows],
                    output,
                ),
                Layer::Embedding {
                    columns,
                    output_dim,
                    ..
                } => embedding::Shape {
                    n_inputs: n,
                    n_outputs: m,
                    columns,
                    n_categories: &node.n_categories,
                    output_dim: *output_dim,
                }
                .forward(input, parameters, output),
            }
            at = end;
            at_statistics += node.n_statistics();
        }
    }

    /// The derivative of the loss by every parameter, from that by the last values, which [`output_and_delta`]
    /// (Self::output_and_delta) holds, after a [`forward`](Self::forward) of the same batch.
    pub(crate) fn backward(&mut self, network: &Network<F>, x: &[F], gradient: &mut [F]) {
        let rows = self.rows;
        let mut end = network.parameters.len();
        // Nothing below the first layer with parameters needs a derivative.
        let first = network
            .nodes
            .iter()
            .position(|node| node.n_parameters() != Some(0))
            .unwrap_or(0);
        for (i, node) in network.nodes.iter().enumerate().rev() {
            let (n, m) = (node.n_inputs, node.n_outputs);
            let start = end - node.n_parameters().unwrap_or(0);
            let parameters = &network.parameters[start..end];
            let gradient = &mut gradient[start..end];
            let input = match i.checked_sub(1) {
                Some(below) => &self.outputs[below][..rows * n],
                None => &x[..rows * n],
            };
            let output = &self.outputs[i][..rows * m];
            let kept = &self.kept[i];
            let delta = &mut self.delta[..rows * m];
            match &node.layer {
                Layer::Dense { activation, l2, .. } => {
                    activation.backward(kept, output, delta);
                    let (w, _) = parameters.split_at(n * m);
                    let (g_w, g_b) = gradient.split_at_mut(n * m);
                    let d = matrix(delta, rows, m);
                    let a = matrix(input, rows, n);
                    general_matmul(F::one(), &a.t(), &d, F::zero(), &mut matrix_mut(g_w, n, m));
                    if *l2 > 0.0 {
                        let twice = F::of(2.0 * l2);
                        for (g, &w) in g_w.iter_mut().zip(w) {
                            *g += twice * w;
                        }
                    }
                    if !g_b.is_empty() {
                        sum_rows(delta, &mut self.sums, g_b);
                    }
                    if i > first {
                        let below = &mut self.below[..rows * n];
                        let w = matrix(w, n, m);
                        let d = matrix(delta, rows, m);
                        general_matmul(
                            F::one(),
                            &d,
                            &w.t(),
                            F::zero(),
                            &mut matrix_mut(below, rows, n),
                        );
                        std::mem::swap(&mut self.delta, &mut self.below);
                    }
                }
                Layer::Activation(activation) => activation.backward(kept, output, delta),
                Layer::Dropout { .. } => simd(
                    #[inline(always)]
                    || {
                        for (delta, &k) in delta.iter_mut().zip(kept) {
                            *delta *= k;
                        }
                    },
                ),
                Layer::BatchNormalization { .. } => norm::batch_backward(
                    delta,
                    parameters,
                    kept,
                    &self.scales[i],
                    &mut self.sums,
                    gradient,
                ),
                Layer::LayerNormalization { .. } => norm::row_backward(
                    delta,
                    parameters,
                    kept,
                    &self.scales[i],
                    &mut self.sums,
                    gradient,
                ),
                Layer::Embedding {
                    columns,
                    output_dim,
                    ..
                } => embedding::Shape {
                    n_inputs: n,
                    n_outputs: m,
                    columns,
                    n_categories: &node.n_categories,
                    output_dim: *output_dim,
                }
                .backward(input, delta, gradient),
            }
            end = start;
        }
    }
}

/// A row-major matrix over values that are as many.
fn matrix<F>(values: &[F], rows: usize, columns: usize) -> ArrayView2<'_, F> {
    #[allow(clippy::expect_used)] // every caller cuts the slice to this length
    ArrayView2::from_shape((rows, columns), values).expect("the values fill the matrix")
}

/// As [`matrix`].
fn matrix_mut<F>(values: &mut [F], rows: usize, columns: usize) -> ArrayViewMut2<'_, F> {
    #[allow(clippy::expect_used)] // every caller cuts the slice to this length
    ArrayViewMut2::from_shape((rows, columns), values).expect("the values fill the matrix")
}

/// Adds `b` to each row.
fn add_to_rows<F: Float>(values: &mut [F], b: &[F]) {
    simd(
        #[inline(always)]
        || {
            for row in values.chunks_exact_mut(b.len()) {
                for (v, &b) in row.iter_mut().zip(b) {
                    *v += b;
                }
            }
        },
    );
}

/// The sums of the columns, in f64.
fn sum_rows<F: Float>(values: &[F], sums: &mut [f64], out: &mut [F]) {
    let sums = &mut sums[..out.len()];
    sums.fill(0.0);
    simd(
        #[inline(always)]
        || {
            for row in values.chunks_exact(out.len()) {
                for (sum, v) in sums.iter_mut().zip(row) {
                    *sum += v.f64();
                }
            }
        },
    );
    for (out, sum) in out.iter_mut().zip(sums) {
        *out = F::of(*sum);
    }
}

//! Clusters of an order of rows: the valleys of its reachability.

/// Rows in order, and how each, by number, is reached.
pub(super) struct Plot {
    pub(super) ordering: Vec<usize>,
    pub(super) reachability: Vec<f64>,
    pub(super) predecessor: Vec<i64>,
    pub(super) core: Vec<f64>,
}

impl Plot {
    /// Labels as a radius gives them: a row that is not reached begins a cluster if it is dense, else it is noise.
    pub(super) fn within(&self, eps: f64) -> Vec<i64> {
        let mut labels = vec![-1; self.ordering.len()];
        let mut current = -1;
        for &i in &self.ordering {
            let (far, dense) = (self.reachability[i] > eps, self.core[i] <= eps);
            current += i64::from(far && dense);
            labels[i] = if far && !dense { -1 } else { current };
        }
        labels
    }
}

/// A part of the order that falls steeply, and the highest reachability after it.
#[derive(Clone, Copy)]
struct Fall {
    start: usize,
    end: usize,
    between: f64,
}

/// The end of a steep part that begins at `start`: up to `min_samples` rows in a row may be flat, none may turn.
fn extend(steep: &[bool], turning: &[bool], start: usize, min_samples: usize) -> usize {
    let (mut flat, mut end) = (0, start);
    for index in start..steep.len() {
        if steep[index] {
            flat = 0;
            end = index;
        } else if !turning[index] {
            flat += 1;
            if flat > min_samples {
                break;
            }
        } else {
            return end;
        }
    }
    end
}

/// Keeps the falls that are high enough, and notes what came between.
fn filter(falls: &mut Vec<Fall>, between: f64, keep: f64, reach: &[f64]) {
    if between.is_infinite() {
        falls.clear();
        return;
    }
    falls.retain(|fall| between <= reach[fall.start] * keep);
    for fall in falls {
        fall.between = fall.between.max(between);
    }
}

/// A cluster without rows at its end that are reached from outside; `None` if nothing is left.
fn corrected(
    reach: &[f64],
    from: &[i64],
    ordering: &[usize],
    start: usize,
    mut end: usize,
) -> Option<(usize, usize)> {
    while start < end {
        if reach[start] > reach[end] {
            return Some((start, end));
        }
        if ordering[start..end]
            .iter()
            .any(|&row| row as i64 == from[end])
        {
            return Some((start, end));
        }
        end -= 1;
    }
    None
}

/// The label of each row, −1 for noise, and the first and last places of all clusters.
pub(super) fn clusters(
    plot: &Plot,
    xi: f64,
    min_samples: usize,
    min_cluster_size: usize,
    correct: bool,
) -> (Vec<i64>, Vec<(usize, usize)>) {
    let found = valleys(plot, xi, min_samples, min_cluster_size, correct);
    let n = plot.ordering.len();
    let mut places = vec![-1; n];
    let mut next = 0;
    for &(start, end) in &found {
        if places[start..=end].iter().all(|&label| label == -1) {
            places[start..=end].fill(next);
            next += 1;
        }
    }
    let mut labels = vec![-1; n];
    for (&row, label) in plot.ordering.iter().zip(places) {
        labels[row] = label;
    }
    (labels, found)
}

fn valleys(
    plot: &Plot,
    xi: f64,
    min_samples: usize,
    min_cluster_size: usize,
    correct: bool,
) -> Vec<(usize, usize)> {
    let n = plot.ordering.len();
    let mut reach: Vec<f64> = plot
        .ordering
        .iter()
        .map(|&i| plot.reachability[i])
        .collect();
    let from: Vec<i64> = plot.ordering.iter().map(|&i| plot.predecessor[i]).collect();
    reach.push(f64::INFINITY);
    let keep = 1.0 - xi;
    // Where both are infinite or zero the ratio is no number, and nothing holds of it.
    let ratio: Vec<f64> = reach.windows(2).map(|pair| pair[0] / pair[1]).collect();
    let of = |holds: &dyn Fn(f64) -> bool| ratio.iter().map(|&r| holds(r)).collect::<Vec<bool>>();
    let (rising, falling) = (of(&|r| r <= keep), of(&|r| r >= 1.0 / keep));
    let (down, up) = (of(&|r| r > 1.0), of(&|r| r < 1.0));
    let mut falls: Vec<Fall> = Vec::new();
    let mut found = Vec::new();
    let (mut index, mut between) = (0, 0.0f64);
    for steep in (0..n).filter(|&i| rising[i] || falling[i]) {
        if steep < index {
            continue;
        }
        between = reach[index..=steep].iter().fold(between, |m, &v| m.max(v));
        filter(&mut falls, between, keep, &reach);
        if falling[steep] {
            let end = extend(&falling, &up, steep, min_samples);
            falls.push(Fall {
                start: steep,
                end,
                between: 0.0,
            });
            index = end + 1;
            between = reach[index];
            continue;
        }
        let end = extend(&rising, &down, steep, min_samples);
        index = end + 1;
        between = reach[index];
        let mut these = Vec::new();
        for fall in &falls {
            let (mut first, mut last) = (fall.start, end);
            let (left, right) = (reach[fall.start], reach[last + 1]);
            if right * keep < fall.between {
                continue;
            }
            if left * keep >= right {
                while reach[first + 1] > right && first < fall.end {
                    first += 1;
                }
            } else if right * keep >= left {
                while last > steep && reach[last - 1] > left {
                    last -= 1;
                }
            }
            if correct {
                match corrected(&reach, &from, &plot.ordering, first, last) {
                    Some(range) => (first, last) = range,
                    None => continue,
                }
            }
            if last + 1 - first < min_cluster_size || first > fall.end || last < steep {
                continue;
            }
            these.push((first, last));
        }
        found.extend(these.into_iter().rev());
    }
    found
}

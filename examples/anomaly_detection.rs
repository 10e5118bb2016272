//! Odd payments among usual ones, found without labels, in three ways: how dense it is around a payment compared with around
//! its neighbours, how likely a mixture finds it, and how likely bumps around the others find it.
//!
//! The payments are made here: three habits, and 24 payments that follow none. Each way learns from all of them, odd ones
//! included, and the lowest 3% of its scores are reported. What was planted is used to judge only. At the end a model for
//! payments that are still to come.
//!
//! `cargo run --release --example anomaly_detection`

use fitwell::metrics::roc_auc_score;
use fitwell::mixture::GaussianMixture;
use fitwell::neighbors::{Bandwidth, KernelDensity, LocalOutlierFactor};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use fitwell::random;
use ndarray::{Array1, Array2, array};

const COLUMNS: [&str; 4] = ["amount", "hour", "km from home", "minutes since last"];
/// The middle of a habit, and its spread: ln amount, hour, ln km, ln minutes.
const HABITS: [([f64; 4], [f64; 4]); 3] = [
    ([3.6, 18.0, 0.5, 7.5], [0.4, 1.3, 0.4, 0.5]), // groceries on the way home
    ([2.0, 8.2, 2.3, 6.8], [0.2, 0.5, 0.2, 0.3]),  // the train to work
    ([4.2, 21.0, -1.5, 8.5], [0.6, 1.0, 0.3, 0.6]), // the sofa
];
const SHARE: f64 = 0.03;

/// 800 payments, and which of them are odd.
fn payments() -> (Array2<f64>, Vec<bool>) {
    let mut rng = random::generator(7);
    let odd: Vec<bool> = (0..800).map(|i| i % 33 == 20).collect();
    let mut rows = Array2::zeros((800, 4));
    for (i, mut row) in rows.rows_mut().into_iter().enumerate() {
        let (middle, spread) = HABITS[(i * 5 + i / 7) % 3];
        for (v, (middle, spread)) in row.iter_mut().zip(middle.iter().zip(spread)) {
            *v = middle + spread * random::standard_normal(&mut rng);
        }
        if odd[i] {
            match i % 4 {
                // Emptied at night; far from home; in a hurry; dearer than ever.
                0 => {
                    for (v, middle) in row.iter_mut().zip([6.0, 3.5, 2.5, 2.5]) {
                        *v = middle + random::standard_normal(&mut rng);
                    }
                }
                1 => row[2] += 3.0,
                2 => row[3] -= 3.5,
                _ => row[0] += 2.8,
            }
        }
    }
    (rows, odd)
}

/// The score below which the given share lies.
fn threshold(scores: &Array1<f64>, share: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(share * sorted.len() as f64) as usize]
}

fn in_words(row: ndarray::ArrayView1<'_, f64>) -> String {
    format!(
        "{:>9.2} at {:>4.1} h, {:>7.1} km away, {:>7.0} minutes after the last",
        row[0].exp(),
        row[1],
        row[2].exp(),
        row[3].exp()
    )
}

fn main() -> Result<()> {
    let (payments, odd) = payments();
    let planted = odd.iter().filter(|&&odd| odd).count();
    println!(
        "{} payments of {} columns ({}), {planted} of them odd\n",
        payments.nrows(),
        payments.ncols(),
        COLUMNS.join(", ")
    );
    let scale = StandardScaler::new().fit(&payments, &())?;
    let x = scale.transform(&payments)?;

    // Higher scores are more usual in all three.
    let factors = LocalOutlierFactor::new()
        .n_neighbors(30)
        .contamination(SHARE);
    let factors = factors.fit(&x, &())?;
    let mixture = GaussianMixture::new(3).n_init(5).fit(&x, &())?;
    let bumps = KernelDensity::new().bandwidth(Bandwidth::Silverman);
    let bumps = bumps.fit(&x, &())?;
    println!("{factors}\n{mixture}\n{bumps}\n");
    let ways = [
        (
            "local outlier factor",
            factors.negative_outlier_factor().clone(),
        ),
        ("Gaussian mixture", mixture.score_samples(&x)?),
        ("kernel density", bumps.score_samples(&x)?),
    ];

    let truth: Labels = odd.iter().copied().collect();
    let mut votes = vec![0; x.nrows()];
    let mut areas = Vec::new();
    println!("way                   threshold  reported  odd among them  area under the ROC curve");
    for (name, scores) in &ways {
        let limit = threshold(scores, SHARE);
        let reported: Vec<usize> = (0..scores.len()).filter(|&i| scores[i] < limit).collect();
        reported.iter().for_each(|&i| votes[i] += 1);
        let right = reported.iter().filter(|&&i| odd[i]).count();
        let area = roc_auc_score(&truth, &scores.mapv(|v| -v))?;
        println!(
            "{name:<20} {limit:>10.3} {:>9} {right:>15} {area:>25.4}",
            reported.len()
        );
        areas.push(area);
    }

    println!("\nreported by at least two ways, the least likely first:");
    let mut found: Vec<usize> = (0..x.nrows()).filter(|&i| votes[i] >= 2).collect();
    found.sort_by(|&i, &j| ways[1].1[i].total_cmp(&ways[1].1[j]));
    for &i in &found {
        let mark = if odd[i] { "odd" } else { "   " };
        println!("{i:>4} {mark} {}", in_words(payments.row(i)));
    }
    let right = found.iter().filter(|&&i| odd[i]).count();
    println!(
        "{} reported: {right} of the {planted} that were planted, {} that were not",
        found.len(),
        found.len() - right
    );

    // For payments to come: learned from what was not reported.
    let usual: Vec<usize> = (0..x.nrows()).filter(|i| !found.contains(i)).collect();
    let usual = payments.select(ndarray::Axis(0), &usual);
    let scale = StandardScaler::new().fit(&usual, &())?;
    let guard = LocalOutlierFactor::new().n_neighbors(30).novelty(true);
    let guard = guard.fit(&scale.transform(&usual)?, &())?;
    let new = array![[3.5, 18.4, 0.6, 7.3], [7.6, 3.2, 5.1, 1.0]];
    let said = guard.predict(&scale.transform(&new)?)?;
    println!();
    for (row, &said) in new.rows().into_iter().zip(&said) {
        println!(
            "new: {}: {}",
            in_words(row),
            if said < 0 { "odd" } else { "usual" }
        );
    }

    assert!(areas.iter().all(|&area| area > 0.95), "{areas:?}");
    assert!(4 * right >= 3 * planted && found.len() - right <= 6);
    assert_eq!(said, array![1, -1]);
    Ok(())
}

//! Handwritten digits on a map: 64 pixels to 20 principal components, then to two dimensions by t-SNE. Prints the map as
//! text, and writes it as a picture.
//!
//! `cargo run --release --example digits_map`

use std::fmt::Write;

use fitwell::datasets::load_digits;
use fitwell::decomposition::Pca;
use fitwell::manifold::Tsne;
use fitwell::prelude::*;
use ndarray::{Array2, Axis};

const COLOURS: [&str; 10] = [
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
    "#bcbd22", "#17becf",
];

fn main() -> Result<()> {
    let digits = load_digits()?;
    let pca = Pca::new().n_components(20).fit(&digits.x, &())?;
    println!("{pca}");
    let map = Tsne::new().fit(&pca.transform(&digits.x)?, &())?;
    println!("{map}\n");

    let places = unit(map.embedding());
    let labels = digits.target.to_ints()?;
    println!("{}", text(&places, &labels.to_vec()));

    // How often the nearest point on the map is of the same digit.
    let same = (0..places.nrows())
        .filter(|&i| labels[nearest(&places, i)] == labels[i])
        .count();
    println!(
        "{same} of {} digits lie next to one of their kind",
        places.nrows()
    );

    let path = std::env::temp_dir().join("digits_map.svg");
    let drawn = std::fs::write(&path, picture(&places, &labels.to_vec()));
    match drawn {
        Ok(()) => println!("the map as a picture: {}", path.display()),
        Err(error) => println!("{}: {error}", path.display()),
    }
    Ok(())
}

/// The points moved and scaled into the unit square.
fn unit(points: &Array2<f64>) -> Array2<f64> {
    let least = points.fold_axis(Axis(0), f64::INFINITY, |m, v| m.min(*v));
    let most = points.fold_axis(Axis(0), f64::NEG_INFINITY, |m, v| m.max(*v));
    (points - &least) / (most - &least)
}

fn nearest(points: &Array2<f64>, i: usize) -> usize {
    let far = |j: usize| (&points.row(i) - &points.row(j)).mapv(|d| d * d).sum();
    let others = (0..points.nrows()).filter(|&j| j != i);
    others
        .min_by(|&a, &b| far(a).total_cmp(&far(b)))
        .unwrap_or(i)
}

/// In each cell the digit that most of its points are.
fn text(points: &Array2<f64>, labels: &[i64]) -> String {
    const WIDTH: usize = 78;
    const HEIGHT: usize = 34;
    let mut cells = vec![[0; 10]; WIDTH * HEIGHT];
    for (point, &label) in points.rows().into_iter().zip(labels) {
        let column = (point[0] * (WIDTH - 1) as f64).round() as usize;
        let row = ((1.0 - point[1]) * (HEIGHT - 1) as f64).round() as usize;
        cells[row * WIDTH + column][label as usize] += 1;
    }
    let mut out = String::new();
    for row in cells.chunks(WIDTH) {
        let line: String = row
            .iter()
            .map(|counts| match (0..10).max_by_key(|&d| counts[d]) {
                Some(digit) if counts[digit] > 0 => char::from(b'0' + digit as u8),
                _ => ' ',
            })
            .collect();
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

fn picture(points: &Array2<f64>, labels: &[i64]) -> String {
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 820 820\" font-size=\"11\" font-family=\"sans-serif\">\n",
    );
    for (point, &label) in points.rows().into_iter().zip(labels) {
        let (x, y) = (10.0 + 800.0 * point[0], 810.0 - 800.0 * point[1]);
        let colour = COLOURS[label as usize % 10];
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\">{label}</text>"
        );
    }
    out + "</svg>\n"
}

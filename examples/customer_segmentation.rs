//! Groups of customers in a mixed table: what they have, and what they are.
//!
//! The table is made here: spending, visits, age and two texts, from four kinds of customers. A
//! `ColumnTransformer` makes numbers of it. The Bayesian information criterion chooses how many Gaussian components
//! describe the numbers; k-means with as many centres groups the rows, texts included. Then each group in the words of the
//! table, and how well the two ways of grouping agree.
//!
//! `cargo run --release --example customer_segmentation`

use fitwell::cluster::KMeans;
use fitwell::mixture::GaussianMixture;
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{OneHotEncoder, StandardScaler};
use fitwell::random;
use fitwell::table::CsvOptions;

const KINDS: [(&str, &str, [f64; 3]); 4] = [
    ("web", "city", [900.0, 30.0, 24.0]),
    ("shop", "country", [350.0, 6.0, 61.0]),
    ("web", "country", [120.0, 12.0, 38.0]),
    ("shop", "city", [2400.0, 18.0, 47.0]),
];

/// 600 customers as CSV: spending in a year, visits, age, where they buy and where they live.
fn customers() -> String {
    let mut rng = random::generator(11);
    let mut text = String::from("spending,visits,age,channel,home\n");
    for i in 0..600 {
        let (channel, home, [spending, visits, age]) = KINDS[(i * 7 + i / 5) % 4];
        let mut noise = |size: f64| 1.0 + size * random::standard_normal(&mut rng);
        let (spending, visits) = (spending * noise(0.12), visits * noise(0.15));
        let age = age * noise(0.08);
        // Some do as others do.
        let channel = if i % 17 == 0 { "shop" } else { channel };
        text += &format!("{spending:.2},{visits:.1},{age:.1},{channel},{home}\n");
    }
    text
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let known: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    known.iter().sum::<f64>() / known.len().max(1) as f64
}

fn main() -> Result<()> {
    let table = CsvOptions::new().read_str(&customers())?;

    // How many? The criterion weighs the likelihood against the number of parameters.
    let measured = ColumnTransformer::new().numeric(
        "numbers",
        ["spending", "visits", "age"],
        StandardScaler::new(),
    );
    let x = measured.fit_transform(&table)?;
    println!("components      BIC");
    let mut best: Option<(f64, usize)> = None;
    for k in 1..=7 {
        let bic = GaussianMixture::new(k).n_init(3).fit(&x, &())?.bic(&x)?;
        println!("{k:>10} {bic:>8.0}");
        if best.is_none_or(|best| bic < best.0) {
            best = Some((bic, k));
        }
    }
    let k = best.map_or(1, |best| best.1);
    let mixture = GaussianMixture::new(k).n_init(3).fit(&x, &())?;
    let sure = mixture.predict_proba(&x)?;
    let sure = sure
        .rows()
        .into_iter()
        .filter(|row| row.iter().any(|&p| p > 0.95))
        .count();
    println!(
        "\n{mixture}\n{sure} of {} rows belong to one component with 95% or more\n",
        x.nrows()
    );

    // The groups, texts and all, in one pipeline that can be saved.
    let prepare = ColumnTransformer::new()
        .numeric(
            "numbers",
            ["spending", "visits", "age"],
            StandardScaler::new(),
        )
        .part("texts", ["channel", "home"], OneHotEncoder::new());
    let segments = pipeline("prepare", prepare).then("segments", KMeans::new(k).n_init(5));
    let model = segments.fit(&table, &())?;
    let labels = model.predict(&table)?;

    println!("segment  rows  spending  visits   age  by web  in the city");
    let column = |name: &str| -> Result<Vec<f64>> {
        let picked = table.select_columns(&Columns::from([name]))?;
        Ok(picked.to_matrix()?.column(0).to_vec())
    };
    let (spending, visits, age) = (column("spending")?, column("visits")?, column("age")?);
    let encoded = ColumnTransformer::new()
        .part("texts", ["channel", "home"], OneHotEncoder::new())
        .verbose_feature_names_out(false)
        .fit(&table, &())?;
    let names = encoded.feature_names_out(None)?;
    let texts = encoded.transform(&table)?;
    let share = |name: &str, rows: &[usize]| {
        let at = names.iter().position(|n| n == name).unwrap_or(0);
        100.0 * mean(rows.iter().map(|&i| texts[[i, at]]))
    };
    for segment in 0..k {
        let rows: Vec<usize> = (0..labels.len())
            .filter(|&i| labels[i] == segment)
            .collect();
        let of = |values: &[f64]| mean(rows.iter().map(|&i| values[i]));
        println!(
            "{segment:>7} {:>5} {:>9.0} {:>7.1} {:>5.0} {:>6.0}% {:>11.0}%",
            rows.len(),
            of(&spending),
            of(&visits),
            of(&age),
            share("channel_web", &rows),
            share("home_city", &rows),
        );
    }

    // Two rows are together in both ways or in neither.
    let components = mixture.predict(&x)?;
    let (mut same, mut pairs) = (0, 0);
    for i in 0..labels.len() {
        for j in 0..i {
            pairs += 1;
            same += usize::from((labels[i] == labels[j]) == (components[i] == components[j]));
        }
    }
    println!(
        "\nthe mixture and k-means agree on {:.1}% of all pairs of rows",
        100.0 * same as f64 / f64::from(pairs)
    );
    assert_eq!(k, 4);
    assert!(same as f64 > 0.97 * f64::from(pairs));
    Ok(())
}

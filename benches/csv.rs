//! Reading and writing delimited text: a mixed table of ten columns, and the same with every field in quotes.
#![allow(missing_docs)]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fitwell::random::generator;
use fitwell::table::CsvOptions;
use rand_chacha::rand_core::Rng;

const ROWS: usize = 50_000;

/// Integers, decimals of few and of all digits, booleans and short texts, one value in twenty missing.
fn mixed(rows: usize) -> String {
    let mut rng = generator(0);
    let mut draw = move |n: u64| rng.next_u64() % n;
    let mut text = String::from("id,age,income,score,rate,visits,member,city,plan,balance\n");
    for id in 0..rows {
        let cents = draw(10_000_000) as f64 / 100.0;
        let score = draw(1 << 53) as f64 / (1u64 << 53) as f64;
        let rate = if draw(20) == 0 {
            String::new()
        } else {
            format!("{}", draw(10_000) as f64 / 1e4)
        };
        let city = ["Ulm", "Bonn", "Berlin", "Hamburg", "Leipzig"][draw(5) as usize];
        let plan = ["free", "basic", "premium", ""][draw(4) as usize];
        let (age, visits, member) = (18 + draw(70), draw(1000), draw(3) == 0);
        // Writing to a text does not fail.
        let _ = writeln!(
            text,
            "{id},{age},{cents},{score},{rate},{visits},{member},{city},{plan},{}",
            cents - 5e4
        );
    }
    text
}

fn csv(c: &mut Criterion) {
    let plain = mixed(ROWS);
    let quoted: String = plain
        .lines()
        .map(|line| format!("\"{}\"\n", line.replace(',', "\",\"")))
        .collect();
    let options = CsvOptions::new();
    let mut group = c.benchmark_group("csv");
    for (name, text) in [("mixed", &plain), ("quoted", &quoted)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        let id = BenchmarkId::new("read", format!("{name}/{ROWS}x10"));
        group.bench_with_input(id, text, |b, text| {
            b.iter(|| options.read_str(black_box(text)));
        });
    }
    if let Ok(table) = options.read_str(&plain) {
        group.throughput(Throughput::Bytes(plain.len() as u64));
        let id = BenchmarkId::new("write", format!("mixed/{ROWS}x10"));
        group.bench_with_input(id, &table, |b, table| {
            b.iter(|| options.write_string(black_box(table)));
        });
    }
    group.finish();
}

criterion_group!(benches, csv);
criterion_main!(benches);

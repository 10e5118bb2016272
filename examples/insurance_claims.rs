//! What should a motor insurance cost? How often claims come is a Poisson regression of claims per year insured, weighted by
//! the years; what a claim costs is a gamma regression, weighted by the number of claims; the product is the pure premium.
//!
//! The portfolio is made up, so that the truth is known. Run with `cargo run --release --example insurance_claims`.

use fitwell::linear_model::{
    GammaRegressor, GlmSolver, PoissonRegressor, TweedieRegressor, WeightKind,
};
use fitwell::prelude::*;
use fitwell::random;
use ndarray::{Array1, Array2, Axis};

const FEATURES: [&str; 4] = ["young driver", "car power", "city", "years without claim"];
/// Of the logarithm of claims per year, and of the mean cost of a claim.
const FREQUENCY: [f64; 5] = [-2.2, 0.6, 0.15, 0.3, -0.08];
const SEVERITY: [f64; 5] = [7.3, 0.2, 0.25, -0.1, 0.0];

struct Portfolio {
    x: Array2<f64>,
    years: Array1<f64>,
    claims: Array1<f64>,
    paid: Array1<f64>,
}

fn linear(coef: &[f64; 5], row: &[f64]) -> f64 {
    coef[0] + row.iter().zip(&coef[1..]).map(|(x, w)| x * w).sum::<f64>()
}

fn portfolio(n: usize, seed: u64) -> Portfolio {
    let mut rng = random::generator(seed);
    let mut made = Portfolio {
        x: Array2::zeros((n, 4)),
        years: Array1::zeros(n),
        claims: Array1::zeros(n),
        paid: Array1::zeros(n),
    };
    for i in 0..n {
        let row = [
            f64::from(u8::from(random::uniform(&mut rng) < 0.15)),
            random::standard_normal(&mut rng),
            f64::from(u8::from(random::uniform(&mut rng) < 0.4)),
            (10.0 * random::uniform(&mut rng)).floor(),
        ];
        let years = 0.1 + 0.9 * random::uniform(&mut rng);
        let claims = random::poisson(years * linear(&FREQUENCY, &row).exp(), &mut rng);
        // Each claim of a gamma distribution of shape 2: the sum of two exponentials.
        let mean = linear(&SEVERITY, &row).exp();
        let exponential = |rng: &mut _| -(1.0 - random::uniform(rng)).ln();
        for _ in 0..2 * claims {
            made.paid[i] += mean / 2.0 * exponential(&mut rng);
        }
        made.x.row_mut(i).assign(&Array1::from(row.to_vec()));
        made.years[i] = years;
        made.claims[i] = claims as f64;
    }
    made
}

fn main() -> Result<()> {
    let (train, test) = (portfolio(20_000, 1), portfolio(20_000, 2));
    println!(
        "{} policies, {:.0} years, {} claims, {:.0} paid\n",
        train.years.len(),
        train.years.sum(),
        train.claims.sum(),
        train.paid.sum()
    );

    // Claims per year. The years are weights: a rate over a long time is surer.
    let rate = &train.claims / &train.years;
    let rate = rate.weighted(&train.years);
    let exact = PoissonRegressor::new()
        .alpha(0.0)
        .solver(GlmSolver::NewtonCholesky)
        .tol(1e-10);
    let frequency = exact.fit(&train.x, &rate)?;
    let found = frequency.inference_with(&train.x, &rate, WeightKind::Variance)?;
    println!("{}", found.clone().with_feature_names(FEATURES)?);
    let interval = found.conf_int(0.999)?;
    for (j, truth) in FREQUENCY.iter().enumerate() {
        assert!(interval[[j, 0]] < *truth && *truth < interval[[j, 1]]);
    }

    // The mean cost of a claim, where there were any. The number of claims is the weight.
    let with: Vec<usize> = (0..train.claims.len())
        .filter(|&i| train.claims[i] > 0.0)
        .collect();
    let claims = train.claims.select(Axis(0), &with);
    let cost = train.paid.select(Axis(0), &with) / &claims;
    let cost = cost.weighted(&claims);
    let x = train.x.select(Axis(0), &with);
    let exact = GammaRegressor::new()
        .alpha(0.0)
        .solver(GlmSolver::NewtonCholesky)
        .tol(1e-10);
    let severity = exact.fit(&x, &cost)?;
    let found = severity.inference_with(&x, &cost, WeightKind::Variance)?;
    println!("{}", found.with_feature_names(FEATURES)?);

    // On policies that were not seen: deviance explained, and the lift by tenths of the predicted premium.
    let premium = frequency.predict(&test.x)? * severity.predict(&test.x)?;
    let test_rate = (&test.claims / &test.years).weighted(&test.years);
    println!(
        "Deviance of the frequency explained on new policies: {:.4}",
        frequency.score(&test.x, &test_rate)?
    );
    let direct = TweedieRegressor::new()
        .power(1.7)
        .alpha(0.0)
        .tol(1e-8)
        .max_iter(500);
    let per_year = (&train.paid / &train.years / 1000.0).weighted(&train.years);
    let direct = direct.fit(&train.x, &per_year)?;
    let test_year = (&test.paid / &test.years / 1000.0).weighted(&test.years);
    println!(
        "Of the premium, by one Tweedie regression: {:.4}\n",
        direct.score(&test.x, &test_year)?
    );

    println!(
        "{:>6} {:>10} {:>12} {:>12}",
        "tenth", "years", "expected", "paid a year"
    );
    let mut order: Vec<usize> = (0..premium.len()).collect();
    order.sort_by(|&a, &b| premium[a].total_cmp(&premium[b]));
    let mut paid = Vec::new();
    for (tenth, rows) in order.chunks(order.len() / 10).enumerate() {
        let years: f64 = rows.iter().map(|&i| test.years[i]).sum();
        let expected: f64 = rows.iter().map(|&i| test.years[i] * premium[i]).sum();
        let observed: f64 = rows.iter().map(|&i| test.paid[i]).sum();
        println!(
            "{:>6} {years:>10.0} {:>12.1} {:>12.1}",
            tenth + 1,
            expected / years,
            observed / years
        );
        paid.push(observed / years);
    }
    println!(
        "\nThe dearest tenth costs {:.1} times the cheapest.",
        paid[9] / paid[0]
    );
    assert!(paid[9] > 2.5 * paid[0]);
    Ok(())
}

//! Reading tables.

use std::time::Instant;

use fitwell::table::{Column, Table};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "csv" => csv(data)?,
        _ => return Ok(None),
    }))
}

fn csv(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let path = data.text("path")?.to_string();
    Ok(Box::new(move || {
        let start = Instant::now();
        let table = Table::from_csv(&path)?;
        let seconds = start.elapsed().as_secs_f64();
        let missing: usize = table.iter().map(|(_, column)| column.n_missing()).sum();
        let mut sum = 0.0;
        for name in ["price", "ratio"] {
            if let Column::Float(values) = table.column(name)? {
                sum += values.iter().filter(|v| !v.is_nan()).sum::<f64>();
            }
        }
        Ok((seconds, json!({"sum": sum, "missing": missing})))
    }))
}

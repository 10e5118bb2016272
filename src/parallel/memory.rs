//! Large outputs. Fresh memory is expensive in pages of 4 KiB; where the system has huge pages, they are asked for.

use ndarray::Array2;
use rayon::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;

/// Size in bytes from which huge pages are asked for (NumPy's threshold).
const LARGE: usize = 4 << 20;

/// An array of zeros; from 4 MiB on huge pages are asked for, where the system has them, and all threads bring them in.
///
/// # Panics
/// When the array would not fit in the address space, as `Array2::zeros` does.
///
/// ```
/// let out = fitwell::parallel::zeros::<f64>((1000, 50));
/// assert!(out.iter().all(|&v| v == 0.0));
/// ```
pub fn zeros<F: Float>(shape: (usize, usize)) -> Array2<F> {
    let mut out = fresh(shape);
    if let Some(values) = out.as_slice_mut()
        && std::mem::size_of_val(values) >= LARGE
    {
        // One write brings in a page.
        values
            .par_chunks_mut(LARGE / size_of::<F>())
            .for_each(|part| {
                for value in part.iter_mut().step_by(PAGE / size_of::<F>()) {
                    *value = std::hint::black_box(F::zero());
                }
            });
    }
    out
}

/// An array of zeros that is about to be written from end to end by all threads: as [`zeros`], but each page comes in
/// when it is first written, and is still in the cache then.
pub(crate) fn fresh<F: Float>(shape: (usize, usize)) -> Array2<F> {
    let out = Array2::zeros(shape);
    if let Some(values) = out.as_slice() {
        large(values);
    }
    out
}

/// Arrays from this size in bytes on are first asked for in a way that may fail.
const PROBED: usize = 64 << 20;

/// An array of this shape fits in memory; to be asked where settings can make a size explode.
///
/// # Errors
/// `TooLarge` when the bytes exceed the address space; `InvalidInput` when the system refuses the memory.
pub(crate) fn fits<T>(what: &str, shape: (usize, usize)) -> Result<()> {
    let (rows, columns) = shape;
    let size = (rows as u128)
        .saturating_mul(columns as u128)
        .saturating_mul(size_of::<T>() as u128);
    let limit = isize::MAX as u64;
    if size > u128::from(limit) {
        return Err(ErrorKind::TooLarge {
            what: format!("{what}, {rows} x {columns} values, in bytes"),
            size: u64::try_from(size).unwrap_or(u64::MAX),
            limit,
        }
        .into());
    }
    if size >= PROBED as u128 {
        let mut probe: Vec<T> = Vec::new();
        probe.try_reserve_exact(rows * columns).map_err(|_| {
            let reason = format!("{rows} x {columns} values need {size} bytes, more than there is");
            Error::invalid_input(what, reason)
        })?;
    }
    Ok(())
}

/// Values that a result may have whatever it is made from: 8 GiB of `f64`.
const MOST_VALUES: u64 = 1 << 30;
/// Values that a larger result may have for each value it is made from.
const MOST_GROWTH: u64 = 64;

/// A result fits in memory and does not explode: of more than 2³⁰ values it has at most 64 for each value it is made from.
///
/// # Errors
/// `TooLarge`, with the size; those of [`fits`].
pub(crate) fn result_fits<T>(
    estimator: &str,
    n_rows: usize,
    n_columns: usize,
    n_columns_out: usize,
) -> Result<()> {
    let values = |columns: usize| (n_rows as u64).saturating_mul(columns as u64);
    let size = values(n_columns_out);
    let limit = MOST_VALUES.max(values(n_columns).saturating_mul(MOST_GROWTH));
    if size > limit {
        return Err(ErrorKind::TooLarge {
            what: format!("values in the {n_rows} x {n_columns_out} result of `{estimator}`"),
            size,
            limit,
        }
        .into());
    }
    fits::<T>(estimator, (n_rows, n_columns_out))
}

/// The smallest page there is.
const PAGE: usize = 4096;

/// Asks for huge pages behind memory that is about to be written, where it is large.
pub(crate) fn large<T>(values: &[T]) {
    if std::mem::size_of_val(values) >= LARGE {
        advise_huge_pages(values);
    }
}

/// Asks for huge pages behind memory that is about to be written.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(crate) fn advise_huge_pages<T>(values: &[T]) {
    let range = values.as_ptr_range();
    let start = (range.start as usize).next_multiple_of(PAGE);
    let end = range.end as usize / PAGE * PAGE;
    if start >= end {
        return;
    }
    // SAFETY: the pages from `start` to `end` lie wholly inside `values`, which is alive; the advice changes no content
    // and no mapping, only what backs the pages. A refusal (no huge pages here) is without consequence.
    unsafe {
        libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn advise_huge_pages<T>(_: &[T]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_arrays_are_zeros_too() {
        for shape in [(0, 5), (3, 0), (1, 1), (600_000, 3), (7, 300_001)] {
            let mut out = zeros::<f64>(shape);
            assert_eq!(out.dim(), shape);
            assert!(out.iter().all(|v| v.to_bits() == 0));
            out.fill(1.0);
            assert_eq!(out.sum(), (shape.0 * shape.1) as f64);
        }
        assert!(
            zeros::<f32>((3_000_000, 1))
                .iter()
                .all(|v| v.to_bits() == 0)
        );
    }

    #[test]
    fn impossible_sizes_are_errors() {
        let refused = fits::<f64>("the result", (1 << 40, 1 << 40)).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::TooLarge { .. }));
        let refused = fits::<f64>("the result", (usize::MAX, usize::MAX)).unwrap_err();
        assert!(matches!(
            refused.kind(),
            ErrorKind::TooLarge { size: u64::MAX, .. }
        ));
        // Within the address space, beyond any memory.
        let refused = fits::<f32>("the result", (1 << 40, 1 << 20)).unwrap_err();
        assert!(
            refused.to_string().contains("4611686018427387904 bytes"),
            "{refused}"
        );
        fits::<f64>("the result", (3, 2)).unwrap();
        fits::<f64>("the result", (0, usize::MAX)).unwrap();
    }

    /// The kernel notes the advice in the flags of a mapping.
    #[cfg(target_os = "linux")]
    #[test]
    fn huge_pages_are_asked_for() {
        let out = zeros::<f64>((1 << 20, 4));
        let address = out.as_ptr() as usize + out.len() * 4;
        let Ok(maps) = std::fs::read_to_string("/proc/self/smaps") else {
            return;
        };
        if !std::path::Path::new("/sys/kernel/mm/transparent_hugepage/enabled").exists() {
            return; // a kernel without huge pages
        }
        let mut inside = false;
        let mut flags = None;
        for line in maps.lines() {
            let range = (line.split(' ').next())
                .and_then(|range| range.split_once('-'))
                .and_then(|(from, to)| {
                    let number = |text| usize::from_str_radix(text, 16).ok();
                    Some(number(from)?..number(to)?)
                });
            if let Some(range) = range {
                inside = range.contains(&address);
            } else if inside && let Some(found) = line.strip_prefix("VmFlags:") {
                flags = Some(found.split_whitespace().any(|flag| flag == "hg"));
            }
        }
        assert_eq!(flags, Some(true));
    }
}

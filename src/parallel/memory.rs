//! Large outputs. Fresh memory is expensive in pages of 4 KiB; where the system has huge pages, they are asked for.

use ndarray::Array2;

use crate::float::Float;

/// Size in bytes from which huge pages are asked for (NumPy's threshold).
const LARGE: usize = 4 << 20;

/// An array of zeros; from 4 MiB on huge pages are asked for, where the system has them.
///
/// An array too large for the address space is a panic of the allocator, as with `Array2::zeros`.
///
/// ```
/// let out = fitwell::parallel::zeros::<f64>((1000, 50));
/// assert!(out.iter().all(|&v| v == 0.0));
/// ```
pub fn zeros<F: Float>(shape: (usize, usize)) -> Array2<F> {
    let out = Array2::zeros(shape);
    if let Some(values) = out.as_slice()
        && std::mem::size_of_val(values) >= LARGE
    {
        advise_huge_pages(values);
    }
    out
}

/// Asks for huge pages behind memory that is about to be written.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
pub(crate) fn advise_huge_pages<T>(values: &[T]) {
    const PAGE: usize = 4096;
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

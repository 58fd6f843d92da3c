//! An order of all users that is no order of theirs.
//!
//! "Do not assume a specific sequence of the responses returned from a delta
//! query": "Use delta query to track changes in Microsoft Graph data".

use crate::seed;

/// Every number below `population` once, in strides of a length that has no
/// divisor in common with it.
pub(super) struct Walk {
    population: usize,
    stride: usize,
}

impl Walk {
    /// The walk of the round that began after the change `version`.
    pub(super) fn new(population: usize, version: u64) -> Self {
        let first = seed::mix(version ^ population as u64) % population.max(1) as u64;
        let mut stride = usize::try_from(first).unwrap_or_default().max(1);
        while common_divisor(stride, population) != 1 {
            stride += 1;
        }
        Self { population, stride }
    }

    /// The number at `position`, which is below the population.
    pub(super) fn number(&self, position: usize) -> usize {
        (position * self.stride + self.stride / 2) % self.population
    }
}

fn common_divisor(one: usize, other: usize) -> usize {
    if other == 0 {
        one
    } else {
        common_divisor(other, one % other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_comes_once_and_not_in_order() {
        for population in [1, 2, 3, 60, 2_000, 2_003] {
            let walk = Walk::new(population, 7);
            let mut numbers: Vec<_> = (0..population).map(|at| walk.number(at)).collect();
            assert!(population < 60 || !numbers.is_sorted());
            numbers.sort_unstable();
            assert_eq!(numbers, (0..population).collect::<Vec<_>>());
        }
    }
}

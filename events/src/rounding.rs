//! The one rounding of amounts.

use std::cmp::Ordering;

/// `product / divisor`, rounded once to a whole number, halves to the even one. None unless the divisor
/// is above zero and the quotient within 64 bits.
#[must_use]
pub fn half_even(product: i128, divisor: i128) -> Option<i64> {
    if divisor <= 0 {
        return None;
    }
    let (whole, rest) = (product.div_euclid(divisor), product.rem_euclid(divisor));
    // The rest is below the divisor, so that this cannot overflow, as twice the rest could.
    let up = match rest.cmp(&(divisor - rest)) {
        Ordering::Less => 0,
        Ordering::Equal => whole & 1,
        Ordering::Greater => 1,
    };
    i64::try_from(whole.checked_add(up)?).ok()
}

#[cfg(test)]
mod tests {
    use super::half_even;

    #[test]
    fn halves_go_to_the_even_neighbour_on_both_sides_of_zero() {
        for (product, rounded) in [(-5, -2), (-3, -2), (-1, 0), (0, 0), (1, 0), (3, 2), (5, 2)] {
            assert_eq!(half_even(product, 2), Some(rounded), "{product}/2");
        }
        for (product, rounded) in [(-2, -1), (-1, 0), (1, 0), (2, 1), (4, 1), (5, 2)] {
            assert_eq!(half_even(product, 3), Some(rounded), "{product}/3");
        }
    }

    #[test]
    fn there_is_no_quotient_by_nothing_or_beyond_the_range() {
        assert_eq!((half_even(1, 0), half_even(1, -2)), (None, None));
        assert_eq!(half_even(i128::from(i64::MAX), 1), Some(i64::MAX));
        assert_eq!((half_even(1 << 63, 1), half_even(i128::MAX, i128::MAX)), (None, Some(1)));
    }
}

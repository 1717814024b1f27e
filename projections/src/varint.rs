//! Unsigned LEB128: small numbers in few bytes.

/// Appends `number`, seven bits a byte, lowest first.
pub(crate) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number off the front of `bytes`; `None` when there is none.
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Appends a number that may be negative: zigzag-coded, so that small ones stay small.
pub(crate) fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put(bytes, (number << 1 ^ number >> 63).cast_unsigned());
}

/// Takes a number off that [`put_signed`] appended.
pub(crate) fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let coded = take(bytes)?;
    Some((coded >> 1).cast_signed() ^ -((coded & 1).cast_signed()))
}

/// As [`put_signed`], for sums over many wallets.
pub(crate) fn put_wide(bytes: &mut Vec<u8>, number: i128) {
    let mut coded = (number << 1 ^ number >> 127).cast_unsigned();
    while coded >= 0x80 {
        bytes.push(coded as u8 | 0x80);
        coded >>= 7;
    }
    bytes.push(coded as u8);
}

/// Takes a number off that [`put_wide`] appended.
pub(crate) fn take_wide(bytes: &mut &[u8]) -> Option<i128> {
    let mut coded = 0_u128;
    for shift in (0..128).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u128::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        coded |= bits << shift;
        if byte < 0x80 {
            return Some((coded >> 1).cast_signed() ^ -((coded & 1).cast_signed()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX];
        let mut bytes = Vec::new();
        numbers.iter().for_each(|number| put(&mut bytes, *number));
        let mut rest = bytes.as_slice();
        assert!(numbers.iter().all(|number| take(&mut rest) == Some(*number)));
        assert_eq!((rest, take(&mut rest)), (&[][..], None));
    }

    #[test]
    fn signed_numbers_come_back() {
        let numbers = [0, -1, 1, -64, 64, i64::MIN, i64::MAX];
        let mut bytes = Vec::new();
        numbers.iter().for_each(|number| put_signed(&mut bytes, *number));
        let wide = [0, -1, i128::from(i64::MIN) - 1, i128::MIN, i128::MAX];
        wide.iter().for_each(|number| put_wide(&mut bytes, *number));
        let mut rest = bytes.as_slice();
        assert!(numbers.iter().all(|number| take_signed(&mut rest) == Some(*number)));
        assert!(wide.iter().all(|number| take_wide(&mut rest) == Some(*number)));
        assert_eq!((rest, take_wide(&mut rest)), (&[][..], None));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for mut bytes in
            [&[0x80][..], &[0xff; 11], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]]
        {
            assert_eq!(take(&mut bytes), None);
        }
    }
}

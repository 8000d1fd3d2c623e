//! Short names for long texts: FNV-1a with 64 bits.
//!
//! The standard library's hash may change with every release of Rust; what ends up in a bucket must
//! not. It is no protection against texts that are made to collide, so nothing is trusted to it.
//! See RFC 9923, sections 2 and 5.

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// Sixteen hexadecimal digits that follow from the text alone.
pub(crate) fn digest(text: &str) -> String {
    let hash =
        text.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_standard() {
        for (text, expected) in
            [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")]
        {
            assert_eq!(digest(text), expected);
        }
    }
}

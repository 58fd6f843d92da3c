//! The tokens in links to further pages: opaque, and sealed to their listing.
//!
//! Both shapes are those of "Paging Microsoft Graph data in your app"; their
//! bytes begin alike, with `DSpt`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::capability::Mode;
use crate::{seed, settings::PageLinks};

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) position: u32,
    /// How many pages without anybody come before.
    pub(super) empty: u32,
    /// How the first page was answered.
    pub(super) mode: Mode,
}

const MARK: [u8; 4] = *b"DSpt";

/// Bytes before the seal.
const SAID: usize = 17;

/// The token for `place`, as it reads once the query is decoded.
pub(super) fn write(links: PageLinks, place: Place, epoch: u32, listing: &str) -> String {
    let Place {
        position,
        empty,
        mode,
    } = place;
    let mut bytes = MARK.to_vec();
    for number in [epoch, position, empty] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.push(u8::from(mode == Mode::Advanced));
    let seal = seed::hash(&format!("{bytes:?}/{listing}"));
    bytes.extend(seal.to_be_bytes());
    match links {
        PageLinks::BinaryLiteral => format!("X'{}'", hex(&bytes)),
        PageLinks::Base64 => URL_SAFE_NO_PAD.encode(bytes),
    }
}

/// The place and the epoch of `token`, if it was written for `listing`.
pub(super) fn read(links: PageLinks, token: &str, listing: &str) -> Option<(Place, u32)> {
    let bytes = match links {
        PageLinks::BinaryLiteral => unhex(token.strip_prefix("X'")?.strip_suffix('\'')?)?,
        PageLinks::Base64 => URL_SAFE_NO_PAD.decode(token).ok()?,
    };
    let said = bytes.get(MARK.len()..SAID)?;
    let (numbers, mode) = said.as_chunks::<4>();
    let [epoch, position, empty] = *numbers else {
        return None;
    };
    let epoch = u32::from_be_bytes(epoch);
    let place = Place {
        position: u32::from_be_bytes(position),
        empty: u32::from_be_bytes(empty),
        mode: match mode {
            [0] => Mode::Default,
            _ => Mode::Advanced,
        },
    };
    // Bytes can be written in more than one way, a token cannot.
    (token == write(links, place, epoch, listing)).then_some((place, epoch))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    let mut digits = String::new();
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(digits, "{byte:02X}");
    }
    digits
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        position: 999,
        empty: 2,
        mode: Mode::Advanced,
    };

    #[test]
    fn a_token_is_read_as_it_was_written_for_its_listing_alone() {
        for links in [PageLinks::BinaryLiteral, PageLinks::Base64] {
            let token = write(links, PLACE, 7, "sales");
            assert_eq!(read(links, &token, "sales"), Some((PLACE, 7)), "{token}");
            assert_eq!(read(links, &token, "support"), None, "{token}");
        }
    }

    #[test]
    fn a_token_has_a_shape_that_graph_is_known_for() {
        let literal = write(PageLinks::BinaryLiteral, PLACE, 7, "");
        let base64 = write(PageLinks::Base64, PLACE, 7, "");
        assert!(literal.starts_with("X'44537074"), "{literal}");
        assert!(base64.starts_with("RFNwdA"), "{base64}");
        assert_eq!(read(PageLinks::Base64, &literal, ""), None);
    }
}

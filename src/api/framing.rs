//! Where the requests of a connection end, as far as it takes to hand on one at a time.

use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use memchr::{memchr, memchr_iter};

/// What comes next on a connection, and how much of it has come.
///
/// Nothing is decided here about a request: that is for the HTTP layer, which refuses
/// what is malformed. What is taken for its end here only has to wait until then.
///
/// Source: RFC 9112, sections 2.1, 6 and 7.1.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// A head, or the rest of it.
    Head(Lines),
    /// A head has come whole. What follows is known once it is read.
    Whole,
    /// A body of so many bytes more.
    Sized(u64),
    /// A body in chunks.
    Chunked(Chunk),
}

/// How the line begins that every request of HTTP/1.1 has (RFC 9112, 3.2).
const HOST: &[u8] = b"host:";

/// The state of lines that end with an empty one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    bytes: usize,
    /// The beginning of the line that comes, as much of it as there is.
    start: [u8; HOST.len()],
    started: usize,
    /// The last byte that has come.
    last: u8,
    /// Whether that line has a colon.
    is_named: bool,
    /// Whether a line named the host.
    has_host: bool,
    /// Whether a line that had something has ended: empty ones before that are no end.
    is_past_first: bool,
}

/// The state of a body in chunks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// The line with its length, as far as that is known, and whether it is.
    Size { bytes: u64, is_known: bool },
    /// So many bytes more, with the end of their line.
    Data(u64),
    /// What follows the last one.
    Trailers(Trailers),
}

/// The state of lines after the last chunk. They end as the HTTP layer has them end, by
/// CRLF alone, and not as those of a head, by LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trailers {
    /// A line begins.
    Begin,
    /// It has something in it.
    Line,
    /// Its CR has come.
    End,
    /// The CR of an empty line has come.
    Last,
}

impl Default for Framing {
    fn default() -> Self {
        Self::Head(Lines::default())
    }
}

impl Framing {
    /// What follows a head with `headers`.
    pub(super) fn behind(headers: &HeaderMap) -> Self {
        if headers.contains_key(TRANSFER_ENCODING) {
            return Self::Chunked(Chunk::begin());
        }
        let length = headers.get(CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Self::Sized(length.unwrap_or_default()).or_next()
    }

    /// Whether a request begins here, and has not ended.
    pub(super) fn is_amid_body(&self) -> bool {
        matches!(self, Self::Sized(_) | Self::Chunked(_))
    }

    /// The bytes of a head that have come, if it is one that comes.
    pub(super) fn head(&self) -> Option<usize> {
        match self {
            Self::Head(lines) => Some(lines.bytes),
            Self::Whole | Self::Sized(_) | Self::Chunked(_) => None,
        }
    }

    /// What makes a whole head of the part that has come: the end of the line in which it
    /// is cut, and a host where there is none.
    pub(super) fn rest_of_head(&self) -> &'static [u8] {
        match self {
            Self::Head(lines) => lines.rest(),
            Self::Whole | Self::Sized(_) | Self::Chunked(_) => b"",
        }
    }

    /// How many of `bytes` belong to what comes next: to one head, or to one body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Whole => 0,
            Self::Head(lines) => {
                let (taken, has_ended) = lines.take(bytes);
                if has_ended {
                    *self = Self::Whole;
                }
                taken
            }
            Self::Sized(left) => {
                let taken = at_most(*left, bytes);
                *self = Self::Sized(*left - taken as u64).or_next();
                taken
            }
            Self::Chunked(chunk) => {
                let (taken, has_ended) = chunk.take(bytes);
                if has_ended {
                    *self = Self::default();
                }
                taken
            }
        }
    }

    fn or_next(self) -> Self {
        if self == Self::Sized(0) {
            return Self::default();
        }
        self
    }
}

impl Lines {
    /// How many of `bytes` there are to the end of the empty line, if it is there.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut line = 0;
        for end in memchr_iter(b'\n', bytes) {
            self.see(&bytes[line..end]);
            line = end + 1;
            if !self.is_begun() && self.is_past_first {
                self.bytes += line;
                return (line, true);
            }
            self.is_past_first |= self.is_begun();
            self.has_host |= self.is_host();
            self.started = 0;
            self.last = b'\n';
            self.is_named = false;
        }
        self.see(&bytes[line..]);
        self.is_named |= memchr(b':', &bytes[line..]).is_some();
        self.bytes += bytes.len();
        (bytes.len(), false)
    }

    fn see(&mut self, part: &[u8]) {
        let room = part.len().min(HOST.len() - self.started);
        self.start[self.started..][..room].copy_from_slice(&part[..room]);
        self.started += room;
        self.last = part.last().copied().unwrap_or(self.last);
    }

    /// Whether the line that comes has something in it.
    fn is_begun(&self) -> bool {
        !matches!(&self.start[..self.started], b"" | b"\r")
    }

    fn is_host(&self) -> bool {
        self.started == HOST.len() && self.start.eq_ignore_ascii_case(HOST)
    }

    fn rest(&self) -> &'static [u8] {
        let ends = self.last == b'\r';
        let (with_host, without): (&[u8], &[u8]) = if ends && self.is_begun() {
            (b"\n\r\n", b"\nhost: localhost\r\n\r\n")
        } else if ends {
            (b"\n", b"\n")
        } else if !self.is_begun() {
            (b"\r\n", b"host: localhost\r\n\r\n")
        } else if !self.is_past_first {
            (b"", b" HTTP/1.1\r\nhost: localhost\r\n\r\n")
        } else if self.is_named {
            (b"\r\n\r\n", b"\r\nhost: localhost\r\n\r\n")
        } else {
            (b":\r\n\r\n", b":\r\nhost: localhost\r\n\r\n")
        };
        if self.has_host || self.is_past_first && self.is_host() {
            with_host
        } else {
            without
        }
    }
}

impl Chunk {
    fn begin() -> Self {
        Self::Size {
            bytes: 0,
            is_known: false,
        }
    }

    /// How many of `bytes` belong to the body, and whether it ends with them.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            match self {
                Self::Size { .. } => {
                    self.read_size(rest[0]);
                    taken += 1;
                }
                Self::Data(left) => {
                    let data = at_most(*left, rest);
                    *left -= data as u64;
                    if *left == 0 {
                        *self = Self::begin();
                    }
                    taken += data;
                }
                Self::Trailers(trailers) => {
                    taken += 1;
                    if trailers.take(rest[0]) {
                        return (taken, true);
                    }
                }
            }
        }
        (taken, false)
    }

    fn read_size(&mut self, byte: u8) {
        let Self::Size { bytes, is_known } = self else {
            return;
        };
        match (byte as char).to_digit(16).filter(|_| !*is_known) {
            Some(digit) => *bytes = bytes.saturating_mul(16).saturating_add(digit.into()),
            None if byte == b'\n' && *bytes == 0 => *self = Self::Trailers(Trailers::Begin),
            None if byte == b'\n' => *self = Self::Data(bytes.saturating_add(2)),
            None => *is_known = true,
        }
    }
}

impl Trailers {
    /// Whether they end with `byte`.
    fn take(&mut self, byte: u8) -> bool {
        let has_ended = (*self, byte) == (Self::Last, b'\n');
        *self = match (*self, byte) {
            (Self::Begin, b'\r') => Self::Last,
            (Self::Line, b'\r') => Self::End,
            (Self::End, b'\n') => Self::Begin,
            (Self::Begin | Self::Line | Self::End | Self::Last, _) => Self::Line,
        };
        has_ended
    }
}

fn at_most(left: u64, bytes: &[u8]) -> usize {
    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const GET: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    fn chunked() -> Framing {
        Framing::Chunked(Chunk::begin())
    }

    /// How much of `text` is taken, when it comes by parts of `size` bytes.
    fn taken(mut framing: Framing, text: &str, size: usize) -> (usize, Framing) {
        let mut all = 0;
        let begins = std::mem::discriminant(&framing);
        for part in text.as_bytes().chunks(size) {
            let taken = framing.take(part);
            all += taken;
            if taken < part.len() || std::mem::discriminant(&framing) != begins {
                break;
            }
        }
        (all, framing)
    }

    #[test]
    fn a_head_and_a_body_end_where_they_end_however_they_come() {
        let rows = [
            (Framing::default(), GET, Framing::Whole),
            (
                Framing::default(),
                "\r\n\nGET / HTTP/1.1\n\n",
                Framing::Whole,
            ),
            (
                Framing::default(),
                "GET / HTTP/1.1\nhost: x\r\n\n",
                Framing::Whole,
            ),
            (Framing::Sized(5), "\r\n\r\n.", Framing::default()),
            (chunked(), "0\r\n\r\n", Framing::default()),
            (chunked(), "5\r\n\r\n\r\n.\r\n0\r\n\r\n", Framing::default()),
            (
                chunked(),
                "a;x=1\r\n0123456789\r\n00\r\nx: y\r\n\r\n",
                Framing::default(),
            ),
            // LF alone ends no line here: the HTTP layer refuses it, or reads on.
            (chunked(), "0\r\n\ny\n\r\n\r\n", Framing::default()),
        ];
        for (begin, text, end) in rows {
            let more = format!("{text}{GET}");
            for size in 1..=more.len() {
                let begin = match &begin {
                    Framing::Chunked(_) => chunked(),
                    Framing::Sized(left) => Framing::Sized(*left),
                    Framing::Head(_) | Framing::Whole => Framing::default(),
                };
                let (length, now) = taken(begin, &more, size);
                assert_eq!(length, text.len(), "{text:?} by {size}");
                assert_eq!(now, end, "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn nothing_is_taken_before_a_whole_head_is_read() {
        let mut framing = Framing::default();
        assert_eq!(framing.take(GET.as_bytes()), GET.len());
        assert_eq!(framing.take(GET.as_bytes()), 0);
    }

    #[test]
    fn what_follows_a_head_stands_in_it() {
        let mut headers = HeaderMap::new();
        assert_eq!(Framing::behind(&headers), Framing::default());
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("134"));
        assert_eq!(Framing::behind(&headers), Framing::Sized(134));
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        assert_eq!(Framing::behind(&headers), chunked());
    }

    #[test]
    fn a_length_beyond_all_bounds_has_no_end() {
        let line = format!("{}\r\n", "f".repeat(40));
        let mut framing = chunked();
        assert_eq!(framing.take(line.as_bytes()), line.len());
        assert_eq!(framing, Framing::Chunked(Chunk::Data(u64::MAX)));
    }
}

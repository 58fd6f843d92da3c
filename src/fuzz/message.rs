//! A message of HTTP, as a seed can be written in any editor.

use actix_web::http::{
    StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};

/// A status on its own line, headers, an empty line and a body; each may be left out.
pub(super) struct Message<'a> {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Hands `input` on as a message. What is no header is passed over: none of it
    /// would get past actix and awc.
    pub(super) fn read(input: &'a [u8], parser: impl Fn(&Self)) {
        let end = input.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = match end {
            Some(end) => (&input[..end], &input[end + 2..]),
            None => (input, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n').peekable();
        let status = lines.next_if(|line| line.len() == 3);
        let status = status.and_then(|line| StatusCode::from_bytes(line).ok());
        parser(&Self {
            status: status.unwrap_or(StatusCode::OK),
            headers: headers(lines),
            body,
        });
    }

    pub(super) fn parts(&self) -> (StatusCode, &HeaderMap, &'a [u8]) {
        (self.status, &self.headers, self.body)
    }
}

fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let name = HeaderName::from_bytes(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    headers
}

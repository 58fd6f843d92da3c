//! One connection: requests in, answers out, in order.
//!
//! By `httparse` and not by a server: answers are written beforehand, and a server
//! would write their twenty header lines anew each time.

use std::io;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time,
};

use crate::answers::Azure;

/// More header lines than any of the clients sends.
const HEADERS: usize = 64;

/// What is known of a request once its head is there.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// With its query.
    pub(crate) path: &'a str,
    /// Bytes of head and body.
    length: usize,
}

/// Answers what comes until the other end closes.
pub(crate) async fn serve(mut stream: TcpStream, azure: &Azure) -> io::Result<()> {
    let mut received = Vec::with_capacity(16 * 1024);
    let mut answer = Vec::with_capacity(32 * 1024);
    loop {
        let Some(request) = Request::read(&received)? else {
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
            continue;
        };
        answer.clear();
        let delay = azure.answer(&request, &mut answer);
        let length = request.length;
        if !delay.is_zero() {
            time::sleep(delay).await;
        }
        stream.write_all(&answer).await?;
        received.drain(..length);
    }
}

impl<'a> Request<'a> {
    /// The first request in `received`, if all of it is there.
    fn read(received: &'a [u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let parsed = head.parse(received).map_err(io::Error::other)?;
        let httparse::Status::Complete(length) = parsed else {
            return Ok(None);
        };
        let (Some(method), Some(path)) = (head.method, head.path) else {
            return Ok(None);
        };
        let length = length + body_length(head.headers)?;
        Ok((received.len() >= length).then_some(Self {
            method,
            path,
            length,
        }))
    }
}

/// The length of a body, which is never chunked: what is sent here has none, or is
/// a message of OpenTelemetry.
fn body_length(headers: &[httparse::Header<'_>]) -> io::Result<usize> {
    let is_length = |name: &str| name.eq_ignore_ascii_case("content-length");
    if headers
        .iter()
        .any(|header| header.name.eq_ignore_ascii_case("transfer-encoding"))
    {
        return Err(io::Error::other("a chunked request"));
    }
    let Some(header) = headers.iter().find(|header| is_length(header.name)) else {
        return Ok(0);
    };
    let text = str::from_utf8(header.value).map_err(io::Error::other)?;
    text.trim().parse().map_err(io::Error::other)
}

//! What comes before TLS: nothing, or a tunnel to one of Azure's hosts, as a proxy
//! digs it (RFC 9110, 9.3.6).
//!
//! A program that is told of the proxy by `HTTPS_PROXY` gets here by the names that
//! it has for Azure, without being changed and without a change of DNS.

use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::wire::Cuttable;
use crate::cloud::Cloud;

/// The longest request for a tunnel.
const LONGEST: usize = 8 * 1024;

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// How clients may come.
#[derive(Clone, Copy)]
pub(super) enum Approach {
    Direct,
    /// Directly, or by a tunnel to a host of this cloud.
    Tunnels(Cloud),
}

impl Approach {
    /// The stream on which TLS begins.
    pub(super) async fn of(self, mut stream: Cuttable) -> io::Result<Cuttable> {
        let Self::Tunnels(cloud) = self else {
            return Ok(stream);
        };
        let mut first = [0];
        stream.stream.peek(&mut first).await?;
        if !first[0].is_ascii_alphabetic() {
            return Ok(stream);
        }
        let head = head(&mut stream).await?;
        if let Err(refusal) = admitted(&head, cloud) {
            stream.write_all(refusal.as_bytes()).await?;
            stream.shutdown().await?;
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        stream.write_all(ESTABLISHED).await?;
        Ok(stream)
    }
}

/// All up to the empty line. Byte by byte: what follows is TLS's.
async fn head(stream: &mut Cuttable) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Whether a tunnel leads to this Azure; the error is the answer.
fn admitted(head: &str, cloud: Cloud) -> Result<(), String> {
    let mut words = head.split_ascii_whitespace();
    let (Some("CONNECT"), Some(target)) = (words.next(), words.next()) else {
        let why = "This port takes TLS and CONNECT alone.";
        return Err(refusal("400 Bad Request", why));
    };
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    if cloud.site(host).is_some() || matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        return Ok(());
    }
    let why = format!("{host} is no host of this local Azure: from here nothing leads outside.");
    Err(refusal("403 Forbidden", &why))
}

fn refusal(status: &str, why: &str) -> String {
    let length = why.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{why}"
    )
}

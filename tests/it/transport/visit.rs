//! A connection with TLS, as a client of another make opens it.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, StreamOwned,
    client::WantsClientCert, crypto::aws_lc_rs::default_provider, pki_types::CertificateDer,
};

use super::pki::{Authority, Certified};

/// Longer than any answer here takes.
const PATIENCE: Duration = Duration::from_mins(1);

fn trusting(authority: &Authority) -> ConfigBuilder<ClientConfig, WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    builder.with_root_certificates(roots)
}

/// A client that shows no certificate.
pub(crate) fn anybody(authority: &Authority) -> ClientConfig {
    trusting(authority).with_no_client_auth()
}

/// A client that shows `own`.
pub(crate) fn known(authority: &Authority, own: &Certified) -> ClientConfig {
    let builder = trusting(authority);
    let config = builder.with_client_auth_cert(own.chain.clone(), own.secret());
    config.unwrap()
}

/// An open connection.
pub(crate) struct Visit {
    stream: StreamOwned<ClientConnection, TcpStream>,
    host: String,
}

impl Visit {
    /// A connection to the gateway at `address`, whose handshake is done.
    pub(crate) fn open(address: SocketAddr, client: &Arc<ClientConfig>) -> io::Result<Self> {
        let name = "localhost".try_into().unwrap();
        let connection = ClientConnection::new(Arc::clone(client), name);
        let mut connection = connection.map_err(io::Error::other)?;
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(Self {
            stream: StreamOwned::new(connection, socket),
            host: format!("localhost:{}", address.port()),
        })
    }

    /// The answer to a GET of `path`, on a connection that goes on.
    pub(crate) fn get(&mut self, path: &str) -> io::Result<String> {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        self.stream.write_all(head.as_bytes())?;
        self.stream.flush()?;
        let mut answer = Vec::new();
        loop {
            let mut part = [0; 4096];
            let length = self.stream.read(&mut part)?;
            answer.extend_from_slice(&part[..length]);
            if length == 0 || is_whole(&answer) {
                return Ok(String::from_utf8(answer).unwrap());
            }
        }
    }

    /// What was agreed to be spoken.
    pub(crate) fn protocol(&self) -> Option<&[u8]> {
        self.stream.conn.alpn_protocol()
    }

    /// The certificate that was shown.
    pub(crate) fn shown(&self) -> CertificateDer<'static> {
        let chain = self.stream.conn.peer_certificates().unwrap();
        chain[0].clone().into_owned()
    }
}

fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() >= length.parse::<usize>().unwrap())
}

//! How a connection to the API begins: at once, or with a TLS handshake.

use std::{io, net::SocketAddr, time::Duration};

use actix_web::rt::{net::TcpStream, time};
use socket2::SockRef;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::either::Either;

use super::{
    certificates::{CertificateError, Certificates, Standing},
    timed::Timed,
};
use crate::{api::longest_head, config::Config, metrics::Metrics, telemetry::chain};

/// A handshake has to be done by then; what a client needs for it comes in two
/// packets.
const SLOWEST_HANDSHAKE: Duration = Duration::from_secs(5);

/// Bytes that wait in the system to be sent. Without a bound it takes up to 4 MiB of an
/// answer, and more of it only when a third of that is gone: a reader who takes 1 MiB in
/// the time that a reader has would look as one who takes nothing.
const LONGEST_UNSENT: u32 = 128 << 10;

/// What HTTP is spoken on.
pub(super) type Connection = Timed<Either<TcpStream, Box<TlsStream<TcpStream>>>>;

/// A connection ended before anything of HTTP was spoken.
#[derive(Debug)]
pub(super) struct Ended;

/// Opens connections, with TLS where there is a certificate.
#[derive(Clone)]
pub(super) struct Transport {
    certificates: Option<Certificates>,
    metrics: Metrics,
    longest_head: usize,
}

impl Transport {
    /// As `config` has it: with a certificate, where there is one.
    pub(super) fn of(config: &Config, metrics: Metrics) -> Result<Self, CertificateError> {
        let load = |files| Certificates::load(files, metrics.clone());
        Ok(Self {
            certificates: config.tls.clone().map(load).transpose()?,
            longest_head: longest_head(config.limits.headers),
            metrics,
        })
    }

    /// Looks for another certificate for as long as the gateway serves.
    pub(super) async fn keep_current(self) {
        if let Some(certificates) = self.certificates {
            certificates.keep_current().await;
        }
    }

    /// How the certificate stands, where there is one.
    pub(super) fn standing(&self) -> Option<Standing> {
        self.certificates.as_ref().map(Certificates::standing)
    }

    /// The same without TLS.
    pub(super) fn plain(&self) -> Self {
        Self {
            certificates: None,
            ..self.clone()
        }
    }

    /// How URLs of the API begin.
    pub(super) fn scheme(&self) -> &'static str {
        match self.certificates {
            Some(_) => "https",
            None => "http",
        }
    }

    /// What HTTP is spoken on over `stream`, and with whom.
    pub(super) async fn open(
        self,
        stream: TcpStream,
    ) -> Result<(Connection, Option<SocketAddr>), Ended> {
        let peer = stream.peer_addr().ok();
        // Answers are written whole: to wait for more only delays them.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(LONGEST_UNSENT);
        let connection = match &self.certificates {
            None => Either::Left(stream),
            Some(certificates) => Either::Right(self.handshake(certificates, stream).await?),
        };
        Ok((Timed::new(connection, self.longest_head), peer))
    }

    async fn handshake(
        &self,
        certificates: &Certificates,
        stream: TcpStream,
    ) -> Result<Box<TlsStream<TcpStream>>, Ended> {
        let accept = TlsAcceptor::from(certificates.tls()).accept(stream);
        let done = time::timeout(SLOWEST_HANDSHAKE, accept).await;
        let slow = |_| Err(io::Error::from(io::ErrorKind::TimedOut));
        match done.unwrap_or_else(slow) {
            Ok(stream) => {
                self.metrics.tls_handshake("ok");
                Ok(Box::new(stream))
            }
            Err(error) => {
                let is_slow = error.kind() == io::ErrorKind::TimedOut;
                let outcome = if is_slow { "slow" } else { "failed" };
                self.metrics.tls_handshake(outcome);
                tracing::debug!(error = chain(&error), "a TLS handshake was not done");
                Err(Ended)
            }
        }
    }
}

//! A door behind which TLS is spoken.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, server::TlsStream};

use super::{
    door::Door,
    tunnel::Approach,
    wire::{Cuttable, Wire},
};

/// The listener. Handshakes are made beside each other: whoever connects and
/// says nothing keeps nobody waiting.
pub(super) struct TlsDoor {
    door: Door,
    acceptor: TlsAcceptor,
    approach: Approach,
    handshakes: JoinSet<io::Result<Accepted>>,
}

type Accepted = (TlsStream<Cuttable>, SocketAddr);

impl TlsDoor {
    pub(super) fn new(door: Door, config: ServerConfig, approach: Approach) -> Self {
        Self {
            door,
            approach,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            handshakes: JoinSet::new(),
        }
    }
}

impl Listener for TlsDoor {
    type Io = TlsStream<Cuttable>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Accepted {
        loop {
            tokio::select! {
                (stream, address) = self.door.accept() => {
                    let (acceptor, approach) = (self.acceptor.clone(), self.approach);
                    self.handshakes.spawn(async move {
                        let stream = approach.of(stream).await?;
                        Ok((acceptor.accept(stream).await?, address))
                    });
                }
                Some(made) = self.handshakes.join_next() => {
                    // Whoever does not trust the certificate goes away.
                    if let Ok(Ok(accepted)) = made {
                        return accepted;
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.door.local_addr()
    }
}

impl Connected<IncomingStream<'_, TlsDoor>> for Wire {
    fn connect_info(stream: IncomingStream<'_, TlsDoor>) -> Self {
        stream.io().get_ref().0.wire.clone()
    }
}

//! A port at which nobody listens.

use std::net::{Ipv4Addr, TcpListener};

use actix_web::rt::net::TcpSocket;

/// Bound and not listening: connections are refused, and while this is there nobody else
/// gets the port, as they would get one that was free a moment ago.
pub(crate) struct Nobody(TcpSocket);

impl Nobody {
    pub(crate) fn listens() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self(socket)
    }

    /// Where nobody listens; without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// Somebody listens from now on.
    pub(crate) fn listen(self) -> TcpListener {
        self.0.listen(64).unwrap().into_std().unwrap()
    }
}

//! HTTP/1.1, as both listeners speak it.
//!
//! Put together as `HttpServer` would, but for TLS: that offers HTTP/2 whatever it
//! is told, as awc has it compiled into what they share.

use std::{fmt::Debug, future::Future, time::Duration};

use actix_http::{HttpService, Request, Response};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::{
    body::{BoxBody, MessageBody},
    dev::AppConfig,
    http::KeepAlive,
    rt::net::TcpStream,
};

use super::transport::{Connection, Ended, Transport};

/// The head of the first request has to be there by then; a client that is slower
/// gets 408. For those after it, see [`crate::api::Pace`].
const SLOWEST_HEAD: Duration = Duration::from_secs(5);

/// How long a client may take to close, once all is said.
const SLOWEST_CLOSE: Duration = Duration::from_secs(1);

/// Serves `app` on connections as `transport` opens them, until what `stopping` makes
/// resolves.
pub(super) fn speak<A, S, B, F>(
    app: A,
    transport: Transport,
    stopping: impl Fn() -> F + 'static,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = Ended, InitError = ()>
where
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Response<BoxBody>>,
    S::InitError: Debug,
    S::Response: Into<Response<B>>,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
    F: Future<Output = ()> + 'static,
{
    let http = HttpService::build()
        // Its own time goes on while the end of an answer waits for its reader, and cuts it
        // off; the connection itself knows better.
        .keep_alive(KeepAlive::Os)
        .client_request_timeout(SLOWEST_HEAD)
        .client_disconnect_timeout(SLOWEST_CLOSE)
        .on_connect_ext(|connection: &Connection, data| {
            data.insert(connection.pace().clone());
        })
        .graceful_shutdown_signal(stopping)
        .h1(map_config(app, |()| AppConfig::default()));
    fn_service(move |stream: TcpStream| transport.clone().open(stream))
        .and_then(http.map_err(|_| Ended))
}

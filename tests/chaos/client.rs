//! A client that takes every answer for one, and tells when there was none.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use actix_web::rt::time;
use rustls::ClientConfig;

/// Longer than a gateway takes for anything; only a fault runs into it.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a connection is used again after its last answer: a gateway closes one that
/// has nothing to do for five seconds, and a call on it would have no answer.
const KEPT: Duration = Duration::from_secs(2);

/// The largest body that is read.
const BODY_LIMIT: usize = 16 << 20;

/// What is asked of the API.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    /// `Prefer`, if anything is preferred.
    pub(crate) prefer: Option<String>,
    /// JSON, if anything is said.
    pub(crate) body: Option<String>,
    pub(crate) token: Option<String>,
    /// The trace that it begins, 32 hexadecimal digits: Azure is told of it, too.
    pub(crate) trace: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names and values, as they would be found in a trace of the connection.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// Connections to gateways.
#[derive(Clone)]
pub(crate) struct Client(awc::Client);

impl Request {
    pub(crate) fn new(method: &'static str, path: &str, token: Option<&str>) -> Self {
        Self {
            method,
            path: path.to_owned(),
            prefer: None,
            body: None,
            token: token.map(str::to_owned),
            trace: uuid::Uuid::new_v4().simple().to_string(),
        }
    }

    pub(crate) fn get(path: &str, token: &str) -> Self {
        Self::new("GET", path, Some(token))
    }

    pub(crate) fn post(path: &str, token: &str) -> Self {
        Self::new("POST", path, Some(token))
    }

    /// The trace as Azure writes it.
    pub(crate) fn correlation_id(&self) -> String {
        let id: Result<uuid::Uuid, _> = self.trace.parse();
        id.expect("32 digits").to_string()
    }
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    /// A client that trusts as `tls` says.
    pub(crate) fn new(tls: ClientConfig) -> Self {
        let connector = awc::Connector::new()
            .rustls_0_23(Arc::new(tls))
            .timeout(PATIENCE)
            .conn_keep_alive(KEPT)
            .limit(0);
        let client = awc::Client::builder()
            .connector(connector)
            .disable_timeout()
            .disable_redirects();
        Self(client.finish())
    }

    /// The answer of the API at `api`, read to its end; or what broke off.
    pub(crate) async fn ask(
        &self,
        scheme: &str,
        api: SocketAddr,
        request: &Request,
    ) -> Result<Answer, String> {
        let url = format!("{scheme}://localhost:{}{}", api.port(), request.path);
        let method: awc::http::Method = request.method.parse().expect("a method");
        let parent = format!("00-{}-00f067aa0ba902b7-01", request.trace);
        let mut asked = self.0.request(method, url).address(api);
        asked = asked.insert_header(("traceparent", parent));
        if let Some(prefer) = &request.prefer {
            asked = asked.insert_header(("prefer", prefer.as_str()));
        }
        if let Some(token) = &request.token {
            asked = asked.bearer_auth(token);
        }
        let sent = match &request.body {
            Some(body) => asked
                .content_type("application/json")
                .send_body(body.clone()),
            None => asked.send(),
        };
        Self::read(sent).await
    }

    /// The answer of the admin listener at `admin`.
    pub(crate) async fn look(&self, admin: SocketAddr, path: &str) -> Result<Answer, String> {
        let asked = self.0.get(format!("http://{admin}{path}"));
        // One that is about to end would be asked on a connection that has ended.
        Self::read(asked.force_close().send()).await
    }

    async fn read(sent: awc::SendClientRequest) -> Result<Answer, String> {
        let exchange = async {
            let mut answer = sent.await.map_err(|error| error.to_string())?;
            let body = answer.body().limit(BODY_LIMIT).await;
            let body = body.map_err(|error| error.to_string())?;
            let head = answer.headers().iter().map(|(name, value)| {
                format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
            });
            Ok(Answer {
                status: answer.status().as_u16(),
                head: head.collect(),
                body: body.to_vec(),
            })
        };
        time::timeout(PATIENCE, exchange)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))
    }
}

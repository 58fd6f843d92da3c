//! A collector that takes OTLP over HTTP and reads it by OpenTelemetry's own
//! definitions.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    body::SizedStream,
    dev::ServerHandle,
    http::StatusCode,
    rt::{self, System, time},
    web::{self, Bytes, Data},
};
use futures_util::stream::{self, StreamExt as _};
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::ExportMetricsServiceRequest,
        trace::v1::{
            ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        },
    },
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::Metric,
    resource::v1::Resource,
    trace::v1::Span,
};
use prost::Message as _;

/// Longer than anything here takes; only a fault runs into it.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came, as it came.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    status: AtomicU16,
    rejects: Mutex<i64>,
    breaks_off: AtomicBool,
}

/// A collector on a thread of its own; it ends when it is dropped.
pub(crate) struct Collector {
    address: SocketAddr,
    state: Arc<State>,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    /// A collector that takes everything.
    pub(crate) fn start() -> Self {
        let state = Arc::new(State::default());
        state.status.store(200, Ordering::SeqCst);
        let (started, start) = mpsc::channel();
        let shared = Data::from(Arc::clone(&state));
        let thread = std::thread::spawn(move || {
            System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(shared.clone())
                        .default_service(web::to(take))
                };
                let server = HttpServer::new(app).workers(1).disable_signals();
                let server = server.bind("127.0.0.1:0").unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                started.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = start.recv().unwrap();
        Self {
            address,
            state,
            handle,
            thread: Some(thread),
        }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers with `status`.
    pub(crate) fn answer(&self, status: u16) {
        self.state.status.store(status, Ordering::SeqCst);
    }

    /// From now on it takes all spans of a message but so many.
    pub(crate) fn reject(&self, spans: i64) {
        *self.state.rejects.lock().unwrap() = spans;
    }

    /// From now on its answers break off.
    pub(crate) fn break_off(&self) {
        self.state.breaks_off.store(true, Ordering::SeqCst);
    }

    /// All that came.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// What the message of each kind says of whoever sent it.
    pub(crate) fn resources(&self) -> Vec<Resource> {
        let traces = self.messages("/v1/traces").map(|body| {
            let mut request = ExportTraceServiceRequest::decode(&*body).unwrap();
            request.resource_spans.remove(0).resource.unwrap()
        });
        let metrics = self.messages("/v1/metrics").map(|body| {
            let mut request = ExportMetricsServiceRequest::decode(&*body).unwrap();
            request.resource_metrics.remove(0).resource.unwrap()
        });
        traces.take(1).chain(metrics.take(1)).collect()
    }

    /// Forgets what came.
    pub(crate) fn forget(&self) {
        self.state.received.lock().unwrap().clear();
    }

    /// Every span that came.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let requests = self.messages("/v1/traces");
        let requests = requests.map(|body| ExportTraceServiceRequest::decode(&*body).unwrap());
        let resources = requests.flat_map(|request| request.resource_spans);
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }

    /// The metrics of each message that came.
    pub(crate) fn metrics(&self) -> Vec<Vec<Metric>> {
        let requests = self.messages("/v1/metrics");
        let requests = requests.map(|body| ExportMetricsServiceRequest::decode(&*body).unwrap());
        let metrics = requests.map(|request| {
            let resources = request.resource_metrics.into_iter();
            let scopes = resources.flat_map(|resource| resource.scope_metrics);
            scopes.flat_map(|scope| scope.metrics).collect()
        });
        metrics.collect()
    }

    fn messages(&self, path: &str) -> impl Iterator<Item = Vec<u8>> {
        let mut received = self.received();
        received.retain(|it| it.path == path);
        received.into_iter().map(|it| it.body)
    }

    /// Looks again and again until `found` gives something.
    pub(crate) async fn until<T>(&self, found: impl Fn(&Self) -> Option<T>) -> T {
        let mut ticks = time::interval(Duration::from_millis(20));
        let deadline = Instant::now() + PATIENCE;
        loop {
            ticks.tick().await;
            if let Some(it) = found(self) {
                return it;
            }
            assert!(Instant::now() < deadline, "the collector waits in vain");
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

async fn take(state: Data<State>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    });
    state.received.lock().unwrap().push(Received {
        path: request.path().to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    });
    let partial = ExportTracePartialSuccess {
        rejected_spans: *state.rejects.lock().unwrap(),
        error_message: String::new(),
    };
    let answer = ExportTraceServiceResponse {
        partial_success: Some(partial),
    };
    let status = StatusCode::from_u16(state.status.load(Ordering::SeqCst)).unwrap();
    let mut reply = HttpResponse::build(status);
    reply.content_type("application/x-protobuf");
    let answer = Bytes::from(answer.encode_to_vec());
    if state.breaks_off.load(Ordering::SeqCst) {
        // What there is goes out before the next part is waited for.
        let cut = stream::once(async {
            rt::task::yield_now().await;
            Err(io::Error::other("cut off"))
        });
        let promised = answer.len() as u64 + 1;
        let parts = stream::iter([Ok(answer)]).chain(cut);
        return reply.body(SizedStream::new(promised, Box::pin(parts)));
    }
    reply.body(answer)
}

/// The attribute `name`, as text; empty where there is none.
pub(crate) fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let pair = attributes.iter().find(|pair| pair.key == name);
    let value = pair.and_then(|pair| pair.value.clone()?.value);
    match value {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

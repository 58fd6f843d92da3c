//! A gateway in front of a local Azure, and a client that checks every answer
//! against the contract.

use std::{
    cell::RefCell,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    rc::Rc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use actix_web::{
    rt::{self, System, time},
    web::Bytes,
};
use awc::error::PayloadError;
use azure_sandbox::{Hold, Host, Recorded, Sandbox, Service, Settings};
use futures_util::stream::{Stream, StreamExt as _};
use mi_gateway::{Application, Config};
use tokio::sync::oneshot;

use crate::{answer::Answer, contract::Contract, output, records::Records};

/// Longer than anything here takes; only a fault runs into it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A gateway, its Azure, and a client.
pub(crate) struct Gateway {
    pub(crate) azure: Rc<Sandbox>,
    pub(crate) api: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) records: Records,
    client: awc::Client,
    running: Option<Running>,
    seen: RefCell<Vec<String>>,
    since: output::Mark,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Gateway {
    /// A gateway in a container app, with the default Azure.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    /// The same, with variables of its own.
    pub(crate) fn with(vars: &[(&str, &str)]) -> Self {
        let azure = Sandbox::start(Settings::default()).unwrap();
        Self::before(azure, Host::ContainerApp, vars)
    }

    /// A gateway in front of `azure`.
    pub(crate) fn before(azure: Sandbox, host: Host, vars: &[(&str, &str)]) -> Self {
        Self::beside(Rc::new(azure), host, vars)
    }

    /// One more gateway in front of the same Azure, in a container app.
    pub(crate) fn twin(&self) -> Self {
        Self::beside(Rc::clone(&self.azure), Host::ContainerApp, &[])
    }

    /// One of several in front of `azure`.
    pub(crate) fn beside(azure: Rc<Sandbox>, host: Host, vars: &[(&str, &str)]) -> Self {
        let since = output::capture();
        let records = Records::of(&azure);
        let own = [
            ("MIG_LISTEN", "127.0.0.1:0"),
            ("MIG_ADMIN_LISTEN", "127.0.0.1:0"),
            ("MIG_WORKERS", "2"),
            ("MIG_SHUTDOWN_DELAY", "0s"),
            ("MIG_SHUTDOWN_GRACE", "5s"),
            ("MIG_AUDIT_FILE", records.path()),
        ];
        let mut all = azure.environment(host);
        for (name, value) in own.iter().chain(vars) {
            all.retain(|(known, _)| known != name);
            all.push(((*name).to_owned(), (*value).to_owned()));
        }
        let application = Application::build(Config::from_vars(all).unwrap()).unwrap();
        let (api, admin) = (application.api_address(), application.admin_address());
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            let stopped = async {
                let _ = stopped.await;
            };
            System::new()
                .block_on(application.run_until(stopped))
                .unwrap();
        };
        let thread = std::thread::spawn(run);
        // A gateway closes a connection that has nothing to do for five seconds.
        let kept = Duration::from_secs(2);
        let connector = awc::Connector::new().limit(0).timeout(PATIENCE);
        let client = awc::Client::builder()
            .connector(connector.conn_keep_alive(kept))
            .disable_timeout()
            .disable_redirects()
            .finish();
        Self {
            azure,
            api,
            admin,
            records,
            client,
            running: Some(Running { stop, thread }),
            seen: RefCell::default(),
            since,
        }
    }

    /// GET of a path of the API.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", self.api, path, &[], Vec::new()).await
    }

    /// POST to a path of the API, without a body.
    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.send("POST", self.api, path, &[], Vec::new()).await
    }

    /// GET of a path of the admin listener.
    pub(crate) async fn admin(&self, path: &str) -> Answer {
        self.send("GET", self.admin, path, &[], Vec::new()).await
    }

    /// Any request. The answer has to be as the contract has it.
    pub(crate) async fn send(
        &self,
        method: &str,
        to: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let method: awc::http::Method = method.parse().unwrap();
        let mut request = self
            .client
            .request(method.clone(), format!("http://{to}{path}"));
        for (number, header) in headers.iter().enumerate() {
            // In place of what the client would send, and beside what it was told to.
            let is_repeated = headers[..number].iter().any(|(name, _)| *name == header.0);
            request = if is_repeated {
                request.append_header(*header)
            } else {
                request.insert_header(*header)
            };
        }
        let exchange = async {
            let mut response = request.send_body(body).await.expect("an answer");
            let body = response.body().limit(16 << 20).await;
            let text = |value: &awc::http::header::HeaderValue| value.to_str().unwrap().to_owned();
            Answer {
                status: response.status().as_u16(),
                headers: response
                    .headers()
                    .iter()
                    .map(|(name, value)| (name.to_string(), text(value)))
                    .collect(),
                body: body.expect("a whole body").to_vec(),
            }
        };
        let answer = time::timeout(PATIENCE, exchange)
            .await
            .expect("an answer in time");
        let bare = path.split('?').next().unwrap();
        let contract = Contract::get();
        contract.check(
            to == self.admin,
            method.as_str(),
            bare,
            answer.status,
            &answer.headers,
            &answer.body,
        );
        self.seen
            .borrow_mut()
            .push(format!("{:?} {}", answer.headers, answer.text()));
        answer
    }

    /// What comes first of the body of a GET of `path`; the rest is not waited for.
    pub(crate) async fn first_part(&self, path: &str, header: (&str, &str)) -> Vec<u8> {
        let part = async {
            let mut response = self.opened(path, header).await;
            response
                .next()
                .await
                .expect("a part")
                .expect("a sound part")
        };
        let part = time::timeout(PATIENCE, part).await.expect("a part in time");
        part.to_vec()
    }

    /// All that comes of a GET of `path` before the connection is closed, which
    /// has to be before the last chunk: our own client would not tell.
    pub(crate) async fn broken_off(&self, path: &str, header: (&str, &str)) -> String {
        let (api, (name, value)) = (self.api, header);
        let request = format!("GET {path} HTTP/1.1\r\nhost: {api}\r\n{name}: {value}\r\n\r\n");
        let read = rt::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(api).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        });
        let text = read.await.unwrap();
        assert!(text.contains("transfer-encoding: chunked"), "{text}");
        assert!(!text.ends_with("\r\n0\r\n\r\n"), "{text}");
        text
    }

    async fn opened(
        &self,
        path: &str,
        header: (&str, &str),
    ) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
        let request = self.client.get(format!("http://{}{path}", self.api));
        let response = request.insert_header(header).send().await;
        let response = response.expect("an answer");
        assert_eq!(response.status(), 200);
        response
    }

    /// The value of a metric; 0 while it has none. `series` is as it stands in
    /// the text format, without the prefix.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let text = self.admin("/metrics").await.text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("mi_gateway_{series} ")));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Asks again and again until `found` gives something.
    pub(crate) async fn until<T>(&self, path: &str, found: impl Fn(&Answer) -> Option<T>) -> T {
        self.within(PATIENCE, path, found).await
    }

    /// The same, with another patience.
    pub(crate) async fn within<T>(
        &self,
        patience: Duration,
        path: &str,
        found: impl Fn(&Answer) -> Option<T>,
    ) -> T {
        let mut ticks = time::interval(Duration::from_millis(20));
        let deadline = Instant::now() + patience;
        let to = if path.starts_with("/metrics") || path.ends_with('z') {
            self.admin
        } else {
            self.api
        };
        loop {
            ticks.tick().await;
            let answer = self.send("GET", to, path, &[], Vec::new()).await;
            if let Some(it) = found(&answer) {
                return it;
            }
            assert!(
                Instant::now() < deadline,
                "{path} stays at {}",
                answer.text()
            );
        }
    }

    /// Resolves when the gateway is answering `count` requests.
    pub(crate) async fn busy_with(&self, count: usize) {
        // The one that asks is one of them.
        let line = format!("mi_gateway_http_requests_in_flight {}", count + 1);
        self.until("/metrics", |answer| {
            let text = answer.text();
            text.lines().any(|it| it == line).then_some(())
        })
        .await;
    }

    /// A caller asks for what is at `path` and, once that waits at `hold`,
    /// resets its connection. Resolves when the gateway has noticed.
    pub(crate) async fn left_by_a_caller(&self, path: &str, hold: &Hold) {
        let mut caller = TcpStream::connect(self.api).unwrap();
        let host = format!("host: {}", self.api);
        let both = format!(
            "GET /openapi.yaml HTTP/1.1\r\n{host}\r\n\r\nGET {path} HTTP/1.1\r\n{host}\r\n\r\n"
        );
        caller.write_all(both.as_bytes()).unwrap();
        hold.arrived(1).await;
        // With an answer that was not read, this is a reset.
        drop(caller);
        let is_aborted = |line: &str| {
            line.starts_with("mi_gateway_http_requests_total{")
                && line.ends_with(r#",status="aborted"} 1"#)
        };
        self.until("/metrics", |answer| {
            answer.text().lines().any(is_aborted).then_some(())
        })
        .await;
    }

    /// Resolves when the gateway has a token for everything.
    pub(crate) async fn ready(&self) {
        self.until("/readyz", |answer| (answer.status == 200).then_some(()))
            .await;
    }

    /// Resolves when the gateway knows that it may list users: for minutes it
    /// asks Graph nothing more by itself.
    pub(crate) async fn proven(&self) {
        self.standing("fine").await;
    }

    /// Resolves when the permission stands so, with the words for it.
    pub(crate) async fn standing(&self, code: &str) -> String {
        self.until("/readyz", |answer| {
            let readiness = answer.json();
            let mut checks = readiness["checks"].as_array().unwrap().iter();
            let check = checks.find(|check| check["name"] == "directory:permission")?;
            let detail = check["detail"].as_str().unwrap().to_owned();
            (check["code"] == code).then_some(detail)
        })
        .await
    }

    /// The requests to Graph but those that look at the permission.
    pub(crate) fn listings(&self) -> Vec<Recorded> {
        let mut requests = self.azure.requests(Service::Graph);
        requests.retain(|request| !request.query.contains("$select=id%2Cdepartment&"));
        requests
    }

    /// The requests for a token for `resource`, `management` or `graph`.
    pub(crate) fn token_requests(&self, resource: &str) -> Vec<Recorded> {
        let mut requests = self.azure.requests(Service::Token);
        requests.retain(|request| request.query.contains(resource));
        requests
    }

    /// Ends the gateway as SIGTERM would.
    pub(crate) fn stop(&mut self) {
        if let Some(Running { stop, thread }) = self.running.take() {
            let _ = stop.send(());
            thread.join().expect("the gateway ends without a panic");
        }
    }

    /// Tells the gateway to end, and does not wait for it.
    pub(crate) fn begin_to_stop(&mut self) -> JoinHandle<()> {
        let Running { stop, thread } = self.running.take().unwrap();
        let _ = stop.send(());
        thread
    }
}

/// Whether `request` is meant for this Azure: the system gives out ports again, and a gateway
/// whose Azure or collector has ended looks for it a while longer. Its secret or token is none
/// of this Azure's, as callers' tokens are; traces and metrics (`/v1/`) show none.
fn is_own(request: &Recorded, secrets: &[String]) -> bool {
    let shown = ["x-identity-header", "authorization"].map(|name| request.header(name));
    let is_known = |it: &str| secrets.iter().any(|own| it.ends_with(own.as_str()));
    shown.into_iter().flatten().all(is_known) && !request.path.starts_with("/v1/")
}

/// What every test has to hold: nothing was asked that Azure does not have, and
/// no secret shows in answers or in the output, and every change was written down.
impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.stop();
        let unexpected = self.azure.unexpected();
        let secrets = self.azure.secrets();
        let unexpected = unexpected.iter().filter(|it| is_own(it, &secrets));
        let unexpected: Vec<_> = unexpected.map(ToString::to_string).collect();
        assert!(unexpected.is_empty(), "not known to Azure: {unexpected:?}");
        assert!(!secrets.is_empty());
        let seen = self.seen.borrow();
        let answers = seen.iter().map(String::as_str);
        for secret in &secrets {
            assert!(
                !answers.clone().any(|text| text.contains(secret)),
                "a secret in an answer"
            );
        }
        output::search(self.since, &secrets);
        self.records.hold_for(&self.azure);
        // Another one may still follow what it has sent.
        if Rc::strong_count(&self.azure) == 1 {
            self.records.have_their_ends();
            self.records.remove();
        }
    }
}

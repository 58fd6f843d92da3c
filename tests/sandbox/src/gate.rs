//! Where every request comes in: noted, held, failed, or answered.

mod broken;

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, State},
    http::{HeaderValue, Request, Response, StatusCode, header, request::Parts},
};

use crate::{
    arc,
    arm::{self, refusals},
    azure::Azure,
    control, entra,
    faults::Fault,
    graph, imds,
    journal::{Recorded, Service},
    known, kubernetes,
    query::{self, Query},
    resource_graph,
    server::{End, Entrance, Wire},
    sources::Source,
};
use broken::{Framing, Whole, oversized, scripted};

/// Bodies are small; what is longer is not read.
const BODY_LIMIT: usize = 1 << 20;

/// Azure, as it is behind one entrance.
#[derive(Clone)]
pub(crate) struct At {
    pub(crate) azure: Arc<Azure>,
    pub(crate) entrance: Entrance,
}

/// A request as the services see it.
pub(crate) struct Asked {
    pub(crate) entrance: Entrance,
    pub(crate) recorded: Recorded,
    pub(crate) query: Query,
    pub(crate) body: Bytes,
}

impl Asked {
    /// Where the client found this Azure, without a slash at the end: links lead
    /// back there.
    pub(crate) fn base(&self) -> String {
        let host = self.recorded.header("host").unwrap_or("localhost");
        format!("{}://{host}", self.entrance.scheme())
    }

    /// The URL that was asked for.
    pub(crate) fn url(&self) -> String {
        let Recorded { path, query, .. } = &self.recorded;
        format!("{}{path}?{query}", self.base())
    }

    /// The parts of the path, in the case in which they came.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.recorded
            .path
            .split('/')
            .skip(1)
            .map(query::decoded)
            .collect()
    }

    /// The fields of the body, where it says that it is a form.
    pub(crate) fn form(&self) -> Option<Query> {
        let media = self.recorded.header("content-type")?;
        let media = media.split(';').next()?.trim();
        let is_form = media.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        is_form.then(|| Query::parse(&String::from_utf8_lossy(&self.body)))
    }
}

/// Answers whatever is asked of the sandbox, and says what time it is here.
pub(crate) async fn answer(
    State(at): State<At>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request<Body>,
) -> Response<Body> {
    let answer = undated(&at, &wire, request).await;
    if answer.headers().contains_key(header::DATE) {
        return answer;
    }
    with(answer, "date", &at.azure.clock.http_date())
}

async fn undated(at: &At, wire: &Wire, request: Request<Body>) -> Response<Body> {
    let (azure, entrance) = (at.azure.as_ref(), at.entrance);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    if entrance == Entrance::Azure && parts.uri.path().starts_with("/sandbox/") {
        return control::answer_to(azure, &parts, &body);
    }
    let path = parts.uri.path();
    let service = Service::of(entrance, &parts.method, path).filter(|service| {
        // Where a client goes by Azure's names, each host has its own paths.
        let site = host(&parts).and_then(|host| azure.settings.cloud.site(host));
        site.is_none_or(|site| service.is_at(site, path))
    });
    let recorded = Recorded::new(service, &parts);
    let mut asked = Asked {
        entrance,
        query: Query::parse(&recorded.query),
        recorded,
        body,
    };
    known::examine(azure, &mut asked);
    let _under_way = azure.journal.enter(asked.recorded.clone());
    let Some(service) = service else {
        return arm::unclaimed(&asked).unwrap_or_else(|| unknown(&asked));
    };
    // Taken for as long as the request lasts, whatever is done to it.
    let _place = match imds::admit(azure, &asked) {
        Ok(place) => place,
        Err(refusal) => return *refusal,
    };
    azure.faults.wait(service).await;
    match azure.faults.take(service) {
        None => real(azure, service, &asked),
        Some(fault) => faulty(azure, service, &asked, fault, wire).await,
    }
}

/// The name in the header `Host`, without the port.
fn host(request: &Parts) -> Option<&str> {
    let host = request.headers.get(header::HOST)?.to_str().ok()?;
    host.split(':').next()
}

fn real(azure: &Azure, service: Service, asked: &Asked) -> Response<Body> {
    match service {
        Service::Token => match Source::at(asked.entrance, &asked.recorded.path) {
            Some(source) => source.answer(azure, asked),
            None => unknown(asked),
        },
        Service::Keys if kubernetes::is_asked(&asked.recorded.path) => {
            kubernetes::answer_to(azure, asked)
        }
        Service::Discovery | Service::Keys => entra::discovery::answer_to(azure, asked),
        Service::TokenReview => kubernetes::answer_to(azure, asked),
        Service::Instance => imds::instance(azure, asked),
        Service::VirtualMachines | Service::Actions => arm::machines(azure, asked),
        Service::Operations => arm::operations(azure, asked),
        Service::ResourceGraph => resource_graph::answer(azure, asked),
        Service::Graph => graph::answer(azure, asked),
    }
}

async fn faulty(
    azure: &Azure,
    service: Service,
    asked: &Asked,
    fault: Fault,
    wire: &Wire,
) -> Response<Body> {
    match fault {
        Fault::Answer {
            status,
            headers,
            body,
        } => scripted(status, &headers, body),
        Fault::Delay(delay) => {
            tokio::time::sleep(delay).await;
            real(azure, service, asked)
        }
        Fault::Throttle { retry_after } => throttled(azure, service, asked, retry_after),
        Fault::Reset => {
            wire.end(End::Reset);
            Response::new(Body::empty())
        }
        Fault::Close => {
            wire.end(End::Close);
            Response::new(Body::empty())
        }
        Fault::LoseAnswer => {
            real(azure, service, asked);
            wire.end(End::Reset);
            Response::new(Body::empty())
        }
        Fault::AnswerLate(delay) => {
            let answer = real(azure, service, asked);
            tokio::time::sleep(delay).await;
            answer
        }
        Fault::CutHead => {
            wire.end(End::InHead);
            real(azure, service, asked)
        }
        Fault::Unlink => changed(azure, service, asked, Fault::Unlink, Whole::unlinked).await,
        Fault::Truncate => changed(azure, service, asked, Fault::Truncate, Whole::halved).await,
        Fault::TruncateAt(byte) => {
            let cut = |whole: &Whole| whole.cut(byte);
            changed(azure, service, asked, Fault::TruncateAt(byte), cut).await
        }
        Fault::Alter(patch) => {
            let again = Fault::Alter(patch.clone());
            changed(azure, service, asked, again, |whole| whole.altered(&patch)).await
        }
        Fault::TruncateChunkedAt(byte) => {
            let whole = Whole::of(real(azure, service, asked)).await;
            whole.truncated(Framing::Chunks, byte)
        }
        Fault::Redirect(to) => scripted(302, &[("location".to_owned(), to)], String::new()),
        Fault::Oversize(bytes) => oversized(bytes),
        Fault::Arc(fault) => arc::spoilt(azure, fault),
    }
}

/// The real answer as `change` makes it. One that it leaves as it is has not met the fault,
/// which waits for the next.
async fn changed(
    azure: &Azure,
    service: Service,
    asked: &Asked,
    fault: Fault,
    change: impl FnOnce(&Whole) -> Option<Response<Body>>,
) -> Response<Body> {
    let whole = Whole::of(real(azure, service, asked)).await;
    if let Some(spoilt) = change(&whole) {
        azure.faults.meets(service);
        spoilt
    } else {
        azure.faults.put_back(service, fault);
        whole.untouched()
    }
}

/// What a path gets that Azure does not have.
fn unknown(asked: &Asked) -> Response<Body> {
    let path = &asked.recorded.path;
    let message = format!("No HTTP resource was found that matches the request URI '{path}'.");
    json(404, &refusals::envelope("InvalidResourceType", &message))
}

/// The shapes differ: token endpoints have their own, Compute has no envelope,
/// Graph an envelope with a scope in a header.
fn throttled(azure: &Azure, service: Service, asked: &Asked, retry_after: u64) -> Response<Body> {
    let source = Source::at(asked.entrance, &asked.recorded.path);
    let mut answer = match service {
        Service::Token => source.map_or_else(|| unknown(asked), |it| it.throttled(azure)),
        Service::Discovery | Service::Keys => entra::throttled(azure),
        Service::TokenReview => kubernetes::too_many_requests(),
        Service::Instance => imds::too_many_requests(),
        Service::VirtualMachines | Service::Actions | Service::Operations => {
            json(429, &refusals::too_many_lists())
        }
        Service::ResourceGraph => json(429, &resource_graph::throttled()),
        Service::Graph => graph::throttled(asked),
    };
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    answer
}

/// A JSON answer.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Response<Body> {
    let mut answer = Response::new(Body::from(body.to_string()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let media = HeaderValue::from_static("application/json; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, media);
    answer
}

/// `answer` with one header more.
pub(crate) fn with(mut answer: Response<Body>, name: &'static str, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().append(name, value);
    }
    answer
}

//! A plain proxy of actix-web and awc: what these two take by themselves, of which the
//! gateway is made.
//!
//! As nginx beside it, it puts a token that never changes on the request, rewrites its
//! path and passes on what comes. It knows no caller and reads no answer.

use std::{
    cell::RefCell,
    collections::HashMap,
    io,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::{
    App, Error, HttpResponse, HttpServer, error,
    http::{
        Method, StatusCode,
        header::{CONNECTION, HeaderMap, TRANSFER_ENCODING},
    },
    web::{self, Bytes, Data},
};
use awc::{Client, Connector};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// Connections that are kept to Azure, as the gateway and nginx keep them.
const CONNECTIONS: usize = 1024;

/// How long a page is handed out again.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// The longest answer, in bytes.
const LIMIT: usize = 8 << 20;

/// What it is told by variables of the environment.
#[derive(Clone, Deserialize)]
struct Settings {
    listen: String,
    azure: String,
    token: String,
    group: String,
    select: String,
    /// Whether pages are kept.
    cache: bool,
    /// Whether a machine is looked at before an order. What is seen is not read.
    look: bool,
}

struct Proxy {
    settings: Settings,
    client: Client,
    pages: RefCell<HashMap<String, (Instant, Page)>>,
}

#[derive(Clone)]
struct Page {
    headers: Rc<HeaderMap>,
    status: StatusCode,
    body: Bytes,
}

#[derive(Deserialize)]
struct Query {
    department: String,
}

#[actix_web::main]
async fn main() -> io::Result<()> {
    let settings: Settings = envy::from_env().map_err(io::Error::other)?;
    let listen = settings.listen.clone();
    let app = move || {
        App::new()
            .app_data(Data::new(Proxy::new(settings.clone())))
            .route("/vms/{name}/deallocate", web::post().to(deallocate))
            .route("/directory/users", web::get().to(users))
    };
    let server = HttpServer::new(app).workers(1).backlog(4096);
    server.bind(listen)?.run().await
}

impl Proxy {
    fn new(settings: Settings) -> Self {
        let client = Client::builder()
            .connector(Connector::new().limit(CONNECTIONS))
            .disable_timeout()
            .disable_redirects()
            .no_default_headers()
            .add_default_header(("authorization", format!("Bearer {}", settings.token)))
            .finish();
        Self {
            settings,
            client,
            pages: RefCell::default(),
        }
    }

    async fn ask(&self, method: Method, path: &str) -> Result<Page, Error> {
        let url = format!("{}{path}", self.settings.azure);
        let asked = self.client.request(method, url).no_decompress().send();
        let mut answer = asked.await.map_err(error::ErrorBadGateway)?;
        let body = answer.body().limit(LIMIT).await?;
        Ok(Page {
            status: answer.status(),
            headers: Rc::new(answer.headers().clone()),
            body,
        })
    }
}

async fn deallocate(proxy: Data<Proxy>, name: web::Path<String>) -> Result<HttpResponse, Error> {
    let group = &proxy.settings.group;
    let machine = format!("{group}/providers/Microsoft.Compute/virtualMachines/{name}");
    if proxy.settings.look {
        let path = format!("{machine}?api-version=2025-11-01&$expand=instanceView");
        let seen = proxy.ask(Method::GET, &path).await?;
        if seen.status != StatusCode::OK {
            return Ok(passed_on(&seen));
        }
    }
    let path = format!("{machine}/deallocate?api-version=2025-11-01");
    Ok(passed_on(&proxy.ask(Method::POST, &path).await?))
}

async fn users(proxy: Data<Proxy>, query: web::Query<Query>) -> Result<HttpResponse, Error> {
    let department = query.into_inner().department;
    if proxy.settings.cache
        && let Some((since, page)) = proxy.pages.borrow().get(&department)
        && since.elapsed() < KEPT_FOR
    {
        return Ok(passed_on(page));
    }
    let select = &proxy.settings.select;
    let escaped = utf8_percent_encode(&department, NON_ALPHANUMERIC);
    let path = format!(
        "/v1.0/users?%24select={select}&%24filter=department%20eq%20'{escaped}'&%24top=100"
    );
    let page = proxy.ask(Method::GET, &path).await?;
    if proxy.settings.cache {
        let kept = (Instant::now(), page.clone());
        proxy.pages.borrow_mut().insert(department, kept);
    }
    Ok(passed_on(&page))
}

fn passed_on(page: &Page) -> HttpResponse {
    let mut response = HttpResponse::build(page.status);
    for (name, value) in page.headers.iter() {
        if name != CONNECTION && name != TRANSFER_ENCODING {
            response.append_header((name, value));
        }
    }
    response.body(page.body.clone())
}

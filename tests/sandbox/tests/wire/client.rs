//! A client that takes every status for an answer and follows no redirect.

use std::time::Duration;

use azure_sandbox::{Sandbox, Settings};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use tokio::{runtime, time};
use ureq::{
    Agent,
    http::{Request, Response},
};

/// The audience of Resource Manager.
pub(crate) const ARM: &str = "https://management.azure.com/";

/// The audience of Graph.
pub(crate) const GRAPH: &str = "https://graph.microsoft.com/";

/// The header without which instance metadata refuses to answer.
pub(crate) const METADATA: (&str, &str) = ("Metadata", "true");

/// How a form is told.
pub(crate) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// How long a test waits for what does not come.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A sandbox with the default settings.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::start(Settings::default()).unwrap()
}

/// The value of an `Authorization` header for `audience`.
pub(crate) fn bearer(azure: &Sandbox, audience: &str) -> String {
    format!("Bearer {}", azure.mint(audience))
}

/// `text`, encoded so that it can stand as a value in a query.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Where a virtual machine asks for its tokens for Resource Manager; `more` ends
/// the query.
pub(crate) fn token_url(azure: &Sandbox, more: &str) -> String {
    format!(
        "{}/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}{more}",
        azure.url(),
        encoded(ARM)
    )
}

/// What `token` says about itself.
pub(crate) fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).expect(token);
    let bytes = URL_SAFE_NO_PAD.decode(part).expect(token);
    serde_json::from_slice(&bytes).expect(token)
}

/// Waits for `event`; fails where it does not come.
pub(crate) fn wait<T>(event: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime
        .block_on(async { time::timeout(PATIENCE, event).await })
        .unwrap()
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// The first header `name`, which is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect(&self.body)
    }

    /// The text at `pointer` (RFC 6901) in the body.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let value = json.pointer(pointer).and_then(Value::as_str);
        value
            .unwrap_or_else(|| panic!("no text at {pointer}: {json}"))
            .to_owned()
    }
}

pub(crate) fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    send("GET", url, headers, "").unwrap()
}

pub(crate) fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    send("POST", url, headers, body).unwrap()
}

/// Fails where no whole answer comes.
pub(crate) fn send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, ureq::Error> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let agent: Agent = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .build()
        .into();
    let agent_answer: Response<ureq::Body> = if body.is_empty() {
        agent.run(request.body(()).unwrap())?
    } else {
        agent.run(request.body(body).unwrap())?
    };
    let (parts, mut body) = agent_answer.into_parts();
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    Ok(Answer {
        status: parts.status.as_u16(),
        headers,
        body: body.read_to_string()?,
    })
}

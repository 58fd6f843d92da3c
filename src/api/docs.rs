//! The contract as a page, to be read and tried, where the operator offers it.

mod files;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING},
    },
    web::Query,
};
use maud::{DOCTYPE, Markup, html};

use super::{Problem, Settings, body::NoBody, inbound::NoQuery, page};
use files::FILES;

/// The renderer needs no more than this: neither inline styles nor `eval`. Its
/// stylesheet draws arrows by `data:`. Calls go to this gateway alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";

/// `GET /docs`
pub(super) async fn show(_: Query<NoQuery>, _: NoBody) -> HttpResponse {
    page(POLICY, document())
}

/// `GET /docs/{file}`
pub(super) async fn file(
    request: HttpRequest,
    _: Query<NoQuery>,
    _: NoBody,
) -> Result<HttpResponse, Problem> {
    match FILES.at(request.path()) {
        Some(file) => file.answer(&request),
        None => Err(Problem::not_found("the page has no such file")),
    }
}

/// Whether whoever asks need not say who they are: for the page, its files, and the
/// contract that it shows, where they are offered. A path has to be written as it is
/// here, and a body is waited for from nobody who is not known.
pub(super) fn is_for_everybody(request: &HttpRequest, settings: &Settings) -> bool {
    let path = request.path();
    settings.docs
        && request.method() == Method::GET
        && !has_body(request.headers())
        && (["/docs", "/openapi.yaml"].contains(&path) || FILES.at(path).is_some())
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH);
    length.is_some_and(|length| length != "0") || headers.contains_key(TRANSFER_ENCODING)
}

fn document() -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "mi-gateway: the API" }
                // Else a browser asks for /favicon.ico, and is told 401.
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(FILES.renderer_style.path);
                link rel="stylesheet" href=(FILES.style.path);
                script src=(FILES.renderer.path) defer {}
                script src=(FILES.start.path) defer {}
            }
            body {
                main id="docs" {
                    noscript {
                        "Without JavaScript, read the contract itself: "
                        a href="/openapi.yaml" { "openapi.yaml" }
                    }
                }
                footer {
                    "A token that you enter stays in this page, and is gone with it. Rendered by "
                    "Swagger UI (" a href=(FILES.licences.path) { "licences" } ")."
                }
            }
        }
    }
}

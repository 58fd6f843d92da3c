//! Who calls, asked before anything of the request is looked at but its size.

use actix_web::{
    Error, HttpMessage as _,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::AUTHORIZATION,
    middleware::Next,
    rt::task,
    web::{Data, ThinData},
};

use super::{Settings, docs, edge::turned_away, inbound::Inbound};
use crate::access::Authenticator;

/// The middleware of the API listener, within [`super::guard`]. Whoever is not
/// let in learns the same, whatever they asked for, but for what is for everybody.
pub(crate) async fn authenticate<B: MessageBody + 'static>(
    authenticator: ThinData<Authenticator>,
    settings: Data<Settings>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    if docs::is_for_everybody(request.request(), &settings) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let headers = request.headers().get_all(AUTHORIZATION);
    let deadline = Inbound::deadline(request.request(), &settings);
    match authenticator.caller(headers, deadline).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_left_body())
        }
        Err(refusal) => {
            // Else actix goes on with a connection for as long as it has requests, and
            // whoever sends a lot of them holds up all other callers of the worker.
            task::yield_now().await;
            Ok(turned_away(request, refusal.into()).map_into_right_body())
        }
    }
}

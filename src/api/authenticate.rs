//! Whoever is let in: who calls is asked before anything of the request is looked at but its
//! size, then who sent them, and what comes with the request is read last.

use actix_web::{
    Error, HttpMessage as _,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::AUTHORIZATION,
    middleware::Next,
    rt::task,
    web::{Data, ThinData},
};

use super::{
    Edge, Problem, Settings, authority, docs,
    edge::{take_in, turned_away},
    inbound::Inbound,
};
use crate::access::Authenticator;

/// The middleware of the API listener, within [`super::guard`]: one for all three, as each
/// of them would be a future on the heap.
pub(crate) async fn let_in<B: MessageBody + 'static>(
    authenticator: ThinData<Authenticator>,
    settings: Data<Settings>,
    edge: Data<Edge>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match admit(&mut request, &authenticator, &settings, edge.body_limit).await {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(turned_away(request, problem).map_into_right_body()),
    }
}

async fn admit(
    request: &mut ServiceRequest,
    authenticator: &Authenticator,
    settings: &Settings,
    body_limit: usize,
) -> Result<(), Problem> {
    authenticate(request, authenticator, settings).await?;
    authority::admit(request.request(), settings)?;
    take_in(request, body_limit).await
}

/// Whoever is not let in learns the same, whatever they asked for, but for what is for
/// everybody.
async fn authenticate(
    request: &ServiceRequest,
    authenticator: &Authenticator,
    settings: &Settings,
) -> Result<(), Problem> {
    if docs::is_for_everybody(request.request(), settings) {
        return Ok(());
    }
    let headers = request.headers().get_all(AUTHORIZATION);
    let deadline = Inbound::deadline(request.request(), settings);
    match authenticator.caller(headers, deadline).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(())
        }
        Err(refusal) => {
            // Else actix goes on with a connection for as long as it has requests, and
            // whoever sends a lot of them holds up all other callers of the worker.
            task::yield_now().await;
            Err(refusal.into())
        }
    }
}

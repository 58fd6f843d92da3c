//! What is wrong with a deployment, from where the service would run.

use super::{
    Exit, Outcome, Session,
    arguments::FormAsked,
    output::{self, Form},
};
use crate::doctor;

/// `doctor`
pub(super) async fn examine(asked: FormAsked) -> Outcome {
    let session = Session::open()?;
    let form = match Form::wanted(asked.form) {
        Form::Text => doctor::Form::Text,
        Form::Json => doctor::Form::Json,
    };
    let report = Box::pin(doctor::run(&session.shared, &session.config)).await;
    let exit = if report.is_ok() {
        Exit::Done
    } else {
        Exit::Failed
    };
    output::kept(output::write(report.render(form).as_bytes()), exit)
}

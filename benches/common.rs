//! What the benches share: a local Azure, and a gateway before it.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on may panic")]

use std::{io, net::SocketAddr, sync::Once, thread::JoinHandle};

use actix_web::rt::System;
use azure_sandbox::{Host, Sandbox, Settings};
use mi_gateway::{Application, Config, Log, LogFormat, subscriber};
use tokio::sync::oneshot;
use tracing::Level;

/// A local Azure without limits.
pub(crate) fn azure() -> Sandbox {
    let settings = Settings {
        identity_limits: false,
        throttles: false,
        ..Settings::default()
    };
    Sandbox::start(settings).unwrap()
}

/// A gateway with one worker before `azure`, which asks callers who they are as
/// `auth` says.
pub(crate) fn config(azure: &Sandbox, auth: &[(&str, &str)]) -> Config {
    let own = [
        ("MIG_LISTEN", "127.0.0.1:0"),
        ("MIG_ADMIN_LISTEN", "127.0.0.1:0"),
        ("MIG_WORKERS", "1"),
        ("MIG_SHUTDOWN_DELAY", "0s"),
    ];
    let own = own.iter().chain(auth);
    let own = own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let variables = azure.environment(Host::ContainerApp).into_iter().chain(own);
    Config::from_vars(variables.collect::<Vec<_>>()).unwrap()
}

/// A gateway on a thread of its own; it ends when it is dropped.
pub(crate) struct Gateway {
    pub(crate) api: SocketAddr,
    #[allow(dead_code, reason = "not every bench looks at metrics")]
    pub(crate) admin: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Gateway {
    /// A gateway before `azure`, which listens when this returns, and asks callers
    /// who they are as `auth` says.
    pub(crate) fn before(azure: &Sandbox, auth: &[(&str, &str)]) -> Self {
        log_to_nowhere();
        let application = Application::build(config(azure, auth)).unwrap();
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
        Self {
            api,
            admin,
            stop: Some(stop),
            thread: Some(std::thread::spawn(run)),
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn log_to_nowhere() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = Log {
            level: Level::INFO,
            format: LogFormat::Json,
        };
        tracing::subscriber::set_global_default(subscriber(&log, io::sink)).unwrap();
    });
}

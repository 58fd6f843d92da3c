//! As much of Azure as a load needs: tokens, Resource Manager and Graph, on loopback.
//!
//! It has no state but counters and knows of no error, so that it costs as little as
//! can be: what it shares a core with is what measures. The local Azure that the
//! tests run against is `tests/sandbox`.

mod answers;
mod connection;
mod control;
mod machine;
mod operation;
mod token;
mod users;

use std::{
    env,
    io::{self, Write as _},
    rc::Rc,
};

use tokio::{net::TcpListener, runtime::Builder, task::LocalSet};

use answers::Azure;

/// Prints where it listens, and serves until it is killed. `--chunked` has pages of
/// users sent in chunks, as Graph does at times.
fn main() -> io::Result<()> {
    let chunked = env::args().any(|argument| argument == "--chunked");
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(chunked))
}

async fn serve(chunked: bool) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    writeln!(io::stdout(), "{url}")?;
    let azure = Rc::new(Azure::new(&url, chunked));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let azure = Rc::clone(&azure);
        // A caller that goes away is none of our business.
        tokio::task::spawn_local(async move { connection::serve(stream, &azure).await.ok() });
    }
}

//! Connections whose other end takes its time.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use actix_web::{http::Version, test::TestRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

/// What waits between the two ends.
const ROOM: usize = 64;

const HEAD: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// Notes that it was told.
#[derive(Default)]
struct Told(AtomicBool);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A connection on which a request has come, and `behind`; and its other end.
async fn connected(behind: &[u8]) -> (Timed<DuplexStream>, DuplexStream) {
    let (ours, mut theirs) = duplex(ROOM);
    let mut timed = Timed::new(ours, 16 << 10);
    theirs.write_all(&[HEAD, behind].concat()).await.unwrap();
    let mut head = [0; ROOM];
    assert_eq!(timed.read(&mut head).await.unwrap(), HEAD.len());
    (timed, theirs)
}

/// As if `request` had been answered.
fn served(pace: &Pace, request: TestRequest) {
    drop(pace.serve(&request.to_srv_request()));
}

fn wrote(timed: &mut Timed<DuplexStream>) -> Poll<io::Result<usize>> {
    let mut waker = Context::from_waker(Waker::noop());
    Pin::new(timed).poll_write(&mut waker, &[b'x'; ROOM])
}

fn read(timed: &mut Timed<DuplexStream>, waker: &Waker) -> Poll<io::Result<()>> {
    let mut space = [0; ROOM];
    let mut buffer = ReadBuf::new(&mut space);
    Pin::new(timed).poll_read(&mut Context::from_waker(waker), &mut buffer)
}

fn shut(timed: &mut Timed<DuplexStream>) -> Poll<io::Result<()>> {
    Pin::new(timed).poll_shutdown(&mut Context::from_waker(Waker::noop()))
}

/// Has an answer wait for its reader.
fn stuck(timed: &mut Timed<DuplexStream>) {
    assert!(wrote(timed).is_ready());
    assert!(wrote(timed).is_pending());
}

/// The reader takes what waits, and so what follows is written.
async fn taken(timed: &mut Timed<DuplexStream>, theirs: &mut DuplexStream) {
    theirs.read_exact(&mut [0; ROOM]).await.unwrap();
    assert!(wrote(timed).is_ready());
}

#[actix_web::test]
async fn who_takes_a_part_of_an_answer_has_their_time_after_it() {
    let (mut timed, _theirs) = connected(b"").await;
    served(&timed.pace, TestRequest::get());
    let until = timed.pace.until();
    assert!(wrote(&mut timed).is_ready());
    assert!(timed.pace.until() > until);
}

#[actix_web::test]
async fn what_waits_behind_an_answer_is_looked_at_when_that_is_taken() {
    let (mut timed, mut theirs) = connected(b"GET /").await;
    stuck(&mut timed);
    let told = Arc::new(Told::default());
    assert!(read(&mut timed, &Arc::clone(&told).into()).is_pending());
    taken(&mut timed, &mut theirs).await;
    assert!(told.0.load(Ordering::Relaxed));
}

#[actix_web::test]
async fn who_was_waited_for_as_a_reader_is_waited_for_no_longer_after_that() {
    let (mut timed, mut theirs) = connected(b"").await;
    stuck(&mut timed);
    taken(&mut timed, &mut theirs).await;
    served(&timed.pace, TestRequest::get());
    assert!(read(&mut timed, Waker::noop()).is_pending());
    let until = timed.pace.until().unwrap();
    assert!(timed.alarm.unwrap().deadline() <= until.into());
}

#[actix_web::test]
async fn who_goes_on_sending_behind_the_last_request_is_waited_for_to_close() {
    let (mut timed, mut theirs) = connected(b"").await;
    served(&timed.pace, TestRequest::get().version(Version::HTTP_10));
    theirs.write_all(b"more").await.unwrap();
    assert!(read(&mut timed, Waker::noop()).is_pending());
    assert!(shut(&mut timed).is_pending());
    drop(theirs);
    assert!(shut(&mut timed).is_ready());
}

/// Has a buffer, as TLS has, which is empty when somebody says so.
struct Buffered {
    is_empty: bool,
}

impl AsyncRead for Buffered {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Buffered {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_empty {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

async fn is_flushed(timed: &mut Timed<Buffered>) -> bool {
    poll_fn(|waker| Poll::Ready(Pin::new(&mut *timed).poll_flush(waker).is_ready())).await
}

#[actix_web::test]
async fn the_time_to_ask_again_begins_when_the_last_of_an_answer_is_taken() {
    let mut timed = Timed::new(Buffered { is_empty: false }, usize::MAX);
    served(&timed.pace, TestRequest::get());
    let answered = timed.pace.until().unwrap();
    assert!(!is_flushed(&mut timed).await);
    timed.stream.is_empty = true;
    assert!(is_flushed(&mut timed).await);
    assert!(timed.pace.until().unwrap() > answered);
}

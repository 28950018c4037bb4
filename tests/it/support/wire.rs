//! The way to PostgreSQL: counts commits, copies and statements, and acts at the n-th one.
//!
//! It knows as much of the protocol as that takes: how messages are framed, a simple query (`Q`), the execution of a prepared
//! one (`E`), the data of a copy (`d`) and what the server says when a command is done (`C`). There is no TLS on this machine.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

const COMMIT: &[u8] = b"COMMIT\0";

/// When something happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The program said `COMMIT`, and the server has not heard it.
    Unheard,
    /// The server committed, and the program has not heard that.
    Unanswered,
    /// The program heard that the server committed.
    Answered,
    /// Data of a copy are half-way.
    Copying,
    /// The program asked for anything at all, and the server has not heard it.
    Asking,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing passes any more on any connection, so that the program can be killed at this moment.
    Freeze,
    /// This connection breaks.
    Cut,
}

/// A proxy before PostgreSQL; it ends with this value.
pub struct Wire {
    url: SecretString,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    is_frozen: AtomicBool,
}

#[derive(Default)]
struct Book {
    counts: Counts,
    trap: Option<Trap>,
}

/// What went through.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub commits: u64,
    pub copies: u64,
    pub statements: u64,
}

struct Trap {
    moment: Moment,
    at: u64,
    then: Then,
    sprung: oneshot::Sender<()>,
}

impl Wire {
    /// A proxy before the server of `url`.
    pub async fn before(url: &SecretString) -> Self {
        let mut url = Url::parse(url.expose_secret()).unwrap();
        let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        let shared = Arc::<Shared>::default();
        let server = tokio::spawn(serve(listener, upstream, Arc::clone(&shared)));
        Self {
            url: String::from(url).into(),
            shared,
            server,
        }
    }

    /// Its URL.
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// What went through since the last call.
    pub fn take_counts(&self) -> Counts {
        std::mem::take(&mut self.shared.book().counts)
    }

    /// Does `then` at the `n`-th moment of its kind from now on, and tells when it has come. What was frozen flows again.
    pub fn trap(&self, moment: Moment, n: u64, then: Then) -> oneshot::Receiver<()> {
        let (sprung, has_sprung) = oneshot::channel();
        *self.shared.book() = Book {
            trap: Some(Trap {
                moment,
                at: n,
                then,
                sprung,
            }),
            ..Book::default()
        };
        self.thaw();
        has_sprung
    }

    /// Lets everything pass.
    pub fn thaw(&self) {
        self.shared.is_frozen.store(false, Ordering::Relaxed);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a message; tells what is to happen if the trap is about it.
    fn counts(&self, message: &[u8], is_copying: bool) -> Option<Moment> {
        let book = &mut *self.book();
        let counts = &mut book.counts;
        let is_commit = message[0] == b'Q' && &message[5..] == COMMIT;
        let begins_copy = message[0] == b'd' && !is_copying;
        let is_statement = matches!(message[0], b'Q' | b'E');
        counts.commits += u64::from(is_commit);
        counts.copies += u64::from(begins_copy);
        counts.statements += u64::from(is_statement);
        let trap = book.trap.as_ref()?;
        let (is_meant, count) = match trap.moment {
            Moment::Unheard | Moment::Unanswered | Moment::Answered => (is_commit, counts.commits),
            Moment::Copying => (begins_copy, counts.copies),
            Moment::Asking => (is_statement, counts.statements),
        };
        (is_meant && trap.at == count).then_some(trap.moment)
    }

    /// Springs the trap; true when the connection breaks.
    fn spring(&self) -> bool {
        let Some(trap) = self.book().trap.take() else {
            return false;
        };
        if trap.then == Then::Freeze {
            self.is_frozen.store(true, Ordering::Relaxed);
        }
        // Nobody waits for it any more when the test has failed.
        let _ = trap.sprung.send(());
        trap.then == Then::Cut
    }

    fn is_frozen(&self) -> bool {
        self.is_frozen.load(Ordering::Relaxed)
    }
}

async fn serve(listener: TcpListener, upstream: String, shared: Arc<Shared>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (upstream, shared) = (upstream.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            // A connection that breaks is what these tests are about.
            let _ = connection(client, &upstream, &shared).await;
        });
    }
}

/// Passes messages until one side is gone, or the trap cuts.
async fn connection(client: TcpStream, upstream: &str, shared: &Shared) -> io::Result<()> {
    let server = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let asked = Mutex::new(None);
    tokio::select! {
        done = ask(shared, from_client, to_server, &asked) => done,
        done = answer(shared, from_server, to_client, &asked) => done,
    }
}

/// What the program says. A frozen connection is read on, so that the end of the program is noticed.
async fn ask(
    shared: &Shared,
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    asked: &Mutex<Option<Moment>>,
) -> io::Result<()> {
    // The first message has no kind.
    let length = client.read_u32().await?;
    let mut start = vec![0; length as usize - 4];
    client.read_exact(&mut start).await?;
    server.write_u32(length).await?;
    server.write_all(&start).await?;
    let (mut is_copying, mut is_dead) = (false, false);
    loop {
        let message = read(&mut client).await?;
        is_dead |= shared.is_frozen();
        if is_dead {
            continue;
        }
        let moment = shared.counts(&message, is_copying);
        is_copying = message[0] == b'd';
        let passes = match moment {
            Some(Moment::Unheard | Moment::Asking) => 0,
            Some(Moment::Copying) => message.len() / 2,
            _ => message.len(),
        };
        if moment.is_some() {
            *asked.lock().unwrap_or_else(PoisonError::into_inner) = moment;
        }
        server.write_all(&message[..passes]).await?;
        if passes < message.len() {
            if shared.spring() {
                return Ok(());
            }
            is_dead = true;
        }
    }
}

/// What the server says. A frozen connection is read on, so that the end of the server's side is noticed.
async fn answer(
    shared: &Shared,
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    asked: &Mutex<Option<Moment>>,
) -> io::Result<()> {
    let asked = || *asked.lock().unwrap_or_else(PoisonError::into_inner);
    let (mut has_committed, mut is_dead) = (false, false);
    loop {
        let message = read(&mut server).await?;
        has_committed |= message[0] == b'C' && &message[5..] == COMMIT;
        let is_sprung = match asked() {
            Some(Moment::Unanswered) => has_committed,
            Some(Moment::Answered) => {
                // The program goes on when it has heard that the server is ready.
                let is_ready = has_committed && message[0] == b'Z';
                if is_ready {
                    client.write_all(&message).await?;
                }
                is_ready
            }
            _ => false,
        };
        if is_sprung && shared.spring() {
            return Ok(());
        }
        is_dead |= is_sprung || shared.is_frozen();
        // That the server ends the session is heard in any case.
        if !is_dead || message[0] == b'E' {
            client.write_all(&message).await?;
        }
    }
}

/// One message: kind, length, content.
async fn read(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let mut message = vec![0; 5];
    from.read_exact(&mut message).await?;
    let length = u32::from_be_bytes(message[1..5].try_into().unwrap()) as usize;
    message.resize(length + 1, 0);
    from.read_exact(&mut message[5..]).await?;
    Ok(message)
}

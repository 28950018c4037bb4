//! The data folder: whose it is, where it may be, and what an interruption leaves.

use std::fs;
use std::path::PathBuf;

use keepnet_etl::warehouse::embedded::{Embedded, EmbeddedError, Status, Stopped};
use nix::unistd::geteuid;
use secrecy::ExposeSecret as _;
use sqlx::Executor as _;

use crate::support::{Playground, connect};

#[tokio::test]
async fn a_foreign_folder_is_refused_and_not_touched() {
    let playground = Playground::new();
    fs::create_dir_all(&playground.data_dir).unwrap();
    fs::write(playground.data_dir.join("thesis.txt"), "do not lose").unwrap();
    for refused in [
        playground.embedded().start_or_attach().await.map(drop),
        playground.embedded().stop().await.map(drop),
        playground.embedded().status().map(drop),
    ] {
        assert!(
            matches!(refused, Err(EmbeddedError::ForeignFolder { .. })),
            "{refused:?}"
        );
    }
    let entries: Vec<_> = fs::read_dir(&playground.data_dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(entries, [playground.data_dir.join("thesis.txt")]);
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_refused() {
    if geteuid().is_root() {
        let playground = Playground::new();
        fs::create_dir_all(&playground.data_dir).unwrap();
        std::os::unix::fs::chown(&playground.data_dir, Some(1), None).unwrap();
        let refused = playground.embedded().start_or_attach().await.unwrap_err();
        assert!(
            matches!(refused, EmbeddedError::ForeignOwner { .. }),
            "{refused}"
        );
    } else {
        let refused = Embedded::new(PathBuf::from("/etc"))
            .start_or_attach()
            .await
            .unwrap_err();
        assert!(
            matches!(refused, EmbeddedError::ForeignOwner { .. }),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn it_works_below_a_folder_that_is_closed_to_others() {
    let playground = Playground::below(0o700);
    let database = playground.start().await;
    connect(&database)
        .await
        .execute("create table kept ()")
        .await
        .unwrap();
    let link = fs::read_link(playground.data_dir.join("cluster"));
    assert_eq!(link.is_ok(), geteuid().is_root(), "{link:?}");

    playground.kill_server();
    let again = playground.start().await;
    assert!(again.was_started);
    connect(&again)
        .await
        .execute("select from kept")
        .await
        .unwrap();
    assert_eq!(
        playground.embedded().stop().await.unwrap(),
        Stopped::WasRunning
    );
}

#[tokio::test]
async fn a_database_whose_making_was_interrupted_is_made_again() {
    let playground = Playground::new();
    let first = playground.start().await;
    let marker = playground.marker();
    let rewind = || {
        let text = marker.replace("state = ready", "state = creating");
        fs::write(playground.data_dir.join("marker"), text).unwrap();
    };
    // Killed when everything but the last mark was done: the server runs.
    rewind();
    let second = playground.start().await;
    assert!(second.was_started);
    assert_ne!(
        second.password.expose_secret(),
        first.password.expose_secret()
    );
    connect(&second).await;

    // Killed in the middle of initdb: half a folder.
    playground.embedded().stop().await.unwrap();
    rewind();
    fs::remove_file(playground.data_dir.join("cluster/PG_VERSION")).unwrap();
    fs::remove_dir_all(playground.data_dir.join("cluster/base")).unwrap();
    assert_eq!(playground.embedded().status().unwrap(), Status::Absent);
    connect(&playground.start().await).await;

    // Killed before anything but the lock was there.
    playground.embedded().stop().await.unwrap();
    fs::remove_dir_all(&playground.data_dir).unwrap();
    fs::create_dir(&playground.data_dir).unwrap();
    fs::write(playground.data_dir.join("lock"), "").unwrap();
    connect(&playground.start().await).await;
}

#[tokio::test]
async fn a_complete_database_is_never_made_again() {
    let playground = Playground::new();
    playground.start().await;
    playground.embedded().stop().await.unwrap();
    let control = playground.data_dir.join("cluster/global/pg_control");
    fs::rename(&control, control.with_extension("away")).unwrap();
    let refused = playground.embedded().start_or_attach().await.unwrap_err();
    let EmbeddedError::Start { tail, .. } = &refused else {
        panic!("{refused}")
    };
    assert!(
        tail.contains("could not find the database system"),
        "{tail}"
    );
    fs::rename(control.with_extension("away"), &control).unwrap();

    // Neither is one whose marker was lost.
    let marker = playground.data_dir.join("marker");
    fs::rename(&marker, playground.folder.path().join("marker")).unwrap();
    let refused = playground.embedded().start_or_attach().await.unwrap_err();
    assert!(
        matches!(refused, EmbeddedError::ForeignFolder { .. }),
        "{refused}"
    );
    fs::rename(playground.folder.path().join("marker"), &marker).unwrap();
    assert!(playground.start().await.was_started);
}

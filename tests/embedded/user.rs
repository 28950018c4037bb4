//! Who runs it, and with which server programs.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use keepnet_etl::warehouse::embedded::{Stopped, search_path};
use nix::unistd::geteuid;
use sqlx::Executor as _;

use crate::support::{Playground, as_user, connect};

#[tokio::test]
async fn root_without_a_user_for_the_server_is_told_what_to_do() {
    if !geteuid().is_root() {
        return;
    }
    let playground = Playground::new();
    let embedded = playground.embedded().with_server_user("no-such-user");
    let refused = embedded.start_or_attach().await.unwrap_err().to_string();
    assert!(
        refused.contains("useradd --system no-such-user"),
        "{refused}"
    );
    assert!(!playground.data_dir.exists());
}

#[tokio::test]
async fn without_server_programs_one_line_says_what_to_install() {
    let playground = Playground::new();
    let nowhere = vec![playground.folder.path().to_path_buf()];
    let refused = playground
        .embedded()
        .with_search_path(nowhere)
        .start_or_attach()
        .await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("apt-get install postgresql"), "{refused}");
    assert!(
        refused.contains("warehouse.url") && !refused.contains('\n'),
        "{refused}"
    );
    assert!(!playground.data_dir.exists());
}

#[tokio::test]
async fn programs_on_the_path_come_first_among_equals() {
    let playground = Playground::new();
    let real = search_path(None)
        .into_iter()
        .find(|folder| folder.join("initdb").is_file());
    let Some(real) = real else { return };
    let bin = playground.folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    for name in ["initdb", "postgres", "pg_ctl"] {
        std::os::unix::fs::symlink(real.join(name), bin.join(name)).unwrap();
    }
    let path = search_path(Some(OsStr::new(&bin)));
    assert_eq!(path[0], bin);
    let embedded = playground.embedded().with_search_path(path[..1].to_vec());
    assert!(embedded.start_or_attach().await.unwrap().was_started);
}

/// Run by root, this test runs itself again as `nobody`.
#[tokio::test]
async fn a_plain_user_has_a_server_in_a_folder_of_his_own() {
    if !geteuid().is_root() {
        let playground = Playground::below(0o700);
        let database = playground.start().await;
        connect(&database)
            .await
            .execute("create table kept ()")
            .await
            .unwrap();
        playground.kill_server();
        connect(&playground.start().await)
            .await
            .execute("select from kept")
            .await
            .unwrap();
        assert_eq!(
            playground.embedded().stop().await.unwrap(),
            Stopped::WasRunning
        );
        return;
    }
    let Ok(Some(nobody)) = nix::unistd::User::from_name("nobody") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("embedded");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let output = as_user(&program, &nobody)
        .args([
            "--exact",
            "user::a_plain_user_has_a_server_in_a_folder_of_his_own",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}
